"""Figures of designs: power by trials and people."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.design import PEOPLE, WANTED, Power
from analysis.figures.style import PALE, new_figure, styled


def power_curves(found: Mapping[str, Sequence[Power]]) -> Figure:
    """How often studies decide rightly between two learners, by people; a panel for each protocol and learner, a line for each number
    of trials."""
    panels = [(name, learner) for name, some in found.items() for learner in dict.fromkeys(power.simulated for power in some)]
    with styled():
        figure = new_figure(9.2, 2.6 * -(-len(panels) // 2))
        for place, (name, learner) in enumerate(panels):
            axes = figure.add_subplot(-(-len(panels) // 2), 2, place + 1)
            _curves(axes, [power for power in found[name] if power.simulated == learner])
            axes.set_title(f"{name}: people are {learner}", fontsize=9)
    return figure


def _curves(axes: Axes, some: Sequence[Power]) -> None:
    trials = sorted({power.trials for power in some})
    for count, shade in zip(trials, np.linspace(0.35, 1.0, len(trials)), strict=True):
        line = {power.people: power.right for power in some if power.trials == count}
        axes.plot(PEOPLE, [line[people] for people in PEOPLE], "o-", ms=3, color=(0.11, 0.31, 0.54, shade), label=f"{count} trials")
    axes.axhline(WANTED, color=PALE, lw=0.8, ls="--")
    axes.set(xscale="log", xlabel="people", ylabel="decided rightly", ylim=(-0.03, 1.03))
    axes.set_xticks(PEOPLE, [str(people) for people in PEOPLE], minor=False)
    axes.minorticks_off()
    axes.legend(fontsize=8)
