"""Three ways to hold the covariance of an exploration: by angle, by Cholesky factor, diagonal.

Each is a function of the log variances (n,) and of what mixes the dimensions (``mix``). What a gradient needs is the *expected* log
density: that of an exploration known up to a covariance (None: known wholly). Only ``covariance`` and ``precision`` make a matrix.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis import gaussian


class Spread(NamedTuple):
    """One way to hold a covariance; all but the first take ``(log_var, mix)`` last."""

    mixes: Callable[[int], int | None]  # how many numbers mix n dimensions; None: one without an axis
    covariance: Callable[[Array, Array], Array]
    precision: Callable[[Array, Array], Array]  # its inverse
    expected: Callable[[Array, Array | None, Array, Array], Array]  # log density of an exploration known up to a covariance
    drawn: Callable[[Array, Array, Array], Array]  # an exploration from white noise


def from_angle(log_var: Float[Array, "2"], angle: Float[Array, ""]) -> Float[Array, "2 2"]:
    """``Q diag(exp log_var) Q^T`` with Q the rotation by ``angle``."""
    q = gaussian.rotation(angle)
    return jnp.sum(q[:, None, :] * q[None, :, :] * jnp.exp(log_var), axis=-1)


def _by_angle(exploration: Array, unknown: Array | None, log_var: Array, angle: Array) -> Array:
    q = gaussian.rotation(angle)
    squares = gaussian.times(q.T, exploration) ** 2
    if unknown is not None:
        squares = squares + jnp.sum(q * gaussian.product(unknown, q), axis=0)
    return gaussian.log_density_apart(squares, log_var)


def _drawn_by_angle(white: Array, log_var: Array, angle: Array) -> Array:
    return gaussian.times(gaussian.rotation(angle), jnp.exp(log_var / 2) * white)


def factor(log_var: Float[Array, " n"], below: Float[Array, " m"]) -> Float[Array, "n n"]:
    """The lower factor with diagonal ``exp(log_var / 2)`` and ``below`` under it, row by row."""
    n, diagonal = log_var.shape[0], jnp.exp(log_var / 2)
    if n > gaussian.WRITTEN_OUT:
        return jnp.diag(diagonal).at[np.tril_indices(n, -1)].set(below)
    return gaussian.lower(list(diagonal), [below[i] for i in range(below.shape[0])])  # XLA fuses it; it can't fuse a scatter


def from_factor(log_var: Float[Array, " n"], below: Float[Array, " m"]) -> Float[Array, "n n"]:
    """``L L^T`` of that factor."""
    lower = factor(log_var, below)
    return gaussian.product(lower, lower.T)


def _by_factor(exploration: Array, unknown: Array | None, log_var: Array, below: Array) -> Array:
    return gaussian.log_density_white(gaussian.expected_squares(factor(log_var, below), exploration, unknown), log_var)


def _apart(exploration: Array, unknown: Array | None, log_var: Array, _: Array) -> Array:
    squares = exploration**2 if unknown is None else exploration**2 + jnp.diagonal(unknown)
    return gaussian.log_density_apart(squares, log_var)


ANGLE = Spread(lambda _: None, from_angle, lambda v, angle: from_angle(-v, angle), _by_angle, _drawn_by_angle)
CHOLESKY = Spread(
    lambda n: n * (n - 1) // 2,
    from_factor,
    lambda v, below: gaussian.inverse_of_factored(factor(v, below)),
    _by_factor,
    lambda white, v, below: gaussian.times(factor(v, below), white),
)
APART = Spread(
    lambda _: 0,
    lambda v, _: jnp.diag(jnp.exp(v)),
    lambda v, _: jnp.diag(jnp.exp(-v)),
    _apart,
    lambda white, v, _: jnp.exp(v / 2) * white,
)
SPREADS = {"angle": ANGLE, "cholesky": CHOLESKY, "diagonal": APART}
