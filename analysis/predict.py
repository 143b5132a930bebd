"""The yoked learner over a whole record: what it would have predicted of every action before it was made."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

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


@partial(jax.jit, static_argnums=0)
def _predict(learner: Learner, params: Params, start: State, trials: Seen) -> Predicted:
    def step(carried: tuple[State, State], trial: Seen) -> tuple[tuple[State, State], tuple[Prediction, Array, State]]:
        state, beside = carried
        after, prediction = yoked_step(learner, params, state, trial)
        beside = learner.update(params, beside, trial.context, trial.action, trial.outcome, None)
        return (after, beside), (prediction, shift_growth(after, beside), after)

    (last, _), (prediction, growth, states) = jax.lax.scan(step, (start, shifted(start)), trials)
    return Predicted(prediction, growth, states, last)


def log_likelihood(learner: Learner, params: Params, contexts: int, trials: Seen) -> Float[Array, ""]:
    """Sum of the log densities of all actions, each predicted from those before it."""
    start = learner.init(params, contexts)
    _, log_probs = jax.lax.scan(lambda state, trial: _likelihood_step(learner, params, state, trial), start, trials)
    return log_probs.sum()


def _likelihood_step(learner: Learner, params: Params, state: State, trial: Seen) -> tuple[State, Float[Array, ""]]:
    log_prob = learner.log_prob(params, state, trial.context, trial.action)
    return learner.update(params, state, trial.context, trial.action, trial.outcome, None), log_prob
