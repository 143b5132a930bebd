"""Where actions lie and how they follow one another: bias and variance, lag 1, uncontrolled manifold, speed and accuracy."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class BiasVariance(NamedTuple):
    """Directional error split by what of it depends on the target's direction."""

    bias: float  # rad, root mean square of the fitted part
    variance: float  # rad^2, mean square of the rest
    fitted: Float[np.ndarray, " trial"]  # rad


def bias_and_variance(
    direction: Float[np.ndarray, " trial"], error: Float[np.ndarray, " trial"], centres: int = 16, kappa: float = 5.0, ridge: float = 1e-3
) -> BiasVariance:
    """Ridge regression of the error (rad) on von Mises features of the target's direction (rad); missing errors are left out.

    ``ridge`` is a share of the number of trials.
    """
    known = np.isfinite(error)
    places = np.arange(centres) * 2 * np.pi / centres
    features = np.exp(kappa * (np.cos(direction[:, None] - places) - 1))
    used = features[known]
    weights = np.linalg.solve(used.T @ used + ridge * max(known.sum(), 1) * np.eye(centres), used.T @ error[known])
    fitted = features @ weights
    rest = error[known] - fitted[known]
    return BiasVariance(float(np.sqrt(np.mean(fitted[known] ** 2))), float(np.mean(rest**2)), fitted)


def split_by_manifold(
    actions: Float[np.ndarray, "trial action"], error: Callable[[np.ndarray], np.ndarray], step: float = 1e-3
) -> tuple[np.ndarray, np.ndarray]:
    """Deviations from the mean action, in SDs, along and across the manifold on which the error is what it is at the mean.

    The gradient of ``error`` there is by central differences of ``step`` SDs. Two-dimensional actions; along is a quarter turn from it.
    """
    mean, sd = np.nanmean(actions, axis=0), np.nanstd(actions, axis=0, ddof=1)
    ahead, behind = (error(mean + sign * step * np.diag(sd)) for sign in (1, -1))
    gradient = (ahead - behind) / (2 * step)
    across = gradient / max(float(np.linalg.norm(gradient)), 1e-300)
    deviation = (actions - mean) / sd
    return deviation @ np.array([-across[1], across[0]]), deviation @ across


def lag_one(column: Float[np.ndarray, " trial"], block: Int[np.ndarray, " trial"]) -> float:
    """Lag-1 autocorrelation within blocks, each about its own mean; NaN without spread."""
    centred = column - np.array([known_mean(column[block == b]) for b in np.unique(block)])[np.searchsorted(np.unique(block), block)]
    same = block[1:] == block[:-1]
    product = (centred[1:] * centred[:-1])[same]
    variance = known_mean(centred**2)
    return known_mean(product) / variance if variance > 0 else np.nan


def known_mean(values: np.ndarray) -> float:
    """Mean of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def speed_accuracy(movement_time: np.ndarray, value: np.ndarray, edges: np.ndarray) -> Float[np.ndarray, "bin 3"]:
    """Mean movement time, mean value and number of trials of each bin of movement time between ``edges`` (s); NaN in an empty bin."""
    rows = []
    for low, high in pairwise(edges):
        here = (movement_time >= low) & (movement_time < high) & np.isfinite(value)
        rows.append((movement_time[here].mean(), value[here].mean(), here.sum()) if here.any() else (np.nan, np.nan, 0))
    return np.array(rows, dtype=float)
