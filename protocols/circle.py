"""Cosine and sine together, as arithmetic that vectorises."""

from typing import Any

import jax.numpy as jnp
import numpy as np

_QUARTER = np.pi / 2, 6.123233995736766e-17  # pi/2 is their sum to twice the precision
_SIN = (1.5896230157221844e-10, -2.5050747762850355e-8, 2.7557313621385722e-6, -1.9841269829589539e-4, 8.333333333322118e-3, -1 / 6)
_COS = (-1.1358536521387682e-11, 2.087570084197473e-9, -2.7557314179296835e-7, 2.4801587288851704e-5, -1.388888888887306e-3, 1 / 24)


def cos_sin(angle: Any) -> tuple[Any, Any]:
    """Cosine and sine (rad), off by no more than rounding an angle and the result does.

    XLA calls the C library for each element, which took two fifths of a likelihood's time; these are a few vector operations. Remainders
    within an eighth of a turn go by the polynomials of Cephes (Moshier 1989).
    """
    quarters = jnp.round(angle * (2 / np.pi))
    rest = (angle - quarters * _QUARTER[0]) - quarters * _QUARTER[1]
    square, turn = rest * rest, quarters - 4 * jnp.floor(quarters / 4)
    sin = rest + rest * square * _polynomial(_SIN, square)
    cos = 1 - 0.5 * square + square * square * _polynomial(_COS, square)
    across = (turn == 1) | (turn == 3)
    return (
        jnp.where((turn == 1) | (turn == 2), -1.0, 1.0) * jnp.where(across, sin, cos),
        jnp.where(turn >= 2, -1.0, 1.0) * jnp.where(across, cos, sin),
    )


def _polynomial(factors: tuple[float, ...], x: Any) -> Any:
    result = factors[0] * x + factors[1]
    for factor in factors[2:]:
        result = result * x + factor
    return result
