"""The particle filter against a sum over a grid, which is exact; its intervals; and that it is the same however it is run."""

import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from analysis.learner import Context
from analysis.live.filter import EVEN, LEVELS, PORTION, Record, begin, learn, make_inference, move
from analysis.live.prior import log_prior, make_prior
from analysis.predict import log_probs
from analysis.registry import build_learner
from analysis.twin import Seen
from protocols.task import NO_OUTCOME
from tests.contracts import CONTEXT

TRIALS, PARTICLES = 60, 1000
ACTION = ("reach_angle_deg",)


@cache
def watched():
    """A floor that has two unknown SDs once its mean is known: a posterior that can be summed."""
    learner = build_learner("local-level", {}, ACTION)
    prior = make_prior(learner, {"initial_mean": 0.0, "initial_sd": 4.0})
    return make_inference(learner, prior, 1, 3)


@cache
def record() -> list[Seen]:
    """A random walk seen through noise, with two actions missing."""
    random = np.random.default_rng(8)
    actions = np.cumsum(random.normal(0, 1.5, TRIALS)) + random.normal(0, 3.0, TRIALS)
    actions[[4, 30]] = np.nan
    context, nothing = Context(np.int64(0), np.asarray(CONTEXT.target)), np.float64(np.nan)
    outcome = type(NO_OUTCOME)(*(np.float64(x) for x in NO_OUTCOME))
    return [Seen(context, np.array([action]), nothing, outcome) for action in actions]


@cache
def course():
    """What the filter says after each trial, and what it has become."""
    live, kept, told = begin(watched(), PARTICLES), Record(), []
    for trial in record():
        live, news = learn(watched(), live, trial)
        told.append(news)
        kept.add(trial)
        live = move(watched(), live, kept)
    return live, told


@cache
def densities():
    """Log prior (up to a constant) + log likelihood of the record, of ``PARTICLES`` points at once."""
    inference, prior = watched(), watched().prior
    seen = jax.tree.map(lambda *column: np.stack(column), *record())

    def density(x):
        params = prior.params(inference.model.learner, x)
        return log_probs(inference.model.learner, params, 1, seen).sum() + log_prior(prior.centre, prior.width, x)

    return jax.jit(jax.vmap(density))


@cache
def grid():
    """Points over the three coordinates, the exact posterior's weight there, and the log evidence."""
    prior = watched().prior
    axes = [centre + width * np.linspace(-4, 4, 40) for centre, width in zip(prior.centre, prior.width, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    logs = np.concatenate([densities()(part) for part in np.split(points, len(points) // PARTICLES)])
    weight = np.exp(logs - logs.max())
    cell = math.prod(axis[1] - axis[0] for axis in axes)
    normal = np.sum(np.log(np.sqrt(2 * np.pi) * prior.width))
    return points, weight / weight.sum(), logs.max() + np.log(weight.sum() * cell) - normal


def test_posterior_and_evidence_are_those_of_a_sum_over_a_grid():
    points, weight, evidence = grid()
    told = course()[1][-1]
    mean = weight @ points
    sd = np.sqrt(weight @ (points - mean) ** 2)
    np.testing.assert_allclose((told.mean - mean) / sd, 0, atol=0.15)  # 1000 particles: 0.03, and what resampling adds
    np.testing.assert_allclose(told.sd / sd, 1, atol=0.15)
    assert told.log_evidence == pytest.approx(evidence, abs=0.3)


def test_quantiles_are_those_of_the_grid():
    points, weight, _ = grid()
    prior, told = watched().prior, course()[1][-1]
    mean = weight @ points
    for column, quantiles in enumerate(told.quantiles):
        at, which = np.unique(points[:, column], return_inverse=True)
        share = np.bincount(which, weight)
        exact = np.interp(LEVELS, np.cumsum(share) - share / 2, at)
        found = [prior.coordinates[column].unbounded(float(q)) for q in quantiles]
        sd = np.sqrt(weight @ (points[:, column] - mean[column]) ** 2)
        np.testing.assert_allclose(found, exact, atol=0.3 * sd)  # the ends lie among some 50 particles


def test_the_cloud_neither_collapses_nor_stays_uneven():
    live, told = course()
    assert len(np.unique(np.asarray(live.cloud.x), axis=0)) > 0.7 * PARTICLES
    assert min(news.effective for news in told[20:]) > 0.5 * EVEN * PARTICLES


def test_what_is_carried_is_what_a_replay_gives():
    cloud = course()[0].cloud
    np.testing.assert_allclose(cloud.log_density, densities()(cloud.x), rtol=1e-9)


def test_a_missing_action_says_nothing():
    told = course()[1]
    assert told[4].log_prob == pytest.approx(0, abs=1e-9)
    assert np.isfinite([news.log_evidence for news in told]).all()


def test_the_same_record_gives_the_same_cloud():
    live, kept = begin(watched(), PARTICLES), Record()
    for trial in record():
        live, told = learn(watched(), live, trial)
        kept.add(trial)
        live = move(watched(), live, kept)
    np.testing.assert_array_equal(live.cloud.x, course()[0].cloud.x)
    assert told.log_evidence == course()[1][-1].log_evidence


def test_a_record_comes_in_portions_of_one_shape():
    kept = Record()
    for trial in record()[: PORTION + 3]:
        kept.add(trial)
    whole, there = kept.portion(0)
    assert there.all() and len(whole.action) == PORTION
    rest, there = kept.portion(PORTION)
    assert there.sum() == 3 and len(rest.action) == PORTION
    np.testing.assert_array_equal(rest.action[:3], np.stack([trial.action for trial in record()[PORTION : PORTION + 3]]))


def test_a_learner_that_can_not_be_has_no_weight():
    """A density that isn't finite takes no part, and does not spread."""
    inference = watched()
    live = begin(inference, PARTICLES)
    states = live.cloud.states._replace(mean=live.cloud.states.mean.at[0].set(jnp.nan))
    live, told = learn(inference, live._replace(cloud=live.cloud._replace(states=states)), record()[0])
    assert np.isneginf(np.asarray(live.cloud.log_weight)[0])
    assert math.isfinite(told.log_prob) and np.isfinite(told.mean).all()


def test_a_learner_that_can_not_be_at_all_is_refuted_without_a_nan():
    """Its evidence is minus infinity from then on; what was believed of its parameters stands."""
    inference = watched()
    live = begin(inference, PARTICLES)
    states = live.cloud.states._replace(mean=jnp.full_like(live.cloud.states.mean, jnp.nan))
    live, told = learn(inference, live._replace(cloud=live.cloud._replace(states=states)), record()[0])
    assert told.log_prob == told.log_evidence == -math.inf
    assert np.isfinite(told.quantiles).all() and told.effective == pytest.approx(PARTICLES)
