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
from jaxtyping import Array, Float

from protocols.errors import BadInput

CELLS_PER_SWING = 100  # grid cells a period; distances vary at twice the swing's frequency
NEWTON_STEPS = 3  # from a secant start within one cell: below 1e-9 s
HALVINGS = 30  # of one cell, to find the moment of contact


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
    dips = _dips(start, velocity, target, pendulum, duration)
    times = jax.lax.stop_gradient(jnp.concatenate([jnp.zeros(1), dips, jnp.full(1, duration)]))  # d(distance)/dt is 0 at an inner one
    position, _ = ball_motion(times, start, velocity, pendulum)
    squared = ((position - target) ** 2).sum(-1)
    nearest = jnp.argmin(squared)
    return jnp.sqrt(squared[nearest]), times[nearest]


def first_contact(start: Any, velocity: Any, radius: float, pendulum: Pendulum, duration: float) -> Float[Array, ""]:
    """When (s) the ball's centre first comes within ``radius`` of the origin; infinite where it does not within ``duration``.

    Exact also for a graze shorter than a grid cell: the moments of least distance are looked at as well as the grid.
    """
    start, velocity = jax.lax.stop_gradient(start), jax.lax.stop_gradient(velocity)

    def depth(time):
        return radius**2 - (ball_motion(time, start, velocity, pendulum)[0] ** 2).sum(-1)

    grid = _grid(pendulum, duration)
    dips = _dips(start, velocity, jnp.zeros(2), pendulum, duration)
    times, depths = jnp.concatenate([jnp.asarray(grid), dips]), jnp.concatenate([depth(grid), depth(dips)])
    inside = depths > 0
    late = jnp.min(jnp.where(inside, times, duration))
    early = jnp.maximum(late - grid[1], 0.0)

    def halve(_, bracket):
        early, late = bracket
        middle = (early + late) / 2
        touching = depth(middle) > 0
        return jnp.where(touching, early, middle), jnp.where(touching, middle, late)

    contact = jax.lax.fori_loop(0, HALVINGS, halve, (early, late))[1]
    return jnp.where(inside.any(), contact, jnp.inf)


def _grid(pendulum: Pendulum, duration: float) -> np.ndarray:
    cells = max(8, math.ceil(CELLS_PER_SWING * duration * pendulum.omega / (2 * math.pi)))
    return np.linspace(0.0, duration, cells + 1)


def _dips(start: Any, velocity: Any, centre: Any, pendulum: Pendulum, duration: float) -> Float[Array, " dip"]:
    """Times (s) of all local minima of the distance to ``centre``; a fixed number, filled up with ``duration``.

    An ellipse has at most two such minima a period; one more for a beginning and an end within a period.
    """
    grid = _grid(pendulum, duration)
    cells, step = len(grid) - 1, grid[1]
    position, motion = ball_motion(grid, start, velocity, pendulum)
    slope = ((position - centre) * motion).sum(-1)
    falls_then_rises = (slope[:-1] < 0) & (slope[1:] >= 0)
    most = min(cells, math.ceil(duration * pendulum.omega / math.pi) + 2)
    cell = jnp.sort(jnp.where(falls_then_rises, jnp.arange(cells), cells))[:most]
    found, cell = cell < cells, jnp.minimum(cell, cells - 1)
    low = jnp.asarray(grid)[cell]
    before, after = slope[cell], slope[cell + 1]
    time = low + step * jnp.where(found, before / jnp.where(found, before - after, 1.0), 0.0)
    for _ in range(NEWTON_STEPS):
        time = jnp.clip(time - _newton(time, start, velocity, centre, pendulum), low, low + step)
    return jnp.where(found, time, duration)


def _newton(time: Any, start: Any, velocity: Any, centre: Any, pendulum: Pendulum) -> Any:
    """Newton's step towards the zero of (p - centre) . v."""
    decay, omega = pendulum
    position, motion = ball_motion(time, start, velocity, pendulum)
    pull = -(omega**2 + decay**2) * position - 2 * decay * motion
    slope = ((position - centre) * motion).sum(-1)
    curvature = (motion**2).sum(-1) + ((position - centre) * pull).sum(-1)
    return jnp.where(curvature > 0, slope / jnp.where(curvature > 0, curvature, 1.0), 0.0)
