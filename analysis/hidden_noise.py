"""What one who only sees actions can know of a learner's exploration and mean, where motor or process noise hide them (SCIENCE 3.2).

The mean is ``weights . x``, x the rows that practice moves; ``y = mean + e + m`` is seen, and ``x' = a x + weights (G e) + q``. For fixed
covariances the belief is Kalman's filter, exact. Covariances here are of one ``Algebra``: dense, or diagonal. ``unknown`` has two axes
of rows in front.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.gaussian import Algebra


class Belief(NamedTuple):
    """What is known of one action's exploration."""

    exploration: Float[Array, " action"]
    unknown: Array | None  # its covariance; None: 0


class Noise(NamedTuple):
    """What an action is made of beside the mean."""

    explored: Array  # covariance of exploration
    motor: Array  # of motor noise
    process: Float[Array, ""]  # variance that each row gains a trial


def of_mean(unknown: Array, weights: Float[Array, " row"]) -> Array:
    """Covariance of the mean, ``weights . x``."""
    return _over_rows(_rows_with_mean(unknown, weights), weights)


def _rows_with_mean(unknown: Array, weights: Float[Array, " row"]) -> Array:
    """Covariance of each row with the mean."""
    return jnp.sum(unknown * weights.reshape(-1, *[1] * (unknown.ndim - 2)), axis=1)


def _over_rows(rows: Array, weights: Float[Array, " row"]) -> Array:
    return jnp.sum(rows * weights.reshape(-1, *[1] * (rows.ndim - 1)), axis=0)


def believe(algebra: Algebra, seen: Float[Array, " action"], explored: Array, noise: Array) -> Belief:
    """Exploration given its sum with noise: the noise's expected part is taken off what was seen."""
    share = algebra.product(noise, algebra.inverse(explored + noise))
    return Belief(seen - algebra.times(share, seen), noise - algebra.product(share, noise))


def filtered(
    algebra: Algebra,
    unknown: Array,
    weights: Float[Array, " row"],
    noise: Noise,
    gain: Array,
    retention: Float[Array, ""],
    seen: Float[Array, " action"],
    acted: Bool[Array, ""],
) -> tuple[Float[Array, "row action"], Array]:
    """What an action says of the rows beyond the step that is taken (``gain`` times the expected exploration), and what is left unknown.

    The parts of the covariance that are squares are kept as squares (Joseph's form), so that it stays positive.
    """
    rows = weights.shape[0]
    with_mean = _rows_with_mean(unknown, weights)
    of_seen = _over_rows(with_mean, weights)
    inverse = algebra.inverse(of_seen + noise.explored + noise.motor)
    own = jnp.where(acted, retention * algebra.product(with_mean, inverse), 0.0)
    stepped = algebra.product(algebra.product(gain, noise.explored), inverse)
    along = weights.reshape(-1, *[1] * (with_mean.ndim - 1))
    kalman, missed = own + along * stepped, along * (gain - stepped) - own
    shrunk = retention * unknown - _outer(algebra, kalman, with_mean)
    left = retention * shrunk - _outer(algebra, retention * with_mean - algebra.product(kalman, of_seen), kalman)
    squares = _square(algebra, missed, noise.explored) + _square(algebra, kalman, noise.motor)
    return algebra.times(own, seen), left + squares + _by_chance(algebra, rows, seen.shape[0], noise.process)


def _outer(algebra: Algebra, a: Array, b: Array) -> Array:
    """``a_i b_j^T`` for rows i and j."""
    return algebra.product(a[:, None], algebra.transposed(b)[None, :])


def _square(algebra: Algebra, a: Array, covariance: Array) -> Array:
    """``a_i S a_j^T`` for rows i and j."""
    return _outer(algebra, algebra.product(a, covariance), a)


def _by_chance(algebra: Algebra, rows: int, n: int, variance: Float[Array, ""]) -> Array:
    """Covariance of what all rows gain a trial, each number by itself."""
    each = algebra.diagonal(jnp.full(n, variance))
    return jnp.eye(rows).reshape(rows, rows, *[1] * each.ndim) * each
