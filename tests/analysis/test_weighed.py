"""Weighed draws against sums over a grid, and the mixture that they come from."""

import numpy as np
import pytest

from analysis.bayes.prior import prior_of
from analysis.fit.ensemble import faster, walked
from analysis.fit.fit import Plan, pose
from analysis.fit.weighed import WORTH, Mixture, Weighed, _fitted, covariance, evened, weigh
from analysis.lanes.code import SINGLE
from analysis.registry import build_learner
from tests.analysis.test_fit import REACH, record


def wandering():
    """A level that hardly moves, seen through noise: how far it moves in a trial is open to 0, and bent against the noise."""
    random = np.random.default_rng(3)
    seen = record((np.cumsum(random.normal(0, 0.3, 60)) + random.normal(0, 2.0, 60))[:, None], np.full(60, np.nan))
    return Plan(build_learner("local-level", {}, REACH), 1, {"initial_mean": 0.0}), seen


@pytest.fixture(scope="module")
def level():
    problem = pose(*wandering())
    assert len(problem.space.names) == 2
    return problem


def grid_of(problem):
    """The axes of a grid over two coordinates, its points, and what each weighs."""
    prior = prior_of(problem.space)
    axes = [np.linspace(mean - 4 * sd, mean + 4 * sd, 120) for mean, sd in zip(prior.mean, prior.sd, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    away = np.sum(((points - prior.mean) / prior.sd) ** 2, axis=-1) / 2
    height = problem.log_likelihoods(points.reshape(-1, 2)).reshape(120, 120) - away
    return axes, points, np.exp(height - height.max())


def grid_intervals(problem):
    """What holds 95 % of each of two coordinates, by brute force."""
    axes, _, weight = grid_of(problem)
    for other, axis in zip((1, 0), axes, strict=True):
        own = weight.sum(axis=other) / weight.sum()
        yield np.interp([0.025, 0.5, 0.975], np.cumsum(own) - own / 2, axis)


def test_intervals_are_those_of_sums_over_a_grid(level):
    found = weigh(level, [level.space.search.mean(axis=1)])
    assert found.worth >= WORTH and found.weights.sum() == pytest.approx(1)
    for i, ends in enumerate(grid_intervals(level)):
        np.testing.assert_allclose(found.interval(i), ends, atol=0.12 * np.ptp(ends))


def test_walkers_find_the_same_from_draws_that_are_worth_little(level):
    poor = weigh(level, [level.space.search.mean(axis=1)], rounds=1)
    poor = poor._replace(weights=np.where(np.arange(len(poor.weights)) < 3, 1 / 3, 0.0))
    found, again = walked(level, poor), walked(level, poor)
    for i, ends in enumerate(grid_intervals(level)):
        np.testing.assert_allclose(found.interval(i), ends, atol=0.12 * np.ptp(ends))
    np.testing.assert_array_equal(found.points, again.points)


def test_walkers_go_by_single_precision_only_where_it_says_the_same():
    random = np.random.default_rng(5)
    seen = record(random.normal((85.0, 3.5), (4.0, 0.3), (90, 2)), random.normal(-0.5, 0.2, 90))
    fixed = {"initial_mean": (85.0, 3.5), "initial_baseline": -0.5, "initial_angle": 0.0}
    problem = pose(Plan(build_learner("policy-gradient", {}, ("release_angle_deg", "release_speed")), 1, fixed), seen)
    middle = problem.space.search.mean(axis=1)
    assert faster(problem, middle[None]).precision is SINGLE
    strange = problem.space.search[:, 1]
    unlikely = problem.log_likelihoods(np.stack([middle, strange]))
    assert unlikely[1] < unlikely[0] - 20 and faster(problem, np.stack([middle, strange])).precision is SINGLE
    off = problem._replace(weights=1e5 * problem.weights)  # rounding counts for more
    assert faster(off, middle[None]) is off


def test_the_same_peaks_give_the_same_draws_and_a_peak_that_is_none_does_no_harm(level):
    middle = level.space.search.mean(axis=1)
    one, again, other = weigh(level, [middle]), weigh(level, [middle]), weigh(level, [middle, middle + 1.0, middle - 5.0])
    np.testing.assert_array_equal(one.points, again.points)
    np.testing.assert_allclose(one.interval(0), other.interval(0), atol=0.12 * np.ptp(one.interval(0)))


def test_a_mixture_is_a_density_and_moves_to_what_weighs():
    mixture = Mixture(np.array([0.1, 0.9]), np.array([[0.0, 0.0], [3.0, 0.0]]), np.stack([16 * np.eye(2), np.eye(2)]))
    points = mixture.draw(np.random.default_rng(0), 4000)
    density = np.exp(mixture.log_parts(points)).sum(axis=0)
    normal = np.exp(-np.sum((points + 1.0) ** 2, axis=1) / 2) / (2 * np.pi)  # about (-1, -1)
    assert np.mean(normal / density) == pytest.approx(1, abs=0.1)
    moved = _fitted(mixture, Weighed(points, normal / density / np.sum(normal / density)))
    np.testing.assert_array_equal(moved.centre[0], [0, 0])
    assert moved.share.sum() == pytest.approx(1) and np.linalg.norm(moved.centre[1] + 1.0) < np.linalg.norm(mixture.centre[1] + 1.0) / 3


def test_a_peak_as_narrow_as_can_be_still_has_a_width(level):
    prior = prior_of(level.space)
    usual, narrow = covariance(np.stack([np.diag([4.0, 1.0]), 1e14 * np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]])]), prior)
    np.testing.assert_allclose(usual, np.diag(1 / (np.array([4.0, 1.0]) + prior.sd**-2)))
    assert np.isfinite(np.linalg.cholesky(narrow)).all() and np.diag(narrow).max() < 1e-3


def test_weights_are_evened_until_enough_draws_count():
    weights = np.exp(-np.arange(600) / 5.0)
    found = evened(Weighed(np.zeros((600, 1)), weights / weights.sum()))
    assert found.worth == pytest.approx(100, rel=0.01) and np.all(np.diff(found.weights) < 0)
    even = Weighed(np.zeros((600, 1)), np.full(600, 1 / 600))
    assert evened(even) is even


class Rough:
    """A wide peak of many numbers with narrow ones upon it, as single actions make them."""

    def __init__(self, space):
        self.space, self.width = space, 0.15 * np.ptp(space.search, axis=1)

    def in_single_precision(self):
        return self

    def log_likelihoods(self, points):
        z = (points - self.space.search.mean(axis=1)) / self.width
        return -0.5 * np.sum(z**2, axis=1) + 8 * np.cos(15 * z).sum(axis=1) / len(self.width) ** 0.5


def test_walkers_that_begin_on_one_narrow_peak_spread_over_the_others():
    random = np.random.default_rng(5)
    seen = record(random.normal((85.0, 3.5), (4.0, 0.3), (90, 2)), random.normal(-0.5, 0.2, 90))
    problem = Rough(pose(Plan(build_learner("policy-gradient", {}, ("release_angle_deg", "release_speed")), 1, {}), seen).space)
    middle, prior = problem.space.search.mean(axis=1), prior_of(problem.space)
    crowd = middle + 0.02 * problem.width * random.normal(size=(300, len(middle)))
    found = walked(problem, Weighed(crowd, np.full(300, 1 / 300)))
    expected = (problem.width**-2 + prior.sd**-2) ** -0.5
    spread = found.points.std(axis=0) / expected
    assert np.all((spread > 0.8) & (spread < 1.6))
