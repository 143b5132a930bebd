"""Cosine, sine, and the way back from them to an angle, as arithmetic that vectorises."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_QUARTER = np.pi / 2, 6.123233995736766e-17  # pi/2 is their sum to twice the precision
_SIN = (1.5896230157221844e-10, -2.5050747762850355e-8, 2.7557313621385722e-6, -1.9841269829589539e-4, 8.333333333322118e-3, -1 / 6)
_COS = (-1.1358536521387682e-11, 2.087570084197473e-9, -2.7557314179296835e-7, 2.4801587288851704e-5, -1.388888888887306e-3, 1 / 24)

_SIXTEENTH = 0.41421356237309503  # tangent of a sixteenth of a turn
_ATAN = (
    0.016285820115365782, -0.036531572744216916, 0.049768779946159324, -0.058335701337905735, 0.06661073137387531,
    -0.0769187620504483, 0.09090887133436507, -0.11111110405462356, 0.14285714272503466, -0.19999999999876483, 0.3333333333333293,
)  # fmt: skip


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


@jax.custom_jvp
def direction(x: Any, y: Any) -> Any:
    """The angle (rad, in (-pi, pi]) at which a vector points, off by no more than rounding does; NaN for one that points nowhere.

    As ``arctan2``, which XLA calls for each element. Tangents within a sixteenth of a turn go by the polynomial of fdlibm (Sun
    Microsystems 1993); others are turned there first.
    """
    wide, high = jnp.abs(x), jnp.abs(y)
    near, far = jnp.minimum(wide, high), jnp.maximum(wide, high)
    steep = near > _SIXTEENTH * far
    tangent = jnp.where(steep, near - far, near) / jnp.where(steep, near + far, far)
    square = tangent * tangent
    angle = tangent - tangent * square * _polynomial(_ATAN, square)
    angle = jnp.where(steep, np.pi / 4 + angle, angle)
    angle = jnp.where(high > wide, np.pi / 2 - angle, angle)
    angle = jnp.where(x < 0, np.pi - angle, angle)
    return jnp.where(y < 0, -angle, angle)


direction.defjvps(
    lambda along, _, x, y: -y * along / (x**2 + y**2),
    lambda along, _, x, y: x * along / (x**2 + y**2),
)


def wrapped(angle: Any) -> Any:
    """An angle in (-pi, pi]; one that is there already stays as it is. Also where rounding would take it beyond."""
    turned = angle - 2 * jnp.pi * jnp.ceil((angle - jnp.pi) / (2 * jnp.pi))
    turned = jnp.where(turned <= -jnp.pi, jnp.pi, jnp.minimum(turned, jnp.pi))
    return jnp.where((angle > -jnp.pi) & (angle <= jnp.pi), angle, turned)


def _polynomial(factors: tuple[float, ...], x: Any) -> Any:
    result = factors[0] * x + factors[1]
    for factor in factors[2:]:
        result = result * x + factor
    return result
