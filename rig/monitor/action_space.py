"""The action space of a task with two actions: the error of every action, the solution manifold, the throws, and both ellipses."""

import numpy as np
from bokeh.models import ColorBar, ColumnDataSource, LegendItem, LinearColorMapper, Range1d
from bokeh.palettes import Viridis256

from analysis.figures.action import MANIFOLD
from analysis.figures.style import PERSON, YOKED
from rig.monitor import columns
from rig.monitor.follow import Follower
from rig.monitor.look import SMALL, legend_above, quiet_figure
from rig.monitor.plots import LOW
from rig.monitor.sources import new_source, update
from rig.report.data import SessionRecord
from rig.report.learning import action_ranges, commonest_trial, label
from rig.report.policy import grid_of

GREYS = [f"#{level:02x}{min(level + 3, 255):02x}{min(level + 6, 255):02x}" for level in range(255, 120, -3)]


class ActionSpace:
    """The map is computed anew only where the commonest target changes, or a throw falls beside it."""

    def __init__(self, followed: Follower) -> None:
        record = followed.record
        self._grid = grid_of(record.task)
        self._shown: tuple[tuple[float, float], ...] = ()  # ranges of the map
        self._strays = 0  # throws that lay beside it when it was drawn
        self.target = (float("nan"), float("nan"))
        x, y = (label(column) for column in record.action_columns)
        self.plot = plot = quiet_figure(LOW, x, y, name="action", x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1))
        plot.grid.visible = False
        empty = {"x": np.empty(0), "y": np.empty(0)}
        self.map = ColumnDataSource(data={"image": [], "x": [], "y": [], "dw": [], "dh": []})
        self.manifold = ColumnDataSource(data={"xs": [], "ys": []})
        self.source = new_source({**empty, "trial": np.empty(0), "hit": np.empty(0)})
        self.person, self.yoked = new_source(empty), new_source(empty)
        self._errors = LinearColorMapper(palette=GREYS)
        self._trials = LinearColorMapper(palette=Viridis256, low=0, high=1)
        plot.image("image", "x", "y", "dw", "dh", source=self.map, color_mapper=self._errors)
        hits = plot.multi_line("xs", "ys", source=self.manifold, line_color=MANIFOLD, line_width=2)
        colour = {"field": "trial", "transform": self._trials}
        dots = plot.scatter("x", "y", source=self.source, size=6, fill_color=colour, line_color="white", line_width=0.5)
        plot.line("x", "y", source=self.yoked, line_color="white", line_width=5, line_alpha=0.8)
        plot.line("x", "y", source=self.person, line_color="white", line_width=5, line_alpha=0.8)
        twin = plot.line("x", "y", source=self.yoked, line_color=YOKED, line_width=2.4)
        person = plot.line("x", "y", source=self.person, line_color=PERSON, line_width=2.4, line_dash=[6, 3])
        words = (("hits", hits), ("throws", dots), (f"last {columns.RECENT}", person), ("twin", twin))  # short: a phone is narrow
        legend_above(plot, [LegendItem(label=name, renderers=[one]) for name, one in words], 4)
        bar = ColorBar(color_mapper=self._trials, width=7, padding=2, title="trial", background_fill_color=None)
        bar.major_label_text_font_size = bar.title_text_font_size = SMALL
        plot.add_layout(bar, "right")
        self.update(followed)

    def update(self, followed: Follower) -> None:
        """Show what is new."""
        record = followed.record
        if not record.rows:
            return
        trial = commonest_trial(record)
        target = (float(trial.target[0]), float(trial.target[1]))
        if target != self.target or not self._within(record):
            self._draw_map(record, target)
        update(self.source, columns.throws(record, self.target))
        update(self.person, columns.person_ellipse(record, self.target))
        update(self.yoked, columns.yoked_ellipse(record, self.target))
        self._trials.high = max(2, 10 * int(np.ceil(len(record.rows) / 10)))

    def _within(self, record: SessionRecord) -> bool:
        """Whether the map still has room for nearly all throws, and for the twin's middle."""
        middle = record.twin.mean[-1:] if record.twin is not None else np.empty((0, 2))
        return not self._outside(middle) and self._outside(record.actions[columns.to_target(record, self.target)]) <= 2 * self._strays + 2

    def _outside(self, actions: np.ndarray) -> int:
        low, high = np.array(self._shown).T
        return int(((actions < low) | (actions > high)).any(axis=1).sum())

    def _draw_map(self, record: SessionRecord, target: tuple[float, float]) -> None:
        shown = record.actions[columns.to_target(record, target)]
        (left, right), (bottom, top) = self._shown = tuple(action_ranges(shown, record.twin))
        self.target, self._strays = target, self._outside(shown)
        grid = self._grid(commonest_trial(record), self._shown)
        image = (100 * grid.error).astype(np.float32)
        self._errors.low, self._errors.high = float(np.nanmin(image)), float(np.nanmax(image))
        self.map.data = {"image": [image], "x": [left], "y": [bottom], "dw": [right - left], "dh": [top - bottom]}
        xs, ys = columns.manifold(grid)
        self.manifold.data = {"xs": xs, "ys": ys}
        self.plot.x_range.start, self.plot.x_range.end = left, right
        self.plot.y_range.start, self.plot.y_range.end = bottom, top
