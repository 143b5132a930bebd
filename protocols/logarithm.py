"""The natural logarithm, as arithmetic that vectorises."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)  # the bits of sqrt(1/2)
_FRACTION = 52  # bits of a float64 under its exponent
_LARGE = 2.0**52 + 2.0**51  # whose last bit counts ones, so that adding it to a whole number is a matter of bits
_LOG2 = 0.6931471805599453
_SERIES = (
    0.14798198605116586, 0.15313837699209373, 0.1818357216161805, 0.22222198432149784, 0.2857142874366239, 0.3999999999940942,
    0.6666666666666735,
)  # fmt: skip


@jax.custom_jvp
def log(x: Any) -> Any:
    """Natural logarithm of float64, to 5e-16 of itself; NaN below 0. Numbers under 2.3e-308 count as 0.

    XLA calls the C library for each element; these are a few vector operations. x is ``2^k m`` with m between sqrt(1/2) and sqrt(2), and
    log m a series in ``(m - 1) / (m + 1)`` with the factors of fdlibm (Sun Microsystems 1993).
    """
    bits = jax.lax.bitcast_convert_type(jnp.asarray(x, float), jnp.int64)
    power = (bits - _ROOT_HALF) >> _FRACTION
    more = jax.lax.bitcast_convert_type(bits - (power << _FRACTION), float) - 1.0
    ratio = more / (2.0 + more)
    half, square = 0.5 * more * more, ratio * ratio
    found = more - (half - ratio * (half + square * _series(square))) + _LOG2 * _as_float(power)
    beyond = jnp.where(x < 0, jnp.nan, jnp.where(x < np.finfo(float).tiny, -jnp.inf, x))  # NaN and infinity are their own logarithms
    return jnp.where((x >= np.finfo(float).tiny) & (x < jnp.inf), found, beyond)


log.defjvps(lambda tangent, _, x: tangent / x)


def _series(square: Any) -> Any:
    result = _SERIES[0]
    for factor in _SERIES[1:]:
        result = result * square + factor
    return result


def _as_float(whole: Any) -> Any:
    """Small whole numbers as float64; the processor has no instruction for many at once."""
    large = np.float64(_LARGE).view(np.int64)
    return jax.lax.bitcast_convert_type(whole + large, float) - _LARGE
