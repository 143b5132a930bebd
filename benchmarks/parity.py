"""The yoked twin of a real session against a free-standing NumPy learner: the rule as a script writes it, on stored actions and rewards.

``python -m benchmarks.parity [TRIALS]``. Writes ``benchmarks/results/parity.json``.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.keep import keep
from benchmarks.kills import finish, folder_of
from rig.folder import JOURNAL, TWIN
from rig.journal.reader import read_journal
from rig.twin.store import read_twin
from rig.virtual_screen import virtual_screen


def plain_learner(actions: np.ndarray, rewards: np.ndarray, parameters: dict[str, Any]) -> np.ndarray:
    """States (mean 2, log variances 2, angle, baseline) after each trial: a loop, gradients written out by hand, no motor noise."""
    start, scale = np.array(parameters["initial_mean"]), np.array(parameters["initial_sd"])
    mean, log_var, angle, baseline = np.zeros(2), np.zeros(2), 0.0, np.nan
    states = []
    for action, reward in zip((actions - start) / scale, rewards, strict=True):
        baseline = reward if np.isnan(baseline) else baseline
        advantage = reward - baseline
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        along = turn.T @ (action - mean)
        narrow = np.exp(-log_var)
        mean = mean + parameters["alpha_mean"] * advantage * (turn @ (narrow * along))
        angle = angle + parameters["alpha_angle"] * advantage * along[0] * along[1] * (narrow[1] - narrow[0])
        log_var = log_var + parameters["alpha_log_var"] * advantage * (along**2 * narrow - 1) / 2
        log_var = np.maximum(log_var, np.log(parameters["variance_floor"]))
        baseline = parameters["baseline_decay"] * baseline + (1 - parameters["baseline_decay"]) * reward
        states.append([*mean, *log_var, angle, baseline])
    return np.array(states)


def compare(folder: Path) -> dict[str, Any]:
    """Largest difference between the twin's stored states and the plain learner's."""
    with read_journal(folder / JOURNAL) as journal:
        committed = journal.committed()
    with read_twin(folder / TWIN) as store:
        rows, kept = store.rows("yoked"), store.params("yoked")
    assert kept is not None
    actions = np.array([trial.action for trial in committed])
    plain = plain_learner(actions, np.array([trial.reward for trial in committed]), kept["parameters"])
    twin = np.array([[*row.state["mean"][0], *row.state["log_var"], row.state["mix"], row.state["reward_baseline"][0]] for row in rows])
    return {
        "throws": len(rows),
        "largest_difference": float(np.abs(plain - twin).max()),
        "state_moved_by": float(np.abs(twin[-1] - twin[0]).max()),
        "growth_of_a_1e-9_shift": float(rows[-1].shift_growth),
    }


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    with virtual_screen(), tempfile.TemporaryDirectory() as scratch:
        finish(Path(scratch), "simulated", trials)
        result = compare(folder_of(Path(scratch)))
    keep("parity", result)


if __name__ == "__main__":
    main()
