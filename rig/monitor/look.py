"""How the page looks: the report's colours, quiet axes, nothing that moves but the data."""

from typing import Any

from bokeh.models import BasicTicker, Legend, Span
from bokeh.plotting import figure

from analysis.figures.style import INK, PALE
from protocols.scene import Colour
from rig.report.data import SessionRecord

FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"
GRID = "#e6eaee"
SMALL = "11px"


def quiet_figure(height: int, x: str, y: str, **options: Any) -> Any:
    """An empty plot as wide as its place on the page, which follows the data until somebody drags it."""
    plot: Any = figure(height=height, sizing_mode="stretch_width", tools="xpan,xwheel_zoom,reset", toolbar_location=None, **options)
    plot.xaxis.axis_label, plot.yaxis.axis_label = x, y
    plot.toolbar.active_drag = None  # a finger that scrolls the page must not drag a plot
    plot.background_fill_color = plot.border_fill_color = None
    plot.outline_line_color = None
    plot.min_border_left, plot.min_border_right = 48, 8
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.axis_line_color = axis.major_tick_line_color = PALE
        axis.minor_tick_line_color = None
        axis.major_label_text_color = axis.axis_label_text_color = INK
        axis.major_label_text_font_size = axis.axis_label_text_font_size = SMALL
        axis.axis_label_text_font_style = "normal"
        axis.major_label_text_font = axis.axis_label_text_font = FONT
        axis.ticker = BasicTicker(desired_num_ticks=6)
    plot.grid.grid_line_color = GRID
    return plot


def legend_above(plot: Any, legend_items: list[Any], columns: int = 3) -> None:
    """The legend over the plot, where it hides no data."""
    legend: Any = Legend(items=legend_items, orientation="horizontal", ncols=columns, margin=0, spacing=8, border_line_color=None)
    legend.label_text_font_size, legend.label_text_color, legend.label_text_font = SMALL, INK, FONT
    legend.background_fill_color = None
    legend.glyph_width = legend.glyph_height = 14
    legend.label_standoff = 4
    plot.add_layout(legend, "above")


def mark_phases(plot: Any, record: SessionRecord) -> None:
    """A dotted line where a phase begins."""
    known = {span.location for span in plot.center if isinstance(span, Span)}
    for phase in record.spans()[1:]:
        if phase.first - 0.5 not in known:
            line = Span(location=phase.first - 0.5, dimension="height", line_color=PALE, line_dash="dotted", line_width=1)
            plot.add_layout(line)


def css(colour: Colour | None) -> str:
    """A scene's colour for the browser; none is transparent."""
    if colour is None:
        return "rgba(0,0,0,0)"
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
