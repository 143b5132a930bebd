"""Out of one peak of the likelihood and into the next: hops from the best that was found, for as long as they lead higher.

On a rugged surface a higher peak is often a few standard errors off, across a dip that no step crosses (basin hopping: Wales & Doye 1997).
And a rate or an SD that has gone to 0 doesn't come back by steps: by its log, the surface is flat there.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.fit.likelihood import Problem
from analysis.fit.polish import STEPS, Polished, polish, searches

SAME = 0.01  # nats within which two optima count as one
_FAR = np.array([-12.0, -6.0, -3.0, 3.0, 6.0, 12.0])  # standard errors, at most as far as is searched
_OFF = 3.0  # standard errors that a place in that range is off at least
_SHARES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])  # of the range that is searched
_HELD_UP, _PLACED = 6, 4  # hops of either kind that are searched from
_FINISHED = 2  # of them, the highest, are searched on
_RIDGE = 1e-10  # of the information's diagonal, and
_FLAT = 1e-6  # of itself, are added to it


class Effort(NamedTuple):
    """How much is given to hops."""

    rounds: int  # at most; each begins where the one before led higher
    tried: int  # steps from every hop
    steps: int  # from the highest, at most


TO_THE_END = Effort(5, 8, STEPS)
ON_THE_WAY = Effort(1, 8, STEPS)  # over a beginning; fewer steps lose peaks of the whole record


class Peaks(NamedTuple):
    """Points to hop to, and how high each is by what they are chosen by."""

    height: Float[np.ndarray, " hop"]
    point: Float[np.ndarray, "hop free"]


def hopped(problem: Problem, found: list[Polished], effort: Effort = TO_THE_END) -> list[Polished]:
    """The searches, of which the best, and all that ended where it did, have gone on to the highest peak that hops lead to."""
    best = start = max(found, key=lambda one: one.log_likelihood)
    for _ in range(effort.rounds if len(best.x) else 0):
        tried = polish(problem, searches(np.concatenate([best.x[None], _hops(problem, best)])), effort.tried, race=True)
        higher = sorted(tried[1:], key=lambda one: -one.log_likelihood)[:_FINISHED]
        ends = polish(problem, searches(np.stack([one.x for one in [best, *higher]])), effort.steps, race=True)
        highest = max(ends, key=lambda one: one.log_likelihood)
        gain = highest.log_likelihood - best.log_likelihood
        best = highest._replace(steps=best.steps + highest.steps) if gain > 0 else best
        if not gain > SAME:
            break
    return [best if one.log_likelihood > start.log_likelihood - SAME else one for one in found]


def _hops(problem: Problem, best: Polished) -> Float[np.ndarray, "hop free"]:
    """Places around the best where one coordinate is moved, and the others follow it by the curvature.

    Some lie so many standard errors off, either way; of these, those are taken that are highest above what the peak's own curvature says,
    for something else holds them up. The others lie at shares of the range that is searched; of these, the highest are taken.
    """
    covariance = _covariance(problem, best.x)
    error, width = np.sqrt(np.diagonal(covariance)), problem.space.search[:, 1] - problem.space.search[:, 0]
    near = np.clip(_FAR[:, None] * error, -width, width)
    far = problem.space.search[:, 0] + _SHARES[:, None] * width - best.x
    points = _moved(problem, best.x, np.concatenate([near, far]), covariance)
    values = problem.log_likelihoods(points.reshape(-1, len(width))).reshape(points.shape[:2])
    ways = np.sign(_FAR) > 0
    surplus = values[: len(_FAR)] + 0.5 * np.square(near / error)
    away = np.where(np.abs(far) > _OFF * error, values[len(_FAR) :], -np.inf)
    one, other, placed = (
        _highest(heights, places)
        for heights, places in (
            (surplus[~ways], points[: len(_FAR)][~ways]),
            (surplus[ways], points[: len(_FAR)][ways]),
            (away, points[len(_FAR) :]),
        )
    )
    held_up = Peaks(*(np.concatenate(pair) for pair in zip(one, other, strict=True)))
    return np.concatenate([_first(held_up, _HELD_UP), _first(placed, _PLACED)])


def _moved(
    problem: Problem, x: Float[np.ndarray, " free"], by: Float[np.ndarray, "size free"], covariance: Float[np.ndarray, "free free"]
) -> Float[np.ndarray, "size free free"]:
    """Points where each coordinate in turn is moved so far, and the others follow, at most as far as is searched."""
    width, each = problem.space.search[:, 1] - problem.space.search[:, 0], np.arange(len(x))
    moves = np.clip(by[..., None] * covariance / np.diagonal(covariance)[:, None], -width, width)
    moves[:, each, each] = by
    return np.clip(x + moves, *problem.space.held.T)


def _highest(heights: Float[np.ndarray, "size free"], points: Float[np.ndarray, "size free free"]) -> Peaks:
    """Of each coordinate's points, the highest."""
    return Peaks(heights.max(axis=0), points[heights.argmax(axis=0), np.arange(heights.shape[1])])


def _first(peaks: Peaks, many: int) -> Float[np.ndarray, "hop free"]:
    order = np.argsort(-peaks.height, kind="stable")[:many]
    return peaks.point[order[np.isfinite(peaks.height[order])]]


def _covariance(problem: Problem, x: Float[np.ndarray, " free"]) -> Float[np.ndarray, "free free"]:
    """Of the coordinates at a peak, by its curvature; large where it is flat."""
    information = problem.differences(x[None]).information[0]
    return np.linalg.inv(information + np.diag(_RIDGE * np.diagonal(information) + _FLAT))
