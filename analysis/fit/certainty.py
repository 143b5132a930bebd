"""How sure a fit is: standard errors from the curvature, intervals from draws, profiles where the curvature is flat, and which
parameters the record can't tell.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.fit.ensemble import walked
from analysis.fit.likelihood import Problem
from analysis.fit.ml import Optimum
from analysis.fit.polish import Search, polish
from analysis.fit.space import Space
from analysis.fit.weighed import WORTH, weigh

_STEP = 1e-4  # of the central differences, unbounded units; the gradients are exact
_FLAT = 1e-6  # curvature, nats per unbounded unit squared, below which there is none
_WIDE = 1.1  # unbounded half width of an interval above which a log or logit parameter isn't told: a factor of 3 either way
_Z = 1.959964
_NEARLY = 0.1  # of what the prior's interval spans
_STEPS = 15  # of each search along a profile
_OUTWARD = np.array([0.1, 0.3, 0.7, 1.2, 2.0, 3.0])  # of a profile, in ``_WIDE``s (linear: quarters of the search range)


class Profile(NamedTuple):
    """The likelihood along one coordinate, the others at their best."""

    value: Float[np.ndarray, " point"]  # natural units, ascending
    log_likelihood: Float[np.ndarray, " point"]


class Certainty(NamedTuple):
    """Of one coordinate."""

    se: float  # natural units, by the delta method; NaN where the surface isn't a peak
    low: float  # 95 % interval, natural units: of the draws, and the estimate; NaN where it is open
    high: float
    middle: float  # median of the draws, natural units
    identifiable: bool
    why: str  # what speaks against it; "" where nothing does
    profile: Profile | None


def certainties(problem: Problem, optimum: Optimum, profiles: bool = True) -> list[Certainty]:
    """How sure each coordinate of the optimum is. ``profiles``: look along those whose curvature says little."""
    x = optimum.x
    hessian = curvature(problem, x)
    spread = spreads(hessian)
    size = widest(problem.space)
    flat = [i for i in range(len(x)) if not spread[i] * _Z < size[i]]
    found = profile(problem, x, flat, hessian) if profiles and flat else {}
    ends = _ends(problem, optimum)
    return [_certainty(problem, x, i, spread[i], ends[i], found.get(i)) for i in range(len(x))]


class _Ends(NamedTuple):
    """Of an interval, unbounded units; NaN where it is open."""

    low: float
    middle: float
    high: float


def _ends(problem: Problem, optimum: Optimum) -> list[_Ends]:
    """Of the coordinates' weighed draws, or of walkers where too few of these count."""
    if not len(optimum.x):
        return []
    draws = weigh(problem, optimum.peaks)
    if draws.worth < WORTH:
        draws = walked(problem, draws)
    return [_open(problem.space, i, _Ends(*draws.interval(i))) for i in range(len(optimum.x))]


def _open(space: Space, i: int, ends: _Ends) -> _Ends:
    """NaN where an interval is wide and ends where the prior's does, or nearly: nothing but the prior closes it there."""
    nearly = _NEARLY * np.ptp(space.search[i])
    least, most = space.search[i] + np.array([nearly, -nearly])
    wide = ends.high - ends.low > 2 * widest(space)[i]
    return _Ends(np.nan if wide and ends.low < least else ends.low, ends.middle, np.nan if wide and ends.high > most else ends.high)


def curvature(problem: Problem, x: Float[np.ndarray, " free"]) -> Float[np.ndarray, "free free"]:
    """Minus the Hessian of the log-likelihood (the observed information), from central differences of exact gradients."""
    steps = _STEP * np.eye(len(x))
    gradients = problem.slopes(np.concatenate([x + steps, x - steps])).gradient if len(x) else np.zeros((0, 0))
    hessian = (gradients[len(x) :] - gradients[: len(x)]) / (2 * _STEP)
    return (hessian + hessian.T) / 2


def spreads(hessian: Float[np.ndarray, "free free"]) -> Float[np.ndarray, " free"]:
    """Standard errors in unbounded units; NaN for coordinates that a flat or upward direction has a share in."""
    values, vectors = np.linalg.eigh(hessian)
    flat = values < _FLAT
    variance = (vectors[:, ~flat] ** 2 / values[~flat]).sum(axis=1)
    return np.where((vectors[:, flat] ** 2).sum(axis=1) > 1e-3, np.nan, np.sqrt(variance))


def profile(
    problem: Problem, x: Float[np.ndarray, " free"], coordinates: list[int], hessian: Float[np.ndarray, "free free"]
) -> dict[int, Profile]:
    """Profiles along some coordinates: at each value the others are searched anew, from where the curvature points."""
    size = widest(problem.space)
    searches, places = [], []
    for i in coordinates:
        for step in np.concatenate([-_OUTWARD[::-1], _OUTWARD]) * size[i]:
            if problem.space.held[i, 0] <= x[i] + step <= problem.space.held[i, 1]:
                searches.append(Search(x + _along(hessian, i, step), np.arange(len(x)) != i))
                places.append((i, x[i] + step))
    ends = polish(problem, searches, _STEPS) if searches else []
    best = problem.log_likelihoods(x[None])[0]
    return {
        i: _profile(problem, i, [(x[i], best), *((value, e.log_likelihood) for (j, value), e in zip(places, ends, strict=True) if j == i)])
        for i in coordinates
    }


def _along(hessian: np.ndarray, i: int, step: float) -> np.ndarray:
    """A step in one coordinate, and how the others best follow it by the curvature (at most as far)."""
    others = np.arange(len(hessian)) != i
    move = np.zeros(len(hessian))
    move[i] = step
    values, vectors = np.linalg.eigh(hessian[np.ix_(others, others)])
    solid = vectors[:, values > 1.0] / np.sqrt(values[values > 1.0])
    move[others] = np.clip(-step * solid @ (solid.T @ hessian[others, i]), -abs(step), abs(step))
    return move


def _profile(problem: Problem, i: int, points: list[tuple[float, float]]) -> Profile:
    at, value = (np.array(column) for column in zip(*sorted(points), strict=True))
    natural = problem.space.coordinates[i].natural
    return Profile(np.array([float(natural(a)) for a in at]), value)


def widest(space: Space) -> Float[np.ndarray, " free"]:
    """The half width that an interval may have where a parameter is told, unbounded units."""
    ranges = space.search
    linear = np.array([c.kind == "linear" for c in space.coordinates], bool)
    return np.where(linear, (ranges[:, 1] - ranges[:, 0]) / 4, _WIDE)


def _certainty(problem: Problem, x: Float[np.ndarray, " free"], i: int, spread: float, ends: _Ends, found: Profile | None) -> Certainty:
    c, held = problem.space.coordinates[i], problem.space.held[i]
    spanned = np.minimum(ends.low, x[i]), np.maximum(ends.high, x[i])  # NaN, an open end, stays so
    low, high, middle, best = np.clip([*spanned, ends.middle, x[i]], *held)
    se = spread * c.slope(float(c.natural(best)))
    why = _why_not(problem, x, i, high - low)
    low, high, middle = (float(c.natural(value)) for value in (low, high, middle))
    return Certainty(float(se), low, high, middle, why == "", why, found)


def _why_not(problem: Problem, x: np.ndarray, i: int, width: float) -> str:
    held, parameter = problem.space.held[i], problem.space.coordinates[i].parameter
    if not held[0] < x[i] < held[1]:
        return "the best value lies at the end of the range that is looked at"
    if parameter.startswith("alpha") and not np.isfinite(np.asarray(problem.trials.reward)).any():
        return "no trial delivered a reward"
    if np.isnan(width):
        return "the likelihood is flat: the 95 % interval is open"
    if width > 2 * widest(problem.space)[i]:
        return "the 95 % interval is wide"
    return ""
