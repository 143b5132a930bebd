"""Figures of fits: what was found of whom, what was believed before and after, how the chains went, and who predicts better."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.figures.style import BAD, FREE_PERSON, INK, PALE, PERSON, YOKED, new_figure, styled
from protocols.records import TASKS, action_columns

_ACROSS = 4
_BINS = 60
_LANE = 0.13  # inches of height for each person, where there are many


class Found(NamedTuple):
    """One parameter of all people, natural units; NaN where an interval is open."""

    name: str
    log: bool
    estimate: Float[np.ndarray, " person"]
    low: Float[np.ndarray, " person"]
    high: Float[np.ndarray, " person"]
    told: Bool[np.ndarray, " person"]
    group: tuple[float, float, float] | None  # median person of a group, with its 95 % interval


class Belief(NamedTuple):
    """Draws of one parameter, in natural units or on the scale that ``scale`` names."""

    name: str
    scale: str  # below the axis; "" for natural units
    log: bool
    before: Float[np.ndarray, " draw"]
    after: Float[np.ndarray, " draw"]


class Practised(NamedTuple):
    """One person's course in one action dimension, and that of a learner's free runs."""

    name: str
    trial: Float[np.ndarray, " part"]
    person: Float[np.ndarray, " part"]
    low: Float[np.ndarray, " part"]  # 95 % of runs lie within
    median: Float[np.ndarray, " part"]
    high: Float[np.ndarray, " part"]


def forest(found: Sequence[Found], people: Sequence[str]) -> Figure:
    """Estimates with their 95 % intervals, a line for each person; hollow where the record doesn't tell, to the frame where the interval
    is open. The band is the group's."""
    across = min(_ACROSS, len(found))
    rows = -(-len(found) // across)
    height = max(1.6, 0.7 + (_LANE if len(people) > 12 else 0.22) * len(people))
    with styled():
        figure = new_figure(9.2, rows * height)
        for place, one in enumerate(found):
            _lines(figure.add_subplot(rows, across, place + 1), one, people if place % across == 0 else [""] * len(people))
    return figure


def _lines(axes: Axes, found: Found, people: Sequence[str]) -> None:
    lane = np.arange(len(people))[::-1]
    if found.group is not None:
        axes.axvspan(*found.group[1:], color=YOKED, alpha=0.2, lw=0)
        axes.axvline(found.group[0], color=YOKED, lw=1)
    open_low, open_high = np.isnan(found.low), np.isnan(found.high)
    low, high = np.where(open_low, found.estimate, found.low), np.where(open_high, found.estimate, found.high)
    line = {"color": PERSON, "lw": 1, "alpha": 0.6}
    axes.hlines(lane, low, high, **line)
    axes.plot(found.estimate[found.told], lane[found.told], "o", ms=3, color=PERSON)
    axes.plot(found.estimate[~found.told], lane[~found.told], "o", ms=3, mfc="white", mec=PALE)
    if found.log:
        axes.set_xscale("log")
    left, right = axes.get_xlim()
    axes.hlines(lane[open_low], left, found.estimate[open_low], **line)
    axes.hlines(lane[open_high], found.estimate[open_high], right, **line)
    axes.set_xlim(left, right)
    axes.set_yticks(lane, people, fontsize=6 if len(people) > 12 else 8)
    axes.set_ylim(-0.7, len(people) - 0.3)
    axes.set_title(_titled(found.name), fontsize=8)
    axes.grid(axis="y", visible=False)


def _titled(name: str) -> str:
    """A parameter's name for a small title, and below it the action that it belongs to, with its unit."""
    whole, _, action = name.partition(".")
    return f"{whole}\n{action_words(action)}" if action else whole


def action_words(action: str) -> str:
    """``release_speed`` as it is read: release speed (m/s)."""
    units = {column.name: column.unit for task in TASKS for column in action_columns(task)}
    unit = units.get(f"action_{action}", "")
    name = action.removesuffix("_deg").replace("_", " ")
    return f"{name} ({unit})" if unit else name


def beliefs(found: Sequence[Belief]) -> Figure:
    """What was believed of each parameter before the record (grey), and after it."""
    across = min(_ACROSS, len(found))
    rows = -(-len(found) // across)
    with styled():
        figure = new_figure(9.2, 1.9 * rows)
        for place, one in enumerate(found):
            _densities(figure.add_subplot(rows, across, place + 1), one)
    return figure


def _densities(axes: Axes, found: Belief) -> None:
    view = np.log10 if found.log else np.asarray
    low, high = np.quantile(view(found.before), [0.01, 0.99])
    low, high = min(low, view(found.after).min()), max(high, view(found.after).max())
    for draws, colour in ((found.before, PALE), (found.after, PERSON)):
        height, edges = np.histogram(view(draws), bins=_BINS, range=(low, high), density=True)
        axes.stairs(height, 10**edges if found.log else edges, fill=True, color=colour, alpha=0.45, lw=0)
    if found.log:
        axes.set_xscale("log")
    axes.set_yticks([])
    axes.set_title(_titled(found.name), fontsize=8)
    axes.set_xlabel(found.scale, fontsize=8)


def ranks(draws: Float[np.ndarray, "chain draw"], title: str) -> Figure:
    """Where each chain's draws stand among all: level where the chains agree (Vehtari et al. 2021), beside their course."""
    place = draws.ravel().argsort().argsort().reshape(draws.shape)
    bins = np.linspace(0, draws.size, 21)
    with styled():
        figure = new_figure(9.2, 2.4)
        course, ranked = figure.subplots(1, 2)
        for chain, colour in zip(range(len(draws)), (PERSON, YOKED, FREE_PERSON, INK, *[PALE] * len(draws)), strict=False):
            course.plot(draws[chain], color=colour, lw=0.5, alpha=0.7)
            ranked.stairs(np.histogram(place[chain], bins)[0], bins, color=colour, lw=1.2)
        ranked.axhline(draws.shape[1] / 20, color=PALE, lw=0.8, ls="--")
        course.set(title=title, xlabel="draw")
        ranked.set(title="ranks of each chain's draws", xlabel="rank", ylim=(0, None))
    return figure


def gains(
    names: Sequence[str],
    mean: Float[np.ndarray, " learner"],
    low: Float[np.ndarray, " learner"],
    high: Float[np.ndarray, " learner"],
    people: Float[np.ndarray, "person learner"],
) -> Figure:
    """Bits a trial over the best floor on blocks that weren't fitted: each person as a dot, and the mean with its interval."""
    lane = np.arange(len(names))[::-1]
    with styled():
        figure = new_figure(9.2, 0.9 + 0.3 * len(names))
        axes = figure.add_subplot()
        for place, level in enumerate(lane):
            axes.plot(people[:, place], np.full(len(people), level), "|", ms=7, color=PALE, alpha=0.7)
        axes.hlines(lane, low, high, color=PERSON, lw=2.2)
        axes.plot(mean, lane, "o", ms=5, color=PERSON)
        axes.axvline(0, color=BAD, lw=0.8)
        axes.set_xscale("symlog", linthresh=0.1)  # a null, or a state that ran away, is worse by thousands
        axes.set_yticks(lane, names)
        axes.set_xlabel("bits a trial over the best floor")
        axes.grid(axis="y", visible=False)
    return figure


def practised(panels: Sequence[Practised], unit: str) -> Figure:
    """A panel for each person: their course (dots), and where 95 % of the fitted learner's free runs go (band)."""
    many = len(panels) > 12
    across = min(6 if many else _ACROSS, len(panels))
    rows = -(-len(panels) // across)
    with styled():
        figure = new_figure(9.2, max(2.4, (1.1 if many else 1.7) * rows + 0.5))
        axes = figure.subplots(rows, across, sharex=True, squeeze=False)
        for place, (one, panel) in enumerate(zip(panels, axes.flat, strict=False)):
            panel.fill_between(one.trial, one.low, one.high, color=YOKED, alpha=0.3, lw=0)
            panel.plot(one.trial, one.median, color=YOKED, lw=1)
            panel.plot(one.trial, one.person, ".", ms=2.5 if many else 4, color=PERSON)
            panel.set_title(one.name, fontsize=6.5 if many else 8.5)
            panel.tick_params(labelsize=6 if many else 8, labelbottom=place >= len(panels) - across)
            panel.yaxis.set_major_locator(MaxNLocator(4))
        for panel in axes.flat[len(panels) :]:
            panel.set_visible(False)
        figure.supxlabel("trial", fontsize=9)
        figure.supylabel(unit, fontsize=9)
    return figure


def evidence(names: Sequence[str], people: Sequence[str], bic: Float[np.ndarray, "person learner"]) -> Figure:
    """How much worse than the person's best each learner's BIC is; cut off at 100."""
    worse = np.clip(bic - bic.min(axis=1, keepdims=True), 0, 100)
    with styled():
        figure = new_figure(9.2, 1.0 + max(0.3 * len(people), 1.5) if len(people) <= 12 else 1.2 + 0.14 * len(people))
        axes = figure.add_subplot()
        shown = axes.imshow(worse, aspect="auto", cmap="Blues_r", vmin=0, vmax=100)
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
        axes.set_yticks(range(len(people)), people, fontsize=6 if len(people) > 12 else 8)
        axes.grid(False)
        figure.colorbar(shown, ax=axes, label="BIC above the best", pad=0.02)
    return figure
