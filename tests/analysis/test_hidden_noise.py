"""The moment-matched likelihood against a particle filter; the score of every form against its mean of zero."""

import itertools
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from analysis.exploration import Setting, Shape, drawn, expected, whites
from analysis.fit.soundness import CLOSE
from analysis.hidden_noise import half_turned, points_of
from analysis.particle_filter import particle_log_likelihood
from analysis.policy_gradient import policy_gradient
from analysis.policy_gradient_options import choose
from protocols.task import Outcome
from tests.contracts import CONTEXT

TRIALS, PARTICLES = 150, 10_000
LONG = 600
GOAL, NARROW = jnp.array([1.0, -0.8]), jnp.array([1.0, 3.0])
NAMES = ("a", "b")


def rewarded(reward) -> Outcome:
    return Outcome(reward, *[jnp.full_like(reward, jnp.nan)] * 7)


@cache
def compiled(covariance: str):
    """A learner, its practice at a bowl or a bull's eye, and the likelihood of what it did to one who watches."""
    learner = policy_gradient({"covariance": covariance}, NAMES)

    def act(params, binary, state, key):
        action, info = learner.act(key, params, state, CONTEXT)
        away = jnp.sqrt(jnp.sum((action - GOAL) ** 2))
        reward = jnp.where(binary, (away < 1.5) * 1.0, -0.3 * away)
        return learner.update(params, state, CONTEXT, action, rewarded(reward), info), (action, reward)

    def watch(params, state, given):
        action, reward = given
        density = learner.log_prob(params, state, CONTEXT, action)
        return learner.update(params, state, CONTEXT, action, rewarded(reward), None), density

    @jax.jit
    def both(params, binary, key):
        record = jax.lax.scan(lambda s, k: act(params, binary, s, k), learner.init(params, 1), jax.random.split(key, TRIALS))[1]
        return record, jax.lax.scan(lambda s, x: watch(params, s, x), learner.init(params, 1), record)[1]

    return learner, both


PRACTICE = ((False, 0.1, 0.1, 0.25), (True, 0.1, 0.1, 0.5), (False, 0.5, 0.1, 1.0), (True, 0.1, 0.2, 0.25))
CASES = [
    (covariance, *practice)
    for covariance, practices in (
        ("angle", PRACTICE),
        ("cholesky", (PRACTICE[2], (True, 0.1, 0.05, 0.25), (True, 0.1, 0.1, 0.25))),
        ("diagonal", PRACTICE[:2]),
    )
    for practice in practices
]


@pytest.mark.slow
@pytest.mark.parametrize(("covariance", "binary", "alpha", "alpha_log_var", "motor"), CASES)
def test_likelihood_is_the_particle_filters_to_a_hundredth_of_a_nat(covariance, binary, alpha, alpha_log_var, motor):
    learner, both = compiled(covariance)
    values = {"alpha_mean": alpha, "alpha_log_var": alpha_log_var, "motor_sd": motor}
    params = learner.make_params({"initial_mean": 0.0, "initial_sd": 1.0, **values})
    (actions, rewards), densities = both(params, binary, jax.random.key(5))
    contexts = jax.tree.map(lambda x: jnp.broadcast_to(jnp.asarray(x), (TRIALS, *jnp.shape(x))), CONTEXT)
    seen = (contexts, actions, rewarded(rewards))
    referee = particle_log_likelihood(learner, params, 1, PARTICLES, seen, jax.random.key(1))
    assert abs(float(jnp.mean(densities - referee))) < CLOSE


@pytest.mark.slow
def test_an_ellipse_that_one_step_has_turned_out_of_sight_is_found_again():
    """A steep bowl makes exploration long and narrow, so that single steps leave its angle open."""
    learner = policy_gradient({"covariance": "angle", "gradient": "natural"}, NAMES)
    values = {"alpha_mean": 0.05, "alpha_log_var": 0.1, "alpha_angle": 0.5, "motor_sd": jnp.array([0.5, 0.1])}
    params = learner.make_params({"initial_mean": 0.0, "initial_sd": 1.0, **values})

    def act(state, key):
        action, info = learner.act(key, params, state, CONTEXT)
        reward = -0.3 * jnp.sqrt(jnp.sum(((action - GOAL) * NARROW) ** 2))
        return learner.update(params, state, CONTEXT, action, rewarded(reward), info), (action, reward)

    def watch(state, given):
        action, reward = given
        after = learner.update(params, state, CONTEXT, action, rewarded(reward), None)
        return after, (learner.log_prob(params, state, CONTEXT, action), after.spread_uncertainty[2, 2])

    actions, rewards = jax.lax.scan(act, learner.init(params, 1), jax.random.split(jax.random.key(6), LONG))[1]
    densities, unknown = jax.lax.scan(watch, learner.init(params, 1), (actions, rewards))[1]
    contexts = jax.tree.map(lambda x: jnp.broadcast_to(jnp.asarray(x), (LONG, *jnp.shape(x))), CONTEXT)
    referee = particle_log_likelihood(learner, params, 1, PARTICLES, (contexts, actions, rewarded(rewards)), jax.random.key(1))
    assert unknown.max() > 1 and unknown[-1] < 0.3  # rad^2
    assert abs(float(jnp.mean(densities - referee))) < CLOSE


def test_angles_go_by_half_turns_to_their_common_direction_near_the_old_one():
    spread = np.array([-0.2, 0.0, 0.3])
    for middle, old in ((0.1, 0.0), (1.5, 0.2), (-1.5, 3.0), (6.4, 6.2)):
        angles = middle + spread + np.pi * np.array([3, -1, 0])
        found = np.asarray(half_turned(jnp.asarray(angles), jnp.full(3, 1 / 3), jnp.asarray(old)))
        turns = (found - angles) / np.pi
        np.testing.assert_allclose(turns, turns.round(), atol=1e-12)
        np.testing.assert_allclose(found - found[1], spread - spread[1], atol=1e-12)
        assert abs(found.mean() - old) < np.pi / 2 + 0.1


@pytest.mark.parametrize(("numbers", "degree"), [(1, 5), (2, 5), (3, 5), (4, 3), (10, 3)])
def test_sigma_points_have_the_moments_of_a_gaussian(numbers, degree):
    places, weights = points_of(numbers)
    assert weights.min() > 0
    for powers in itertools.product(range(degree + 1), repeat=min(numbers, 4)):
        if sum(powers) <= degree:
            moment = weights @ np.prod(places[:, : len(powers)] ** powers, axis=1)
            assert moment == pytest.approx(np.prod([{0: 1, 2: 1, 4: 3}.get(power, 0) for power in powers]), abs=1e-12)


SIX = tuple(f"{axis}{step}" for step in range(1, 4) for axis in "xy")
FORMS = [
    ({"covariance": "angle"}, NAMES),
    ({"covariance": "cholesky"}, NAMES),
    ({"exploration": "gsde", "covariance": "angle"}, NAMES),
    ({"exploration": "gsde"}, SIX),
    ({"exploration": "lattice", "covariance": "cholesky"}, NAMES),
    ({"exploration": "lattice"}, SIX),
]


@pytest.mark.parametrize(("options", "names"), FORMS)
def test_the_score_has_mean_zero_and_drawn_explorations_have_its_covariance(options, names):
    """Score of mean, log variances, mix and latents over draws from the policy: within 4 standard errors of 0."""
    chosen, rows, n, rng = choose(options, names), 2, len(names), np.random.default_rng(3)
    setting = Setting(jnp.array([0.6, 0.9]), jnp.asarray(rng.normal(size=(rows, n))))
    log_var = rng.normal(size=(rows, n) if chosen.exploration == "gsde" else n) * 0.5
    mix = {"angle": jnp.asarray(0.4), "cholesky": jnp.asarray(rng.normal(size=n * (n - 1) // 2)), "diagonal": jnp.zeros(0)}
    latents = whites(chosen, rows) - n
    shape = Shape(jnp.asarray(log_var), mix[chosen.covariance], jnp.asarray(rng.normal(size=(rows, latents // rows)) * 0.5))
    explored = lambda white: drawn(chosen, white, shape, setting)  # noqa: E731
    score = jax.grad(lambda mean, shape, e: expected(chosen, e - mean, None, shape, setting), argnums=(0, 1))
    whitened = jax.random.normal(jax.random.key(4), (20_000, n + latents))
    scores = jax.jit(jax.vmap(lambda white: score(jnp.zeros(n), shape, explored(white))))(whitened)
    for part in jax.tree.leaves(scores):
        flat = np.asarray(part).reshape(len(whitened), -1)
        assert np.all(np.abs(flat.mean(axis=0)) < 4 * flat.std(axis=0) / np.sqrt(len(whitened)) + 1e-12)
