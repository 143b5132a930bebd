"""Deep agents beside the policy gradient, and beside people where their tables are named, on the throws of a protocol.

``python -m benchmarks.agents [TRIALS_TABLE...]``. Needs stable-baselines3 (requirements-agents.lock), and is no part of ``make bench``.
Writes ``benchmarks/results/agents.json`` and ``docs/pictures/agents.png``.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import protocols  # noqa: F401  (floats are 64-bit)
from analysis.agents import AGENTS, practise
from analysis.environments import practice_environment
from analysis.figures.style import INK, PERSON, YOKED, new_figure, styled
from analysis.simulate import simulate
from benchmarks.keep import keep
from protocols.load import load_protocol
from protocols.task import Trial
from protocols.tasks import make_task
from protocols.zone import ZoneRule
from rig.models.learner_choice import targets_of, twin_choice
from rig.tables.trials import read_trials

TRIALS, SEEDS, BLOCK = 3000, 5, 60
PICTURE = Path("docs/pictures/agents.png")
COLOURS = {"policy-gradient": YOKED, "ppo": "#2a8f7b", "sac": "#8660a8", "dqn": INK}


def policy_gradient_errors() -> np.ndarray:
    """Errors (m), (seed, trial), of learners as the twin of the library's skittles."""
    loaded = load_protocol("skittles")
    task, protocol = make_task(loaded.protocol), loaded.protocol
    target = protocol.target_position(next(iter(protocol.targets)))
    trials = [Trial(number, 1, number, 1, 0, target) for number in range(1, TRIALS + 1)]
    none = ZoneRule(False, np.nan, np.nan, 1, False, 0.0, 0, 0.0)
    choice = twin_choice(protocol, task, loaded.path.parent)
    turns = simulate(task, choice.learner, choice.params(), targets_of(protocol), trials, [none] * TRIALS, 1, SEEDS)
    return np.asarray(turns.outcome.error)


def agent_errors(agent: str) -> np.ndarray:
    """Errors (m), (seed, trial)."""
    return np.stack([practise(agent, practice_environment("skittles"), TRIALS, seed).error for seed in range(1, SEEDS + 1)])


def blocks(errors: np.ndarray) -> np.ndarray:
    """Mean error of each block of 60, over all who practised."""
    whole = errors[:, : errors.shape[1] // BLOCK * BLOCK]
    return np.nanmean(whole.reshape(len(errors), -1, BLOCK), axis=(0, 2))


def draw(curves: Mapping[str, np.ndarray], people: Mapping[str, np.ndarray]) -> None:
    """One line for each kind of learner, and one for each person."""
    with styled():
        figure = new_figure(width=7.2, height=3.6)
        axes = figure.subplots()
        for name, curve in curves.items():
            axes.plot((np.arange(len(curve)) + 0.5) * BLOCK, 100 * curve, color=COLOURS[name], lw=1.6, label=name)
        for name, curve in people.items():
            axes.plot((np.arange(len(curve)) + 0.5) * BLOCK, 100 * curve, color=PERSON, marker="o", ms=3, lw=1, label=name)
        axes.set(xlabel="trial", ylabel="mean error of a block (cm)", ylim=(0, None))
        axes.legend()
        figure.savefig(PICTURE, dpi=140, facecolor="white")


def main() -> None:
    tables = [Path(name) for name in sys.argv[1:]]
    errors = {"policy-gradient": policy_gradient_errors(), **{agent: agent_errors(agent) for agent in AGENTS}}
    people = {table.stem: blocks(read_trials(table)["error"][None, :]) for table in tables}
    curves = {name: blocks(values) for name, values in errors.items()}
    draw(curves, people)
    tenth = TRIALS // 10
    keep(
        "agents",
        {
            "trials": TRIALS,
            "seeds": SEEDS,
            "mean_error_cm": {
                name: {"first_tenth": round(100 * float(e[:, :tenth].mean()), 2), "last_tenth": round(100 * float(e[:, -tenth:].mean()), 2)}
                for name, e in errors.items()
            },
        },
    )


if __name__ == "__main__":
    main()
