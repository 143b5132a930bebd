"""Which trial of a record went wrong, and why: a NaN never spreads silently.

A learner's state that has overflowed stays so: no function of a learner turns NaN or infinity back into a number. So one look at what was
said before each trial (``Prediction`` or ``Turn``, with one row a trial) finds the first that can't be believed, and the update before
it is what broke the state. ``shift_growth`` is infinite from there on. An infinite reward teaches nothing, and is named too.
"""

from typing import Any, NamedTuple

import numpy as np

from analysis.learner import Policy


class Fault(NamedTuple):
    """The first fault of a record."""

    row: int  # from 0
    trial: int  # its number
    why: str
    of_state: bool  # the learner's state is broken from there on

    def __str__(self) -> str:
        """In the words of a message."""
        return f"trial {self.trial}: {self.why}"


def first_fault(policy: Policy, log_prob: Any, reward: Any, action: Any, trials: Any = None) -> Fault | None:
    """The first row that isn't sound, or None; arrays have one row a trial, of one learner. ``reward`` is the one delivered.

    ``trials`` are the trials' numbers; None: they count from 1.
    """
    reward = np.asarray(reward, dtype=float)
    trials = np.arange(1, len(reward) + 1) if trials is None else np.asarray(trials)
    begun = np.logical_or.accumulate(np.isfinite(np.asarray(policy.reward_baseline)))
    checks = (
        (_rows(policy.mean), "the policy's mean is not finite", True),
        (_rows(policy.covariance), "the policy's covariance is not finite", True),
        (_positive(policy.covariance), "the policy's covariance is singular", True),
        (np.isfinite(policy.reward_baseline) | ~begun, "the expected reward is not finite", True),
        (~np.isinf(np.asarray(action, dtype=float)).any(axis=-1), "the action is infinite", False),
        (np.isfinite(log_prob), "the action's log density is not finite", True),
        (~np.isinf(reward), "the reward is infinite, and taught nothing", False),
    )
    found = [(int(np.argmin(sound)), why, of_state) for sound, why, of_state in checks if not np.all(sound)]
    if not found:
        return None
    row, why, of_state = min(found, key=lambda fault: fault[0])
    return Fault(row, int(trials[row]), why + (_blame(row, reward, trials) if of_state else ""), of_state)


def _rows(x: Any) -> np.ndarray:
    x = np.asarray(x)
    return np.isfinite(x).all(axis=tuple(range(1, x.ndim)))


def _positive(covariance: Any) -> np.ndarray:
    """Whether each covariance has a positive determinant and variances."""
    covariance = np.asarray(covariance, dtype=float)
    finite = np.isfinite(covariance).all(axis=(-2, -1))
    sound = np.where(finite[..., None, None], covariance, np.eye(covariance.shape[-1]))
    variances = np.diagonal(sound, axis1=-2, axis2=-1)
    sd = np.sqrt(np.where(variances > 0, variances, 1.0))
    scaled = sound / (sd[..., :, None] * sd[..., None, :])
    return ~finite | ((variances > 0).all(axis=-1) & (np.linalg.eigvalsh(scaled)[..., 0] > 0))


def _blame(row: int, reward: np.ndarray, trials: np.ndarray) -> str:
    if row == 0:
        return ": correct the parameters"
    return f" after the update on trial {trials[row - 1]} (reward {reward[row - 1]:g}): lower the learning rates, or raise variance_floor"
