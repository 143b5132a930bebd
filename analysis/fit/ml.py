"""Maximum likelihood: a global sweep, local searches from its best points, from between their ends and from around the best, and how many
agree."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from analysis.faults import first_fault
from analysis.fit.hops import ON_THE_WAY, SAME, TO_THE_END, hopped
from analysis.fit.ladder import EXACT, LAST, ONWARD, followed, rungs, scattered
from analysis.fit.likelihood import Problem
from analysis.fit.polish import Polished, polish, searches
from analysis.predict import predict
from protocols.errors import BadInput

SWEEP = 1024  # points of the global stage at most, a power of 2; fewer where there are fewer parameters
_PARENTS = 6  # best ends that are crossed
_CROSSED = 128  # points that come of it, of which
_CHILDREN = 8  # the best, at most, are searched from
_JITTER = 0.02  # ranges by which they are shifted
_FEW = 0.15  # of the starts: where no more searches than that agree on the best, it may well be missed


class Optimum(NamedTuple):
    """The best that was found, and what became of all searches."""

    x: Float[np.ndarray, " free"]  # unbounded coordinates
    log_likelihood: float
    searches: tuple[Polished, ...]

    @property
    def at_best(self) -> int:
        """How many searches ended within ``SAME`` of the best."""
        return _agreed(self.searches)

    @property
    def peaks(self) -> list[Float[np.ndarray, " free"]]:
        """Where the searches ended, the best first."""
        return [self.x, *(one.x for one in self.searches if np.isfinite(one.log_likelihood))]


def maximise(problem: Problem, starts: int = 20, seed: int = 0, also: Float[np.ndarray, "point free"] | None = None) -> Optimum:
    """The highest likelihood: a Sobol sweep over the search ranges, then a local search from each of its ``starts`` best points, from the
    best points between the ends of these, and from around the best; long records by their beginnings first. All but the end of it is done
    in single precision, where there is code for that. Where few of the searches agree on the best, all is done once more, from elsewhere.

    ``also`` are further points to start from (the truth, in a test of the search). The same seed gives the same result.

    Raises:
        BadInput: fewer trials than parameters, or a likelihood that is finite nowhere.
    """
    check_count(problem)
    found = _searched(problem, starts, seed)
    if _agreed(found) <= _FEW * starts:
        found += _searched(problem, starts, seed + 1)
    if also is not None:
        found += polish(problem, searches(also))
    best = max(found, key=lambda p: p.log_likelihood)
    return Optimum(best.x, float(best.log_likelihood), tuple(found))


def _searched(problem: Problem, starts: int, seed: int) -> list[Polished]:
    """One sweep, and where the searches from it ended."""
    rough = problem.in_single_precision()
    first, *longer = rungs(rough)
    found = polish(first, searches(first_points(first, starts, seed)), race=True)
    found += polish(first, searches(_crossed(first, found, seed)), race=True)
    found = hopped(first, found, TO_THE_END if first is rough else ON_THE_WAY)
    for shorter, rung in zip([first, *longer], longer, strict=False):
        found += scattered(shorter, rung, found, seed)
        found = followed(rung, found, LAST if rung is rough else ONWARD)
        found = hopped(rung, found, TO_THE_END if rung is rough else ON_THE_WAY)
    if rough is not problem:
        found = followed(problem, found, EXACT)
    return found


def _agreed(found: Sequence[Polished]) -> int:
    """How many searches ended within ``SAME`` of the best."""
    heights = np.array([one.log_likelihood for one in found])
    return int(np.sum(heights > heights.max() - SAME))


def _crossed(problem: Problem, found: Sequence[Polished], seed: int) -> Float[np.ndarray, "child free"]:
    """The best of many points that take each coordinate from one of two good ends, shifted a little.

    Coordinates of which each end has some right are common on a rugged surface, and no step leads from one end to the other.
    """
    ends = np.stack([one.x for one in sorted(found, key=lambda one: -one.log_likelihood)[:_PARENTS]])
    random = np.random.default_rng(seed)
    one, other = ends[random.integers(len(ends), size=(2, _CROSSED))]
    shift = _JITTER * (problem.space.search[:, 1] - problem.space.search[:, 0]) * random.standard_normal(one.shape)
    points = np.clip(np.where(random.random(one.shape) < 0.5, one, other) + shift, *problem.space.held.T)
    values = problem.log_likelihoods(points)
    best = np.argsort(-values, kind="stable")[: min(_CHILDREN, len(found))]
    return points[best[np.isfinite(values[best])]]


def check_count(problem: Problem) -> None:
    """Hold a record to its learner.

    Raises:
        BadInput: fewer trials than parameters, or an action that is always the same, whose likelihood has no end.
    """
    free = len(problem.space.coordinates)
    if problem.count <= free:
        raise BadInput(
            f"{problem.count} trials have an action, and learner '{problem.learner.name}' has {free} free parameters: fix some (--fix),"
            " or give more trials"
        )
    actions = np.asarray(problem.trials.action)
    known = actions[np.isfinite(actions).all(axis=1)]
    for name, same in zip(problem.learner.action_names, np.ptp(known, axis=0) == 0, strict=True):
        if same:
            raise BadInput(f"all {len(known)} actions '{name}' are the same: name the column that has them (--column action_{name}=NAME)")


def first_points(problem: Problem, count: int, seed: int) -> Float[np.ndarray, "count free"]:
    """The best ``count`` points of a Sobol sequence over the search ranges."""
    free = len(problem.space.coordinates)
    if not free:
        return np.zeros((1, 0))
    size = max(min(SWEEP, 1 << (7 + free)), 1 << (2 * count - 1).bit_length())
    low, high = problem.space.search.T
    points = qmc.scale(qmc.Sobol(free, seed=seed).random(size), low, high)  # type: ignore[call-arg]  # scipy 1.13 has no rng
    values = problem.log_likelihoods(points)
    if not np.isfinite(values).any():
        raise BadInput(
            f"learner '{problem.learner.name}' gives these actions no finite likelihood anywhere: check the action columns' units, and what"
            f" is fixed{_why(problem, points.mean(axis=0))}"
        )
    best = np.argsort(-values, kind="stable")[:count]
    return points[best[np.isfinite(values[best])]]


def _why(problem: Problem, point: Float[np.ndarray, " free"]) -> str:
    """Where and how the learner breaks at one point."""
    params = problem.learner.assemble({name: np.asarray(value) for name, value in problem.space.values(point).items()})
    said, trials = predict(problem.learner, params, problem.contexts, problem.trials).prediction, problem.trials
    fault = first_fault(said.policy, said.log_prob, trials.reward, trials.action)
    return f". In the middle of the search, {fault}" if fault else ""
