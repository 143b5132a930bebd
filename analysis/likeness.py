"""Does a learner that predicts well also behave like the person? The fitted learner practises freely, many times, and is compared.

A learner that wins on likelihood and fails this is not the person's (Palminteri et al. 2017): one-step predictions lean on what the person
did, free practice doesn't.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from analysis.measures.action import known_mean, lag_one

RUNS = 100
PARTS = 40  # stretches of trials that a course is shown in


class Look(NamedTuple):
    """One number of behaviour: the person's, and the range of a learner's runs."""

    name: str
    person: float
    low: float  # 95 % of runs lie within
    median: float
    high: float

    @property
    def alike(self) -> bool:
        """Whether the person's lies within the runs' range; what can't be computed speaks for nothing."""
        return bool(np.isnan([self.person, self.low]).any() or self.low <= self.person <= self.high)


class Course(NamedTuple):
    """Where one action dimension goes over practice: means of equal stretches of trials, and between which the runs' means lie."""

    last: Int[np.ndarray, " part"]  # trial that ends each stretch, from 1
    person: Float[np.ndarray, " part"]
    low: Float[np.ndarray, " part"]  # 95 % of runs lie within
    median: Float[np.ndarray, " part"]
    high: Float[np.ndarray, " part"]


def course(action: Float[np.ndarray, " trial"], runs: Float[np.ndarray, "run trial"]) -> Course:
    """The course of a person beside that of runs. Actions that the person hasn't are left out of the runs too."""
    parts = np.array_split(np.arange(len(action)), min(PARTS, len(action)))
    there = [part[np.isfinite(action[part])] for part in parts]
    person = np.array([action[part].mean() if len(part) else np.nan for part in there])
    means = [runs[:, part].mean(axis=1) if len(part) else np.full(len(runs), np.nan) for part in there]
    low, median, high = np.quantile(np.stack(means), [0.025, 0.5, 0.975], axis=1)
    return Course(np.array([part[-1] + 1 for part in parts]), person, low, median, high)


def looks(
    action_names: Sequence[str],
    action: Float[np.ndarray, "trial action"],
    reward: Float[np.ndarray, " trial"],
    runs_action: Float[np.ndarray, "run trial action"],
    runs_reward: Float[np.ndarray, "run trial"],
    block: Int[np.ndarray, " trial"],
) -> list[Look]:
    """Learning curve, spread, lag-1 autocorrelation, and change after success and failure; person against runs, on the same blocks."""
    person = behaviour(action_names, action, reward, block)
    runs = [behaviour(action_names, a, r, block) for a, r in zip(runs_action, runs_reward, strict=True)]
    return [_look(name, value, np.array([run[name] for run in runs])) for name, value in person.items()]


def _look(name: str, person: float, runs: np.ndarray) -> Look:
    known = runs[np.isfinite(runs)]
    low, median, high = np.quantile(known, [0.025, 0.5, 0.975]) if len(known) > 2 else (np.nan,) * 3
    return Look(name, person, float(low), float(median), float(high))


def behaviour(action_names: Sequence[str], action: np.ndarray, reward: np.ndarray, block: np.ndarray) -> dict[str, float]:
    """The numbers that are compared."""
    early, late = _thirds(block)
    change = np.diff(action, axis=0)
    usual = np.nanmedian(reward) if np.isfinite(reward).any() else np.nan
    after = reward[:-1]
    success = after > usual if np.unique(after[np.isfinite(after)]).size > 2 else after >= 1
    failure = np.isfinite(after) & ~success
    found = {"reward early": known_mean(reward[early]), "reward late": known_mean(reward[late])}
    for i, name in enumerate(action_names):
        column, step = action[:, i], np.abs(change[:, i])
        found[f"{name}: mean late"] = known_mean(column[late])
        found[f"{name}: SD early"], found[f"{name}: SD late"] = _sd(column, block, early), _sd(column, block, late)
        found[f"{name}: lag-1 autocorrelation"] = lag_one(column, block)
        found[f"{name}: change after success"] = known_mean(step[success])
        found[f"{name}: change after failure"] = known_mean(step[failure])
    return found


def _thirds(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    third = max(1, len(block) // 3)
    place = np.arange(len(block))
    return place < third, place >= len(block) - third


def _sd(column: np.ndarray, block: np.ndarray, where: np.ndarray) -> float:
    """Mean over blocks of the SD within a block."""
    spreads = [np.nanstd(part, ddof=1) for b in np.unique(block[where]) if np.isfinite(part := column[where & (block == b)]).sum() > 2]
    return float(np.mean(spreads)) if spreads else np.nan
