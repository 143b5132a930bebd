"""The frame of a rival whose steps ask nothing of its own state: a whole record at once, with its gradient.

Where retention and push of every trial follow from the parameters and the record alone, and no noise is credited, they are worked out
together, and what is left to do trial by trial is a Kalman filter of one number for each action dimension:

    S = P + N,  v = y - m,  K = a P / S
    m' = a m + u + K v,  P' = a^2 P N / S + q

with N the variance of all noises. Units are those of the columns.
The gradient goes back through the record by the filter's own adjoint, which keeps m and P alone: some ten times faster than what automatic
differentiation makes of the same loop, and never NaN where an action or a reward is missing.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from analysis.angles import WRAPPED


class Motion(NamedTuple):
    """What moves the state, for each trial, lane (such as a person) and action; 0 where there was no action, but for ``retention`` and
    ``drift``."""

    retention: Float[Array, "trial *lane action"]  # a
    push: Float[Array, "trial *lane action"]  # u
    noise: Float[Array, "*lane action"]  # N
    drift: Float[Array, "*lane action"]  # q


class Record(NamedTuple):
    """The actions: from the state's start, 0 where there was none; and the turn after which they come round again (0: they don't).

    ``acted`` may have lanes of one, that serve all.
    """

    away: Float[Array, "trial *lane action"]
    acted: Bool[Array, "trial *lane 1"]
    turn: Float[Array, " action"]


def turns(action_names: tuple[str, ...]) -> Float[np.ndarray, " action"]:
    """The turn of each action column."""
    return np.array([360.0 if name in WRAPPED else 0.0 for name in action_names])


@jax.custom_vjp
def log_densities(motion: Motion, record: Record) -> Float[Array, "trial *lane action"]:
    """The log density of each action one step ahead; 0 where there was none. Differentiable in reverse, once, but for ``turn``."""
    return _forward(motion, record)[0]


def _forward(motion: Motion, record: Record) -> tuple[Array, tuple[Motion, Record, Array, Array]]:
    def step(carried: tuple[Array, Array], trial: tuple[Array, ...]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        mean, unknown = carried
        a, u, away, acted = trial
        weight = acted * a * unknown / (unknown + motion.noise)
        after = a * mean + u + weight * _short(away - mean, record.turn)
        return (after, a * unknown * (a - weight) + motion.drift), (mean, unknown)

    start = jnp.zeros_like(motion.noise)
    _, (mean, unknown) = jax.lax.scan(step, (start, start), _trials(motion, record))
    spread = unknown + motion.noise
    gap = _short(record.away - mean, record.turn)
    density = -0.5 * (gap**2 / spread + jnp.log(2 * jnp.pi * spread))
    return record.acted * density, (motion, record, mean, unknown)


def _backward(kept: tuple[Motion, Record, Array, Array], incoming: Float[Array, "trial *lane action"]) -> tuple[Motion, Any]:
    motion, record, means, unknowns = kept

    def step(carried: tuple[Array, ...], trial: tuple[Array, ...]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        to_mean, to_unknown, to_noise, to_drift = carried
        a, _, away, acted, mean, unknown, given = trial
        spread = unknown + motion.noise
        gap = _short(away - mean, record.turn)
        weight, given = acted * a * unknown / spread, acted * given
        to_weight = to_mean * gap - to_unknown * a * unknown
        to_gap = to_mean * weight - given * gap / spread
        to_cross = acted * to_weight / spread - to_unknown * weight  # to a P
        to_spread = -to_weight * weight / spread + 0.5 * given * (gap**2 / spread - 1) / spread
        to_retention = to_mean * mean + 2 * a * unknown * to_unknown + to_cross * unknown
        before = a * to_mean - to_gap, a * a * to_unknown + a * to_cross + to_spread, to_noise + to_spread, to_drift + to_unknown
        return before, (to_retention, to_mean, to_gap)

    end = jnp.zeros_like(motion.noise)
    (_, _, to_noise, to_drift), found = jax.lax.scan(step, (end,) * 4, (*_trials(motion, record), means, unknowns, incoming), reverse=True)
    to_retention, to_push, to_away = found
    gradient = Motion(to_retention, to_push, to_noise, to_drift)
    return gradient, Record(to_away, np.zeros(record.acted.shape, jax.dtypes.float0), jnp.zeros_like(record.turn))  # type: ignore[arg-type]


log_densities.defvjp(_forward, _backward)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def at_each_trial(count: int, value: Array) -> Float[Array, "trial ..."]:
    """A value repeated for each trial. Its gradient, a sum over trials, is taken as a product, which is compiled to far better code."""
    return jnp.broadcast_to(value, (count, *value.shape))


at_each_trial.defvjp(
    lambda count, value: (at_each_trial(count, value), None),
    lambda count, _, incoming: (jnp.tensordot(jnp.ones(count, incoming.dtype), incoming, axes=1),),
)


def over_trials(values: Float[Array, "trial ..."]) -> Float[Array, "..."]:
    """The sum over trials, as a product. As a sum it would be compiled into one loop with the logarithms of its values, one by one."""
    return jnp.tensordot(jnp.ones(values.shape[0], values.dtype), values, axes=1)


def _trials(motion: Motion, record: Record) -> tuple[Array, ...]:
    return motion.retention, motion.push, record.away, record.acted.astype(record.away.dtype)


def _short(gap: Array, turn: Array) -> Array:
    """The short way round."""
    return gap - turn * jnp.round(gap / jnp.where(turn > 0, turn, 1.0))
