"""The timing certificate over trials: each number of it, with the protocol's limit and the trials that broke one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.figure import Figure

from analysis.figures.style import BAD, PERSON, new_figure, styled


class TimingSeries(NamedTuple):
    """One number of the certificate."""

    label: str
    value: Float[np.ndarray, " trial"]
    limit: float | None = None


def timing_course(trial: np.ndarray, series: Sequence[TimingSeries], flagged: Bool[np.ndarray, " trial"]) -> Figure:
    """Small panels, one a number; flagged trials in red, limits as red dashes."""
    columns = 2
    rows = -(-len(series) // columns)
    with styled():
        figure = new_figure(height=0.4 + 1.55 * rows)
        grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for axes in grid.flat[len(series) :]:
            axes.set_axis_off()
        for axes, one in zip(grid.flat, series, strict=False):
            axes.plot(trial[~flagged], one.value[~flagged], "o", ms=2.6, color=PERSON, alpha=0.6, mew=0)
            axes.plot(trial[flagged], one.value[flagged], "o", ms=3.4, color=BAD, mew=0)
            if one.limit is not None and np.isfinite(one.limit):
                axes.axhline(one.limit, color=BAD, lw=1.0, ls=(0, (4, 2)))
            axes.set_ylabel(one.label, fontsize=8.5)
            axes.margins(y=0.15)
        for axes in grid[-1]:
            axes.set_xlabel("trial")
    return figure
