"""One start of a fit beside one of PyBADS on a plain NumPy loop of the same likelihood: CPU time, and who gets higher.

``python -m benchmarks.fit_rival [PYTHON [STARTS]]``: PYTHON is the interpreter of an environment with pybads, which twinrig never needs
(default: ``$PYBADS_PYTHON``, else this one). Without pybads it is skipped, and says so. Writes to ``benchmarks/results/fit_speed.json``.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from analysis.fit.likelihood import Problem
from analysis.fit.ml import first_points, maximise
from analysis.recovery import truths_of
from benchmarks.fit_speed import FIX, STARTS, THROWS, posed
from benchmarks.keep import keep
from benchmarks.plain_likelihood import log_likelihood
from rig.arithmetic import work_in_one_thread
from rig.models.recovery import Asked, study_of

SCRIPT = Path(__file__).with_name("rival_start.py")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def described(problem: Problem, start: np.ndarray) -> dict[str, Any]:
    """The problem as numbers alone; the padding is left out."""
    acted = np.isfinite(problem.trials.action).all(axis=1)
    space = problem.space
    return {
        "actions": np.asarray(problem.trials.action)[acted].tolist(),
        "rewards": np.asarray(problem.trials.reward)[acted].tolist(),
        "coordinates": [c._asdict() for c in space.coordinates],
        "fixed": {name: np.asarray(value).tolist() for name, value in space.fixed.items()},
        "held": space.held.tolist(),
        "search": space.search.tolist(),
        "start": np.clip(start, *space.search.T).tolist(),
        "seed": 0,
    }


def rival(python: str, told: dict[str, Any]) -> dict[str, Any]:
    """What one start of PyBADS found, and how long it took."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "problem.json"
        file.write_text(json.dumps(told), encoding="utf-8")
        run = subprocess.run([python, str(SCRIPT), str(file)], capture_output=True, text=True, env={**os.environ, **ONE_THREAD}, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def beside(throws: int, index: int, python: str) -> dict[str, Any]:
    """One start of either, on one data set, from the same place."""
    study = study_of(Asked("skittles", ("policy-gradient",), (throws,), index, 0, FIX, STARTS), "policy-gradient", throws)
    problem, _ = posed(study, truths_of(study), index)
    maximise(problem, STARTS, 0)  # compiles
    began = time.process_time()
    best = maximise(problem, STARTS, 0)
    own = (time.process_time() - began) / STARTS
    told = described(problem, first_points(problem, STARTS, 0)[0])
    found = rival(python, told)
    with np.errstate(all="ignore"):
        values = {name: np.asarray(value) for name, value in problem.space.values(best.x).items()}
        plain = log_likelihood(values, np.array(told["actions"]), np.array(told["rewards"]))
    return {
        "set": index,
        "rival_cpu_s": round(found["cpu_s"], 1),
        "rival_evaluations": found["evaluations"],
        "cpu_s_per_start": round(own, 3),
        "rival_is_ahead": round(found["log_likelihood"] - best.log_likelihood, 3),
        "likelihoods_differ": abs(plain - best.log_likelihood),
    }


def main() -> None:
    python = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PYBADS_PYTHON", sys.executable)
    starts = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    if subprocess.run([python, "-c", "import pybads"], capture_output=True, check=False).returncode:
        print(f"fit_rival: SKIPPED, {python} has no pybads: make an environment with it and name its Python", file=sys.stderr)
        return
    work_in_one_thread()
    found = [beside(THROWS[0], index, python) for index in range(1, starts + 1)]
    ratio = min(one["rival_cpu_s"] / one["cpu_s_per_start"] for one in found)
    keep("fit_speed", {"throws": THROWS[0], "starts": starts, "ratio": round(ratio), "each": found}, f"rival_{THROWS[0]}")


if __name__ == "__main__":
    main()
