"""The page's plots over trials: learning curve, surprise, timing, actions. Each brings its data source up to date by itself."""

from typing import Any, Protocol

from bokeh.models import ColumnDataSource, HoverTool, LegendItem, LinearAxis, Range1d, Span

from analysis.figures.style import BAD, FREE_OWN, FREE_PERSON, INK, PALE, PERSON, YOKED
from rig.monitor import columns
from rig.monitor.follow import Follower
from rig.monitor.look import legend_above, mark_phases, quiet_figure
from rig.monitor.sources import new_source, update
from rig.report.learning import label

FREE = {"free-person": (FREE_PERSON, "free, same"), "free-own": (FREE_OWN, "free, own")}
MOST_PANELS = 4  # of action dimensions
TALL, LOW, HALF = 280, 214, 118  # px


class View(Protocol):
    """One part of the page."""

    plot: Any
    source: ColumnDataSource

    def update(self, followed: Follower) -> None:
        """Show what is new."""
        ...


class LearningCurve:
    """The person's error, what the yoked learner expected, and the bands of the free ones."""

    def __init__(self, followed: Follower) -> None:
        self.source = new_source(columns.learning(followed))
        self.plot = quiet_figure(TALL, "trial", "error (cm)", name="learning")
        items = []
        for kind, (colour, words) in FREE.items():
            names = {"x": "trial", "source": self.source}
            band = self.plot.varea(y1=f"{kind}-low", y2=f"{kind}-high", fill_color=colour, fill_alpha=0.13, **names)
            line = self.plot.line(y=f"{kind}-middle", line_color=colour, line_width=1.4, **names)
            items.append(LegendItem(label=words, renderers=[line, band]))
        dots = self.plot.scatter(
            "trial", "error", source=self.source, size=6, line_color=PERSON, line_alpha=0.7, fill_color=PERSON, fill_alpha="hit"
        )
        expected = self.plot.line("trial", "expected", source=self.source, line_color=YOKED, line_width=2.4)
        items = [LegendItem(label="person", renderers=[dots]), LegendItem(label="yoked twin", renderers=[expected]), *items]
        legend_above(self.plot, items, 4)
        tips = [("trial", "@trial"), ("error", "@error{0.0} cm"), ("twin expected", "@expected{0.0} cm"), ("", "@status")]
        self.plot.add_tools(HoverTool(renderers=[dots], tooltips=tips))
        self.plot.y_range.start = 0
        self.plot.y_range.only_visible = True
        mark_phases(self.plot, followed.record)

    def update(self, followed: Follower) -> None:
        """Show what is new."""
        update(self.source, columns.learning(followed))
        mark_phases(self.plot, followed.record)


class Surprise:
    """How unexpected each action was to the yoked learner, beside a Gaussian of the recent past."""

    def __init__(self, followed: Follower) -> None:
        self.source = new_source(columns.surprise(followed.record))
        self.plot = quiet_figure(LOW, "trial", "surprise (nats)", name="surprise")
        dots = self.plot.scatter("trial", "surprise", source=self.source, size=4, color=YOKED, alpha=0.4, line_color=None)
        floor = self.plot.line("trial", "floor", source=self.source, line_color=PALE, line_width=1.8)
        smooth = self.plot.line("trial", "smooth", source=self.source, line_color=YOKED, line_width=2.2)
        words = (("yoked twin", [smooth, dots]), ("Gaussian of the past", [floor]))
        legend_above(self.plot, [LegendItem(label=name, renderers=shown) for name, shown in words])
        mark_phases(self.plot, followed.record)

    def update(self, followed: Follower) -> None:
        """Show what is new."""
        update(self.source, columns.surprise(followed.record))
        mark_phases(self.plot, followed.record)


class Timing:
    """Sample rate by trial (left), largest gap (right), and bars for late frames and lost samples."""

    def __init__(self, followed: Follower) -> None:
        limits = followed.record.protocol.certificate
        self.source = new_source(columns.timing(followed.record))
        self.plot = plot = quiet_figure(LOW, "trial", "ms, or frames", name="timing")
        plot.extra_y_ranges = {"rate": Range1d(start=0, end=100)}
        right = LinearAxis(y_range_name="rate", axis_label="sample rate (Hz)", axis_line_color=PALE, major_tick_line_color=PALE)
        for name in ("axis_label_text_font_size", "major_label_text_font_size"):
            setattr(right, name, "11px")
        right.minor_tick_line_color, right.axis_label_text_font_style, right.axis_label_text_color = None, "normal", INK
        plot.add_layout(right, "right")
        shown = {"x": "trial", "source": self.source}
        rate = plot.line(y="sample_rate", line_color=PALE, line_width=1.5, y_range_name="rate", **shown)
        gap = plot.scatter(y="largest_gap", size=5, color=INK, alpha=0.75, line_color=None, **shown)
        delay = plot.line(y="flip_delay", line_color=FREE_OWN, line_width=1.4, **shown)
        late = plot.vbar(top="late_frames", width=0.8, color=BAD, alpha=0.6, **shown)
        words = (("gap", gap), ("device to flip", delay), ("rate", rate), ("late frames", late))
        legend_above(plot, [LegendItem(label=name, renderers=[one]) for name, one in words], 4)
        if limits.max_gap is not None:
            plot.add_layout(Span(location=1e3 * limits.max_gap, dimension="width", line_color=BAD, line_dash="dashed"))
        plot.y_range.start = 0
        plot.y_range.renderers = [gap, delay, late]
        self._fit_rate()

    def update(self, followed: Follower) -> None:
        """Show what is new."""
        update(self.source, columns.timing(followed.record))
        self._fit_rate()

    def _fit_rate(self) -> None:
        """The right axis from 0 to a little above the fastest trial."""
        rates = [rate for rate in self.source.data["sample_rate"] if rate == rate]
        end = float(1.15 * max(rates, default=100.0))
        axis = self.plot.extra_y_ranges["rate"]
        if not 0.7 * axis.end <= end <= axis.end:
            axis.end = 1.1 * end


class ActionCourse:
    """One action dimension over trials with what the yoked learner predicted, for tasks whose action is not two numbers."""

    def __init__(self, followed: Follower, place: int, source: ColumnDataSource, height: int) -> None:
        self.source, self._first = source, place == 0
        self.plot = quiet_figure(height, "trial", label(followed.record.action_columns[place]), name=f"action-{place}")
        shown = {"x": "trial", "source": source}
        band = self.plot.varea(y1=f"low-{place}", y2=f"high-{place}", fill_color=YOKED, fill_alpha=0.22, **shown)
        line = self.plot.line(y=f"mean-{place}", line_color=YOKED, line_width=1.8, **shown)
        dots = self.plot.scatter(y=f"action-{place}", size=5, color=PERSON, alpha=0.7, line_color=None, **shown)
        if self._first:
            words = (("person", [dots]), ("yoked twin (mean ± SD)", [line, band]))
            legend_above(self.plot, [LegendItem(label=name, renderers=one) for name, one in words])
        mark_phases(self.plot, followed.record)

    def update(self, followed: Follower) -> None:
        """Show what is new; the first panel brings the source of all up to date."""
        if self._first:
            update(self.source, columns.actions(followed.record))
        mark_phases(self.plot, followed.record)


def action_courses(followed: Follower) -> list[View]:
    """A plot for each of the first ``MOST_PANELS`` action dimensions."""
    source = new_source(columns.actions(followed.record))
    count = min(len(followed.record.action_columns), MOST_PANELS)
    return [ActionCourse(followed, place, source, LOW if count == 1 else HALF) for place in range(count)]
