"""How the bimanual task looks. NumPy and plain data.

On the way back the cursor would let the mapping be practised. So each hand is brought to its start by itself: a ring for the start and a
dot for the hand, left and right of the middle. Once both are there, only start, target and cursor are seen.
"""

from typing import TYPE_CHECKING

import numpy as np

from protocols.reach_scene import cursor_at, points, target
from protocols.scene import GREY, WHITE, Circle, Line, Scene, Text
from protocols.task import Feedback, Stage, Trial, View

if TYPE_CHECKING:
    from protocols.bimanual import Bimanual

ASIDE = 0.5  # of the extent, from the middle to each hand's start


def draw(task: "Bimanual", view: View, trial: Trial) -> Scene:
    """Back to front: starts, target, hands or cursor, points."""
    if view.stage == Stage.HOME:
        return Scene((*_hand(task, "left", -ASIDE, view.hand[:2]), *_hand(task, "right", ASIDE, view.hand[2:])))
    shapes: list[Circle | Line | Text] = []
    if view.stage <= Stage.FOREPERIOD:
        shapes.append(Circle("start", (0.0, 0.0), task.start_radius, fill=GREY, line=WHITE))
    if Stage.FOREPERIOD <= view.stage <= Stage.FEEDBACK:
        shapes.append(target(task, view, trial))
    return Scene((*shapes, *_cursor(task, view, trial), *points(task, view, trial)))


def _hand(task: "Bimanual", side: str, aside: float, hand: tuple[float, ...]) -> list[Circle]:
    """A hand's start and the hand, which stops at the edge of its half; before a device has said where it is, the start alone."""
    room = (1 - ASIDE) * task.largest_extent - task.cursor_radius
    middle = np.array([aside * task.largest_extent, 0.0])
    start = Circle(f"{side}_start", (float(middle[0]), 0.0), task.start_radius, fill=None, line=WHITE)
    if not np.isfinite(hand).all():
        return [start]
    x, y = middle + np.clip(hand, -room, room)
    return [start, Circle(side, (float(x), float(y)), task.cursor_radius, fill=WHITE)]


def _cursor(task: "Bimanual", view: View, trial: Trial) -> list[Circle]:
    """At rest in the start; while moving only if it is seen throughout; at the end where the movement ended."""
    if view.stage <= Stage.FOREPERIOD or (view.stage == Stage.MOVEMENT and trial.feedback == Feedback.CONTINUOUS):
        return cursor_at(task, task.cursor(np.asarray(view.hand), trial, np))
    if trial.feedback == Feedback.NONE or view.stage != Stage.FEEDBACK or len(view.hand_path) == 0:
        return []
    return cursor_at(task, task.cursor(np.asarray(view.hand_path[-1]), trial, np))
