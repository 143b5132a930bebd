"""The tasks as Gymnasium environments, so that any agent with that interface can practise the trials that a person gets.

An episode is one trial: the agent sees the target, acts once, and earns the trial's reward. The schedule goes on from episode to episode,
with its perturbations and its reward zones, which follow the agent's own actions as they follow a person's. ``reset(seed=...)`` begins the
schedule anew. Importing this module registers ``twinrig/skittles-v0`` and the like; it needs the extra ``environments``.
"""

import math
from functools import partial
from typing import Any, NamedTuple

import gymnasium as gym
import jax
import numpy as np
from gymnasium.spaces import Box, Discrete
from jaxtyping import Float

from protocols.errors import BadInput
from protocols.lint import first_condition
from protocols.load import library, load_protocol
from protocols.schedule import planned_blocks
from protocols.schema import Protocol
from protocols.task import Outcome, Task, Trial
from protocols.tasks import make_task
from protocols.zone import ZoneRule, zone_of, zone_rule

REACH_OF_ACTIONS = 5.0  # SDs either side of the mean, unless said otherwise


class ActionRange(NamedTuple):
    """What an agent's action of -1 to 1 stands for, in the units of the action columns."""

    centre: Float[np.ndarray, " action"]
    half_width: Float[np.ndarray, " action"]


class PracticeEnvironment(gym.Env):
    """A schedule to practise: ``observation`` is the target (m, relative to the farthest one), ``action`` lies in -1 to 1."""

    def __init__(self, protocol: Protocol, condition: str, action_range: ActionRange, schedule_seed: int = 1) -> None:
        self.task: Task = make_task(protocol)
        self._range = action_range
        self._course = _rewarded_course(protocol, condition, schedule_seed)
        self._farthest = max(math.hypot(*trial.target) for trial, _ in self._course)
        self._score = jax.jit(self.task.score)
        self._place, self._recent = 0, np.full(max(rule.window for _, rule in self._course), np.nan)
        self.observation_space = Box(-1.0, 1.0, (2,), np.float64)
        self.action_space = Box(-1.0, 1.0, (len(self.task.action_names),), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """The next trial's target; with a ``seed``, the first trial's. After the last trial the schedule's last is given again."""
        super().reset(seed=seed)
        if seed is not None:
            self._place, self._recent = 0, np.full_like(self._recent, np.nan)
        trial = self._trial()
        return self._observe(trial), {"trial": trial.number}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Make one action. ``info`` has the action in column units and what is known of the outcome."""
        trial = self._trial()
        made = self._range.centre + self._range.half_width * np.clip(np.asarray(action, dtype=np.float64), -1, 1)
        key = jax.random.key(int(self.np_random.integers(2**31)))
        outcome = Outcome(*map(float, self._score(made / np.asarray(self.task.action_scale), trial, key)))
        if np.isfinite(outcome.hand_error):
            self._recent = np.append(self._recent[1:], outcome.hand_error)
        self._place = min(self._place + 1, len(self._course) - 1)
        known = {name: value for name, value in outcome._asdict().items() if np.isfinite(value)}
        return self._observe(trial), float(outcome.reward), True, False, {"trial": trial.number, "action": made, "outcome": known}

    def _trial(self) -> Trial:
        trial, rule = self._course[self._place]
        return trial._replace(zone=zone_of(self._recent, rule))

    def _observe(self, trial: Trial) -> np.ndarray:
        return np.asarray(trial.target, dtype=np.float64) / self._farthest


class DiscreteActions(gym.ActionWrapper):
    """A grid of ``steps`` actions in each dimension, numbered row by row: for agents such as DQN."""

    def __init__(self, env: gym.Env, steps: int = 15) -> None:
        super().__init__(env)
        dimensions = env.action_space.shape[0]  # type: ignore[index]
        if steps < 2 or steps**dimensions > 100_000:
            raise BadInput(f"{steps} steps in each of {dimensions} dimensions: choose 2 or more, and not above 100,000 actions in all")
        line = np.linspace(-1, 1, steps)
        self._grid = np.stack(np.meshgrid(*[line] * dimensions, indexing="ij"), axis=-1).reshape(-1, dimensions)
        self.action_space = Discrete(len(self._grid))

    def action(self, action: Any) -> np.ndarray:
        """The action that has this number."""
        return self._grid[int(action)].astype(np.float32)


def practice_environment(protocol: str, condition: str | None = None, reach_of_actions: float = REACH_OF_ACTIONS) -> PracticeEnvironment:
    """The environment of a protocol, by library name or path. Actions reach so many SDs either side of the learner's first mean.

    Raises:
        BadInput: no such protocol or condition, one that never delivers a reward, or one that says no initial mean and SD.
    """
    given = load_protocol(protocol).protocol
    return PracticeEnvironment(given, first_condition(given) if condition is None else condition, action_range(given, reach_of_actions))


def action_range(protocol: Protocol, sds: float) -> ActionRange:
    """From the initial mean and SD in [participant], or else in [twin].

    Raises:
        BadInput: neither has them.
    """
    values = {**protocol.twin.parameters, **protocol.participant.parameters}
    missing = [name for name in ("initial_mean", "initial_sd") if name not in values]
    if missing:
        raise BadInput(f"the protocol's [twin] and [participant] say no {' and no '.join(missing)}: set them, so that actions have a range")
    centre, sd = (np.ravel(np.asarray(values[name], dtype=np.float64)) for name in ("initial_mean", "initial_sd"))
    return ActionRange(centre, sds * sd)


def _rewarded_course(protocol: Protocol, condition: str, seed: int) -> list[tuple[Trial, ZoneRule]]:
    """The trials that deliver a reward: an agent with this interface can't be told that there was none."""
    blocks = planned_blocks(protocol, condition, seed)
    course = [(t, zone_rule(b.block, protocol.condition(condition))) for b in blocks for t in b.trials if t.reward_shown]
    if not course:
        raise BadInput("no trial of the protocol delivers a reward: an agent would have nothing to learn from; set reward.shown in a block")
    return course


for _name in library():
    gym.register(f"twinrig/{_name}-v0", entry_point=partial(practice_environment, _name))  # type: ignore[arg-type]  # a function will do
