"""How the skittles task looks. NumPy and plain data; a flight is computed once a throw."""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from protocols.flight import ball_motion, release_state
from protocols.release import GRIP, lever_angle
from protocols.scene import BLUE, GREEN, GREY, WHITE, YELLOW, Circle, Line, Point, Scene, Text
from protocols.task import Feedback, Stage, Trial, View

if TYPE_CHECKING:
    from protocols.skittles import Skittles

TRACE_RATE = 60.0  # points/s of the drawn trace
STEP = 0.0005  # s, of the flight as drawn
PIVOT_RADIUS = 0.03  # m
OUTSIDE = 1.25  # lever lengths from the pivot to the start zone's arc, clear of the ball
ZONE_POINTS = 12  # of the start zone's arc


class Flight(NamedTuple):
    """The ball as it is shown: it stops where it meets the post, and leaves no trace once it has left the screen."""

    positions: np.ndarray  # (step, 2) m, every STEP
    closest: Point  # m
    trace_steps: int  # up to where the trace is drawn


def draw(task: "Skittles", view: View, trial: Trial) -> Scene:
    """Back to front: post, target, start zone, pivot, lever, trace, ball, points.

    The trial's ``feedback`` governs the flight, its ``reward_shown`` the result: points, and the colour of a hit.
    """
    seen = trial.reward_shown and view.stage == Stage.FEEDBACK and view.outcome is not None
    hit = seen and float(view.outcome.hit) > 0  # type: ignore[union-attr]
    angle = float(lever_angle(np.asarray(view.hand), task.pivot, np))
    target = (float(trial.target[0]), float(trial.target[1]))
    shapes: list[Circle | Line | Text] = [
        Circle("post", (0.0, 0.0), task.post_radius, fill=GREY),
        Circle("target", target, task.target_radius, fill=GREEN if hit else YELLOW),
    ]
    if view.stage in (Stage.HOME, Stage.HOLD):
        shapes.append(Line("start", _start_zone(task), GREEN if view.stage == Stage.HOLD else GREY))
    shapes.append(Circle("pivot", task.pivot, PIVOT_RADIUS, fill=GREY))
    shapes.append(Line("lever", (task.pivot, tip(task, angle)), WHITE, 5.0))
    shapes += _ball(task, view, trial, angle)
    if seen and math.isfinite(points := float(view.outcome.points)):  # type: ignore[union-attr]
        left, bottom, right, top = task.bounds
        corner = (right - 0.14 * (right - left), bottom + 0.1 * (top - bottom))  # where no ball flies
        shapes.append(Text("points", f"{points:+.0f}", corner, 0.06 * (top - bottom), GREEN if hit else WHITE))
    return Scene(tuple(shape for shape in shapes if _inside(task, shape)))


def tip(task: "Skittles", angle: float) -> Point:
    """Where the lever's tip is (m)."""
    return task.pivot[0] - task.lever_length * math.cos(angle), task.pivot[1] + task.lever_length * math.sin(angle)


def _ball(task: "Skittles", view: View, trial: Trial, angle: float) -> list[Circle | Line]:
    """On the lever until it is thrown, in flight only if that is shown, and at its closest where the end is shown."""
    if view.stage < Stage.OUTCOME:
        thrown = view.stage == Stage.MOVEMENT and not view.buttons & GRIP
        return [] if thrown else [Circle("ball", tip(task, angle), task.ball_radius, fill=BLUE)]
    if view.action is None or not np.isfinite(view.action).all():
        return []
    flight = _flight(task, float(view.action[0]), float(view.action[1]), (float(trial.target[0]), float(trial.target[1])))
    if trial.feedback == Feedback.ENDPOINT and view.stage == Stage.FEEDBACK:
        return [Circle("ball", flight.closest, task.ball_radius, fill=BLUE)]
    if trial.feedback != Feedback.CONTINUOUS:
        return []
    time = min(view.stage_time, task.shown_time) if view.stage == Stage.OUTCOME else task.shown_time
    step = min(int(max(time, 0.0) / STEP), len(flight.positions) - 1)
    skip = round(1 / TRACE_RATE / STEP)
    traced = flight.positions[: min(step, flight.trace_steps) + 1 : skip]
    ball = Circle("ball", _point(flight.positions[step]), task.ball_radius, fill=BLUE)
    return [Line("trace", tuple(map(_point, traced)), BLUE, 2.0), ball] if len(traced) > 1 else [ball]


@lru_cache(maxsize=16)
def _flight(task: "Skittles", angle: float, speed: float, target: Point) -> Flight:
    start, velocity = release_state(np.float64(angle), np.float64(speed), task.lever_length, task.pivot, np)  # type: ignore[arg-type]
    times = np.arange(0.0, max(task.shown_time, task.flight_time) + STEP, STEP)
    free, _ = ball_motion(times, start, velocity, task.pendulum, np)
    touching = np.hypot(free[:, 0], free[:, 1]) < task.contact_radius
    stopped = int(np.argmax(touching)) if touching.any() else len(times) - 1
    positions = free[np.minimum(np.arange(len(times)), stopped)]
    scored = positions[: round(task.flight_time / STEP) + 1]
    closest = scored[np.argmin(((scored - target) ** 2).sum(1))]
    left, bottom, right, top = task.bounds
    outside = (positions[:, 0] < left) | (positions[:, 0] > right) | (positions[:, 1] < bottom) | (positions[:, 1] > top)
    return Flight(positions, _point(closest), max(0, int(np.argmax(outside)) - 1) if outside.any() else len(times) - 1)


def _start_zone(task: "Skittles") -> tuple[Point, ...]:
    angles = task.start_angle + np.linspace(-1, 1, ZONE_POINTS) * task.start_tolerance
    px, py = task.pivot
    return tuple((px + OUTSIDE * (x - px), py + OUTSIDE * (y - py)) for x, y in (tip(task, angle) for angle in angles))


def _inside(task: "Skittles", shape: Circle | Line | Text) -> bool:
    """Whether a shape's centre is on the screen: a ball may fly off it."""
    if isinstance(shape, Line):
        return True
    left, bottom, right, top = task.bounds
    return left <= shape.centre[0] <= right and bottom <= shape.centre[1] <= top


def _point(position: np.ndarray) -> Point:
    return float(position[0]), float(position[1])
