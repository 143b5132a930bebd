"""Free learners that practise a course by themselves, and one that acts for a simulated participant."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.learner import Context, Learner, Params, State
from analysis.twin import Turn, as_arrays, context_of, learner_key, own_start, own_step, seen, stack_trials
from protocols.history import Committed
from protocols.task import Outcome, Task, Trial
from protocols.zone import ZoneRule

PARTICIPANT = 0  # the simulated participant's place among the random keys; free learners and simulations count from 1


def simulate(
    task: Task,
    learner: Learner,
    params: Params,
    targets: np.ndarray,
    trials: Sequence[Trial],
    rules: Sequence[ZoneRule],
    seed: int,
    simulations: int = 1,
) -> Turn:
    """Let a learner practise a course ``simulations`` times; fields of the result begin with the axes (simulation, trial).

    ``rules`` has the zone rule of each trial. The same seed gives the same result, whatever the number of simulations.
    """
    stacked = jax.tree.map(lambda *column: np.asarray(column), *rules)
    window = max(rule.window for rule in rules)
    indices = np.arange(1, simulations + 1)
    return _simulate(task, learner, window, params, jnp.asarray(targets), stack_trials(trials), stacked, seed, indices)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _simulate(
    task: Task,
    learner: Learner,
    window: int,
    params: Params,
    targets: Float[Array, "context 2"],
    trials: Trial,
    rules: ZoneRule,
    seed: Any,
    indices: Array,
) -> Turn:
    def one(index: Array) -> Turn:
        def step(own: Any, given: tuple[Trial, ZoneRule]) -> tuple[Any, Turn]:
            trial, rule = given
            return own_step(learner, task, params, targets, own, trial, rule, learner_key(seed, trial.number, trial.attempt, index))

        return jax.lax.scan(step, own_start(learner.init(params, len(targets)), window), (trials, rules))[1]

    return jax.vmap(one)(indices)


class LearnerActor:
    """A learner that chooses a simulated participant's actions. What it does follows from seed and history alone.

    It learns from its own exploration, and from the rewards that the session delivered.
    """

    def __init__(self, learner: Learner, params: Params, targets: np.ndarray, seed: int) -> None:
        self._learner, self._params = learner, params
        self._targets, self._seed = np.asarray(targets), seed
        self._state = learner.init(params, len(targets))
        self._info: Any = None
        self._acted: tuple[int, int] | None = None

    def act(self, trial: Trial) -> np.ndarray:
        """The action intended for this trial, in the units of the action columns; the same for the same history."""
        key = learner_key(self._seed, trial.number, trial.attempt, PARTICIPANT)
        context = context_of(self._targets, as_arrays(trial))
        action, self._info = _act(self._learner, key, self._params, self._state, context)
        self._acted = (trial.number, trial.attempt)
        return np.asarray(getattr(self._info, "intended", action))

    def learn(self, committed: Committed) -> None:
        """Learn from a trial that is over; one that this actor didn't act on is learned from as if watched."""
        trial = seen(self._targets, committed)
        own = self._acted == (committed.trial.number, committed.trial.attempt)
        info = self._info if own else None
        self._state = _update(self._learner, self._params, self._state, trial.context, trial.action, trial.outcome, info)


@partial(jax.jit, static_argnums=0)
def _act(learner: Learner, key: Any, params: Params, state: State, context: Context) -> Any:
    return learner.act(key, params, state, context)


@partial(jax.jit, static_argnums=0)
def _update(learner: Learner, params: Params, state: State, context: Context, action: Any, outcome: Outcome, info: Any) -> State:
    return learner.update(params, state, context, action, outcome, info)
