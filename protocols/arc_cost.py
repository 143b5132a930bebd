"""What a path along the channel earned: the parts of the reward, and what a person would want to know of it.

Paths are low-passed, at 1 kHz, and end when the hand stops; a hand that waits before it moves adds nothing. Velocities are central
differences, accelerations second differences, integrals sums over the samples.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from protocols.movement import RATE


class Channel(NamedTuple):
    """A semicircle about the origin, in the half plane y >= 0; all places within half the width of it are inside."""

    radius: float  # m, of its middle
    width: float  # m
    target_radius: float  # m


class Weights(NamedTuple):
    """Of the parts of the reward, in their order."""

    channel: float
    endpoint: float
    stop: float
    effort: float


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


def total(parts: Parts, weights: Weights) -> Float[Array, ""]:
    """The cost: minus the graded reward."""
    return sum(weight * part for weight, part in zip(weights, parts, strict=True))  # type: ignore[return-value]


def result_of(position: Float[Array, "sample 2"], target: Float[Array, "2"], channel: Channel) -> Result:
    """Judge a path. Leaving the channel counts on both sides alike."""
    x, y = position[:, 0], position[:, 1]
    speed, last = _speed(x, y)
    off = _off(x, y, channel)
    way = jnp.maximum(speed.sum(), jnp.finfo(speed.dtype).tiny)
    miss = jnp.sqrt(((position[-1] - target) ** 2).sum())
    parts = Parts((speed * off**2).sum() / RATE, miss**2, (last**2).sum(), (_bend(x) + _bend(y)) / RATE)
    hit = (_outside(x, y, off, channel).max() <= 0) & (miss <= channel.target_radius)
    return Result(parts, (speed * jnp.abs(off)).sum() / way, miss, jnp.where(jnp.isnan(miss), jnp.nan, hit))


def details(position: Float[Array, "sample 2"], target: Float[Array, "2"], channel: Channel, weights: Weights) -> dict[str, Any]:
    """Further columns of the trials table. Means and shares are over the way, so that a hand that waits doesn't count."""
    x, y = position[:, 0], position[:, 1]
    speed, _ = _speed(x, y)
    off = _off(x, y, channel)
    inside, moving = _outside(x, y, off, channel) <= 0, speed > 0.01 * speed.max()
    share = speed / jnp.maximum(speed.sum(), jnp.finfo(speed.dtype).tiny)
    mean = (share * off).sum()
    parts = result_of(position, target, channel).parts
    return {
        "inside_share": (share * inside).sum(),
        "time_inside": (inside & moving).sum() / RATE,
        "radial_mean": mean,
        "radial_sd": jnp.sqrt((share * (off - mean) ** 2).sum()),
        "path_length": speed.sum() / RATE,
        "mean_speed": speed.sum() / jnp.maximum(moving.sum(), 1),
        **{f"cost_{name}": weight * part for name, weight, part in zip(Parts._fields, weights, parts, strict=True)},
    }


def _speed(x: Any, y: Any) -> tuple[Any, Any]:
    """Speed at each sample and velocity at the last, m/s."""
    across, along = (jnp.asarray(jnp.gradient(values)) * RATE for values in (x, y))
    return jnp.sqrt(across**2 + along**2), jnp.stack([across[-1], along[-1]])


def _bend(values: Any) -> Any:
    return ((jnp.diff(values, n=2) * RATE**2) ** 2).sum()


def _off(x: Any, y: Any, channel: Channel) -> Any:
    """Signed distance (m) from the circle, outward positive."""
    return jnp.sqrt(x**2 + y**2) - channel.radius


def _outside(x: Any, y: Any, off: Any, channel: Channel) -> Any:
    """How far (m) beyond the channel's edge; below the semicircle's ends, where the full circle would go on, from the nearer end."""
    beyond_end = jnp.sqrt((jnp.abs(x) - channel.radius) ** 2 + y**2)
    return jnp.where(y >= 0, jnp.abs(off), beyond_end) - channel.width / 2
