"""What a distributional critic knows of rewards: its reversal points, and the distribution that they stand for (Dabney et al. 2020).

A channel with asymmetry tau neither gains nor loses on average where ``tau E[(r - V)+] = (1 - tau) E[(V - r)+]``: its reversal point V is
the tau-expectile of the rewards. On a grid of rewards these are linear equations in the probabilities, so that decoding them is a
least-squares problem with one solution, where the authors search for samples. Many distributions share a few expectiles: of those that fit,
a smooth one is taken.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls

from analysis.critics import asymmetries
from protocols.errors import BadInput

_SURE = 1e3  # weight of "probabilities sum to 1" against the other equations


class Decoded(NamedTuple):
    """A distribution over a grid of rewards."""

    rewards: Float[np.ndarray, " grid"]
    probabilities: Float[np.ndarray, " grid"]
    misfit: float  # root mean square of what the channels would still move, in reward


def expectiles(
    rewards: Float[np.ndarray, " reward"], taus: Float[np.ndarray, " channel"], probabilities: Float[np.ndarray, " reward"] | None = None
) -> Float[np.ndarray, " channel"]:
    """The expectiles of a sample, or of rewards with probabilities: where channels with these asymmetries come to rest."""
    weights = np.full(rewards.shape, 1 / rewards.size) if probabilities is None else probabilities
    points = np.full(taus.shape, np.sum(weights * rewards))
    for _ in range(200):  # each step solves for V with the sides as they are: it ends where no reward changes side
        share = np.where(rewards[None, :] > points[:, None], taus[:, None], 1 - taus[:, None]) * weights
        points = (share @ rewards) / share.sum(axis=1)
    return points


def decode(reversal_points: Float[np.ndarray, " channel"], low: float, high: float, grid: int = 101, smooth: float = 1e-3) -> Decoded:
    """The distribution of rewards in ``low`` to ``high`` whose expectiles are the critic's reversal points (``State.reward_baseline``).

    ``smooth`` is the weight of a penalty on curvature; 0 gives the spikes that fit best.

    Raises:
        BadInput: points that aren't finite (nothing was learned yet), or that lie outside the range.
    """
    points = np.asarray(reversal_points, dtype=float)
    if not np.all(np.isfinite(points)):
        raise BadInput("reversal points are not finite: the critic has seen no reward yet, or its state has overflowed")
    if not low < high or points.min() < low or points.max() > high:
        raise BadInput(
            f"reversal points lie in {points.min():g} to {points.max():g}, outside the rewards from {low:g} to {high:g}: widen the range"
        )
    rewards, taus = np.linspace(low, high, grid), asymmetries(points.size)[:, None]
    errors = rewards[None, :] - points[:, None]
    pulls = np.where(errors > 0, taus, 1 - taus) * errors / (high - low)
    bends = smooth * np.sqrt(grid) * np.diff(np.eye(grid), 2, axis=0)
    equations = np.concatenate([pulls, bends, np.full((1, grid), _SURE)])
    probabilities, _ = nnls(equations, np.append(np.zeros(len(equations) - 1), _SURE))
    probabilities /= probabilities.sum()
    misfit = np.sqrt(np.mean((pulls @ probabilities) ** 2)) * (high - low)
    return Decoded(rewards, probabilities, float(misfit))
