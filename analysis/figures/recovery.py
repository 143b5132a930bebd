"""Figures of recovery: truth against estimate, trade-offs between errors, and who is taken for whom."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import BAD, INK, PALE, PERSON, new_figure, styled

_ACROSS = 3


def scatter(sets: Sequence[Mapping[str, Any]], learner: str, summary: Mapping[str, Any]) -> Figure:
    """Each parameter's estimate against its truth, with r on the fitted scale; estimates that ``fit`` says aren't told are hollow."""
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
    axes.plot([true.min(), true.max()], [true.min(), true.max()], color=PALE, lw=1)
    axes.plot(true[told], estimate[told], "o", ms=3.5, color=PERSON, alpha=0.7)
    axes.plot(true[~told], estimate[~told], "o", ms=3.5, mfc="none", color=PERSON, alpha=0.5)
    if found["scale"] == "log":
        axes.set(xscale="log", yscale="log")
    width = 3 * (true.max() - true.min())
    low, high = (true.min() / 5, true.max() * 5) if found["scale"] == "log" else (true.min() - width, true.max() + width)
    axes.set_ylim(max(low, estimate.min()), min(high, estimate.max()))
    r = "n/a" if found["r"] is None else f"{found['r']:.2f}"
    axes.set(title=f"{name}: r {r}", xlabel="truth", ylabel="estimate")
    axes.title.set_fontsize(8.5)


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
