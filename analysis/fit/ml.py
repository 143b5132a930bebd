"""Maximum likelihood: a global sweep, many local searches from its best points, and how many of them agree."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from analysis.faults import first_fault
from analysis.fit.likelihood import Problem
from analysis.fit.polish import Polished, Search, polish
from analysis.predict import predict
from protocols.errors import BadInput

SWEEP = 2048  # points of the global stage at most, a power of 2; fewer where there are fewer parameters
SAME = 0.01  # nats within which two optima count as one


class Optimum(NamedTuple):
    """The best that was found, and what became of all searches."""

    x: Float[np.ndarray, " free"]  # unbounded coordinates
    log_likelihood: float
    searches: tuple[Polished, ...]

    @property
    def at_best(self) -> int:
        """How many searches ended within ``SAME`` of the best."""
        return int(sum(p.log_likelihood > self.log_likelihood - SAME for p in self.searches))


def maximise(problem: Problem, starts: int = 20, seed: int = 0, also: Float[np.ndarray, "point free"] | None = None) -> Optimum:
    """The highest likelihood: a Sobol sweep over the search ranges, then a local search from each of its ``starts`` best points.

    ``also`` are further points to start from (the truth, in a test of the search). The same seed gives the same result.

    Raises:
        BadInput: fewer trials than parameters, or a likelihood that is finite nowhere.
    """
    check_count(problem)
    points = first_points(problem, starts, seed)
    if also is not None:
        points = np.concatenate([points, also])
    moves = np.ones(points.shape[1], bool)
    found = polish(problem.slopes, [Search(point, moves) for point in points])
    best = max(found, key=lambda p: p.log_likelihood)
    return Optimum(best.x, float(best.log_likelihood), tuple(found))


def check_count(problem: Problem) -> None:
    """Hold a record to its learner.

    Raises:
        BadInput: fewer trials than parameters.
    """
    free = len(problem.space.coordinates)
    if problem.count <= free:
        raise BadInput(
            f"{problem.count} trials have an action, and learner '{problem.learner.name}' has {free} free parameters: fix some (--fix),"
            " or give more trials"
        )


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
