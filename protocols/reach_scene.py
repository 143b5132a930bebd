"""How the reaching task looks. NumPy and plain data.

On the way back to the start the cursor would tell the hand's true direction (and wash out what a perturbation taught). So, but for plain
trials with the cursor seen throughout, a ring shows only how far the hand is, until it is near the start.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from protocols.scene import GREEN, GREY, WHITE, YELLOW, Circle, Line, Scene, Text
from protocols.task import Feedback, Stage, Trial, View

if TYPE_CHECKING:
    from protocols.bimanual import Bimanual
    from protocols.reach import Reach

NEAR = 2.0  # start radii within which the cursor guides the hand


def draw(task: "Reach", view: View, trial: Trial) -> Scene:
    """Back to front: start, target, cursor or ring, points."""
    shapes: list[Circle | Line | Text] = []
    if view.stage <= Stage.FOREPERIOD:
        steady = view.stage != Stage.HOME
        shapes.append(Circle("start", (0.0, 0.0), task.start_radius, fill=GREY if steady else None, line=WHITE))
    if Stage.FOREPERIOD <= view.stage <= Stage.FEEDBACK:
        shapes.append(target(task, view, trial))
    shapes += _hand(task, view, trial) if view.stage <= Stage.FOREPERIOD else _cursor(task, view, trial)
    return Scene((*shapes, *points(task, view, trial)))


def points(task: "Reach | Bimanual", view: View, trial: Trial) -> list[Text]:
    """What was earned, where the participant may know it; above the start, green for a hit."""
    if not _result_shown(view, trial) or not math.isfinite(earned := float(view.outcome.points)):  # type: ignore[union-attr]
        return []
    size = task.largest_extent
    return [Text("points", f"{earned:+.0f}", (0.0, 0.35 * size), 0.12 * size, GREEN if _is_hit(view) else WHITE)]


def target(task: "Reach | Bimanual", view: View, trial: Trial) -> Circle:
    """A ring until the go cue, then filled; green for a hit that may be known."""
    centre = (float(trial.target[0]), float(trial.target[1]))
    if view.stage == Stage.FOREPERIOD:
        return Circle("target", centre, task.target_radius, fill=None, line=YELLOW)
    hit = _result_shown(view, trial) and _is_hit(view)
    return Circle("target", centre, task.target_radius, fill=GREEN if hit else YELLOW, line=GREEN if hit else YELLOW)


def _hand(task: "Reach", view: View, trial: Trial) -> list[Circle]:
    """The unturned cursor near the start; farther out a ring of the hand's distance, but in plain trials the cursor."""
    extent = math.hypot(*view.hand)
    plain = trial.feedback == Feedback.CONTINUOUS and trial.rotation == 0 and trial.gain == 1 and math.isnan(trial.clamp)
    if plain or extent <= NEAR * task.start_radius:
        return cursor_at(task, np.asarray(view.hand))
    return [Circle("distance", (0.0, 0.0), min(extent, task.largest_extent), fill=None, line=GREY)]


def _cursor(task: "Reach", view: View, trial: Trial) -> list[Circle]:
    """While moving only if it is seen throughout; after the feedback delay, where the movement ended."""
    if trial.feedback == Feedback.CONTINUOUS and view.stage == Stage.MOVEMENT:
        return cursor_at(task, task.cursor(np.asarray(view.hand), trial, np))
    if trial.feedback == Feedback.NONE or view.stage != Stage.FEEDBACK or len(view.hand_path) == 0:
        return []
    return cursor_at(task, task.cursor(_end(task, view, trial), trial, np))


def _end(task: "Reach", view: View, trial: Trial) -> np.ndarray:
    """The hand at the end of the movement: at target distance in the action's direction, or the path's last place."""
    if trial.feedback == Feedback.CONTINUOUS or view.action is None or not np.isfinite(view.action).all():
        return np.asarray(view.hand_path[-1])
    angle = math.atan2(trial.target[1], trial.target[0]) + float(view.action[0])
    return math.hypot(*trial.target) / trial.gain * np.array([math.cos(angle), math.sin(angle)])


def cursor_at(task: "Reach | Bimanual", centre: np.ndarray) -> list[Circle]:
    """The cursor, where it is on what is drawn."""
    x, y = float(centre[0]), float(centre[1])
    inside = max(abs(x), abs(y)) + task.cursor_radius <= task.largest_extent
    return [Circle("cursor", (x, y), task.cursor_radius, fill=WHITE)] if inside else []


def _result_shown(view: View, trial: Trial) -> bool:
    return bool(trial.reward_shown) and view.stage == Stage.FEEDBACK and view.outcome is not None


def _is_hit(view: View) -> bool:
    return view.outcome is not None and float(view.outcome.hit) > 0
