"""Draws from the posterior: the gradient that they follow, a posterior that is known, and what is said of bad chains."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.infer.util import log_density
from scipy.stats import halfnorm, norm

from analysis.bayes.check import Ahead, checks, coverage
from analysis.bayes.geometry import Likely, frame, of_group, of_people
from analysis.bayes.judge import Mixing, doubts, mixing
from analysis.bayes.people import People, gather, log_likelihood
from analysis.bayes.prior import Prior, prior_of, words
from analysis.bayes.sampling import Posterior, Sampling, model_of, sample
from analysis.learner import Context
from analysis.predict import log_probs
from analysis.registry import build_learner
from analysis.twin import Seen
from protocols.errors import BadInput
from protocols.task import Outcome

REACH = ("reach_angle_deg",)


def record(count: int, seed: int, far: float = 0.0) -> Seen:
    """Reaches with gaps: actions, hits, errors and rewards that are missing, and directions beyond half a turn."""
    random = np.random.default_rng(seed)
    action, reward = random.normal(far, 4, (count, 1)), random.normal(-1, 0.3, count)
    hit, error = (random.random(count) > 0.5).astype(float), np.radians(random.normal(0, 3, count))
    for column, at in ((action, 3), (reward, 5), (hit, 7), (error, 9)):
        column[at::11] = np.nan
    nan = np.full(count, np.nan)
    outcome = Outcome(reward, nan, nan, nan, error, hit, nan, nan)  # type: ignore[arg-type]
    return Seen(Context(np.zeros(count, int), np.zeros((count, 2))), action, reward, outcome)  # type: ignore[arg-type]


def people_of(name: str, fixed: dict | None = None, count: int = 2, trials: int = 40) -> People:
    return gather(build_learner(name, {}, REACH), 1, [record(trials, seed, 175.0 * (seed == 1)) for seed in range(count)], fixed or {})


@pytest.mark.parametrize("name", ["task-outcome", "error-based", "local-level", "policy-gradient"])
def test_the_gradient_is_that_of_forward_mode(name):
    people = people_of(name)
    prior = prior_of(people.space)
    x = jnp.asarray(prior.mean + 0.3 * np.random.default_rng(1).normal(size=(2, len(prior.mean))))

    def plainly(y):
        def one(z, own, trials):
            return log_probs(people.learner, people.params(z, own), 1, trials).sum()

        return jax.vmap(one)(y, people.own, people.trials).sum()

    value, slope = jax.jit(jax.value_and_grad(lambda y: log_likelihood(people)(y).sum()))(x)
    expected, forward = jax.jit(lambda y: (plainly(y), jax.jacfwd(plainly)(y)))(x)
    assert (people.learner.at_once is None) == (name == "policy-gradient")
    assert float(value) == pytest.approx(float(expected), rel=1e-12)
    assert np.isfinite(slope).all() and np.abs(slope).max() > 0.1
    np.testing.assert_allclose(slope, forward, rtol=1e-8, atol=1e-8)


def test_a_group_is_drawn_with_the_density_that_it_has():
    """Whatever the map from what is drawn: its volume is counted, for a normal likelihood that fits badly too."""
    people = people_of("local-level", {"level_sd": 1.0})
    prior, random = prior_of(people.space), np.random.default_rng(2)
    free = len(prior.mean)
    root = random.normal(size=(2, free, free))
    about = Likely(random.normal(size=(2, free)), root @ root.swapaxes(1, 2))

    def parts(flat):
        """Middle, log spread, and people."""
        middle, log_width = of_group(frame(prior, about), flat[: 2 * free])
        x, _ = of_people(about, middle, jnp.exp(log_width), flat[2 * free :].reshape(2, free))
        return jnp.concatenate([middle, log_width, x.ravel()])

    @jax.jit
    def all_of(flat):
        there = parts(flat)
        likely = log_likelihood(people)(there[2 * free :].reshape(2, free)).sum()
        drawn = {"group": flat[: 2 * free], "away": flat[2 * free :].reshape(2, free)}
        volume = jnp.linalg.slogdet(jax.jacfwd(parts)(flat))[1]
        return there, likely + volume, log_density(model_of(people, prior, True, about), (), {}, drawn)[0]

    def expected(there, likely_and_volume):
        middle, log_width, x = np.split(np.asarray(there), [free, 2 * free])
        width = np.exp(log_width)
        believed = norm.logpdf(middle, prior.mean, prior.sd) + halfnorm.logpdf(width, scale=prior.between) + log_width
        return believed.sum() + norm.logpdf(x.reshape(2, free), middle, width).sum() + float(likely_and_volume)

    (*one, drawn), (*other, elsewhere) = (all_of(jnp.asarray(random.normal(size=4 * free))) for _ in range(2))
    assert float(drawn - elsewhere) == pytest.approx(expected(*one) - expected(*other), rel=1e-9)
    assert abs(drawn - elsewhere) > 1


@pytest.fixture(scope="module")
def conjugate():
    """A normal mean with a normal prior, whose posterior is known in closed form."""
    people = people_of("local-level", {"initial_sd": 4.0, "level_sd": 0.0}, count=1)
    prior = Prior(np.array([3.0]), np.array([0.5]))
    return people, prior, sample(people, prior, False, Sampling(200, 400, 2, 3))


def test_a_posterior_that_is_known(conjugate):
    people, _, posterior = conjugate
    action = people.trials.action[0, :, 0]
    seen = action[np.isfinite(action)]
    precision = 1 / 0.5**2 + len(seen) / 4**2
    mean = (3.0 / 0.5**2 + seen.sum() / 4**2) / precision
    error = precision**-0.5 / np.sqrt(400)  # of the draws' mean, were half of them independent
    assert abs(posterior.x.mean() - mean) < 4 * error
    assert posterior.x.std() == pytest.approx(precision**-0.5, rel=0.12)
    found = mixing(posterior)
    assert found.divergences == 0 and found.r_hat.max() < 1.02 and found.ess.min() > 150


def test_bad_chains_are_called_bad(conjugate):
    _, _, posterior = conjugate
    apart = posterior._replace(x=posterior.x + np.array([0.0, 5.0])[:, None, None, None])
    stats = {**posterior.stats, "diverging": np.ones((2, 400), bool)}
    said = " ".join(doubts(mixing(apart._replace(stats=stats))))
    assert "don't agree" in said and "800 trajectories diverged" in said and "independent ones" in said
    good = Mixing(np.full((1, 1), 1.002), np.full((1, 1), 900.0), 0, 0, np.full(2, 0.9))
    assert doubts(good) == []
    assert "one chain" in " ".join(doubts(good._replace(r_hat=np.full((1, 1), np.nan))))


def test_residuals_that_are_no_noise_are_named():
    people = people_of("local-level", count=1, trials=300)
    random = np.random.default_rng(5)
    shape = (50, 1, 300, 1)
    zero, one, copy = np.zeros(shape), np.ones(shape), random.normal(size=shape)
    noise = np.broadcast_to(random.normal(size=(300, 1)), shape)
    good = Ahead(zero, one, noise, copy)
    assert not any(check.words for check in checks(people, good, 0))
    assert coverage(good, 0, 0.95) == pytest.approx(0.95, abs=0.04)
    walk = np.broadcast_to(np.cumsum(random.normal(size=(300, 1)), axis=0) / 4, shape)
    said = [check.words for check in checks(people, good._replace(residual=walk), 0)]
    assert "neighbours are more alike than predicted" in said
    assert coverage(good._replace(residual=4 * noise), 0, 0.95) < 0.6


def test_priors_are_said_and_may_be_given():
    space = people_of("task-outcome").space
    plain, given = prior_of(space), prior_of(space, {"retention_hit": (0.9, 0.5)})
    assert given.mean[0] == pytest.approx(np.log(9)) and given.sd[0] == 0.5 and (given.sd[1:] == plain.sd[1:]).all()
    assert words(space.coordinates[0], given.mean[0], given.sd[0]).startswith("logit-normal, 0.9 (95 %: 0.77")
    with pytest.raises(BadInput, match="isn't fitted"):
        prior_of(space, {"speed": (1.0, 1.0)})


def test_the_same_seed_gives_the_same_draws(conjugate):
    people, prior, posterior = conjugate
    again: Posterior = sample(people, prior, False, Sampling(200, 400, 2, 3))
    np.testing.assert_array_equal(again.x, posterior.x)
