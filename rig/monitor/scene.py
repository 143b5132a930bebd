"""What the participant sees, drawn from the same Scene that the window draws, and over it the hand, which the participant may not see."""

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from analysis.figures.style import PERSON_LIGHT
from protocols.scene import Circle, Line, Scene, Text
from rig.monitor.look import css
from rig.monitor.sources import new_source

HEIGHT = 280  # px


class SceneView:
    """The scene's discs, lines and words, and the hand's way over the last moments."""

    def __init__(self, extent: tuple[float, float, float, float], axes: int) -> None:
        left, bottom, right, top = extent
        self.plot: Any = figure(
            height=HEIGHT,
            sizing_mode="stretch_width",
            match_aspect=True,
            x_range=Range1d(start=left, end=right),
            y_range=Range1d(start=bottom, end=top),
            tools="",
            toolbar_location=None,
            name="scene",
        )
        plot = self.plot
        plot.axis.visible = plot.grid.visible = False
        plot.outline_line_color = None
        plot.background_fill_color = plot.border_fill_color = "#000000"
        plot.min_border = 4
        self.discs = ColumnDataSource(data={name: [] for name in ("x", "y", "radius", "fill", "line", "width")})
        self.lines = ColumnDataSource(data={name: [] for name in ("xs", "ys", "colour", "width")})
        self.words = ColumnDataSource(data={name: [] for name in ("x", "y", "text", "colour")})
        self.ways = ColumnDataSource(data={"xs": [], "ys": []})
        self.hands = new_source({"x": np.empty(0), "y": np.empty(0)})
        plot.multi_line("xs", "ys", source=self.lines, line_color="colour", line_width="width", line_cap="round")
        plot.circle("x", "y", radius="radius", source=self.discs, fill_color="fill", line_color="line", line_width="width")
        plot.text(
            "x", "y", "text", source=self.words, text_color="colour", text_align="center", text_baseline="middle", text_font_size="12px"
        )
        plot.multi_line("xs", "ys", source=self.ways, line_color=PERSON_LIGHT, line_width=2, line_alpha=0.6)
        plot.scatter("x", "y", source=self.hands, size=13, fill_color=None, line_color=PERSON_LIGHT, line_width=2.5)
        self._hands = axes // 2
        self._scene: Scene | None = None
        self._trail = np.empty((0, axes))

    def show(self, scene: Scene | None, trail: np.ndarray) -> None:
        """Draw what has changed: a scene is data, so that is easily told."""
        if scene is not None and scene != self._scene:
            self._scene = scene
            self._draw(scene)
        if not np.array_equal(trail, self._trail):
            self._trail = trail
            ways = [trail[:, 2 * hand : 2 * hand + 2] for hand in range(self._hands)] if len(trail) else []
            self.ways.data = {"xs": [way[:, 0] for way in ways], "ys": [way[:, 1] for way in ways]}
            self.hands.data = {"x": np.array([way[-1, 0] for way in ways]), "y": np.array([way[-1, 1] for way in ways])}

    def _draw(self, scene: Scene) -> None:
        discs = [shape for shape in scene.shapes if isinstance(shape, Circle)]
        lines = [shape for shape in scene.shapes if isinstance(shape, Line) and shape.points]
        words = [shape for shape in scene.shapes if isinstance(shape, Text)]
        self.discs.data = {
            "x": [disc.centre[0] for disc in discs],
            "y": [disc.centre[1] for disc in discs],
            "radius": [disc.radius for disc in discs],
            "fill": [css(disc.fill) for disc in discs],
            "line": [css(disc.line) for disc in discs],
            "width": [0.6 * disc.line_width for disc in discs],
        }
        self.lines.data = {
            "xs": [[point[0] for point in line.points] for line in lines],
            "ys": [[point[1] for point in line.points] for line in lines],
            "colour": [css(line.colour) for line in lines],
            "width": [0.6 * line.width for line in lines],
        }
        self.words.data = {
            "x": [word.centre[0] for word in words],
            "y": [word.centre[1] for word in words],
            "text": [word.words for word in words],
            "colour": [css(word.colour) for word in words],
        }
