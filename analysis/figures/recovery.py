"""Figures of recovery: truth against estimate, trade-offs between errors, and who is taken for whom."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from analysis.figures.style import BAD, INK, PALE, PERSON, new_figure, styled

_ACROSS = 3


def scatter(sets: Sequence[Mapping[str, Any]], learner: str, summary: Mapping[str, Any]) -> Figure:
    """Each parameter's estimate against its truth, with r on the fitted scale.

    Hollow marks: ``fit`` says that the parameter isn't told. Triangles: estimates beyond the frame.
    """
    names = list(summary["parameters"])
    rows = -(-len(names) // _ACROSS)
    with styled():
        figure = new_figure(9.2, 3.0 * rows)
        for place, name in enumerate(names):
            _panel(figure.add_subplot(rows, _ACROSS, place + 1), sets, learner, name, summary["parameters"][name])
    return figure


def _panel(axes: Axes, sets: Sequence[Mapping[str, Any]], learner: str, name: str, found: Mapping[str, Any]) -> None:
    true = np.array([one["truth"][name] for one in sets])
    estimate = np.array([one["fits"][learner]["estimates"][name] for one in sets])
    told = np.array([one["fits"][learner]["identifiable"][name] for one in sets])
    log = found["scale"] == "log"
    low, high = _frame(true, estimate, log)
    axes.plot([true.min(), true.max()], [true.min(), true.max()], color=PALE, lw=1)
    for some, filling, alpha in ((told, PERSON, 0.7), (~told, "none", 0.5)):
        for beyond, mark in ((estimate < low, "v"), (estimate > high, "^"), ((low <= estimate) & (estimate <= high), "o")):
            shown = some & beyond
            marks = axes.plot(true[shown], np.clip(estimate[shown], low, high), mark, ms=3.5, mfc=filling, color=PERSON, alpha=alpha)
            marks[0].set(clip_on=False, in_layout=False)
    if log:
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1, 3)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(NullLocator())
    axes.set_ylim(low, high)
    r = "n/a" if found["r"] is None else f"{found['r']:.2f}"
    axes.set(title=f"{name.replace('.', '.' + chr(10))}: r {r}", xlabel="truth", ylabel="estimate")
    axes.title.set_fontsize(8.5)


def _frame(true: np.ndarray, estimate: np.ndarray, log: bool) -> tuple[float, float]:
    """From where to where estimates are shown: all that lie within a factor of 5 (three widths) of the truths, with a little room."""
    if log:
        low, high = _frame(np.log(true), np.log(np.clip(estimate, true.min() / 5, true.max() * 5)), False)
        return float(np.exp(low)), float(np.exp(high))
    width = 3 * np.ptp(true)
    low = max(true.min() - width, min(true.min(), estimate.min()))
    high = min(true.max() + width, max(true.max(), estimate.max()))
    room = 0.04 * (high - low) if high > low else 1.0
    return low - room, high + room


def trade_offs(names: Sequence[str], correlations: np.ndarray) -> Figure:
    """Correlations between the errors of parameters, on the fitted scale."""
    return matrix(correlations, names, names, "correlation of errors", "", "", (-1, 1), "RdBu_r")


def matrix(
    values: np.ndarray,
    down: Sequence[str],
    across: Sequence[str],
    title: str,
    ylabel: str,
    xlabel: str,
    limits: tuple[float, float] = (0, 1),
    colours: str = "Blues",
) -> Figure:
    """A matrix of numbers with its names; NaN is left empty."""
    with styled():
        figure = new_figure(1.6 + 0.75 * len(across) + 1.4, 1.3 + 0.55 * len(down) + 0.8)
        axes = figure.add_subplot()
        axes.imshow(values, vmin=limits[0], vmax=limits[1], cmap=colours)
        axes.set_xticks(range(len(across)), across, rotation=40, ha="right")
        axes.set_yticks(range(len(down)), down)
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        axes.grid(False)
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                dark = abs(value) > 0.6 * limits[1]
                axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8, color="white" if dark else INK)
            else:
                axes.text(column, row, "n/a", ha="center", va="center", fontsize=8, color=BAD)
    return figure
