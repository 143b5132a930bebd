"""How long a maximum-likelihood fit of the policy gradient to skittles throws takes, and how often the best optimum is found.

``python -m benchmarks.fit_speed [SETS [THROWS ...]]``. Writes ``benchmarks/results/fit_speed.json``, every few sets anew. Wall time says
little where others use the processors: CPU time is that of all threads, and two cores share it. ``benchmarks.fit_rival`` measures one
start of another optimiser.
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from analysis.fit.likelihood import Problem, make_problem
from analysis.fit.ml import SAME, maximise
from analysis.fit.polish import Search, polish
from analysis.fit.space import make_space, scale_of
from analysis.recovery import Study, Truth, draw, practise, truths_of
from benchmarks.keep import keep
from rig.arithmetic import work_without_idle_threads
from rig.models.recovery import Asked, study_of

THROWS = (600, 3000)
SETS = 40
STARTS = 20
FIX = ("initial_mean=85,3.5",)
EVERY = 5  # sets, after which what was found is kept


def measure(throws: int, sets: int) -> None:
    """Times of fits after compiling, CPU and wall, and whether a search from the truth found better; kept on the way."""
    study = study_of(Asked("skittles", ("policy-gradient",), (throws,), sets, 0, FIX, STARTS), "policy-gradient", throws)
    truth = truths_of(study)
    _one(study, truth, 0)  # compiles
    found = []
    for index in range(1, sets + 1):
        found.append(_one(study, truth, index))
        if index % EVERY == 0 or index == sets:
            keep("fit_speed", _summary(throws, len(truth.space.names), found), f"throws_{throws}")


def _summary(throws: int, free: int, found: list[dict[str, float]]) -> dict[str, Any]:
    wall, cpu, ahead = (np.array([one[key] for one in found]) for key in ("wall", "cpu", "ahead"))
    return {
        "throws": throws,
        "sets": len(found),
        "free": free,
        "wall_s": {"median": round(float(np.median(wall)), 2), "max": round(float(wall.max()), 2)},
        "cpu_s": {"median": round(float(np.median(cpu)), 2), "max": round(float(cpu.max()), 2)},
        "cpu_s_per_start": round(float(np.median(cpu)) / STARTS, 3),
        "best_found": float(np.mean(ahead < SAME)),
        "truth_ahead": [round(float(a), 3) for a in ahead if a >= SAME],  # nats, where it was
    }


def posed(study: Study, truth: Truth, index: int) -> tuple[Problem, np.ndarray]:
    """A data set by its index, and its true parameters in its coordinates."""
    x = draw(truth, 0, index)
    seen = practise(study, truth, x, 0, index)
    space = make_space(study.learner, study.plan.fixed, scale_of(np.asarray(seen.action), np.asarray(seen.reward)))
    return make_problem(study.learner, space, study.plan.contexts, seen), space.unbounded(truth.space.natural(x).tolist())


def _one(study: Study, truth: Truth, index: int) -> dict[str, float]:
    problem, true = posed(study, truth, index)
    wall, cpu = time.perf_counter(), time.process_time()
    best = maximise(problem, STARTS, 0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    helped = polish(problem, [Search(true, np.ones(len(true), bool))])[0].log_likelihood
    return {"wall": wall, "cpu": cpu, "ahead": helped - best.log_likelihood}


def main() -> None:
    sets, *throws = map(int, sys.argv[1:] or [SETS])
    work_without_idle_threads(loaded=True)
    for count in throws or THROWS:
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:  # JAX asks once how it may work
            fresh.submit(measure, count, sets).result()


if __name__ == "__main__":
    main()
