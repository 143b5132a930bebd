"""Are the policy gradient's parameters told by a few hundred throws? Many learners with known ones practise skittles and are fitted.

``python -m benchmarks.recovery [SETS [CASE ...]]``. Writes ``benchmarks/results/recovery.json``, one part a case, and a picture of each.
What was computed is kept in ``benchmarks/sets``, so that a run that was cut short goes on.
"""

import sys
from typing import Any, NamedTuple

from analysis.figures.recovery import scatter
from analysis.figures.style import styled
from analysis.recovery import summarise
from benchmarks.keep import keep
from benchmarks.kept_sets import gathered
from benchmarks.studies import PICTURES
from rig.arithmetic import work_without_idle_threads
from rig.models.recovery import Asked, truth_of
from rig.whole_loops import compile_loops_whole

LEARNER = "policy-gradient"
SETS, MOST = 40, 1000
STARTS = 20
WANTED = ("alpha_mean", "alpha_log_var", "initial_sd.release_angle_deg", "initial_sd.release_speed")
PICTURED = "throws_600"


class Case(NamedTuple):
    """A study: how many throws, and what is known of the learner."""

    throws: int
    fix: tuple[str, ...]
    ranges: tuple[str, ...] = ()  # of true values; else a factor of 3 either way of the usual ones


START, MOTOR = "initial_mean=85,3.5", "motor_sd=2,0.15"  # deg, m/s
CASES = {
    "throws_200": Case(200, (START, MOTOR)),
    "throws_600": Case(600, (START, MOTOR)),
    "throws_200_wide": Case(200, (START, MOTOR), ("alpha_mean=0.03,1", "alpha_log_var=0.1,2")),
    "throws_600_faster": Case(600, (START, MOTOR), ("alpha_log_var=0.067,0.6",)),
    "throws_200_motor_free": Case(200, (START,)),
    "throws_600_motor_free": Case(600, (START,)),
    "throws_3000_natural": Case(3000, (START, MOTOR, "gradient=natural")),
    "throws_3000_natural_motor_free": Case(3000, (START, "gradient=natural")),
}


def measure(name: str, sets: int) -> dict[str, Any]:
    """What the data sets of one case say, and its picture."""
    case = CASES[name]
    asked = Asked("skittles", (LEARNER,), (case.throws,), MOST, 0, case.fix, STARTS, case.ranges)
    found = sorted(gathered(asked, sets, name), key=lambda one: one["index"])
    summary = summarise(found, LEARNER, truth_of(asked, LEARNER, case.throws))
    if name == PICTURED:
        with styled():
            scatter(found, LEARNER, summary).savefig(PICTURES / "recovery.png", dpi=100, facecolor="white")
    told = {key: {k: _short(v) for k, v in values.items()} for key, values in summary["parameters"].items()}
    return {
        "throws": case.throws,
        "sets": summary["sets"],
        "starts": STARTS,
        "fixed": list(case.fix),
        "ranges": list(case.ranges),
        "best_found": round(summary["best_found"], 3),
        "unreliable": round(summary["unreliable"], 3),
        "r": _spoken(told, "r"),
        "r_told": _spoken(told, "r_told"),
        "r_median": _spoken(told, "r_median"),
        "r_at_most": _spoken(told, "r_at_most"),
        "coverage": _spoken(told, "coverage", digits=3),
        "others_told": ", ".join(f"{key} {values['identifiable']:.0%}" for key, values in told.items() if key not in WANTED),
        "parameters": told,
    }


def _spoken(told: dict[str, Any], what: str, digits: int = 2) -> str:
    """A figure of each parameter that should be recoverable, in the order of ``WANTED``."""
    return ", ".join("n/a" if told[key][what] is None else f"{told[key][what]:.{digits}f}" for key in WANTED)


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else SETS
    work_without_idle_threads()
    compile_loops_whole(loaded=True)
    for name in sys.argv[2:] or CASES:
        keep("recovery", measure(name, sets), name)


if __name__ == "__main__":
    main()
