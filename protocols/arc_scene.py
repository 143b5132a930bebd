"""How the arc task looks. NumPy and plain data.

The hand goes back to the start under the cursor's eye: nothing is perturbed here that the way back could wash out.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from protocols.scene import GREEN, GREY, RED, WHITE, YELLOW, Circle, Line, Point, Scene, Text
from protocols.task import Feedback, Stage, Trial, View

if TYPE_CHECKING:
    from protocols.arc import Arc

ARC_POINTS = 49  # of each edge
CAP_POINTS = 9  # of each round end
MOST_POINTS = 100  # of the trace


def draw(task: "Arc", view: View, trial: Trial) -> Scene:
    """Back to front: channel, start, target, the way that was gone, cursor, points.

    The trial's ``feedback`` governs the cursor during the movement (continuous) and the way shown after it (not with none); its
    ``reward_shown`` the result: points, and the colour of the target.
    """
    seen = bool(trial.reward_shown) and view.stage == Stage.FEEDBACK and view.outcome is not None
    hit = seen and float(view.outcome.hit) > 0  # type: ignore[union-attr]
    target = (float(trial.target[0]), float(trial.target[1]))
    start = (-target[0], -target[1])
    waiting = Stage.HOLD <= view.stage <= Stage.FOREPERIOD
    going = Stage.MOVEMENT <= view.stage <= Stage.FEEDBACK
    shapes: list[Circle | Line | Text] = [
        Line("channel", _outline(task.radius, task.width), GREY),
        Circle("start", start, task.start_radius, fill=GREY if waiting else None, line=GREY if going else WHITE),
        Circle("target", target, task.start_radius, fill=(GREEN if hit else YELLOW) if going else None, line=GREEN if hit else YELLOW),
    ]
    shapes += _cursor(task, view, trial)
    if seen and math.isfinite(points := float(view.outcome.points)):  # type: ignore[union-attr]
        shapes.append(Text("points", f"{points:+.0f}", (0.0, 0.3 * task.radius), 0.2 * task.radius, GREEN if hit else WHITE))
    return Scene(tuple(shapes))


def _cursor(task: "Arc", view: View, trial: Trial) -> list[Circle | Line | Text]:
    """Before and, where it is seen throughout, during the movement the cursor; after it the way, red where it left the channel."""
    if view.stage == Stage.FEEDBACK:
        return _trace(task, view) if trial.feedback != Feedback.NONE else []
    if view.stage > Stage.FOREPERIOD and trial.feedback != Feedback.CONTINUOUS:
        return []
    x, y = view.hand
    return [Circle("cursor", (x, y), task.cursor_radius, fill=WHITE)] if _drawn(task, np.array([view.hand])).all() else []


def _trace(task: "Arc", view: View) -> list[Circle | Line | Text]:
    path = np.asarray(view.hand_path)
    if len(path) > MOST_POINTS:
        path = path[np.linspace(0, len(path) - 1, MOST_POINTS).astype(int)]
    drawn = _drawn(task, path)
    path = path[: len(path) if drawn.all() else int(np.argmin(drawn))]
    outside = _outside(task, path)
    shapes: list[Circle | Line | Text] = []
    for place, part in enumerate(np.split(np.arange(len(path)), np.flatnonzero(np.diff(outside)) + 1)):
        if len(part):
            way = path[max(part[0] - 1, 0) : part[-1] + 1]
            shapes.append(Line(f"trace{place}", tuple((float(x), float(y)) for x, y in way), RED if outside[part[0]] else WHITE))
    return shapes


def _outside(task: "Arc", path: np.ndarray) -> np.ndarray:
    """Where a path lies beyond the channel's edge, as ``protocols.arc_cost`` judges it."""
    x, y = path[:, 0], path[:, 1]
    off = np.where(y >= 0, np.abs(np.hypot(x, y) - task.radius), np.hypot(np.abs(x) - task.radius, y))
    return off > task.width / 2


def _drawn(task: "Arc", path: np.ndarray) -> np.ndarray:
    left, bottom, right, top = task.extent()
    edge = task.cursor_radius
    x, y = path[:, 0], path[:, 1]
    return (left + edge <= x) & (x <= right - edge) & (bottom + edge <= y) & (y <= top - edge)


@lru_cache(maxsize=4)
def _outline(radius: float, width: float) -> tuple[Point, ...]:
    """The channel's edge as one closed line: outer edge, round end, inner edge, round end."""
    half = width / 2
    over, cap = np.linspace(np.pi, 0, ARC_POINTS), np.linspace(0, -np.pi, CAP_POINTS)
    outer = (radius + half) * np.column_stack([np.cos(over), np.sin(over)])
    inner = (radius - half) * np.column_stack([np.cos(over[::-1]), np.sin(over[::-1])])
    bend = half * np.column_stack([np.cos(cap), np.sin(cap)])
    line = np.concatenate([outer, bend + np.array([radius, 0.0]), inner, bend - np.array([radius, 0.0]), outer[:1]])
    return tuple((float(x), float(y)) for x, y in line)
