"""What is to be seen, as data: the window draws a Scene and knows no task.

Positions and sizes are in metres of the task's workspace; the window scales them to the screen. Colours are RGB in 0..1.
"""

from dataclasses import dataclass

Colour = tuple[float, float, float]
Point = tuple[float, float]

BLACK: Colour = (0.0, 0.0, 0.0)
WHITE: Colour = (1.0, 1.0, 1.0)
GREY: Colour = (0.45, 0.45, 0.45)
RED: Colour = (0.85, 0.25, 0.2)
GREEN: Colour = (0.2, 0.75, 0.3)
YELLOW: Colour = (0.95, 0.8, 0.25)
BLUE: Colour = (0.3, 0.55, 0.95)


@dataclass(frozen=True, slots=True)
class Circle:
    """A disc (fill) or a ring (line only). A shape keeps its name over frames, so that the window can reuse its vertices."""

    name: str
    centre: Point  # m
    radius: float  # m
    fill: Colour | None = WHITE
    line: Colour | None = None
    line_width: float = 2.0  # px


@dataclass(frozen=True, slots=True)
class Line:
    """An open polyline: the lever, a ball's trace, a channel's edge."""

    name: str
    points: tuple[Point, ...]  # m
    colour: Colour = WHITE
    width: float = 3.0  # px


@dataclass(frozen=True, slots=True)
class Text:
    """Words. Changing them costs over a millisecond, so they change between trials, not within a movement."""

    name: str
    words: str
    centre: Point  # m
    height: float  # m
    colour: Colour = WHITE


@dataclass(frozen=True, slots=True)
class Scene:
    """All shapes of one frame, back to front."""

    shapes: tuple[Circle | Line | Text, ...]
    background: Colour = BLACK
