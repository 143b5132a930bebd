"""How long a maximum-likelihood fit of the policy gradient to skittles throws takes, and how often the best optimum is found.

``python -m benchmarks.fit_speed [SETS]``. Writes ``benchmarks/results/fit_speed.json``. The likelihood is also written as a plain NumPy
loop, without motor noise, so that the cost of one start can be set beside one of an optimiser that calls such a loop.
"""

import sys
import time
from typing import Any

import numpy as np

from analysis.fit.likelihood import make_problem
from analysis.fit.ml import SAME, maximise
from analysis.fit.polish import Search, polish
from analysis.fit.space import make_space, scale_of
from analysis.recovery import draw, practise, truths_of
from benchmarks.keep import keep
from benchmarks.parity import plain_learner
from rig.models.recovery import Asked, study_of

THROWS = (600, 3000)
STARTS = 20
FIX = ("initial_mean=85,3.5",)


def measure(throws: int, sets: int) -> dict[str, Any]:
    """Times of fits after compiling, CPU and wall, and whether a search from the truth found better."""
    asked = Asked("skittles", ("policy-gradient",), (throws,), sets, 0, FIX, STARTS)
    study = study_of(asked, "policy-gradient", throws)
    truth = truths_of(study)
    found = [_one(study, truth, index) for index in range(sets + 1)][1:]  # the first compiles
    wall, cpu, ahead = (np.array([one[key] for one in found]) for key in ("wall", "cpu", "ahead"))
    return {
        "throws": throws,
        "sets": sets,
        "free": len(truth.space.names),
        "wall_s": {"median": round(float(np.median(wall)), 2), "max": round(float(wall.max()), 2)},
        "cpu_s": {"median": round(float(np.median(cpu)), 2), "max": round(float(cpu.max()), 2)},
        "cpu_s_per_start": round(float(np.median(cpu)) / STARTS, 3),
        "best_found": float(np.mean(ahead < SAME)),
        "plain_loop_s": round(plain_seconds(practise(study, truth, draw(truth, 0, 0), 0, 0)), 4),
    }


def _one(study: Any, truth: Any, index: int) -> dict[str, float]:
    x = draw(truth, 0, index)
    seen = practise(study, truth, x, 0, index)
    actions, rewards = np.asarray(seen.action), np.asarray(seen.reward)
    space = make_space(study.learner, study.plan.fixed, scale_of(actions, rewards))
    problem = make_problem(study.learner, space, study.plan.contexts, seen)
    wall, cpu = time.perf_counter(), time.process_time()
    best = maximise(problem, STARTS, 0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    start = space.unbounded(truth.space.natural(x).tolist())
    helped = polish(problem, [Search(start, np.ones(len(start), bool))])[0].log_likelihood
    return {"wall": wall, "cpu": cpu, "ahead": helped - best.log_likelihood}


def plain_seconds(seen: Any) -> float:
    """CPU time of one pass of a learner that is written as a NumPy loop."""
    parameters = {"initial_mean": [85, 3.5], "initial_sd": [8, 0.6], "alpha_mean": 0.1, "alpha_angle": 0.1, "alpha_log_var": 0.1}
    rewards = np.nan_to_num(np.asarray(seen.reward), nan=-0.3)
    with np.errstate(all="ignore"):
        before = time.process_time()
        plain_learner(np.asarray(seen.action), rewards, {**parameters, "baseline_decay": 0.99, "variance_floor": 0.01})
        return time.process_time() - before


def main() -> None:
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    keep("fit_speed", {f"throws_{throws}": measure(throws, sets) for throws in THROWS})


if __name__ == "__main__":
    main()
