"""What a policy, a critic or a network may be given of a trial's target: smooth features of its direction."""

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import i0e
from jaxtyping import Array, Float

CENTRES, KAPPA = 16, 5.0  # the values of the public code of Haith 2025


def von_mises(direction: Float[Array, ""], centres: int = CENTRES, kappa: float = KAPPA) -> Float[Array, " centre"]:
    """``exp(kappa cos(s - c_i)) / (2 pi I0(kappa))`` for equally spaced centres c_i, the first at 0 rad (Haith 2025)."""
    at = np.arange(centres) * (2 * np.pi / centres)
    return jnp.exp(kappa * (jnp.cos(direction - at) - 1)) / (2 * jnp.pi * i0e(kappa))
