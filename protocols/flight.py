"""The ball of the skittles task: a pendulum seen from above, as two damped springs about the post.

``m x'' = -k x - c x'``, and the same for y, has the closed form ``x(t) = exp(-g t) (x0 cos wt + ((v0 + g x0) / w) sin
wt)`` with ``g = c / 2m`` and ``w = sqrt(k/m - g^2)`` (Müller & Sternad 2004). Nothing is integrated: distances are
found from the closed form, first on a grid much finer than the swing, then by Newton steps, so that they are good to
far better than 0.1 mm at any ball speed.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from protocols.errors import BadInput

CELLS_PER_SWING = 64  # grid cells a period; distances vary at twice the swing's frequency
DIPS = 2  # lowest ones that are looked at closely; the cubic tells others apart that differ by more than 4e-6 of the orbit's square
NEWTON_STEPS = 3  # from a secant start within one cell: below 1e-9 s


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
    sine, cosine = xp.sin(angle), xp.cos(angle)
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
    grid, swing = _grid(pendulum, duration), _swing(start, velocity, pendulum)
    cells, shares = jax.lax.stop_gradient(_likely_dips(start, swing, target, pendulum, grid))
    shares = _settled(shares, cells, jax.lax.stop_gradient((start, swing)), target, pendulum, grid)
    cells = jnp.concatenate([cells, jnp.array([0, len(grid) - 2])])  # a beginning and an end may be nearest too
    shares = jnp.concatenate([shares, jnp.array([0.0, 1.0])])
    position, _ = _within(cells, shares, start, swing, pendulum, grid)
    squared = ((position - target) ** 2).sum(-1)
    least = squared.min()
    first = jnp.where(squared == least, (cells + shares) * grid[1], duration).min()
    return jnp.sqrt(least), jnp.minimum(first, duration)


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
    angle = jnp.mod(jnp.arctan2(along * pull - across * root, across * pull + along * root), 2 * jnp.pi)
    first = angle / (2 * omega)
    dip = first + jnp.floor((until - first) * omega / jnp.pi) * jnp.pi / omega
    time = jnp.where((left > 0) & (dip >= 0), dip, 0.0)

    def squared(time: Any) -> Any:
        turn = 2 * omega * time
        return jnp.exp(-2 * decay * time) * (p + q * jnp.cos(turn) + r * jnp.sin(turn))

    return jnp.minimum(jnp.minimum(squared(time), squared(until)), (start**2).sum()) < radius**2


def _grid(pendulum: Pendulum, duration: float) -> np.ndarray:
    cells = max(8, math.ceil(CELLS_PER_SWING * duration * pendulum.omega / (2 * math.pi)))
    return np.linspace(0.0, duration, cells + 1)


def _swing(start: Any, velocity: Any, pendulum: Pendulum) -> Any:
    """The position's amplitude in sin wt; that in cos wt is ``start``."""
    return (velocity + pendulum.decay * start) / pendulum.omega


def _harmonics(start: Any, swing: Any) -> tuple[Any, Any, Any]:
    """Amplitudes of 1, cos 2wt and sin 2wt in the squared distance to the origin, before it fades."""
    a, b = (start**2).sum(), (swing**2).sum()
    return (a + b) / 2, (a - b) / 2, (start * swing).sum()


def _likely_dips(start: Any, swing: Any, target: Any, pendulum: Pendulum, grid: np.ndarray) -> tuple[Any, Any]:
    """The ``DIPS`` cells of the grid with the lowest minima of distance inside, and how far into the cell (0 to 1) these are, about.

    The squared distance is a sum of five functions of time alone, and so are its slopes: on the grid these are constants. Within a
    cell whose slope goes from falling to rising, the cubic through both ends says how low it gets.
    """
    functions, slopes = _functions(pendulum, grid)
    amplitudes = (*_harmonics(start, swing), (target * start).sum(), (target * swing).sum())
    value = [sum(a * f[part] for a, f in zip(amplitudes, functions, strict=True)) for part in (slice(None, -1), slice(1, None))]
    slope = [grid[1] * sum(a * f[part] for a, f in zip(amplitudes, slopes, strict=True)) for part in (slice(None, -1), slice(1, None))]
    dips = (slope[0] < 0) & (slope[1] >= 0)
    share = jnp.where(dips, slope[0] / jnp.where(dips, slope[0] - slope[1], 1.0), 0.0)
    rest = 1 - share
    low = rest**2 * ((1 + 2 * share) * value[0] + share * slope[0]) + share**2 * ((1 + 2 * rest) * value[1] - rest * slope[1])
    low, number = jnp.where(dips, low, jnp.inf), np.arange(len(grid) - 1.0)
    cells, shares = [], []
    for _ in range(DIPS):
        here = low == low.min()
        place = jnp.where(here, number + share, jnp.inf).min()  # of two that are equal the first
        place = jnp.where(jnp.isfinite(place), place, 0.0)  # there is none at all
        cell = jnp.minimum(jnp.floor(place), len(grid) - 2.0)
        cells.append(cell)
        shares.append(place - cell)
        low = jnp.where(number == cell, jnp.inf, low)
    return jnp.stack(cells).astype(int), jnp.stack(shares)


def _functions(pendulum: Pendulum, grid: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The functions that make the squared distance to a target (but for the target's own square), and their slopes, on the grid."""
    decay, omega = pendulum
    fade = np.exp(-decay * grid)
    once = [-2 * fade * np.cos(omega * grid), -2 * fade * np.sin(omega * grid)]
    twice = [fade**2 * np.cos(2 * omega * grid), fade**2 * np.sin(2 * omega * grid)]
    slopes = [-2 * decay * fade**2]
    for (cosine, sine), times in ((twice, 2), (once, 1)):
        slopes += [times * (-decay * cosine - omega * sine), times * (-decay * sine + omega * cosine)]
    return [fade**2, *twice, *once], slopes


def _settled(share: Any, cell: Any, flight: tuple[Any, Any], target: Any, pendulum: Pendulum, grid: np.ndarray) -> Any:
    """Newton's steps towards the zero of (p - target) . v, within the cell."""
    decay, omega = pendulum
    for _ in range(NEWTON_STEPS):
        position, motion = _within(cell, share, *flight, pendulum, grid)
        pull = -(omega**2 + decay**2) * position - 2 * decay * motion
        slope = ((position - target) * motion).sum(-1)
        curvature = (motion**2).sum(-1) + ((position - target) * pull).sum(-1)
        step = jnp.where(curvature > 0, slope / jnp.where(curvature > 0, curvature, 1.0), 0.0)
        share = jnp.clip(share - step / grid[1], 0.0, 1.0)
    return jax.lax.stop_gradient(share)  # d(distance)/d(time) is 0 at a dip


def _within(cell: Any, share: Any, start: Any, swing: Any, pendulum: Pendulum, grid: np.ndarray) -> tuple[Any, Any]:
    """Ball position and velocity a share into a cell of the grid: its corner from a table, and series for what is left.

    A cell is so short (wt below 0.1) that few terms are exact, where a library's sine would be most of the work.
    """
    decay, omega = pendulum
    fade = np.exp(-decay * grid)
    corner = jnp.asarray(np.stack([fade * np.cos(omega * grid), fade * np.sin(omega * grid)], axis=-1))[cell]
    time = share * grid[1]
    turn, fall = omega * time, jnp.asarray(_series(-decay * time, range(9)))
    cosine, sine = fall * _series(turn, range(0, 10, 2), -1), fall * _series(turn, range(1, 10, 2), -1)
    c, s = corner[..., 0] * cosine - corner[..., 1] * sine, corner[..., 1] * cosine + corner[..., 0] * sine
    c, s = c[..., None], s[..., None]
    position = start * c + swing * s
    return position, omega * (swing * c - start * s) - decay * position


def _series(x: Any, powers: range, sign: int = 1) -> Any:
    """Sum of ``sign^k x^n / n!`` over the powers n, k counting them."""
    return sum(sign**k * x**n / math.factorial(n) for k, n in enumerate(powers))
