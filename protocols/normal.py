"""Standard normal numbers by arithmetic that vectorises."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from protocols.logarithm import log
from protocols.threefry import hashed

_ONE = np.float64(1.0).view(np.uint64)  # the bits of 1: with random ones behind the exponent's, a number from 1 to 2
# Factors of the powers of a square, the highest first, for angles up to pi / 4 (fdlibm, Sun Microsystems 1993).
_SINE = (
    1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06, -1.98412698298579493134e-04,
    8.33333333332248946124e-03, -1.66666666666666324348e-01, 1.0,
)  # fmt: skip
_COSINE = (
    -1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07, 2.48015872894767294178e-05,
    -1.38888888888741095749e-03, 4.16666666666666019037e-02, -0.5, 1.0,
)  # fmt: skip


@partial(jax.jit, static_argnums=1)  # one operation, which ``analysis.ahead`` can take beforehand
def normal(key: Any, shape: tuple[int, ...] = ()) -> Float[Array, "..."]:
    """Independent standard normal numbers of one key, float64.

    Two at a time, as the place of a point whose distance and direction are random (Box & Muller 1958). One pair after the other, so that
    those of many keys are computed side by side.
    """
    count = math.prod(shape)
    pairs = jax.lax.map(partial(_pair, key), np.arange(-(-count // 2), dtype=np.uint32))
    return pairs.reshape(-1)[:count].reshape(shape)


def _pair(key: Any, place: Any) -> Float[Array, "2"]:
    near, direction = _bits(key, 2 * place), _bits(key, 2 * place + 1)
    distance = jnp.sqrt(-2.0 * log(1.0 - _share(near)))
    angle = (_share(direction) - 0.5) * (np.pi / 2)
    square = angle * angle
    along, across = _power_series(_COSINE, square), angle * _power_series(_SINE, square)
    along = jnp.where(direction & np.uint64(1), -along, along)  # bits that the share doesn't use
    turned = (direction & np.uint64(2)) != 0
    return distance * jnp.stack([jnp.where(turned, across, along), jnp.where(turned, along, across)])


def _bits(key: Any, place: Any) -> Any:
    high, low = hashed(key, place)
    return (high.astype("uint64") << np.uint64(32)) | low


def _share(bits: Any) -> Float[Array, ""]:
    """From 0 to 1, by the upper 52 bits."""
    return jax.lax.bitcast_convert_type((bits >> np.uint64(12)) | _ONE, float) - 1.0


def _power_series(factors: tuple[float, ...], x: Any) -> Any:
    result = factors[0]
    for factor in factors[1:]:
        result = result * x + factor
    return result
