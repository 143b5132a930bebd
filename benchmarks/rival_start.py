"""One start of PyBADS (Acerbi & Ma 2017) on the plain NumPy loop: ``PYTHON benchmarks/rival_start.py PROBLEM``, with a Python that has it.

The problem is a JSON file as ``benchmarks.fit_rival`` writes it; what was found is printed as JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from plain_likelihood import log_likelihood  # type: ignore[import-not-found]  # lies beside this script, which runs by itself


def natural(coordinates: list[dict[str, Any]], fixed: dict[str, Any], x: np.ndarray) -> dict[str, Any]:
    """Parameters by name from unbounded coordinates."""
    values = {name: np.array(value, dtype=float) for name, value in fixed.items()}
    for c, at in zip(coordinates, x, strict=True):
        share = c["low"] + (c["high"] - c["low"]) / (1 + np.exp(-at)) if c["kind"] == "logit" else at
        value = np.exp(at) if c["kind"] == "log" else share
        values[c["parameter"]][() if c["place"] is None else c["place"]] = value
    return values


def main() -> None:
    from pybads import BADS  # type: ignore[import-not-found]  # its environment's, not twinrig's

    problem = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    actions, rewards = np.array(problem["actions"]), np.array(problem["rewards"])
    (low, high), (likely_low, likely_high) = np.array(problem["held"]).T, np.array(problem["search"]).T
    calls = 0

    def cost(x: np.ndarray) -> float:
        nonlocal calls
        calls += 1
        with np.errstate(all="ignore"):
            try:
                value = -log_likelihood(natural(problem["coordinates"], problem["fixed"], np.ravel(x)), actions, rewards)
            except np.linalg.LinAlgError:  # a covariance that has overflowed
                return 1e10
        return value if np.isfinite(value) else 1e10

    began = time.process_time()
    options = {"display": "off", "random_seed": problem["seed"]}
    found = BADS(cost, np.array(problem["start"]), low, high, likely_low, likely_high, options=options).optimize()
    seconds = time.process_time() - began
    print(json.dumps({"cpu_s": seconds, "evaluations": calls, "x": np.ravel(found["x"]).tolist(), "log_likelihood": -float(found["fval"])}))


if __name__ == "__main__":
    main()
