"""Tangling of trajectories: of hand paths, or of a model's states."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def tangling(
    states: Sequence[Float[np.ndarray, "time dimension"]], step: float, softening: float | None = None
) -> list[Float[np.ndarray, " time"]]:
    """``Q(t) = max over t' of |x'(t) - x'(t')|^2 / (|x(t) - x(t')|^2 + eps)`` over all times of all conditions (Russo et al. 2018).

    ``step`` is the time between rows (s), derivatives are central differences. ``softening`` is eps; None: 0.1 times the mean squared
    magnitude of all states about their mean.
    """
    slopes = np.concatenate([np.gradient(state, step, axis=0) for state in states])
    places = np.concatenate(list(states))
    eps = usual_softening(places) if softening is None else softening
    found = np.array([_most(i, places, slopes, eps) for i in range(len(places))])
    return np.split(found, np.cumsum([len(state) for state in states])[:-1])


def usual_softening(places: Float[np.ndarray, "time dimension"]) -> float:
    """0.1 times the mean squared magnitude about the mean."""
    return float(0.1 * np.mean(((places - places.mean(axis=0)) ** 2).sum(axis=1)))


def _most(i: int, places: np.ndarray, slopes: np.ndarray, eps: float) -> float:
    return float(np.max(((slopes - slopes[i]) ** 2).sum(axis=1) / (((places - places[i]) ** 2).sum(axis=1) + eps)))
