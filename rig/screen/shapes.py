"""A scene's shapes as PsychoPy stimuli: made once for each name, changed only where the shape changed."""

from collections.abc import Callable
from typing import Any

from psychopy.visual.circle import Circle as CircleStim
from psychopy.visual.shape import BaseShapeStim
from psychopy.visual.text import TextStim

from protocols.scene import Circle, Line, Point, Scene, Text

EDGES: Any = 64  # of a circle; PsychoPy's signature calls its number a string
FONT = "DejaVu Sans"  # has Latin, Greek, Cyrillic and Arabic letters; elsewhere the system's nearest is taken
MOST_TEXTS = 200  # kept; then the oldest goes, since each holds a little memory of the graphics card


class Shapes:
    """The stimuli of one window. ``to_px`` turns workspace metres into pixels from the screen's centre."""

    def __init__(self, handle, to_px: Callable[[Point], Point], px_per_metre: float):
        self._handle = handle
        self._to_px = to_px
        self._scale = px_per_metre
        self._circles: dict[str, tuple[Circle, CircleStim]] = {}
        self._lines: dict[str, tuple[Line, BaseShapeStim]] = {}
        self._texts: dict[tuple[str, float], tuple[Text, TextStim]] = {}
        self._background: tuple[float, float, float] | None = None

    def draw(self, scene: Scene) -> None:
        """Draw all shapes into the back buffer, back to front."""
        if scene.background != self._background:
            self._background = scene.background
            self._handle.color = _signed(scene.background)
            self._handle.clearBuffer()
        for shape in scene.shapes:
            match shape:
                case Circle():
                    self._circle(shape)
                case Line() if len(shape.points) > 1:
                    self._line(shape)
                case Text() if shape.words:
                    self._text(shape)

    def _circle(self, shape: Circle) -> None:
        known = self._circles.get(shape.name)
        if known is None:
            before, stim = None, CircleStim(self._handle, edges=EDGES, units="pix", colorSpace="rgb", autoLog=False)
        else:
            before, stim = known
        if shape != before:
            self._change_circle(stim, before, shape)
            self._circles[shape.name] = shape, stim
        stim.draw()

    def _change_circle(self, stim: CircleStim, before: Circle | None, after: Circle) -> None:
        if before is None or before.centre != after.centre:
            stim.pos = self._to_px(after.centre)
        if before is None or before.radius != after.radius:
            stim.radius = after.radius * self._scale
        if before is None or (before.fill, before.line, before.line_width) != (after.fill, after.line, after.line_width):
            # A thin, smoothed edge in the disc's own colour hides its steps; multisampling costs 9 ms a frame on a virtual screen.
            edge = after.line or after.fill
            stim.fillColor = None if after.fill is None else _signed(after.fill)
            stim.lineColor = None if edge is None else _signed(edge)
            stim.lineWidth = after.line_width if after.line else 1.0

    def _line(self, shape: Line) -> None:
        known = self._lines.get(shape.name)
        if known is None:
            before, stim = None, BaseShapeStim(self._handle, units="pix", closeShape=False, fillColor=None, colorSpace="rgb", autoLog=False)
        else:
            before, stim = known
        if before is None or before.points != shape.points:
            stim.vertices = [self._to_px(point) for point in shape.points]
        if before is None or (before.colour, before.width) != (shape.colour, shape.width):
            stim.lineColor = _signed(shape.colour)
            stim.lineWidth = shape.width
        self._lines[shape.name] = shape, stim
        stim.draw()

    def _text(self, shape: Text) -> None:
        key = shape.name, shape.height
        before, stim = self._texts.get(key) or (None, self._new_text(shape))
        if before is not None and before.words != shape.words:
            stim.text = shape.words  # a third of what a new stimulus costs
        if before is not None and before.centre != shape.centre:
            stim.pos = self._to_px(shape.centre)
        if before is not None and before.colour != shape.colour:
            stim.color = _signed(shape.colour)
        self._texts[key] = shape, stim
        stim.draw()

    def _new_text(self, shape: Text) -> TextStim:
        if len(self._texts) >= MOST_TEXTS:
            del self._texts[next(iter(self._texts))]
        return TextStim(
            self._handle,
            text=shape.words,
            font=FONT,
            units="pix",
            pos=self._to_px(shape.centre),
            height=shape.height * self._scale,
            wrapWidth=4 * self._handle.size[0],  # words come wrapped
            color=_signed(shape.colour),
            colorSpace="rgb",
            autoLog=False,
        )


def _signed(colour: tuple[float, float, float]) -> tuple[float, ...]:
    """PsychoPy's colours lie in -1..1."""
    return tuple(2 * part - 1 for part in colour)
