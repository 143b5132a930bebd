"""Release angle and speed of a throw, from samples at any rate.

The button (or the lever's contact) arms when held; the release is found at the first sample where it is not. The
release itself lies somewhere between the last held sample and that one, and its time is taken as the middle: without
bias for a device that is read at fixed times, and within half a report of the truth for one that sends events, whose
reports come every millisecond or so while it moves.

* **Angle**: the measured angle, interpolated to the release time between the two samples about it. Hand and lever
  move on across the release, so nothing needs to be extrapolated.
* **Speed**: the least-squares slope of the unwrapped angle over the last 20 ms before the release, the field's norm.
  It is the speed about 10 ms *before* the release. A parabola through the same samples, evaluated at the release, has
  almost no lag, and more noise.
* **Few samples**: where the window holds fewer than three (a slow device; an event-driven one whose hand stands
  still), the fit takes the last two held samples and the first released one. A silent mouse is a hand at rest: the
  long time to the released sample then makes the speed go to 0.

Measured figures are in docs/explanation/release.md.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from protocols.movement import trimmed
from protocols.task import Path

GRIP = 1  # bit 0 of the buttons


class Release(NamedTuple):
    """A release, as measured; NaN where the path has none, or too few samples to tell."""

    time: Float[Array, ""]  # s from the go cue
    angle: Float[Array, ""]  # rad, clockwise from -x
    angular_speed: Float[Array, ""]  # rad/s, linear regression
    angle_quadratic: Float[Array, ""]  # rad, of the parabola at the release
    angular_speed_quadratic: Float[Array, ""]  # rad/s, of the parabola at the release


def lever_angle(position, pivot: tuple[float, float], xp=jnp):
    """Lever angle (rad, in (-pi, pi]) that points from the pivot at each position (..., 2): 0 at -x, clockwise positive."""
    return xp.arctan2(position[..., 1] - pivot[1], pivot[0] - position[..., 0])


def observe_release(path: Path, pivot: tuple[float, float], window: float) -> Release:
    """The release in a path; ``window`` (s) is what the fits look back from the release time."""
    path = trimmed(path)
    index = jnp.arange(path.time.shape[0])
    held = ((path.buttons & GRIP) > 0) & (index < path.count)
    first = jnp.argmax(held)
    let_go = (index > first) & ~held & (index < path.count)
    after = jnp.argmax(let_go)
    found = held.any() & let_go.any()

    angle = jnp.unwrap(lever_angle(path.position, pivot))
    time = (path.time[after - 1] + path.time[after]) / 2
    used = (index >= first) & (index < after) & (path.time > time - window)
    nearest = (index >= jnp.maximum(first, after - 2)) & (index <= after)
    weight = jnp.where(used.sum() >= 3, used, nearest).astype(angle.dtype)

    middle = (angle[after - 1] + angle[after]) / 2
    slope, parabola, parabola_slope = _fits(path.time - time, angle, weight)
    values = (time, middle, slope, parabola, parabola_slope)
    return Release(*(jnp.where(found, value, jnp.nan) for value in values))


def _fits(time, angle, weight):
    """Slope of the line, and value and slope of the parabola at time 0, through the samples of weight 1.

    By orthogonal polynomials about the mean time: no matrix to invert. NaN where there are too few samples at different times.
    """
    count = weight.sum()
    mean_time, mean_angle = (weight * time).sum() / count, (weight * angle).sum() / count
    u = time - mean_time
    second = (weight * u**2).sum()
    slope = _ratio((weight * u * (angle - mean_angle)).sum(), second)
    skew = _ratio((weight * u**3).sum(), second)
    bow = u**2 - skew * u - second / count
    bend = _ratio((weight * bow * angle).sum(), jnp.where(count >= 3, (weight * bow**2).sum(), 0.0))
    bow_now = mean_time**2 + skew * mean_time - second / count
    return slope, mean_angle - slope * mean_time + bend * bow_now, slope + bend * (-2 * mean_time - skew)


def _ratio(above, below):
    return jnp.where(below > 0, above / jnp.where(below > 0, below, 1.0), jnp.nan)
