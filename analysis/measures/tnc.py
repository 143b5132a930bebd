"""Tolerance, noise and covariation costs (Cohen & Sternad 2009): what an idealised set of the same actions would have spared in error.

Each cost is the mean error of the actions less that of an idealised set. *Tolerance*: the cloud as it is, at the best of a grid of centres.
*Noise*: the cloud shrunk about its centre by the best factor. *Covariation*: the same values of each dimension, paired anew. Labs differ in
grid, centre and steps; so they are parameters, and stand in the result.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from protocols.errors import BadInput

Errors = Callable[[np.ndarray], np.ndarray]  # actions (..., 2) to errors (...)


class Settings(NamedTuple):
    """How the costs are found; printed with every result."""

    centre: str = "mean"  # of the cloud: mean or median
    grid: int = 60  # centres a dimension that tolerance looks at
    span: float = 4.0  # half the width of the grid, in SDs of the actions
    steps: int = 100  # of shrinking, from 1 down to 0


class Costs(NamedTuple):
    """In the unit of the error. ``covariation`` is by greedy swaps, ``covariation_optimal`` by linear assignment, never below it."""

    mean_error: float
    tolerance: float
    noise: float
    covariation: float
    covariation_optimal: float
    best_centre: tuple[float, ...]  # tolerance's
    best_shrink: float  # noise's, 0 to 1
    trials: int


def tnc_costs(actions: Float[np.ndarray, "trial 2"], errors: Errors, settings: Settings = Settings()) -> Costs:
    """The costs of a set of actions (missing ones are left out); ``errors`` is the task's error, post penalty included.

    Raises:
        BadInput: fewer than three actions, actions that aren't two numbers, or settings that can't be.
    """
    actions = actions[np.isfinite(actions).all(axis=1)]
    _check(actions, settings)
    actual = float(errors(actions).mean())
    tolerance, centre = _tolerance(actions, errors, settings)
    noise, shrink = _noise(actions, errors, settings)
    paired = errors(np.stack(np.broadcast_arrays(actions[:, None, 0], actions[None, :, 1]), axis=-1))
    greedy, best = _swapped(paired), paired[linear_sum_assignment(paired)].mean()
    return Costs(actual, actual - tolerance, actual - noise, actual - greedy, actual - float(best), centre, shrink, len(actions))


def _check(actions: np.ndarray, settings: Settings) -> None:
    if len(actions) < 3 or actions.shape[1] != 2:
        raise BadInput(f"TNC costs need three actions or more of two numbers each, got {actions.shape[0]} of {actions.shape[1]}")
    if settings.centre not in ("mean", "median") or settings.grid < 1 or settings.steps < 1 or not 0 < settings.span < np.inf:
        raise BadInput(f"TNC costs: {settings}: expected centre mean or median, and grid, steps and span above 0; correct them")


def _centre(actions: np.ndarray, settings: Settings) -> np.ndarray:
    return np.median(actions, axis=0) if settings.centre == "median" else actions.mean(axis=0)


def _tolerance(actions: np.ndarray, errors: Errors, settings: Settings) -> tuple[float, tuple[float, ...]]:
    """Least mean error over all centres; where the cloud is counts among them, so that the cost is never negative."""
    here = _centre(actions, settings)
    cloud, reach = actions - here, settings.span * actions.std(axis=0, ddof=1)
    axes = [np.linspace(here[i] - reach[i], here[i] + reach[i], settings.grid) for i in range(2)]
    centres = np.concatenate([np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2), here[None]])
    means = np.concatenate([errors(part[:, None] + cloud).mean(axis=1) for part in np.array_split(centres, -(-len(centres) // 256))])
    best = int(np.argmin(means))
    return float(means[best]), tuple(float(x) for x in centres[best])


def _noise(actions: np.ndarray, errors: Errors, settings: Settings) -> tuple[float, float]:
    centre, shrinks = _centre(actions, settings), np.linspace(1.0, 0.0, settings.steps + 1)
    means = errors(centre + shrinks[:, None, None] * (actions - centre)).mean(axis=1)
    return float(np.min(means)), float(shrinks[int(np.argmin(means))])


def _swapped(paired: np.ndarray) -> float:
    """Mean error once no swap of two partners lowers it; the best swap is taken each time."""
    partner, rows = np.arange(len(paired)), np.arange(len(paired))
    while True:
        here = paired[rows, partner]
        swap = paired[:, partner]  # of row i with row j's partner
        gain = here[:, None] + here[None, :] - swap - swap.T
        i, j = np.unravel_index(int(np.argmax(gain)), gain.shape)
        if gain[i, j] <= 1e-15:
            return float(here.mean())
        partner[[i, j]] = partner[[j, i]]
