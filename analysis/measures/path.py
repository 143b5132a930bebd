"""Measures of trajectories: tangling of hand paths or of a model's states, and what single paths are like."""

from collections.abc import Sequence
from typing import NamedTuple

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


class PathMeasures(NamedTuple):
    """One movement."""

    length_ratio: float  # way gone over distance from first to last sample; 1 is straight
    peak_speed: float  # m/s
    duration: float  # s


def path_measures(time: Float[np.ndarray, " sample"], position: Float[np.ndarray, "sample 2"]) -> PathMeasures:
    """Of the samples of one movement (s, m), as they are: filter noisy ones beforehand."""
    steps = np.linalg.norm(np.diff(position, axis=0), axis=1)
    direct = float(np.linalg.norm(position[-1] - position[0]))
    speed = steps / np.diff(time)
    return PathMeasures(float(steps.sum()) / direct if direct > 0 else float("nan"), float(speed.max()), float(time[-1] - time[0]))
