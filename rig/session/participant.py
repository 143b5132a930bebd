"""The simulated participant: a learner chooses, the task says how the hand would move, a player moves it."""

from typing import Protocol as Contract

import jax
import numpy as np

from analysis.twin import as_arrays
from devices.device import Motion, Player
from protocols.history import Committed
from protocols.movement import minimum_jerk
from protocols.task import Path, Task, Trial
from protocols.workspace import Workspace

HOMING_TIME = 0.35  # s, to bring the hand back to the start
GRIP_DELAY = 0.05  # s, from arriving there to taking hold
SAMPLE_PERIOD = 0.001  # s


class Actor(Contract):
    """Who chooses the actions, in the units of the action columns."""

    def act(self, trial: Trial) -> np.ndarray:
        """The action intended for this trial; the same for the same history."""
        ...

    def learn(self, committed: Committed) -> None:
        """Take note of a trial that is over."""
        ...


class SimulatedParticipant:
    """Practises through a player. Everything it does follows from seed, trial and what was committed, so that it can be resumed."""

    def __init__(
        self,
        actor: Actor,
        task: Task,
        workspace: Workspace,
        player: Player,
        seed: int,
        reaction_time: tuple[float, float],
        motor_sd: tuple[float, ...] = (),
    ) -> None:
        self._actor, self._task, self._workspace, self._player = actor, task, workspace, player
        self._execute = jax.jit(task.execute)
        self._seed, self._reaction_time = seed, reaction_time
        self._motor_sd = np.asarray(motor_sd or (0.0,) * len(task.action_names))
        self.intended: np.ndarray | None = None  # of the present trial, in the units of the action columns
        self._movement: Motion | None = None  # from the go cue on

    def choose(self, trial: Trial) -> None:
        """Decide on this trial's action and how to move for it, before it begins: that takes a part of a frame."""
        self.intended = np.asarray(self._actor.act(trial), dtype=float)
        random = np.random.default_rng([self._seed, trial.number, trial.attempt])
        wait = round(max(0.12, random.normal(*self._reaction_time)), 3)
        executed = self.intended + self._motor_sd * random.standard_normal(len(self.intended))
        self._movement = self._motion(after_waiting(self.path_of(executed, trial), wait))

    def begin(self, trial: Trial, hand: np.ndarray, now: float) -> None:
        """Bring the hand from where it is (m, workspace) to the start posture."""
        posture, buttons = self._task.start_posture(trial)
        start = np.where(np.isnan(hand), posture, hand)  # a device that has not moved yet has not said where it is
        self._player.play(self._motion(homing(start, np.asarray(posture), buttons)), now)

    def go(self, trial: Trial, go_time: float) -> None:
        """Perform the action, after a reaction time, from the go cue on."""
        assert self._movement is not None, "choose comes before go"
        self._player.play(self._movement, go_time)

    def path_of(self, action: np.ndarray, trial: Trial) -> Path:
        """How the hand moves to perform an action (units of the action columns), from the start of the movement on."""
        return self._execute(action / np.asarray(self._task.action_scale), as_arrays(trial))

    def learn(self, committed: Committed) -> None:
        """Let the actor learn from a trial that is over."""
        self._actor.learn(committed)

    def catch_up(self, history: list[Committed]) -> None:
        """Live through what was committed before an interruption, as it was lived through then."""
        for committed in history:
            self._actor.act(committed.trial)
            self._actor.learn(committed)

    def _motion(self, path: Path) -> Motion:
        return Motion(np.asarray(path.time), self._workspace.to_device(np.asarray(path.position)), np.asarray(path.buttons, dtype=np.int64))


def homing(start: np.ndarray, end: np.ndarray, buttons: int) -> Path:
    """A minimum-jerk movement with open grip, then the grip."""
    count = round(HOMING_TIME / SAMPLE_PERIOD)
    share = np.asarray(minimum_jerk(np.arange(count + 1) / count))
    position = start + share[:, None] * (end - start)
    grip = round(GRIP_DELAY / SAMPLE_PERIOD)
    position = np.concatenate([position, np.repeat(end[None], grip, axis=0)])
    held = np.zeros(len(position), dtype=np.int64)
    held[-1] = buttons
    return Path(np.arange(len(position)) * SAMPLE_PERIOD, position, held, len(position))


def after_waiting(path: Path, wait: float) -> Path:
    """The path, begun ``wait`` seconds later; until then the hand stays where it begins. Times are whole milliseconds."""
    count, still = int(path.count), round(wait / SAMPLE_PERIOD)
    position = np.asarray(path.position)[:count]
    buttons = np.asarray(path.buttons)[:count]
    return Path(
        np.arange(still + count) * SAMPLE_PERIOD,
        np.concatenate([np.repeat(position[:1], still, axis=0), position]),
        np.concatenate([np.repeat(buttons[:1], still), buttons]),
        still + count,
    )
