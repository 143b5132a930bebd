"""One trial: a state machine that eats samples and decides by their times, not by the frame's."""

import math
from typing import NamedTuple

import numpy as np

from devices.device import Samples
from protocols.movement import Limits, judge_timing
from protocols.task import MISSING, Outcome, Path, Stage, Task, Trial, View
from protocols.workspace import Workspace
from rig.session.judge import Judge, Judgement

STILL_PERIOD = 0.001  # s, between the samples that stand for a hand at rest
READ_LATER = 0.010  # s; by then a sample of an event-driven device has been read, so silence means that the hand was still


class Durations(NamedTuple):
    """How long the stages of a trial last, s."""

    hold: float
    foreperiod: float
    feedback: float
    home_limit: float  # NaN: none


class Result(NamedTuple):
    """A trial that is over, before it is committed."""

    status: str
    judgement: Judgement | None  # None where there was no movement to judge
    path: Path | None  # s from the go cue, workspace
    go_time: float  # LSL; NaN where no go cue was given
    reward: float  # as delivered; NaN where none was


class Hand(NamedTuple):
    """The latest sample in the workspace."""

    position: np.ndarray  # (axis,) m
    buttons: int


class TrialMachine:
    """Home, hold, foreperiod, movement, outcome, feedback.

    ``feed`` takes the samples since the last frame; ``view`` is what a scene may show; ``flipped`` tells when that scene appeared. A stage
    that the participant must see (foreperiod, movement) begins with the flip that shows it: the go cue is a flip time.
    """

    def __init__(
        self, task: Task, trial: Trial, durations: Durations, limits: Limits, workspace: Workspace, judge: Judge, hand: Hand
    ) -> None:
        self.trial = trial
        self.stage = Stage.HOME
        self.events: list[tuple[float, str]] = []  # (LSL time, name), emptied by whoever stores them
        self.result: Result | None = None
        self.hand = hand
        self._task, self._durations, self._limits = task, durations, limits
        self._workspace, self._judge_path = workspace, judge
        self._began = MISSING  # of the stage, LSL
        self._home_began = MISSING
        self._pending: Stage | None = None
        self._go_time = MISSING
        self._movement = _Growing(len(task.axes))

    def feed(self, samples: Samples, now: float) -> None:
        """Go on by the samples read since the last frame; ``now`` stands for time that passes without samples."""
        if np.isnan(self._began):
            self._began = self._home_began = now
        position = self._workspace.from_device(samples.position)
        start = 0
        while (start := self._step(samples, position, start, now)) >= 0:
            pass
        if len(samples):
            self.hand = Hand(position[-1], int(samples.buttons[-1]))

    def flipped(self, time: float) -> None:
        """The scene of the latest view appeared at LSL time ``time``."""
        if self._pending is None:
            return
        self._enter(self._pending, time)
        self._pending = None
        if self.stage == Stage.MOVEMENT:
            self._go_time = time
            self._movement.begin(self.hand.position, self.hand.buttons)

    def cue(self, time: float) -> None:
        """Give the go cue at LSL time ``time``, whatever came before it: for a stored movement that is judged again."""
        self._pending = Stage.MOVEMENT
        self.flipped(time)

    def view(self, now: float, score: int) -> View:
        """What a scene may show now. A pending stage counts as begun, since this scene is the one that shows it."""
        stage = self.stage if self._pending is None else self._pending
        judgement = self.result.judgement if self.result else None
        return View(
            stage=stage,
            hand=tuple(map(float, self.hand.position)),
            buttons=self.hand.buttons,
            stage_time=0.0 if self._pending is not None or np.isnan(self._began) else max(0.0, now - self._began),
            hand_path=self._movement.position,
            action=judgement.action / np.asarray(self._task.action_scale) if judgement else None,
            outcome=judgement.outcome if judgement else None,
            status=self.result.status if self.result else "",
            score=score,
        )

    def abort(self, time: float, status: str = "aborted") -> None:
        """End the trial at once. A movement that is over stands, with what it earned; before that the trial has no action."""
        if self.stage == Stage.DONE:
            return
        if self.stage < Stage.OUTCOME:
            self._finish(status, None, time)
        self._pending = None
        self._enter(Stage.DONE, time)

    def _step(self, samples: Samples, position: np.ndarray, start: int, now: float) -> int:
        """Advance within one stage. The index to go on from if the stage changed, else -1."""
        times, buttons = samples.host_time[start:], samples.buttons[start:]
        before = self.stage
        used = _STEPS[self.stage](self, times, position[start:], buttons, now)
        return start + used if self.stage != before else -1

    def _home(self, times: np.ndarray, position: np.ndarray, buttons: np.ndarray, now: float) -> int:
        if self._ready_now():
            self._enter(Stage.HOLD, self._began)
            return 0
        ready = np.flatnonzero(self._task.ready(position, buttons, self.trial))
        if len(ready):
            self._enter(Stage.HOLD, float(times[ready[0]]))
            self.hand = Hand(position[ready[0]], int(buttons[ready[0]]))
            return int(ready[0]) + 1
        if now - self._home_began > self._durations.home_limit:
            self._finish("wrong_start", None, now)
            self._enter(Stage.FEEDBACK, now)
        return 0

    def _hold(self, times: np.ndarray, position: np.ndarray, buttons: np.ndarray, now: float) -> int:
        left = self._first_left(position, buttons)
        held_until = self._began + self._durations.hold
        if left is not None and times[left] < held_until:
            self.hand = Hand(position[left], int(buttons[left]))
            self._enter(Stage.HOME, float(times[left]))
            return left + 1
        if left is not None:
            return self._too_early(float(times[left]), left)
        if now >= held_until and self._pending is None:
            self._pending = Stage.FOREPERIOD if self._durations.foreperiod > 0 else Stage.MOVEMENT
        return 0

    def _foreperiod(self, times: np.ndarray, position: np.ndarray, buttons: np.ndarray, now: float) -> int:
        left = self._first_left(position, buttons)
        if left is not None:
            return self._too_early(float(times[left]), left)
        if now >= self._began + self._durations.foreperiod and self._pending is None:
            self._pending = Stage.MOVEMENT
        return 0

    def _move(self, times: np.ndarray, position: np.ndarray, buttons: np.ndarray, now: float) -> int:
        since_go = np.round(times - self._go_time, 9)  # to 1 ns: the same movement is the same numbers, whenever it was made
        before = int(np.searchsorted(since_go, 0.0, side="right"))  # of these the flip was too quick: they are from before the cue
        left = self._first_left(position[:before], buttons[:before])
        if left is not None:
            return self._too_early(float(times[left]), left)
        if before:
            self._movement.begin(position[before - 1], int(buttons[before - 1]))
        self._movement.add(since_go[before:], position[before:], buttons[before:])
        path = self._movement.until(now - self._go_time - READ_LATER)
        end = self._task.ended(path, self.trial)
        window = self._limits.max_reaction_time + self._limits.max_movement_time
        if end is not None and not path.time[end] > window:
            return self._judge(Path(path.time[: end + 1], path.position[: end + 1], path.buttons[: end + 1], end + 1))
        if now - self._go_time - READ_LATER > window:
            self._finish("too_slow", path, now)
            self._enter(Stage.FEEDBACK, now)
        return len(times)

    def _judge(self, path: Path) -> int:
        self._movement.cut(int(path.count))
        judgement = self._judge_path(path, self.trial)
        status = judge_timing(judgement.timing, self._limits)
        end = self._go_time + float(path.time[-1])
        self._finish(status, path, end, judgement)
        self._enter(Stage.OUTCOME, end)
        return 0

    def _outcome(self, times: np.ndarray, position: np.ndarray, buttons: np.ndarray, now: float) -> int:
        if now >= self._began + self._task.outcome_time(self.trial) + self.trial.feedback_delay:
            self._enter(Stage.FEEDBACK, now)
        return 0

    def _feedback(self, times: np.ndarray, position: np.ndarray, buttons: np.ndarray, now: float) -> int:
        if now >= self._began + self._durations.feedback:
            self._enter(Stage.DONE, now)
        return 0

    def _done(self, times: np.ndarray, position: np.ndarray, buttons: np.ndarray, now: float) -> int:
        return 0

    def _ready_now(self) -> bool:
        return bool(self._task.ready(self.hand.position[None], np.array([self.hand.buttons]), self.trial)[0])

    def _first_left(self, position: np.ndarray, buttons: np.ndarray) -> int | None:
        left = np.flatnonzero(~np.asarray(self._task.ready(position, buttons, self.trial)))
        return int(left[0]) if len(left) else None

    def _too_early(self, time: float, index: int) -> int:
        self._pending = None
        self._finish("too_early", None, time)
        self._enter(Stage.FEEDBACK, time)
        return index + 1

    def _finish(self, status: str, path: Path | None, time: float, judgement: Judgement | None = None) -> None:
        outcome: Outcome | None = judgement.outcome if judgement else None
        reward = float(outcome.reward) if outcome is not None and self.trial.reward_shown else MISSING
        self.events.append((time, f"trial_{status}"))
        self.result = Result(status, judgement, path, self._go_time, reward)

    def _enter(self, stage: Stage, time: float) -> None:
        self.stage, self._began = stage, time
        self.events.append((time, stage.name.lower()))


_STEPS = {
    Stage.HOME: TrialMachine._home,
    Stage.HOLD: TrialMachine._hold,
    Stage.FOREPERIOD: TrialMachine._foreperiod,
    Stage.MOVEMENT: TrialMachine._move,
    Stage.OUTCOME: TrialMachine._outcome,
    Stage.FEEDBACK: TrialMachine._feedback,
    Stage.DONE: TrialMachine._done,
}


class _Growing:
    """The samples since the go cue, in arrays that double when full."""

    def __init__(self, axes: int) -> None:
        self._count = 0
        self._time = np.empty(4096)
        self._position = np.empty((4096, axes))
        self._buttons = np.empty(4096, dtype=np.int64)

    def begin(self, position: np.ndarray, buttons: int) -> None:
        """Where the hand was at the go cue."""
        self._time[0], self._position[0], self._buttons[0] = 0.0, position, buttons
        self._count = max(self._count, 1)

    def add(self, time: np.ndarray, position: np.ndarray, buttons: np.ndarray) -> None:
        end = self._count + len(time)
        while end > len(self._time):
            self._time = np.concatenate([self._time, np.empty_like(self._time)])
            self._position = np.concatenate([self._position, np.empty_like(self._position)])
            self._buttons = np.concatenate([self._buttons, np.empty_like(self._buttons)])
        self._time[self._count : end] = time
        self._position[self._count : end] = position
        self._buttons[self._count : end] = buttons
        self._count = end

    @property
    def position(self) -> np.ndarray:
        return self._position[: self._count]

    def cut(self, count: int) -> None:
        self._count = min(count, self._count)

    def until(self, time: float) -> Path:
        """The path so far; where the device has been silent up to ``time``, with its last sample again and again: the hand was still.

        These stand at whole milliseconds of silence, so that a movement's end doesn't depend on when a frame came.
        """
        path = Path(self._time[: self._count], self._position[: self._count], self._buttons[: self._count], self._count)
        silent = path.time[-1] + STILL_PERIOD * np.arange(1, math.floor((time - path.time[-1]) / STILL_PERIOD) + 1)
        if not len(silent):
            return path
        return Path(
            np.round(np.append(path.time, silent), 9),
            np.concatenate([path.position, np.repeat(path.position[-1:], len(silent), axis=0)]),
            np.append(path.buttons, np.repeat(path.buttons[-1:], len(silent))),
            self._count + len(silent),
        )
