"""Differences of actions: those of directions go the short way round."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

WRAPPED = frozenset({"reach_angle_deg"})  # action columns in degrees whose differences go the short way round


def difference(action_names: Sequence[str], one: Float[Array, " action"], other: Float[Array, " action"]) -> Float[Array, " action"]:
    """``one - other`` in column units; directions in (-180, 180]."""
    wraps = np.array([name in WRAPPED for name in action_names])
    gap = one - other
    return jnp.where(wraps, 180.0 - jnp.mod(180.0 - gap, 360.0), gap) if wraps.any() else gap
