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
