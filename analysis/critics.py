"""What reward a learner expects: a running average, a value over features of the target, or a population of expectiles.

Each is NaN until the first reward, unless its start is given, and then begins with that reward. ``rate`` is 1 - ``baseline_decay``.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Critic(NamedTuple):
    """One kind of expectation. ``row`` is the context's where each has its own (else 0), ``features`` are the target's."""

    start: Callable[[Array, int, int], Array]  # (expected at first, rows, features or channels)
    value: Callable[[Array, Array | int, Array], Array]  # (weights, row, features) -> expected reward
    learn: Callable[[Array, Array | int, Array, Array, Array], Array]  # (weights, row, features, reward, rate) -> weights


def _here(weights: Array, row: Array | int) -> Array:
    """Which of the rows is meant; a comparison, because XLA can't fuse a scatter."""
    return (jnp.arange(weights.shape[0]) == row).reshape(-1, *[1] * (weights.ndim - 1))


def _averaged(weights: Float[Array, " row"], row: Array | int, _: Array, reward: Array, rate: Array) -> Array:
    begun = jnp.where(jnp.isnan(weights), reward, weights)
    return jnp.where(_here(weights, row), begun + rate * (reward - begun), weights)


RUNNING = Critic(lambda initial, rows, _: jnp.full(rows, initial), lambda weights, row, _: weights[row], _averaged)


def _spread_over(reward: Array, count: int) -> Array:
    """Weights whose value is about ``reward`` for every target: features sum to ``count / (2 pi)`` over equally spaced centres."""
    return jnp.full(count, reward * 2 * jnp.pi / count)


def _by_features(weights: Float[Array, " centre"], _: Array | int, features: Array, reward: Array, rate: Array) -> Array:
    """``v += rate (r - v.f) f`` (Haith 2025, with rate = 1 - d): the temporal-difference error of trials that are one step long."""
    begun = jnp.where(jnp.isnan(weights), _spread_over(reward, weights.shape[0]), weights)
    return begun + rate * (reward - jnp.sum(begun * features)) * features


FEATURES = Critic(
    lambda initial, _, centres: _spread_over(initial, centres), lambda weights, _, features: jnp.sum(weights * features), _by_features
)


def asymmetries(channels: int) -> Float[np.ndarray, " channel"]:
    """The expectile tau_i that each channel tends to, equally spaced between 0 and 1."""
    return (np.arange(channels) + 0.5) / channels


def _by_channel(weights: Float[Array, "row channel"], row: Array | int, _: Array, reward: Array, rate: Array) -> Array:
    """``V_i += a_i^+ delta_i`` where delta_i = r - V_i is above 0, else ``a_i^- delta_i``; the larger of the two is ``rate``."""
    taus = asymmetries(weights.shape[1])
    begun = jnp.where(jnp.isnan(weights), reward, weights)
    error = reward - begun
    gain = rate * jnp.where(error > 0, taus, 1 - taus) / np.maximum(taus, 1 - taus)
    return jnp.where(_here(weights, row), begun + gain * error, weights)


DISTRIBUTIONAL = Critic(
    lambda initial, rows, channels: jnp.full((rows, channels), initial), lambda weights, row, _: jnp.mean(weights[row]), _by_channel
)
CRITICS = {"running": RUNNING, "features": FEATURES, "distributional": DISTRIBUTIONAL}
