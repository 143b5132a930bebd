"""Who is taken for whom: six learners practise ``reach-reward``, all are fitted to each, and the least BIC wins.

``python -m benchmarks.model_recovery [SETS [CASE ...]]``. Writes ``benchmarks/results/model_recovery.json``, one part a case, and a
picture. What was computed is kept in ``benchmarks/sets``, so that a run that was cut short goes on.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from analysis.figures.recovery import matrix
from analysis.figures.style import styled
from analysis.recovery import confusion
from benchmarks.keep import keep
from benchmarks.kept_sets import gathered
from benchmarks.studies import PICTURES
from rig.arithmetic import work_without_idle_threads
from rig.models.recovery import Asked
from rig.whole_loops import compile_loops_whole

LEARNERS = ("policy-gradient", "error-based", "explore-keep", "reward-variability", "win-stay", "local-level")
TRIALS, SETS, MOST = 1200, 20, 200
#: Ranges of truths, else a factor of 3 either way of the usual ones. A learner whose mean hardly moves is told by nobody.
CASES: dict[str, tuple[str, ...]] = {"usual": (), "learning": ("alpha_mean=0.1,0.5",)}
PICTURED = "usual"
STARTS = 10
UNDECIDED = 0.2  # share of a learner's data sets that one rival wins, above which the two count as undecided


def undecided(given: np.ndarray) -> list[Sequence[str]]:
    """Pairs of which one is too often taken for the other."""
    pairs = combinations(range(len(LEARNERS)), 2)
    return [[LEARNERS[i], LEARNERS[j]] for i, j in pairs if max(given[i, j], given[j, i]) > UNDECIDED]


def explores(one: Mapping[str, Any]) -> bool:
    """Whether true motor noise is smaller than exploration at first. Where it isn't, there is little that reward could act on."""
    truth = one["truth"]
    actions = [name.removeprefix("initial_sd.") for name in truth if name.startswith("initial_sd.")]
    return all(truth.get(f"motor_sd.{action}", 0.0) < truth[f"initial_sd.{action}"] for action in actions)


def spoken(given: np.ndarray) -> str:
    """How often each learner is taken for itself."""
    return ", ".join(f"`{name}` {share:.2f}" for name, share in zip(LEARNERS, np.diag(given), strict=True))


def draw(given: np.ndarray) -> None:
    """The confusion matrix as a picture."""
    figure = matrix(given, LEARNERS, LEARNERS, "p(fitted | simulated)", "simulated", "fitted (least BIC)")
    with styled():
        figure.savefig(PICTURES / "model-recovery.png", dpi=130, facecolor="white")


def measure(case: str, sets: int) -> dict[str, Any]:
    """What the data sets of one case say, and its picture."""
    asked = Asked("reach-reward", LEARNERS, (TRIALS,), MOST, 0, (), STARTS, CASES[case])
    found = gathered(asked, sets, f"models_{case}")
    given, inverse = confusion(found, LEARNERS)
    if case == PICTURED:
        draw(given)
    exploring = [one for one in found if explores(one)]
    return {
        "protocol": "reach-reward",
        "trials": TRIALS,
        "learners": list(LEARNERS),
        "sets_of_each": sets,
        "ranges": list(CASES[case]),
        "starts": STARTS,
        "criterion": "least BIC",
        "confusion": given.round(3).tolist(),
        "inversion": [[None if np.isnan(value) else round(float(value), 3) for value in row] for row in inverse],
        "diagonal": spoken(given),
        "sets_that_explore": len(exploring),
        "diagonal_where_they_explore": spoken(confusion(exploring, LEARNERS)[0]),
        "smallest_on_diagonal": round(float(np.diag(given).min()), 3),
        "pairs_undecided": ", ".join(f"`{one}` and `{other}`" for one, other in undecided(given)) or "none",
    }


def main() -> None:
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else SETS
    work_without_idle_threads()
    compile_loops_whole(loaded=True)
    for case in sys.argv[2:] or CASES:
        keep("model_recovery", measure(case, sets), case)


if __name__ == "__main__":
    main()
