"""Parameters weighed by how likely they make a record and by a weak prior, all of them uncertain at once.

The highest peak of a rugged likelihood lets every parameter that can't be told go where it fits noise best, and its neighbours with it, and
so does each point of a profile. Intervals that come of that hold too few truths (docs/explanation/recovery.md). An average over what can't
be told holds as many as it says.

Draws come from a mixture of Student's t, which begins wide about the peaks that the search has found and is fitted to its weighted draws
(Cappé, Douc, Guillin, Marin & Robert 2008), all of which count, by the mean of all mixtures so far (Cornuet, Marin, Mira & Robert 2012).
While few draws have nearly all of the weight, powers of the weights below 1 stand in for them: the mixture closes in by degrees, and on all
places that are likely. Where that takes many rounds, it isn't done: a mixture that took twenty to be like the surface has left out its
rare tails, and intervals came out a fifth too narrow. Walkers go on from there (``analysis.fit.ensemble``).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import gammaln, logsumexp

from analysis.bayes.prior import Prior, prior_of
from analysis.fit.likelihood import Problem

WORTH = 400.0  # independent draws that are asked for
_TOLD = 100.0  # independent draws that a mixture is fitted to, at least: the weights are made as even as that takes
_DRAWS = 512  # of a round
ROUNDS = 6  # at most
_PARTS = 6  # of the mixture, beside the prior
_FREEDOM = 5.0  # of Student's t: tails that are wider than a peak's
_FAR = 8.0  # nats below the best, at which a peak no longer counts
_APART = 0.05  # of a coordinate, beyond which two peaks are two
_LEAST = 0.02  # share of each part
_FIRM = 1e10  # times the prior's information: the most that a peak counts as narrow
_WIDER = 4.0  # times as wide as its peak a part begins: what lies between peaks, or beside them, has to be drawn to be known
_OFFERED = 0.1  # share of the prior among the draws: no weight grows without bound where no peak was found


class Weighed(NamedTuple):
    """Draws of the fitted coordinates, and what each counts."""

    points: Float[np.ndarray, "draw free"]  # unbounded units
    weights: Float[np.ndarray, " draw"]  # of sum 1

    @property
    def worth(self) -> float:
        """As many independent draws would say as much (Kish)."""
        return float(1 / np.sum(self.weights**2))

    def even(self, count: int) -> Float[np.ndarray, "count free"]:
        """So many of the draws that all count the same, each as often as it weighs (systematic resampling)."""
        return self.points[np.searchsorted(np.cumsum(self.weights), (np.arange(count) + 0.5) / count).clip(max=len(self.points) - 1)]

    def interval(self, i: int) -> tuple[float, float, float]:
        """What holds 95 % of a coordinate and leaves as much on either side, about its median: low, median, high."""
        order = np.argsort(self.points[:, i])
        weights = self.weights[order]
        low, middle, high = np.interp([0.025, 0.5, 0.975], np.cumsum(weights) - weights / 2, self.points[order, i])
        return float(low), float(middle), float(high)


class Mixture(NamedTuple):
    """Parts of Student's t. The first is as wide as the prior, and stays."""

    share: Float[np.ndarray, " part"]
    centre: Float[np.ndarray, "part free"]
    scatter: Float[np.ndarray, "part free free"]

    def draw(self, random: np.random.Generator, count: int) -> Float[np.ndarray, "draw free"]:
        """Independent draws."""
        part = random.choice(len(self.share), size=count, p=self.share)
        normal = random.standard_normal((count, self.centre.shape[1]))
        stretch = np.sqrt(_FREEDOM / random.chisquare(_FREEDOM, count))
        return self.centre[part] + stretch[:, None] * np.einsum("nij,nj->ni", np.linalg.cholesky(self.scatter)[part], normal)

    def distances(self, points: Float[np.ndarray, "draw free"]) -> Float[np.ndarray, "part draw"]:
        """Squared, in SDs of each part."""
        away = np.swapaxes(points[None] - self.centre[:, None], 1, 2)
        return np.sum(np.linalg.solve(np.linalg.cholesky(self.scatter), away) ** 2, axis=1)

    def log_density(self, points: Float[np.ndarray, "draw free"]) -> Float[np.ndarray, " draw"]:
        """Of the whole mixture."""
        return np.logaddexp.reduce(self.log_parts(points), axis=0)

    def log_parts(self, points: Float[np.ndarray, "draw free"]) -> Float[np.ndarray, "part draw"]:
        """Log density of each part times its share."""
        free = self.centre.shape[1]
        constant = gammaln((_FREEDOM + free) / 2) - gammaln(_FREEDOM / 2) - free / 2 * np.log(_FREEDOM * np.pi)
        height = constant - np.linalg.slogdet(self.scatter)[1] / 2 + np.log(self.share)
        return height[:, None] - (_FREEDOM + free) / 2 * np.log1p(self.distances(points) / _FREEDOM)


def weigh(problem: Problem, peaks: Sequence[Float[np.ndarray, " free"]], rounds: int = ROUNDS) -> Weighed:
    """Draws that begin at some peaks of the likelihood, the highest first. The same problem and peaks give the same draws."""
    prior, random = prior_of(problem.space), np.random.default_rng(0)
    mixtures = [_begun(problem, prior, _highest(problem, np.stack(peaks)), random)]
    points, heights, drawn = np.zeros((0, len(prior.mean))), np.zeros(0), np.zeros(0)
    while True:
        fresh = mixtures[-1].draw(random, _DRAWS)
        drawn = np.logaddexp(drawn, mixtures[-1].log_density(points))  # of all mixtures so far, summed
        drawn = np.append(drawn, np.logaddexp.reduce([one.log_density(fresh) for one in mixtures], axis=0))
        points = np.concatenate([points, fresh])
        heights = np.concatenate([heights, problem.log_likelihoods(fresh) + log_prior(prior, fresh)])
        found = Weighed(points, np.exp(heights - drawn - np.logaddexp.reduce(heights - drawn)))
        if found.worth >= WORTH or len(mixtures) == rounds:
            return found
        mixtures.append(_fitted(mixtures[-1], evened(found)))


def log_prior(prior: Prior, points: Float[np.ndarray, "draw free"]) -> Float[np.ndarray, " draw"]:
    """Its log density, but for a constant."""
    return -np.sum(((points - prior.mean) / prior.sd) ** 2, axis=1) / 2


def _highest(problem: Problem, peaks: Float[np.ndarray, "peak free"]) -> Float[np.ndarray, "peak free"]:
    """The peaks that a mixture begins about."""
    return peaks[distinct(peaks, problem.log_likelihoods(peaks), _FAR, _APART, _PARTS)]


def distinct(
    points: Float[np.ndarray, "point free"], heights: Float[np.ndarray, " point"], within: float, apart: float, most: int
) -> list[int]:
    """The highest places, ``most`` at most, none more than ``within`` nats behind the best, that are ``apart`` in some coordinate."""
    kept: list[int] = []
    for i in np.argsort(-heights, kind="stable"):
        fresh = all(np.any(np.abs(points[i] - points[j]) >= apart) for j in kept)
        if fresh and len(kept) < most and heights[i] >= heights.max() - within:
            kept.append(int(i))
    return kept


def _begun(problem: Problem, prior: Prior, peaks: Float[np.ndarray, "peak free"], random: np.random.Generator) -> Mixture:
    """Parts at the peaks, wider than these are, and about them, so that a bent peak can be covered."""
    scatter = _WIDER**2 * covariance(problem.differences(peaks).information, prior)
    again = np.arange(_PARTS) % len(peaks)
    normal = random.standard_normal((_PARTS, peaks.shape[1])) * (np.arange(_PARTS) >= len(peaks))[:, None]
    centre = peaks[again] + np.einsum("pij,pj->pi", np.linalg.cholesky(scatter)[again], normal)
    share = np.concatenate([[_OFFERED], np.full(_PARTS, (1 - _OFFERED) / _PARTS)])
    return Mixture(share, np.concatenate([prior.mean[None], centre]), np.concatenate([np.diag(prior.sd**2)[None], scatter[again]]))


def covariance(information: Float[np.ndarray, "peak free free"], prior: Prior) -> Float[np.ndarray, "peak free free"]:
    """By the information of record and prior together; so that it has a factor, no direction is told by more than ``_FIRM``."""
    told, axes = np.linalg.eigh(prior.sd[:, None] * information * prior.sd)
    half = prior.sd[:, None] * axes / np.sqrt(1 + np.clip(told, 0, _FIRM))[:, None, :]
    return half @ np.swapaxes(half, 1, 2)


def evened(found: Weighed) -> Weighed:
    """Weights to the highest power, 1 at most, that leaves them worth ``_TOLD`` draws (by bisection)."""
    powers, logs = [0.0, 1.0], np.log(np.maximum(found.weights, 1e-300))
    raised = lambda power: found._replace(weights=np.exp(power * logs - logsumexp(power * logs)))  # noqa: E731
    if found.worth >= _TOLD:
        return found
    for _ in range(20):
        middle = sum(powers) / 2
        powers[raised(middle).worth < _TOLD] = middle
    return raised(powers[0])


def _fitted(mixture: Mixture, found: Weighed) -> Mixture:
    """The mixture after a step of expectation and maximisation; a part of which few draws tell stays near where it was."""
    points, free = found.points, found.points.shape[1]
    parts = mixture.log_parts(points)
    own = found.weights * np.exp(parts - logsumexp(parts, axis=0))
    share = own.sum(axis=1)
    told = np.where(share > 0, share**2 / np.maximum(np.sum(own**2, axis=1), 1e-300), 0.0)
    trust = (told / (told + 2 * free))[:, None]
    near = own * (_FREEDOM + free) / (_FREEDOM + mixture.distances(points))  # what is far out counts less
    centre = near @ points / np.maximum(near.sum(axis=1), 1e-300)[:, None]
    centre = trust * centre + (1 - trust) * mixture.centre
    away = points[None] - centre[:, None]
    scatter = np.einsum("pn,pni,pnj->pij", near, away, away) / np.maximum(share, 1e-300)[:, None, None]
    scatter = trust[..., None] * scatter + (1 - trust[..., None]) * mixture.scatter
    share = np.maximum(share[1:], _LEAST)
    share = np.concatenate([[_OFFERED], (1 - _OFFERED) * share / share.sum()])
    return Mixture(share, np.concatenate([mixture.centre[:1], centre[1:]]), np.concatenate([mixture.scatter[:1], scatter[1:]]))
