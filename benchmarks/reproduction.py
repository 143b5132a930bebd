"""The published simulations of Haith (2025), as its code has them and with twinrig's tasks and learner, side by side.

``python -m benchmarks.reproduction [LEARNERS]``. Writes ``benchmarks/results/reproduction.json`` and ``docs/pictures/reproduction.png``.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from analysis.figures.style import INK, PERSON, YOKED, new_figure, styled
from benchmarks.keep import keep
from tests.reproduction import corrected, published_arc, published_bimanual, published_skittles

PICTURE = Path("docs/pictures/reproduction.png")
CLASSIC = (0.38, 0.43)  # m, a target that a tangent throw reaches


def curve(values: Any, count: int) -> np.ndarray:
    """Means of ``count`` equal parts of practice over all learners."""
    values = np.asarray(values)
    return np.nanmean(values.reshape(len(values), count, -1), axis=(0, 2))


def draw_curves(axes: Axes, trials: int, lines: dict[str, tuple[np.ndarray, str, str]], label: str) -> None:
    for name, (values, colour, dash) in lines.items():
        axes.plot((np.arange(len(values)) + 0.5) * trials / len(values), values, color=colour, ls=dash, lw=1.5, label=name)
    axes.set(xlabel="trial", ylabel=label)
    axes.legend(fontsize=8)


def main() -> None:
    learners = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    throws = published_skittles.practise(learners, 3000, 1)
    tangent, classic = corrected.skittles(learners, 3000, 1), corrected.skittles(learners, 3000, 1, CLASSIC)
    two_hands, ours = published_bimanual.practise(learners, 3000, 1), corrected.bimanual(learners, 3000, 1).outcome
    arcs, steered = published_arc.practise(learners // 2, 1200, 1), corrected.arc(learners // 2, 1200, 1).outcome
    meant, shown = (np.degrees(np.abs(np.asarray(error))) for error in (ours.hand_error, ours.cursor_error))
    with styled():
        figure = new_figure(width=9.6, height=6.4)
        (first, second), (third, fourth) = figure.subplots(2, 2)
        skittles = {
            "as published": (100 * curve(-throws.reward, 60), YOKED, "-"),
            "tangent release, same target": (100 * curve(tangent.outcome.error, 60), PERSON, "-"),
            "tangent release, target (0.38, 0.43)": (100 * curve(classic.outcome.error, 60), PERSON, ":"),
        }
        draw_curves(first, 3000, skittles, "skittles: error (cm)")
        bimanual = {
            "as published": (curve(two_hands, 50), YOKED, "-"),
            "twinrig, without execution noise": (curve(meant, 50), PERSON, "-"),
            "twinrig, with it": (curve(shown, 50), PERSON, ":"),
        }
        draw_curves(second, 3000, bimanual, "two hands: |direction error| (deg)")
        cost = {"as published": (curve(arcs.reward, 40), YOKED, "-"), "twinrig": (curve(steered.reward, 40), PERSON, "-")}
        draw_curves(third, 1200, cost, "arc: reward")
        share = {
            "as published: outer edge kept": (curve(arcs.inside_outer, 40), YOKED, "-"),
            "as published: both edges kept": (curve(arcs.inside_both, 40), INK, ":"),
            "twinrig: both edges kept": (curve(steered.hit, 40), PERSON, "-"),
        }
        draw_curves(fourth, 1200, share, "arc: share inside the channel")
        figure.savefig(PICTURE, dpi=130, facecolor="white")
    keep("reproduction", _found(throws.reward, tangent, classic, two_hands, meant, shown, arcs, steered) | {"learners": learners})


def _found(rewards: Any, tangent: Any, classic: Any, two_hands: Any, meant: Any, shown: Any, arcs: Any, steered: Any) -> dict[str, Any]:
    def rounded(values: Any, count: int) -> list[float]:
        return [round(float(value), 3) for value in curve(values, count)]

    def ends(values: Any) -> list[float]:
        values = np.asarray(values)
        return [round(float(values[:, :100].mean()), 4), round(float(values[:, -100:].mean()), 4)]

    return {
        "skittles_reward_first_and_last_100": {
            "published": ends(rewards),
            "tangent": ends(tangent.reward),
            "tangent_target_0.38_0.43": ends(classic.reward),
        },
        "bimanual_direction_error_deg_by_fifths": {
            "published": rounded(two_hands, 5),
            "twinrig_without_execution_noise": rounded(meant, 5),
            "twinrig_with_execution_noise": rounded(shown, 5),
        },
        "arc_reward_by_tenths": {"published": rounded(arcs.reward, 10), "twinrig": rounded(steered.reward, 10)},
        "arc_share_inside_by_tenths": {
            "published_outer_edge": rounded(arcs.inside_outer, 10),
            "published_both_edges": rounded(arcs.inside_both, 10),
            "twinrig_both_edges": rounded(steered.hit, 10),
        },
    }


if __name__ == "__main__":
    main()
