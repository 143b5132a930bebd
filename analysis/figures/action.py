"""The action space: error of every action, the solution manifold, the person's actions by trial, and the learner's ellipses."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Ellipse

from analysis.figures.style import INK, TRIAL_COLOURS, YOKED, new_figure, styled, trial_bar

LineStyle = str | tuple[int, tuple[float, ...]]
MANIFOLD = "#2f9e44"
PALE_GREYS = LinearSegmentedColormap.from_list("pale greys", ["#ffffff", "#dfe4e8", "#9aa5af", "#6d7984"])
CHI2_95_TWO = 5.991  # 95 % of a two-dimensional Gaussian lies within this squared distance


class ErrorMap(NamedTuple):
    """The task's error over a grid of its two actions, in the units of the action columns."""

    x: Float[np.ndarray, " x"]
    y: Float[np.ndarray, " y"]
    error: Float[np.ndarray, "y x"]  # m
    hit: Float[np.ndarray, "y x"]  # 1 where the action hits


class PolicyEllipse(NamedTuple):
    """A two-dimensional policy at one trial, in the units of the action columns."""

    label: str
    mean: Float[np.ndarray, "2"]
    covariance: Float[np.ndarray, "2 2"]


def action_space(
    grid: ErrorMap,
    trial: np.ndarray,
    actions: Float[np.ndarray, "trial 2"],
    labels: Sequence[str],
    ellipses: Sequence[PolicyEllipse] = (),
) -> Figure:
    """The person's actions, coloured by trial, on the task's error map; the solution manifold (all hits) is outlined.

    Ellipses hold 95 % of the yoked learner's policy, motor noise included.
    """
    with styled():
        figure = new_figure(width=9.2, height=5.4)
        axes = figure.subplots()
        axes.grid(False)
        image = _draw_map(axes, grid)
        marks = axes.scatter(*actions.T, c=trial, cmap=TRIAL_COLOURS, s=16, lw=0.4, edgecolor="white", zorder=3)
        for ellipse, style in zip(ellipses, _styles(len(ellipses)), strict=True):
            _draw_ellipse(axes, ellipse, style)
        axes.set(xlabel=labels[0], ylabel=labels[1], xlim=(grid.x[0], grid.x[-1]), ylim=(grid.y[0], grid.y[-1]))
        trial_bar(figure, axes, marks, pad=0.01)
        figure.colorbar(image, ax=axes, label="error (cm)", pad=0.02, aspect=35)
        handles = axes.get_legend_handles_labels()
        axes.legend(*handles, loc="upper left", frameon=True, facecolor="white", framealpha=0.85, edgecolor="none", fontsize=8.5)
    return figure


def _draw_map(axes: Axes, grid: ErrorMap) -> AxesImage:
    step = (grid.x[1] - grid.x[0], grid.y[1] - grid.y[0])
    edges = (grid.x[0] - step[0] / 2, grid.x[-1] + step[0] / 2, grid.y[0] - step[1] / 2, grid.y[-1] + step[1] / 2)
    style = {"cmap": PALE_GREYS, "origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    image = axes.imshow(100 * grid.error, extent=edges, **style)
    if (grid.hit > 0.5).any() and (grid.hit < 0.5).any():
        axes.contour(grid.x, grid.y, grid.hit, levels=[0.5], colors=[MANIFOLD], linewidths=1.6, zorder=2)
        axes.plot([], [], color=MANIFOLD, lw=1.6, label="solution manifold: all hits lie within")
    return image


def _styles(count: int) -> list[LineStyle]:
    dashes: list[LineStyle] = [(0, (1, 1.2)), (0, (5, 2)), "-"]
    return [dashes[round(2 * place / (count - 1))] for place in range(count)] if count > 1 else ["-"] * count


def _draw_ellipse(axes: Axes, policy: PolicyEllipse, dash: LineStyle) -> None:
    if not (np.isfinite(policy.mean).all() and np.isfinite(policy.covariance).all()):
        return
    variances, vectors = np.linalg.eigh(policy.covariance)
    width, height = 2 * np.sqrt(CHI2_95_TWO * np.maximum(variances, 0))
    turn = float(np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0])))
    centre = (float(policy.mean[0]), float(policy.mean[1]))
    outline = Ellipse(centre, width, height, angle=turn, fill=False, edgecolor="white", lw=3.4, alpha=0.9, zorder=4)
    label = f"yoked learner, {policy.label}"
    ellipse = Ellipse(centre, width, height, angle=turn, fill=False, edgecolor=YOKED, linestyle=dash, lw=1.9, label=label, zorder=4)
    axes.add_patch(outline)
    axes.add_patch(ellipse)
    axes.plot(*centre, "+", color=INK, ms=7, mew=1.3, zorder=5)
