"""Movements as they went: all hand paths by trial, and single trials as the participant saw them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle as Disc

from analysis.figures.style import BAD, TRIAL_COLOURS, new_figure, styled, trial_bar
from protocols.movement import RATE, low_pass_kernel
from protocols.scene import Circle, Line, Scene

SHOWN = 0.8  # s before the end of a movement
SPEED_CUTOFF = 20.0  # Hz; a mouse counts whole pixels, whose steps would look like jerks of the hand
MOST_POINTS = 80  # of one path: enough for the eye, and keeps the file small


def hand_paths(trial: np.ndarray, paths: Sequence[Float[np.ndarray, "sample 2"]], targets: Float[np.ndarray, "target 2"]) -> Figure:
    """Hand paths from the go cue to the end of the movement, from above, in cm of the workspace, coloured by trial."""
    with styled():
        figure = new_figure(width=6.0, height=5.0)
        axes = figure.subplots()
        lines = LineCollection([100 * _thin(path) for path in paths], cmap=TRIAL_COLOURS, lw=0.8, alpha=0.7, rasterized=True)
        lines.set_array(np.asarray(trial, float))
        axes.add_collection(lines)
        if len(targets):
            axes.plot(*(100 * targets.T), "o", ms=9, mfc="none", mec=BAD, mew=1.6, label="target")
            axes.legend(loc="upper right", fontsize=8.5)
        axes.set(xlabel="x (cm)", ylabel="y (cm)", aspect="equal")
        axes.autoscale_view()
        axes.margins(0.08)
        trial_bar(figure, axes, lines)
    return figure


def speed_profiles(trial: np.ndarray, movements: Sequence[Float[np.ndarray, "sample 1+axis"]]) -> Figure:
    """Speed of the hand against the time to the end of the movement, coloured by trial.

    ``movements`` have time (s) and the axes of one hand, or of both (m), whose joint speed is shown. Speeds are in m/s, of paths
    low-passed at ``SPEED_CUTOFF``.
    """
    with styled():
        figure = new_figure(height=3.2)
        axes = figure.subplots()
        lines = LineCollection([_speed(movement) for movement in movements], cmap=TRIAL_COLOURS, lw=0.8, alpha=0.7, rasterized=True)
        lines.set_array(np.asarray(trial, float))
        axes.add_collection(lines)
        axes.autoscale_view()
        axes.set(xlabel="time to the end of the movement (ms)", ylabel="hand speed (m/s)")
        axes.set_ylim(bottom=0)
        trial_bar(figure, axes, lines, aspect=25)
    return figure


def _speed(movement: np.ndarray) -> np.ndarray:
    """(time in ms, speed) of one movement, from its last moments."""
    kernel = low_pass_kernel(SPEED_CUTOFF)
    reach = len(kernel) // 2
    time = movement[:, 0] - movement[-1, 0]
    grid = np.arange(-int(-time[0] * RATE), 1) / RATE
    sampled = (np.interp(grid, time, column) for column in movement[:, 1:].T)
    smoothed = [np.convolve(np.pad(values, reach, "reflect", reflect_type="odd"), kernel, "valid") for values in sampled]
    speed = np.linalg.norm(np.diff(smoothed), axis=0) * RATE
    shown = grid[1:] > -SHOWN
    return np.column_stack([1e3 * (grid[1:] - 0.5 / RATE), speed])[shown]


def _thin(path: np.ndarray) -> np.ndarray:
    if len(path) <= MOST_POINTS:
        return path
    return path[np.linspace(0, len(path) - 1, MOST_POINTS).astype(int)]


def scenes(panels: Sequence[tuple[str, Scene]], extent: tuple[float, float, float, float]) -> Figure:
    """Single trials drawn from their Scene, as the participant saw them at the end of the trial.

    ``extent`` is left, bottom, right, top in m; every panel has a title.
    """
    left, bottom, right, top = extent
    width = 9.2
    height = width / max(len(panels), 3) * (top - bottom) / (right - left) + 0.35
    with styled():
        figure = new_figure(width=width, height=min(height, 6.0))
        row = figure.subplots(1, max(len(panels), 3), squeeze=False)[0]
        for axes in row[len(panels) :]:
            axes.set_axis_off()
        for axes, (title, scene) in zip(row, panels, strict=False):
            draw_scene(axes, scene, extent)
            axes.set_title(title, fontsize=9)
    return figure


def draw_scene(axes: Axes, scene: Scene, extent: tuple[float, float, float, float]) -> None:
    """All shapes of a Scene, back to front, in m. Words are left out: the page says what they said."""
    left, bottom, right, top = extent
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xticks=[], yticks=[], facecolor=scene.background)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    for place, shape in enumerate(scene.shapes):
        if isinstance(shape, Circle):
            style = {"facecolor": shape.fill or "none", "edgecolor": shape.line or "none", "lw": 0.5 * shape.line_width}
            axes.add_patch(Disc(shape.centre, shape.radius, zorder=place + 1, **style))
        elif isinstance(shape, Line) and shape.points:
            axes.plot(*np.array(shape.points).T, color=shape.colour, lw=0.5 * shape.width, zorder=place + 1, solid_capstyle="round")
