"""The inverse of the error function, as arithmetic that vectorises."""

from typing import Any

import jax.numpy as jnp

from protocols.logarithm import log

# Factors of the powers of w - 3.125, of sqrt(w) - 3.25 and of sqrt(w) - 5, the highest first (Giles 2010).
_NEAR = (
    -3.64441206401782e-21, -1.6850591381820166e-19, 1.28584807152564e-18, 1.1157877678025181e-17, -1.333171662854621e-16,
    2.0972767875968562e-17, 6.637638134358324e-15, -4.054566272975207e-14, -8.151934197605472e-14, 2.6335093153082323e-12,
    -1.2975133253453532e-11, -5.415412054294628e-11, 1.0512122733215323e-09, -4.112633980346984e-09, -2.9070369957882005e-08,
    4.2347877827932404e-07, -1.3654692000834679e-06, -1.3882523362786469e-05, 0.00018673420803405714, -0.000740702534166267,
    -0.006033670871430149, 0.24015818242558962, 1.6536545626831027,
)  # fmt: skip
_FAR = (
    2.2137376921775787e-09, 9.075656193888539e-08, -2.7517406297064545e-07, 1.8239629214389228e-08, 1.5027403968909828e-06,
    -4.013867526981546e-06, 2.9234449089955446e-06, 1.2475304481671779e-05, -4.7318229009055734e-05, 6.828485145957318e-05,
    2.4031110387097894e-05, -0.0003550375203628475, 0.0009532893797373805, -0.0016882755560235047, 0.002491442096107851,
    -0.003751208507569241, 0.005370914553590064, 1.0052589676941592, 3.0838856104922208,
)  # fmt: skip
_FARTHEST = (
    -2.7109920616438573e-11, -2.555641816996525e-10, 1.5076572693500548e-09, -3.789465440126737e-09, 7.61570120807834e-09,
    -1.496002662714924e-08, 2.914795345090108e-08, -6.771199775845234e-08, 2.2900482228026655e-07, -9.9298272942317e-07,
    4.526062597223154e-06, -1.968177810553167e-05, 7.599527703001776e-05, -0.00021503011930044477, -0.00013871931833623122,
    1.0103004648645344, 4.849906401408584,
)  # fmt: skip
_NEAR_BELOW, _FAR_BELOW = 6.25, 16.0  # of w


def erf_inv(x: Any) -> Any:
    """The number of which ``erf`` is x, in (-1, 1); float64, off by no more than a few units of the last place.

    ``w = -log(1 - x^2)`` tells which of three polynomials holds (Giles 2010, "Approximating the erfinv function"). ``jax.lax.erf_inv`` is
    the same, but its logarithm is the C library's, called for each element.
    """
    w = -log((1.0 - x) * (1.0 + x))
    near, far, root = w < _NEAR_BELOW, w < _FAR_BELOW, jnp.sqrt(w)
    at = jnp.where(near, w - 3.125, root - jnp.where(far, 3.25, 5.0))
    result = jnp.zeros_like(w)
    for factors in zip(_NEAR, _filled(_FAR), _filled(_FARTHEST), strict=True):
        result = result * at + jnp.where(near, factors[0], jnp.where(far, factors[1], factors[2]))
    return result * x


def _filled(factors: tuple[float, ...]) -> tuple[float, ...]:
    """As many as the longest has; what is missing of the highest powers is 0."""
    return (0.0,) * (len(_NEAR) - len(factors)) + factors
