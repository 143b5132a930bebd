"""How all figures look, and how they become text: one palette, one style, SVG that can stand inside a page.

Figures are made on arrays with matplotlib's object interface (no pyplot, no global state), so they can be drawn in any thread and without
a screen. The figures themselves are in the other modules of this folder.
"""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK = "#22303c"
PALE = "#8a97a3"
PERSON = "#1d4e89"
PERSON_LIGHT = "#6fb1ff"  # the same on a dark ground
YOKED = "#d1702a"
FREE_PERSON = "#2a8f7b"
FREE_OWN = "#8660a8"
BAD = "#b3261e"
TRIAL_COLOURS = "viridis"
LETTERS_ACROSS = 130  # of a phase's name, that a figure as wide as the page has room for

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": PALE,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6eaee",
    "grid.linewidth": 0.8,
    "xtick.color": PALE,
    "ytick.color": PALE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.formatter.useoffset": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "twinrig",
}


class Band(NamedTuple):
    """A spread over trials: of many learners at each trial, or of one prediction."""

    low: Float[np.ndarray, " trial"]
    middle: Float[np.ndarray, " trial"]
    high: Float[np.ndarray, " trial"]


class Span(NamedTuple):
    """A run of trials with a name, such as a phase."""

    name: str
    first: int  # trial number
    last: int  # trial number


def band_of(values: Float[np.ndarray, "learner trial"], low: float = 0.05, high: float = 0.95) -> Band:
    """Median and the stated quantiles over learners, leaving out NaN; NaN where a trial has no value at all."""
    out = np.full((3, values.shape[1]), np.nan)
    some = ~np.isnan(values).all(axis=0)
    if some.any():
        out[:, some] = np.nanquantile(values[:, some], [low, 0.5, high], axis=0)
    return Band(*out)


def new_figure(width: float = 9.2, height: float = 3.4) -> Figure:
    """An empty figure of this size in inches; call it within ``styled``."""
    return Figure(figsize=(width, height), layout="constrained")


def styled() -> "mpl.rc_context":  # type: ignore[valid-type]
    """The house style for the statements within ``with``."""
    return mpl.rc_context(STYLE)  # type: ignore[arg-type]


def svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element that scales with the page; the same figure gives the same text."""
    text = io.StringIO()
    with styled():
        figure.savefig(text, format="svg", dpi=160, metadata={"Date": None, "Creator": None})
    element = text.getvalue()
    return element[element.index("<svg") :].replace("<svg ", '<svg role="img" ', 1)


def save(figure: Figure, stem: Path) -> None:
    """The figure as SVG and PDF, fit for print; the same figure gives the same files."""
    with styled():
        figure.savefig(stem.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
        figure.savefig(stem.with_suffix(".pdf"), metadata={"CreationDate": None, "Creator": None, "Producer": None})


def trial_bar(figure: Figure, axes: Axes, marks: ScalarMappable, pad: float = 0.02, aspect: float = 35) -> None:
    """The colour bar of marks that are coloured by trial: whole numbers, however short the session."""
    figure.colorbar(marks, ax=axes, label="trial", pad=pad, aspect=aspect, ticks=MaxNLocator(nbins=8, integer=True, min_n_ticks=1))


def draw_spans(axes: Axes, spans: Sequence[Span], width: float = 1.0) -> None:
    """A line between phases, and their names along the top edge; ``width`` is the axes' share of the figure's."""
    if len(spans) < 2:
        return
    whole = spans[-1].last - spans[0].first + 1
    for place, span in enumerate(spans):
        left, right = span.first - 0.5, span.last + 0.5
        room = int(LETTERS_ACROSS * width * (right - left) / whole)
        if place:
            axes.axvline(left, color=PALE, lw=0.9, ls=(0, (1, 2)), zorder=1)
        axes.annotate(
            span.name if len(span.name) <= room else span.name[: max(room - 1, 1)] + "…" if room > 2 else "",
            ((left + right) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            color=PALE,
        )


def within_spans(trial: np.ndarray, values: np.ndarray, spans: Sequence[Span], smooth: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """``smooth`` applied to each phase by itself, so that a step between phases stays a step."""
    out = np.full(len(values), np.nan)
    for span in spans or (Span("", int(trial.min()), int(trial.max())),):
        here = (trial >= span.first) & (trial <= span.last)
        out[here] = smooth(values[here])
    return out


def draw_band(axes: Axes, trial: np.ndarray, band: Band, colour: str, label: str, alpha: float = 0.18) -> None:
    """The middle as a line over the shaded spread."""
    axes.fill_between(trial, band.low, band.high, color=colour, alpha=alpha, lw=0)
    axes.plot(trial, band.middle, color=colour, lw=1.4, label=label)


def legend_below(figure: Figure, axes: Axes, columns: int = 3) -> None:
    """The legend of these axes under the whole figure, where it hides no data."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, handlelength=1.6, columnspacing=1.6)
