"""Standard normal numbers, those of ``jax.random.normal``, by arithmetic that vectorises."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from protocols.error_function import erf_inv
from protocols.threefry import hashed

_ONE = np.float64(1.0).view(np.uint64)  # the bits of 1: with random ones behind the exponent's, a number from 1 to 2
_LOWEST = np.nextafter(-1.0, 0.0)


@partial(jax.jit, static_argnums=1)  # one operation, which ``analysis.ahead`` can take beforehand
def normal(key: Any, shape: tuple[int, ...] = ()) -> Float[Array, "..."]:
    """``jax.random.normal`` of one key, float64: the inverse of the error function at a uniform number from -1 to 1.

    Equal to it but for rounding. One number after the other, so that those of many keys are computed side by side.
    """
    return jax.lax.map(partial(_number, key), np.arange(math.prod(shape), dtype=np.uint32)).reshape(shape)


def _number(key: Any, place: Any) -> Float[Array, ""]:
    high, low = hashed(key, place)
    bits = (high.astype("uint64") << np.uint64(32)) | low
    share = jax.lax.bitcast_convert_type((bits >> np.uint64(12)) | _ONE, float) - 1.0
    return math.sqrt(2) * erf_inv(jnp.maximum(share * (1.0 - _LOWEST) + _LOWEST, _LOWEST))
