"""Live inference over trials: what each parameter looked like, and how the evidence for the learner ran against its rivals."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from analysis.figures.style import FREE_OWN, FREE_PERSON, PALE, PERSON, YOKED, new_figure, styled

_COLUMNS = 3
_RIVALS = (FREE_PERSON, FREE_OWN, PERSON, PALE)


def inference_course(
    trial: np.ndarray,
    learner: str,
    quantiles: Mapping[str, Float[np.ndarray, "trial 3"]],
    evidence: Mapping[str, Float[np.ndarray, " trial"]],
) -> Figure:
    """A panel for each parameter (median and 90 % interval, natural units) and one for the log evidence less that of each rival (nats)."""
    rivals = {name: values for name, values in evidence.items() if name != learner}
    panels = len(quantiles) + bool(rivals)
    rows = -(-panels // _COLUMNS)
    with styled():
        figure = new_figure(height=0.4 + 1.75 * rows)
        grid = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False)
        for axes in grid.flat[panels:]:
            axes.set_axis_off()
        for axes, (name, values) in zip(grid.flat, quantiles.items(), strict=False):
            _draw_parameter(axes, trial, name, values)
        if rivals:
            _draw_evidence(grid.flat[panels - 1], trial, evidence[learner], rivals)
        for axes in grid.flat[max(panels - _COLUMNS, 0) : panels]:  # the lowest of each column
            axes.set_xlabel("trial")
            axes.tick_params(labelbottom=True)
    return figure


def _draw_parameter(axes: Axes, trial: np.ndarray, name: str, values: Float[np.ndarray, "trial 3"]) -> None:
    low, median, high = values.T
    axes.fill_between(trial, low, high, color=YOKED, alpha=0.25, lw=0)
    axes.plot(trial, median, color=YOKED, lw=1.6)
    axes.set_title(parameter_words(name), fontsize=8.5)
    if np.all(low > 0) and np.max(high) > 20 * np.min(low):
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())


def parameter_words(name: str) -> str:
    """``initial_sd.reach_angle_deg`` as it is read: initial sd, reach angle (deg)."""
    whole, _, action = name.replace("_", " ").partition(".")
    action = action.removesuffix(" deg") + " (deg)" * action.endswith(" deg")
    return f"{whole}, {action}" if action else whole


def _draw_evidence(axes: Axes, trial: np.ndarray, own: Float[np.ndarray, " trial"], rivals: Mapping[str, np.ndarray]) -> None:
    axes.axhline(0.0, color=PALE, lw=1.0)
    for place, (name, values) in enumerate(rivals.items()):
        axes.plot(trial, own - values, lw=1.4, color=_RIVALS[place % len(_RIVALS)], label=name)
    axes.set_title("evidence over rivals (nats)", fontsize=8.5)
    axes.legend(fontsize=7)
