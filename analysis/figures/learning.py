"""Figures over trials: the learning curve, the actions beside the yoked prediction, the surprise, the learner's state."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BAD,
    FREE_OWN,
    FREE_PERSON,
    INK,
    PALE,
    PERSON,
    YOKED,
    Band,
    Span,
    draw_band,
    draw_spans,
    legend_below,
    new_figure,
    styled,
    within_spans,
)
from analysis.measures.practice import block_means, running_mean, running_sd

MOST_ACROSS = 4  # panels beside each other
FREE_STYLE = {"free-person": (FREE_PERSON, "free learners, the person's trials"), "free-own": (FREE_OWN, "free learners, their own trials")}


def learning_curve(
    trial: np.ndarray,
    block: np.ndarray,
    value: Float[np.ndarray, " trial"],
    label: str,
    spans: Sequence[Span] = (),
    yoked: Float[np.ndarray, " trial"] | None = None,
    free: Mapping[str, Band] | None = None,
    hit: Bool[np.ndarray, " trial"] | None = None,
) -> Figure:
    """The person's error (or other measure) trial by trial with block means, beside what the learners do.

    ``yoked`` is what the yoked learner expected of the next trial before it saw it; ``free`` has bands of the free learners by kind
    ('free-person', 'free-own'). Hits, if given, are filled marks and misses open ones.
    """
    with styled():
        figure = new_figure(height=3.9)
        axes = figure.subplots()
        draw_spans(axes, spans)
        for kind, band in (free or {}).items():
            colour, name = FREE_STYLE[kind]
            draw_band(axes, trial, band, colour, f"{name} (median, 5-95 %)", alpha=0.13)
        _draw_trials(axes, trial, value, hit)
        if yoked is not None and np.isfinite(yoked).any():
            smooth = within_spans(trial, yoked, spans, lambda part: running_mean(part, 9))
            axes.plot(
                trial,
                smooth,
                color=YOKED,
                lw=1.8,
                label="yoked learner's expectation",
            )
        _draw_blocks(axes, trial, block, value)
        axes.set(xlabel="trial", ylabel=label, xlim=(trial.min() - 0.5, trial.max() + 0.5), ylim=_limits(value, free))
        legend_below(figure, axes)
    return figure


def _draw_trials(axes: Axes, trial: np.ndarray, value: np.ndarray, hit: np.ndarray | None) -> None:
    size = 3.4 if len(trial) > 60 else 5.0
    if hit is None:
        axes.plot(trial, value, "o", ms=size, color=PERSON, alpha=0.45, mew=0, label="person, each trial")
        return
    axes.plot(trial[~hit], value[~hit], "o", ms=size, mfc="white", mec=PERSON, mew=0.7, alpha=0.6, label="person, miss")
    axes.plot(trial[hit], value[hit], "o", ms=size, color=PERSON, alpha=0.85, mew=0, label="person, hit")


def _draw_blocks(axes: Axes, trial: np.ndarray, block: np.ndarray, value: np.ndarray) -> None:
    means = block_means(trial, block, value)
    some = means.count > 0
    error = np.where(means.count > 1, means.sd / np.sqrt(np.maximum(means.count, 1)), 0.0)
    label = "person, block mean ± SE"
    axes.errorbar(means.centre[some], means.mean[some], error[some], fmt="-D", color=INK, ms=5, lw=1.4, zorder=5, label=label)


def _limits(value: np.ndarray, free: Mapping[str, Band] | None) -> tuple[float, float] | None:
    """Room for the person's trials and for most of the bands, but not for a few wild learners."""
    ends = [value[np.isfinite(value)]]
    for band in (free or {}).values():
        ends += [np.nanquantile(edge, [0.05, 0.95]) for edge in (band.low, band.high) if np.isfinite(edge).any()]
    joined = np.concatenate(ends)
    if not len(joined):
        return None
    low, high = min(0.0, joined.min()), max(joined.max(), 1e-9)
    return low - 0.03 * (high - low), high + 0.05 * (high - low)


def action_course(
    trial: np.ndarray,
    actions: Float[np.ndarray, "trial action"],
    labels: Sequence[str],
    spans: Sequence[Span] = (),
    yoked_mean: Float[np.ndarray, "trial action"] | None = None,
    yoked_sd: Float[np.ndarray, "trial action"] | None = None,
    ideal: Float[np.ndarray, "trial action"] | None = None,
    ideal_label: str = "",
    free: Sequence[Mapping[str, Band]] | None = None,
) -> Figure:
    """Each action dimension over trials, with the yoked learner's prediction made before the trial (mean and SD, motor noise included).

    ``ideal`` is a line to compare with: for a rotation, the hand angle that cancels it.
    """
    with styled():
        across = 1 if actions.shape[1] <= MOST_ACROSS else 2
        figure, panels = _panels(actions.shape[1], across)
        for place, axes in enumerate(panels):
            draw_spans(axes, spans, 1 / across)
            for kind, band in (free[place] if free else {}).items():
                colour, name = FREE_STYLE[kind]
                draw_band(axes, trial, band, colour, f"{name} (median, 5-95 %)", alpha=0.12)
            if ideal is not None and np.isfinite(ideal[:, place]).any():
                axes.plot(trial, ideal[:, place], color=BAD, lw=1.4, ls=(0, (4, 2)), drawstyle="steps-mid", label=ideal_label)
            if yoked_mean is not None and yoked_sd is not None:
                mean, sd = yoked_mean[:, place], yoked_sd[:, place]
                draw_band(axes, trial, Band(mean - sd, mean, mean + sd), YOKED, "yoked learner's prediction (mean ± SD)", alpha=0.22)
            axes.plot(trial, actions[:, place], "o", ms=3.2 if len(trial) > 60 else 5.0, color=PERSON, alpha=0.6, mew=0, label="person")
            axes.set_ylabel(labels[place])
            axes.set_xlim(trial.min() - 0.5, trial.max() + 0.5)
        panels[-1].set_xlabel("trial")
        legend_below(figure, panels[0])
    return figure


def _panels(count: int, across: int) -> tuple[Figure, list[Axes]]:
    """One panel for each action dimension, row by row; dimensions that come in pairs stand beside each other."""
    down = -(-count // across)
    figure = new_figure(height=1.1 + (2.3 if across == 1 else 1.5) * down)
    return figure, list(figure.subplots(down, across, sharex=True, squeeze=False).flat)


def surprise_curve(
    trial: np.ndarray,
    surprise: Float[np.ndarray, " trial"],
    floor: Float[np.ndarray, " trial"] | None = None,
    spans: Sequence[Span] = (),
    window: int = 15,
) -> Figure:
    """How unexpected each action was to the yoked learner (nats), beside a Gaussian of the recent past that knows no reward."""
    with styled():
        figure = new_figure(height=2.9)
        axes = figure.subplots()
        draw_spans(axes, spans)

        def smooth(values: np.ndarray) -> np.ndarray:
            return within_spans(trial, values, spans, lambda part: running_mean(part, window))

        axes.plot(trial, surprise, "o", ms=3, color=YOKED, alpha=0.35, mew=0)
        if floor is not None and np.isfinite(floor).any():
            axes.plot(trial, smooth(floor), color=PALE, lw=1.6, label=f"Gaussian of the last actions, mean of {window}")
        axes.plot(trial, smooth(surprise), color=YOKED, lw=1.8, label=f"yoked learner, mean of {window}")
        known = surprise[np.isfinite(surprise)]
        if len(known):
            axes.set_ylim(known.min() - 0.5, max(np.quantile(known, 0.98) * 1.1, known.min() + 1))
        axes.set(xlabel="trial", ylabel="surprise (nats)", xlim=(trial.min() - 0.5, trial.max() + 0.5))
        legend_below(figure, axes)
    return figure


def spread_curve(
    trial: np.ndarray,
    actions: Float[np.ndarray, "trial action"],
    labels: Sequence[str],
    spans: Sequence[Span] = (),
    yoked_sd: Float[np.ndarray, "trial action"] | None = None,
    window: int = 20,
) -> Figure:
    """The person's running SD of each action dimension, beside the SD that the yoked learner holds."""
    with styled():
        columns = min(actions.shape[1], 2 if actions.shape[1] <= MOST_ACROSS else MOST_ACROSS)
        rows = -(-actions.shape[1] // columns)
        figure = new_figure(height=0.6 + 2.3 * rows)
        grid = figure.subplots(rows, columns, squeeze=False).flat
        for axes in grid[actions.shape[1] :]:
            axes.set_axis_off()
        for place, axes in enumerate(grid[: actions.shape[1]]):
            draw_spans(axes, spans, 1 / columns)
            spread = within_spans(trial, actions[:, place], spans, lambda part: running_sd(part, window))
            axes.plot(
                trial,
                spread,
                color=PERSON,
                lw=1.6,
                label=f"person, {window} trials",
            )
            if yoked_sd is not None:
                axes.plot(trial, yoked_sd[:, place], color=YOKED, lw=1.6, label="yoked learner")
            axes.set(xlabel="trial", ylabel=f"SD of {labels[place]}", xlim=(trial.min() - 0.5, trial.max() + 0.5))
            axes.set_ylim(bottom=0)
        legend_below(figure, grid[0])
    return figure
