"""The ball of the skittles task: a pendulum seen from above, as two damped springs about the post.

``m x'' = -k x - c x'``, and the same for y, has the closed form ``x(t) = exp(-g t) (x0 cos wt + ((v0 + g x0) / w) sin
wt)`` with ``g = c / 2m`` and ``w = sqrt(k/m - g^2)`` (Müller & Sternad 2004). Nothing is integrated: distances are
found from the closed form, first on a grid much finer than the swing, then by Newton steps, so that they are good to
far better than 0.1 mm at any ball speed.
"""

import math
from functools import cache, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from protocols.circle import cos_sin
from protocols.errors import BadInput

WORD = 64  # nodes of the grid a swing, one for each bit of a word; distances vary at twice the swing's frequency
DIPS = 3  # at most, in a swing: the slope of the squared distance is a sum of two harmonics, so that it has four zeros a period
NEWTON_STEPS = 4  # from the middle of a cell: below 1e-9 s


class Pendulum(NamedTuple):
    """What the flight depends on beside its start."""

    decay: float  # 1/s
    omega: float  # rad/s


def make_pendulum(mass: float, stiffness: float, damping: float) -> Pendulum:
    """The pendulum of these constants (kg, N/m, N s/m).

    Raises:
        BadInput: the constants aren't positive, or the ball would creep back without swinging (overdamped).
    """
    if not (mass > 0 and stiffness > 0 and damping >= 0):
        raise BadInput(
            f"skittles: mass and stiffness must be above 0 and damping 0 or more, got {mass}, {stiffness}, {damping}: correct them"
        )
    decay = damping / (2 * mass)
    limit = 2 * math.sqrt(stiffness * mass)
    if damping >= limit:
        raise BadInput(
            f"skittles: damping {damping} N s/m overdamps the ball (expected below {limit:.4g}): lower it, or raise stiffness or mass"
        )
    return Pendulum(decay, math.sqrt(stiffness / mass - decay**2))


def release_state(
    angle: Float[Array, ""], speed: Float[Array, ""], lever_length: float, pivot: tuple[float, float], xp: Any = jnp
) -> tuple[Float[Array, "2"], Float[Array, "2"]]:
    """Ball position (m) and velocity (m/s) at the release from a lever at ``angle`` (rad) whose tip moves at ``speed`` (m/s).

    Angle 0 points to -x, 90 degrees to +y, clockwise positive; the velocity is the time derivative of the position.
    """
    cosine, sine = cos_sin(angle) if xp is jnp else (xp.cos(angle), xp.sin(angle))
    position = xp.stack([pivot[0] - lever_length * cosine, pivot[1] + lever_length * sine])
    return position, xp.stack([speed * sine, speed * cosine])


def ball_motion(time: Any, start: Any, velocity: Any, pendulum: Pendulum, xp: Any = jnp) -> tuple[Any, Any]:
    """Ball position (m) and velocity (m/s), both (..., 2), at times (...) after a release at ``start`` with ``velocity``."""
    decay, omega = pendulum
    arithmetic = np if isinstance(time, np.ndarray) else xp  # a fixed grid's factors are constants, not work for each throw
    time = arithmetic.asarray(time)[..., None]
    fade, cosine, sine = arithmetic.exp(-decay * time), arithmetic.cos(omega * time), arithmetic.sin(omega * time)
    swing = (velocity + decay * start) / omega
    position = fade * (start * cosine + swing * sine)
    return position, fade * omega * (swing * cosine - start * sine) - decay * position


def closest_approach(start: Any, velocity: Any, target: Any, pendulum: Pendulum, duration: float) -> tuple[Any, Any]:
    """Smallest distance (m) of the ball's centre to ``target`` within ``duration`` (s), and its time (s); the post is ignored."""
    flight = _Flight(*start, *_swing(start, velocity, pendulum), *target)
    fixed = _Flight(*(jax.lax.stop_gradient(x) for x in flight))  # d(distance)/d(time) is 0 at a dip
    dips = (_settled(cell, fixed, pendulum, duration) for cell in _dips(fixed, pendulum, duration))
    times = [0.0, duration, *dips]  # a beginning and an end may be nearest too
    squared = [_squared(time, flight, pendulum) for time in times]
    least = reduce(jnp.minimum, squared)
    when = reduce(jnp.minimum, [jnp.where(x == least, time, duration) for x, time in zip(squared, times, strict=True)])
    return jnp.sqrt(least), when


def meets_post(start: Any, velocity: Any, radius: float, pendulum: Pendulum, until: Any) -> Bool[Array, ""]:
    """Whether the ball's centre comes within ``radius`` (m) of the origin before the time ``until`` (s). Exact, for a graze too.

    The squared distance is ``exp(-2 g t) (p + q cos 2wt + r sin 2wt)``, whose minima come every half period, at times known in closed
    form; each is no higher than the one before. So the last one before ``until`` decides, or else the beginning or the end.
    """
    decay, omega = pendulum
    p, q, r = _harmonics(start, _swing(start, velocity, pendulum))
    across, along, pull = omega * r - decay * q, -(omega * q + decay * r), decay * p  # across cos + along sin = pull at an extreme
    amplitude = across**2 + along**2
    left = amplitude - pull**2  # below 0 the distance only falls
    root = jnp.sqrt(jnp.maximum(left, 0.0))
    cosine, sine = across * pull + along * root, along * pull - across * root  # of 2wt at a minimum, times the amplitude
    turn = 2 * omega * until
    since = jnp.mod(turn - jnp.arctan2(sine, cosine), 2 * jnp.pi) / (2 * omega)  # from the last minimum
    low = p + (q * cosine + r * sine) / jnp.where(amplitude > 0, amplitude, 1.0)
    dip = jnp.where((left > 0) & (since <= until), jnp.exp(-2 * decay * (until - since)) * low, jnp.inf)
    cosine, sine = cos_sin(turn)
    end = jnp.exp(-2 * decay * until) * (p + q * cosine + r * sine)
    return jnp.minimum(jnp.minimum(dip, end), (start**2).sum()) < radius**2


class _Flight(NamedTuple):
    """Where the ball was let go, the amplitudes of sin wt, and the target; m."""

    x: Any
    y: Any
    swing_x: Any
    swing_y: Any
    target_x: Any
    target_y: Any


def _swing(start: Any, velocity: Any, pendulum: Pendulum) -> Any:
    """The position's amplitude in sin wt; that in cos wt is ``start``."""
    return (velocity + pendulum.decay * start) / pendulum.omega


def _harmonics(start: Any, swing: Any) -> tuple[Any, Any, Any]:
    """Amplitudes of 1, cos 2wt and sin 2wt in the squared distance to the origin, before it fades."""
    a, b = (start**2).sum(), (swing**2).sum()
    return (a + b) / 2, (a - b) / 2, (start * swing).sum()


def _dips(flight: _Flight, pendulum: Pendulum, duration: float) -> list[Any]:
    """Cells of the grid in which the distance goes from falling to rising, numbered from 0; where there are fewer, cell 0 stands in.

    On the grid the slope of the squared distance is a sum of five constants. Whether it falls is one bit of a word; a dip is a bit that is
    set before one that isn't. Signs are good to what 32 bits hold, which is a depth of 1e-7 of the orbit's square.
    """
    x, y, swing_x, swing_y, target_x, target_y = flight
    a, b = x**2 + y**2, swing_x**2 + swing_y**2
    onto = (target_x * x + target_y * y, target_x * swing_x + target_y * swing_y)
    amplitudes = ((a + b) / 2, (a - b) / 2, x * swing_x + y * swing_y, *onto)
    slopes = _slopes(pendulum, duration)
    falling = reduce(jnp.add, (a.astype("float32") * slope for a, slope in zip(amplitudes, slopes, strict=True))) < 0
    bits = np.left_shift(np.uint64(1), np.arange(WORD, dtype=np.uint64))
    words = [jnp.where(falling[i : i + WORD], bits, np.uint64(0)).sum() for i in range(0, slopes.shape[1], WORD)]
    cells = []
    for place, (word, after) in enumerate(zip(words, [*words[1:], np.uint64(1)], strict=True)):
        dips = word & ~((word >> np.uint64(1)) | (after << np.uint64(WORD - 1)))
        for _ in range(DIPS):
            lowest = dips & (~dips + np.uint64(1))
            number = (np.uint64(WORD - 1) - jax.lax.clz(lowest)).astype("float64")
            cells.append(jnp.where(lowest > 0, number + WORD * place, 0.0))
            dips = dips ^ lowest
    return cells


def _nodes(pendulum: Pendulum, duration: float) -> int:
    """Of the grid: whole words, each of them about a swing."""
    return WORD * max(1, math.ceil(duration * pendulum.omega / (2 * math.pi) - 0.05))


@cache
def _slopes(pendulum: Pendulum, duration: float) -> np.ndarray:
    """Of the five functions that make the squared distance to a target, at each node of the grid."""
    decay, omega = pendulum
    time = np.linspace(0.0, duration, _nodes(pendulum, duration))
    fade, slopes = np.exp(-decay * time), [-2 * decay * np.exp(-2 * decay * time)]
    for times, size in ((2, fade**2), (1, -2 * fade)):
        cosine, sine = size * np.cos(times * omega * time), size * np.sin(times * omega * time)
        slopes += [times * (-decay * cosine - omega * sine), times * (-decay * sine + omega * cosine)]
    return np.array(slopes, dtype=np.float32)


def _settled(cell: Any, flight: _Flight, pendulum: Pendulum, duration: float) -> Any:
    """Time (s) of the dip: Newton's steps towards the zero of (p - target) . v, from the middle of the cell and within it."""
    decay, omega = pendulum
    width = duration / (_nodes(pendulum, duration) - 1)
    time = (cell + 0.5) * width
    for _ in range(NEWTON_STEPS):
        (x, y), (across, along) = _moving(time, flight, pendulum)
        away_x, away_y = x - flight.target_x, y - flight.target_y
        pull_x, pull_y = (-(omega**2 + decay**2) * place - 2 * decay * motion for place, motion in ((x, across), (y, along)))
        slope = away_x * across + away_y * along
        curvature = across**2 + along**2 + away_x * pull_x + away_y * pull_y
        step = jnp.where(curvature > 0, slope / jnp.where(curvature > 0, curvature, 1.0), 0.0)
        time = jnp.clip(time - step, cell * width, (cell + 1) * width)
    return time


def _squared(time: Any, flight: _Flight, pendulum: Pendulum) -> Any:
    (x, y), _ = _moving(time, flight, pendulum)
    return (x - flight.target_x) ** 2 + (y - flight.target_y) ** 2


def _moving(time: Any, flight: _Flight, pendulum: Pendulum) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """``ball_motion``, coordinate by coordinate."""
    decay, omega = pendulum
    cosine, sine = cos_sin(omega * time)
    fade = jnp.exp(-decay * time)
    x, y = (fade * (a * cosine + b * sine) for a, b in ((flight.x, flight.swing_x), (flight.y, flight.swing_y)))
    across, along = (
        fade * omega * (b * cosine - a * sine) - decay * place
        for place, a, b in ((x, flight.x, flight.swing_x), (y, flight.y, flight.swing_y))
    )
    return (x, y), (across, along)
