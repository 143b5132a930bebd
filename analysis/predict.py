"""The yoked learner over a whole record: what it would have predicted of every action before it was made."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from analysis.beginning import scan_beginning
from analysis.compiled import compiled
from analysis.learner import Learner, Params, State
from analysis.twin import Prediction, Seen, seen, shift_growth, shifted, yoked_step
from protocols.history import Committed


class Predicted(NamedTuple):
    """Arrays with one row a trial, and the state after the last."""

    prediction: Prediction  # before each trial
    shift_growth: Float[Array, " trial"]  # after each trial
    states: State  # after each trial
    last: State


def record(targets: np.ndarray, history: Sequence[Committed]) -> Seen:
    """Committed trials as a yoked learner sees them, stacked."""
    return jax.tree.map(lambda *column: np.stack(column), *(seen(targets, committed) for committed in history))


def predict(learner: Learner, params: Params, contexts: int, trials: Seen, start: State | None = None) -> Predicted:
    """Predict every trial of a record and learn from it, in order; ``start`` is the state before the first (else a new learner's)."""
    return _predict(learner, params, learner.init(params, contexts) if start is None else start, trials)


def compile_prediction(learner: Learner, params: Params, contexts: int, trials: Seen) -> Callable[[Params, Seen], Predicted]:
    """``predict`` by a new learner as a compiled function of parameters and records of this one's length."""
    start = learner.init(params, contexts)
    run = compiled(_predict, (learner,), (params, start, trials))
    return lambda params, trials: run(params, learner.init(params, contexts), trials)


def padded(trials: Seen, length: int) -> Seen:
    """A record made longer by trials without action or reward, which teach and predict nothing, so that one compiled function fits many."""

    def longer(column: np.ndarray) -> np.ndarray:
        column = np.asarray(column)
        filler = np.nan if column.dtype.kind == "f" else 0
        return np.concatenate([column, np.full((length - len(column), *column.shape[1:]), filler, column.dtype)])

    context = jax.tree.map(lambda x: np.concatenate([x, np.repeat(x[-1:], length - len(x), axis=0)]), trials.context)
    return jax.tree.map(longer, trials)._replace(context=context)


@partial(jax.jit, static_argnums=0)
def _predict(learner: Learner, params: Params, start: State, trials: Seen) -> Predicted:
    def step(carried: tuple[State, State], trial: Seen) -> tuple[tuple[State, State], tuple[Prediction, Array, State]]:
        state, beside = carried
        after, prediction = yoked_step(learner, params, state, trial)
        beside = learner.update(params, beside, trial.context, trial.action, trial.outcome, None)
        return (after, beside), (prediction, shift_growth(after, beside), after)

    (last, _), (prediction, growth, states) = jax.lax.scan(step, (start, shifted(start)), trials)
    return Predicted(prediction, growth, states, last)


def log_probs(
    learner: Learner, params: Params, contexts: int, trials: Seen, length: Int[Array, ""] | int | None = None
) -> Float[Array, " trial"]:
    """The log density of each action, predicted from those before it; 0 where there was none, and beyond ``length`` trials (None: all)."""

    def step(state: State, trial: Seen) -> tuple[State, Float[Array, ""]]:
        log_prob = learner.log_prob(params, state, trial.context, trial.action)
        return learner.update(params, state, trial.context, trial.action, trial.outcome, None), log_prob

    return scan_beginning(step, learner.init(params, contexts), trials, length)


def log_likelihood(learner: Learner, params: Params, contexts: int, trials: Seen) -> Float[Array, ""]:
    """Sum of the log densities of all actions, each predicted from those before it."""
    return log_probs(learner, params, contexts, trials).sum()
