"""Long records are searched by ever longer beginnings: what is best for one lies near what is best for the next.

A policy gradient that is told its actions carries every error on: the more trials, the more peaks the likelihood has, and the narrower they
are. From the optimum of a few trials no step leads to that of many, but one leads to that of some more. Yet what a beginning says little of
is anywhere at its optimum, and may be far off for the trials that follow: so places about it, as likely by the beginning, are tried too.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.bayes.prior import prior_of
from analysis.fit.likelihood import Problem
from analysis.fit.polish import STEPS, Polished, polish, searches
from analysis.fit.weighed import covariance, distinct

BEGINNING = 600  # trials of the shortest
_GROWTH = 2.3  # from one to the next, at most
_KEPT = 6  # distinct optima, at most, that are followed to the next
_APART = 0.01  # of a coordinate, beyond which two optima are two
_OPEN = 10.0  # nats behind the best, beyond which no places are drawn about an optimum
_DRAWN = 256  # places about the optima, of which
_TAKEN = 12  # the best, at most, are taken along
_SIZES = np.array([1.0, 2.0])  # standard errors that they are spread by, in turn


class Way(NamedTuple):
    """How optima are taken on."""

    steps: int  # of each, at most
    near: float = math.inf  # nats behind the best, beyond which one stays where it is
    back: bool = True  # those that left the range that is searched are searched from where they left it, too


ONWARD, LAST = Way(10), Way(STEPS)  # to the next beginning, and to the whole record
EXACT = Way(STEPS, near=5.0, back=False)  # from single to double precision, in which what is best may be another


def rungs(problem: Problem) -> list[Problem]:
    """Beginnings of the record, ever longer; the last is all of it. The first is long enough for the parameters."""
    first = max(BEGINNING, 20 * len(problem.space.coordinates))
    steps = max(math.ceil(math.log(problem.length / first) / math.log(_GROWTH)), 0) if problem.length else 0
    shorter = [problem.beginning(round(first * (problem.length / first) ** (step / steps))) for step in range(steps)]
    return [one for one in shorter if one.count > 20 * len(problem.space.coordinates)] + [problem]


def scattered(beginning: Problem, longer: Problem, found: Sequence[Polished], seed: int) -> list[Polished]:
    """Places about the optima of a beginning, normal by its curvature and a weak prior, which explain the ``longer`` record best."""
    ends, heights = np.stack([one.x for one in found]), np.array([one.log_likelihood for one in found])
    centres = ends[distinct(ends, heights, _OPEN, _APART, _KEPT)]
    factors = np.linalg.cholesky(covariance(beginning.differences(centres).information, prior_of(beginning.space)))
    turn, about = np.divmod(np.arange(_DRAWN), len(centres))
    normal = np.random.default_rng(seed).standard_normal((_DRAWN, centres.shape[1]))
    away = _SIZES[turn % len(_SIZES), None] * np.einsum("nij,nj->ni", factors[about], normal)
    drawn = np.clip(centres[about] + away, *longer.space.search.T)
    values = longer.log_likelihoods(drawn)
    taken = np.argsort(-values, kind="stable")[:_TAKEN]
    return [Polished(drawn[i], float(values[i]), False, 0) for i in taken[np.isfinite(values[taken])]]


def followed(problem: Problem, found: Sequence[Polished], way: Way) -> list[Polished]:
    """The optima of a beginning taken on to those of the longer ``problem``, which they explain best; those that fell together stay so."""
    points = np.stack([one.x for one in found])
    values = problem.log_likelihoods(points)
    leaders = distinct(points, values, way.near, _APART, _KEPT)
    ends = dict(zip(leaders, _again(problem, points[leaders], way), strict=True))
    led = [next((j for j in leaders if together(points[i], points[j])), None) for i in range(len(found))]
    return [
        Polished(one.x, float(value), False, one.steps) if j is None else ends[j]._replace(steps=one.steps + ends[j].steps)
        for one, value, j in zip(found, values, led, strict=True)
    ]


def _again(problem: Problem, points: Float[np.ndarray, "point free"], way: Way) -> list[Polished]:
    """Searches from points, and from where those that left the range that is searched left it; of the two, the higher end.

    A rate or an SD that was 0 for few trials needn't be for more, and doesn't come back by itself: by its log, the surface is flat there.
    """
    back = np.clip(points, *problem.space.search.T)
    left = np.flatnonzero((back != points).any(axis=1) & way.back)
    ends = polish(problem, searches(np.concatenate([points, back[left]])), way.steps, race=True)
    for place, other in zip(left, ends[len(points) :], strict=True):
        ends[place] = max(ends[place], other, key=lambda one: one.log_likelihood)
    return ends[: len(points)]


def together(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two places are one optimum."""
    return bool(np.all(np.abs(a - b) < _APART))
