"""What a path along the channel earned: the parts of the reward, and what a person would want to know of it.

Paths are low-passed, at 1 kHz, one row a coordinate, and end when the hand stops; a hand that waits before it moves adds nothing.
Velocities are central differences, accelerations second differences, integrals sums over all samples but the first and the last.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from protocols.movement import RATE

TINY = 1e-300  # m/s, of a hand that doesn't move


class Channel(NamedTuple):
    """A semicircle about the origin, in the half plane y >= 0; all places within half the width of it are inside."""

    radius: float  # m, of its middle
    width: float  # m
    target_radius: float  # m


class Weights(NamedTuple):
    """Of the parts of the reward, in their order."""

    channel: float  # 1/m^3
    endpoint: float  # 1/m^2
    stop: float  # s^2/m^2
    effort: float  # s^3/m^2


class Parts(NamedTuple):
    """What the reward is made of, before the weights."""

    channel: Float[Array, ""]  # int |v| (r - radius)^2 dt, m^3
    endpoint: Float[Array, ""]  # |p_T - target|^2, m^2
    stop: Float[Array, ""]  # |v_T|^2, m^2/s^2
    effort: Float[Array, ""]  # int |a|^2 dt, m^2/s^3


class Result(NamedTuple):
    """What the path was."""

    parts: Parts
    error: Float[Array, ""]  # m, mean distance from the channel's middle along the way
    miss: Float[Array, ""]  # m, from the end of the path to the target
    hit: Float[Array, ""]  # 1 where it stayed in the channel and ended in the target


class Going(NamedTuple):
    """The samples between the first and the last."""

    speed: Float[Array, " sample"]  # m/s
    off: Float[Array, " sample"]  # m, signed distance from the circle, outward positive
    away2: Float[Array, " sample"]  # m^2, squared distance from the semicircle: below its ends, from the nearer end
    bend2: Float[Array, " sample"]  # m^2/s^4, squared acceleration


def total(parts: Parts, weights: Weights) -> Float[Array, ""]:
    """The cost: minus the graded reward."""
    return sum(weight * part for weight, part in zip(weights, parts, strict=True))  # type: ignore[return-value]


def result_of(position: Float[Array, "2 sample"], target: Float[Array, "2"], channel: Channel) -> Result:
    """Judge a path. Leaving the channel counts on both sides alike."""
    speed, off, away2, bend2 = _going(position, channel)
    # Summed as one array: each sum of its own would work out all square roots anew.
    costly, way, strayed, bent = jnp.stack([speed * off**2, speed, speed * jnp.abs(off), bend2]).sum(axis=1)
    last = (position[:, -1] - position[:, -2]) * RATE
    miss = jnp.sqrt(((position[:, -1] - target) ** 2).sum())
    hit = (away2.max() <= (channel.width / 2) ** 2) & (miss <= channel.target_radius)
    parts = Parts(costly / RATE, miss**2, (last**2).sum(), bent / RATE)
    return Result(parts, strayed / jnp.maximum(way, TINY), miss, jnp.where(jnp.isnan(miss), jnp.nan, hit))


def details(position: Float[Array, "2 sample"], target: Float[Array, "2"], channel: Channel, weights: Weights) -> dict[str, Any]:
    """Further columns of the trials table. Means and shares are over the way, so that a hand that waits doesn't count."""
    speed, off, away2, _ = _going(position, channel)
    inside, moving = away2 <= (channel.width / 2) ** 2, speed > 0.01 * speed.max()
    share = speed / jnp.maximum(speed.sum(), TINY)
    mean = (share * off).sum()
    parts = result_of(position, target, channel).parts
    return {
        "inside_share": (share * inside).sum(),
        "time_inside": (inside & moving).sum() / RATE,
        "radial_mean": mean,
        "radial_sd": jnp.sqrt((share * (off - mean) ** 2).sum()),
        "path_length": speed.sum() / RATE,
        "mean_speed": (speed * moving).sum() / jnp.maximum(moving.sum(), 1),
        **{f"cost_{name}": weight * part for name, weight, part in zip(Parts._fields, weights, parts, strict=True)},
    }


def _going(position: Float[Array, "2 sample"], channel: Channel) -> Going:
    x, y = position[:, 1:-1]
    across, along = (position[:, 2:] - position[:, :-2]) * (RATE / 2)
    turn_x, turn_y = (position[:, 2:] - 2 * position[:, 1:-1] + position[:, :-2]) * RATE**2
    off = jnp.sqrt(x**2 + y**2) - channel.radius
    beyond_end2 = (jnp.abs(x) - channel.radius) ** 2 + y**2
    return Going(jnp.sqrt(across**2 + along**2), off, jnp.where(y >= 0, off**2, beyond_end2), turn_x**2 + turn_y**2)
