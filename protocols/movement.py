"""What all movements share: smooth profiles, filtering, onset, rest, and the limits of a trial's timing.

**Filter.** Positions are interpolated to 1 kHz (devices may be slower, or send a sample only when they move) and
low-passed by a Gaussian of zero phase, whose gain is down by 3 dB at the cut-off stated by the task (standard
deviation ``0.1325 / cutoff``: 6.6 ms at 20 Hz). Its ends are continued by point reflection, so that a movement that
is cut off at full speed keeps its speed.
"""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from protocols.task import SPAN, Path, Timing, Trial

RATE = 1000.0  # Hz, of the resampled path and of ``execute``


class Smooth(NamedTuple):
    """The last ``SPAN`` seconds of a path, filtered."""

    time: Float[Array, " sample"]  # s, every millisecond
    position: Float[Array, "sample axis"]  # m
    speed: Float[Array, " sample"]  # m/s


class Limits(NamedTuple):
    """The protocol's limits on a trial's timing, s; NaN or infinite: none."""

    min_reaction_time: float = math.nan
    max_reaction_time: float = math.nan
    min_movement_time: float = math.nan
    max_movement_time: float = math.nan


def limits_of(trial: Trial, limits: Limits) -> Limits:
    """The protocol's limits, with the band of movement times that this trial has of its own."""
    least, greatest = (float(edge) for edge in trial.band)
    return limits if math.isnan(least) else limits._replace(min_movement_time=least, max_movement_time=greatest)


def judge_timing(timing: Timing, limits: Limits) -> str:
    """The status of a trial by its timing: too_early, too_slow, too_fast or completed, the first that holds.

    Slow is a late start as well as a long movement. A movement that never began or ended (NaN) is too slow where that has a limit.
    """
    reaction = float(timing.onset)
    movement = float(timing.end) - reaction
    if reaction < limits.min_reaction_time:
        return "too_early"
    if _exceeds(reaction, limits.max_reaction_time) or _exceeds(movement, limits.max_movement_time):
        return "too_slow"
    return "too_fast" if movement < limits.min_movement_time else "completed"


def _exceeds(duration: float, limit: float) -> bool:
    return math.isfinite(limit) and not duration <= limit


def trimmed(path: Path) -> Path:
    """The path with its padding made to repeat the last valid sample, whatever it held before."""
    index = jnp.minimum(jnp.arange(path.time.shape[0]), jnp.maximum(path.count - 1, 0))
    return Path(jnp.asarray(path.time)[index], jnp.asarray(path.position)[index], jnp.asarray(path.buttons)[index], path.count)


def deviation(cutoff: float) -> float:
    """Standard deviation (s) of the Gaussian whose gain is down by 3 dB at ``cutoff`` (Hz)."""
    return math.sqrt(math.log(2)) / (2 * math.pi * cutoff)


def low_pass_kernel(cutoff: float) -> Float[np.ndarray, " sample"]:
    """The filter's weights at 1 kHz, an odd number of them; ``cutoff`` in Hz."""
    width = deviation(cutoff) * RATE  # samples
    reach = math.ceil(4 * width)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return kernel / kernel.sum()


def smooth(path: Path, cutoff: float) -> Smooth:
    """The path at 1 kHz, low-passed at ``cutoff`` (Hz) without delay (see this file's head), and its speed by central differences."""
    path = trimmed(path)
    time = path.time[-1] + np.arange(-round(SPAN * RATE), 1) / RATE
    kernel = low_pass_kernel(cutoff)

    def low_pass(values):
        sampled = jnp.interp(time, path.time, values)
        return jnp.convolve(jnp.pad(sampled, len(kernel) // 2, mode="reflect", reflect_type="odd"), kernel, mode="valid")

    position = jnp.stack([low_pass(column) for column in path.position.T], axis=1)
    return Smooth(time, position, jnp.linalg.norm(jnp.gradient(position, axis=0), axis=1) * RATE)


def low_pass_matrix(samples: int, cutoff: float) -> Float[np.ndarray, "smooth sample"]:
    """``smooth`` as a matrix, for a path of ``samples`` at 1 kHz that was at rest before its first.

    A filter of zero phase sees the movement coming: its path begins that much (half the kernel's length) before the first sample.
    """
    kernel = low_pass_kernel(cutoff)
    reach = len(kernel) // 2
    padded = np.pad(np.eye(samples), ((2 * reach, 0), (0, 0)), mode="edge")
    padded = np.pad(padded, ((0, reach), (0, 0)), mode="reflect", reflect_type="odd")
    return sum(weight * padded[shift : shift + samples + reach] for shift, weight in enumerate(kernel))  # type: ignore[return-value]


def onset_time(smoothed: Smooth, speed: float) -> Float[Array, ""]:
    """First time (s) at which the filtered speed is above ``speed`` (m/s); NaN where it never is."""
    above = smoothed.speed > speed
    return jnp.where(above.any(), smoothed.time[jnp.argmax(above)], jnp.nan)


def is_resting(time: Any, position: Any, speed: float, duration: float, xp: Any = jnp) -> Any:
    """For each sample, whether the hand's mean velocity over the last ``duration`` (s) was below ``speed`` (m/s).

    The mean velocity is the displacement: it needs no filter, and holds for any sampling rate. ``xp`` is NumPy or ``jax.numpy``.
    """
    earlier = time - duration
    before = xp.stack([xp.interp(earlier, time, position[:, axis]) for axis in range(position.shape[1])], axis=1)
    moved = xp.sqrt(((position - before) ** 2).sum(axis=1))
    return (moved < speed * duration) & (earlier >= time[0])


def minimum_jerk(fraction: Any) -> Any:
    """Share of the way at a share of the time, between two rests (Flash & Hogan 1985, eq. 5)."""
    s = jnp.clip(fraction, 0.0, 1.0)
    return s**3 * (10 - 15 * s + 6 * s**2)


def minimum_jerk_between(time: Any, duration: Any, start: Any, end: Any, start_speed: Any = 0.0, end_speed: Any = 0.0) -> Any:
    """Position at ``time`` (clipped to 0..duration) of the minimum-jerk movement between two states without acceleration.

    The quintic that meets position and speed at both ends (Flash & Hogan 1985, with boundary speeds).
    """
    s = jnp.clip(time / duration, 0.0, 1.0)
    way = end - start - start_speed * duration
    gain = (end_speed - start_speed) * duration
    return start + start_speed * duration * s + s**3 * ((10 * way - 4 * gain) + s * ((7 * gain - 15 * way) + s * (6 * way - 3 * gain)))
