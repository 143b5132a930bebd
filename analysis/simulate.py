"""Free learners that practise a course by themselves, and one that acts for a simulated participant."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from analysis import ahead
from analysis.compiled import compiled
from analysis.learner import Context, Learner, Params, State
from analysis.twin import Own, Turn, as_arrays, context_of, learner_key, own_start, own_step, seen, stack_trials
from protocols.history import Committed
from protocols.task import Outcome, Task, Trial
from protocols.zone import ZoneRule

LANES = 64  # simulations that are computed side by side
CORES = os.cpu_count() or 1

PARTICIPANT = 0  # the simulated participant's place among the random keys; free learners and simulations count from 1


class Course(NamedTuple):
    """Trials and zone rules in order, stacked along a first axis."""

    trials: Trial
    rules: ZoneRule


def stack_course(trials: Sequence[Trial], rules: Sequence[ZoneRule]) -> Course:
    """Trials and the zone rule of each as arrays."""
    return Course(stack_trials(trials), jax.tree.map(lambda *column: np.asarray(column), *rules))


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
    run = compile_batches(task, learner, params, targets, stack_course(trials, rules), seed)
    return jax.tree.map(lambda *parts: np.concatenate(parts), *in_batches(run, simulations))


def compile_batches(
    task: Task, learner: Learner, params: Params, targets: np.ndarray, course: Course, seed: int, lanes: int = LANES
) -> Callable[[Int[np.ndarray, " lane"]], Turn]:
    """A compiled function of the numbers (from 1) of ``lanes`` simulations. What was compiled is kept, and serves other parameters too."""
    window = int(np.max(np.where(course.rules.following, course.rules.window, 0)))
    values = jax.tree.map(np.asarray, (params, np.asarray(targets, dtype=float), course, seed, np.arange(lanes)))
    run = compiled(_simulate, (task, learner, window), values, wide=True)
    return lambda numbers: _by_lane(run(*values[:-1], numbers), np.size(course.trials.number))


def in_batches(run: Callable[[Int[np.ndarray, " lane"]], Turn], simulations: int) -> Iterator[Turn]:
    """Results of simulations 1 to ``simulations``, a batch at a time, as NumPy arrays; as many at once as there are cores.

    Every batch has the same number of lanes, filled up where needed, and a simulation always has the same lane: what vectorised
    arithmetic rounds differently in its last bits is then the same for any number of simulations.
    """
    firsts = range(1, simulations + 1, LANES)

    def batch(first: int) -> Turn:
        kept = min(LANES, simulations + 1 - first)
        return jax.tree.map(lambda x: np.asarray(x)[:kept], run(np.arange(first, first + LANES)))

    with ThreadPoolExecutor(CORES) as pool:
        for start in range(0, len(firsts), CORES):
            yield from list(pool.map(batch, firsts[start : start + CORES]))


def _simulate(
    task: Task, learner: Learner, window: int, params: Params, targets: Float[Array, "context 2"], course: Course, seed: Any, numbers: Array
) -> Turn:
    def step(owns: Own, given: Course) -> tuple[Own, Turn]:
        trial, rule = given

        def one(own: Own, number: Array) -> tuple[Own, Turn]:
            return own_step(learner, task, params, targets, own, trial, rule, learner_key(seed, trial.number, trial.attempt, number))

        return jax.vmap(one)(owns, numbers)

    start = own_start(learner.knowing(learner.init(params, len(targets))), window)
    return ahead.scan(step, jax.tree.map(lambda x: jnp.repeat(jnp.asarray(x)[None], len(numbers), axis=0), start), course)


def _by_lane(turn: Turn, trials: int) -> Turn:
    """From the axes (stretch, trial of it, lane) to (lane, trial); nothing is copied."""
    return jax.tree.map(lambda x: np.moveaxis(np.asarray(x).reshape(-1, *x.shape[2:]), 1, 0)[:, :trials], turn)


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
