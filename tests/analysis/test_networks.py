"""The network learners: each rule's step against its equation, their likelihoods, and that they learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from analysis.features import von_mises
from analysis.learner import Context
from analysis.networks.network import STEPS, WEIGHTS_SEED, Noise, Weights, forward, inputs, silent
from analysis.networks.node_perturbation import choose, eligible_by_noise, node_perturbation
from analysis.policy_gradient import policy_gradient
from analysis.registry import build_learner
from protocols.errors import BadInput
from protocols.task import Outcome
from tests.contracts import CONTEXT, check_learner

REACH, SKITTLES = ("reach_angle_deg",), ("release_angle_deg", "release_speed")
VALUES = {"initial_mean": "85,3.5", "initial_sd": "8,0.6", "motor_sd": "2,0.1"}
FEATURES = {"network": "recurrent", "context": "features", "hidden_units": "7"}


def rewarded(reward: float) -> Outcome:
    return Outcome(*(jnp.asarray(x) for x in (reward, 0.2, 0.2, 0.1, -0.1, 0.0, 0.0, 0.0)))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("node-perturbation", FEATURES),
        ("node-perturbation", {"network": "hidden", "units": "logistic", "context": "features"}),
        ("weight-perturbation", {"context": "features"}),
        ("reward-hebb", {"network": "hidden"}),
    ],
    ids=str,
)
def test_contract(name, options):
    small = {"weight_sd": 0.1} if name == "weight-perturbation" else {}
    check_learner(build_learner(name, options, SKITTLES), VALUES | small)


def test_node_perturbation_on_a_linear_network_is_the_mean_rule_of_the_policy_gradient():
    node = node_perturbation({}, SKITTLES)
    gradient = policy_gradient({"covariance": "diagonal"}, SKITTLES)
    params = node.make_params({**VALUES, "alpha": 0.3, "initial_baseline": -0.4, "motor_sd": 0})
    other = gradient.make_params({**VALUES, "alpha_mean": 0.3, "alpha_log_var": 0.0, "initial_baseline": -0.4, "motor_sd": 0})
    one, two = node.init(params, 1), gradient.init(other, 1)
    for action, reward in (((90.0, 3.2), -0.2), ((83.0, 3.9), -0.7), ((101.0, 2.9), -0.1)):
        action = jnp.array(action)
        assert node.log_prob(params, one, CONTEXT, action) == pytest.approx(
            float(gradient.log_prob(other, two, CONTEXT, action)), abs=1e-12
        )
        one = node.update(params, one, CONTEXT, action, rewarded(reward), None)
        two = gradient.update(other, two, CONTEXT, action, rewarded(reward), None)
        np.testing.assert_allclose(node.policy(params, one, CONTEXT).mean, gradient.policy(other, two, CONTEXT).mean, atol=1e-10)


@pytest.mark.parametrize("network", ["hidden", "recurrent"])
def test_noise_times_activity_is_the_gradient_of_the_log_probability_of_the_noise(network):
    """Williams 1992: with drives d = W s + noise, the score of W is the sum of noise s^T / variance, whatever lies behind the drives."""
    chosen = choose({"network": network, "hidden_units": "5", "context": "features"}, SKITTLES)
    random = np.random.default_rng(1)
    weights = jax.tree.map(lambda x: jnp.asarray(random.normal(size=x.shape)), node_perturbation(
        {"network": network, "hidden_units": "5", "context": "features"}, SKITTLES).init(PARAMS, 1).weights)  # fmt: skip
    noise = jax.tree.map(lambda x: jnp.asarray(0.3 * random.normal(size=x.shape)), silent(chosen))
    features = inputs(chosen, CONTEXT)
    made = forward(chosen, weights, features, noise)

    def log_probability(weights: Weights) -> jax.Array:
        """Of the very drives of that pass, each given the activity before it."""
        recurrent = made.before @ weights.recurrent.T if network == "recurrent" else 0.0
        inward = made.drive.inward - recurrent - weights.inward @ features
        outward = made.drive.outward - weights.outward @ made.source
        return -0.5 * (jnp.sum(inward**2) + jnp.sum(outward**2))

    eligible = eligible_by_noise(chosen, made, noise, noise)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-9), eligible, jax.grad(log_probability)(weights))


PARAMS = node_perturbation({}, SKITTLES).make_params(VALUES)


def test_a_logistic_units_score_is_its_output_less_its_probability():
    chosen = choose({"network": "hidden", "units": "logistic", "hidden_units": "4"}, REACH)
    inward = jnp.array([[0.3], [-1.0], [0.0], [2.0]])
    fired = jnp.array([1.0, 0.0, 1.0, 1.0])
    chance = jax.nn.sigmoid(inward @ jnp.ones(1))
    weights = Weights(jnp.ones((1, 4)), inward, jnp.zeros((0, 0)))
    noise = Noise(jnp.array([0.2]), (fired - chance)[None])
    made = forward(chosen, weights, jnp.ones(1), noise)
    np.testing.assert_allclose(made.source, fired, atol=1e-12)

    def log_probability(inward):
        p = jax.nn.sigmoid(inward @ jnp.ones(1))
        return jnp.sum(fired * jnp.log(p) + (1 - fired) * jnp.log(1 - p))

    np.testing.assert_allclose(eligible_by_noise(chosen, made, noise, noise).inward, jax.grad(log_probability)(inward), atol=1e-9)


def test_shaken_weights_spread_the_action_by_what_comes_in():
    learner = build_learner("weight-perturbation", {"context": "features"}, REACH)
    params = learner.make_params({"initial_mean": 0, "initial_sd": 2, "motor_sd": 0, "weight_sd": 0.5})
    features = von_mises(jnp.arctan2(0.43, 0.38))
    # The action's own units have no noise here, so that the covariance is s^2 |f|^2.
    expected = (2 * 0.5) ** 2 * float(jnp.sum(features**2))
    assert float(learner.policy(params, learner.init(params, 1), CONTEXT).covariance[0, 0]) == pytest.approx(expected, rel=1e-12)


def test_hebbs_fluctuation_is_the_noise_where_nothing_was_learned():
    """With a running mean that has settled and no learning, the drive less its mean is the noise."""
    learner = build_learner("reward-hebb", {}, REACH)
    params = learner.make_params(
        {"initial_mean": 0, "initial_sd": 1, "motor_sd": 0, "alpha": 0.0, "activity_decay": 0.5, "initial_baseline": 0}
    )
    state = learner.init(params, 1)
    for action in (0.0, 0.0):
        state = learner.update(params, state, CONTEXT, jnp.array([action]), rewarded(0.0), None)
    after = learner.update(params._replace(alpha=jnp.asarray(0.1)), state, CONTEXT, jnp.array([0.7]), rewarded(1.0), None)
    assert float(after.weights.outward[0, 0]) == pytest.approx(0.1 * 1.0 * 0.7, abs=1e-12)


def test_mean_of_the_score_is_zero():
    """The step, averaged over actions with a reward that doesn't depend on them, is 0 within 4 standard errors."""
    learner = node_perturbation(FEATURES, REACH)
    params = learner.make_params({"initial_mean": 0, "initial_sd": 6, "motor_sd": 2, "alpha": 1.0, "initial_baseline": 0.0})
    state = learner.init(params, 1)

    @jax.jit
    @jax.vmap
    def step(key):
        action, info = learner.act(key, params, state, CONTEXT)
        after = learner.update(params, state, CONTEXT, action, rewarded(1.0), info)
        return jnp.concatenate([jnp.ravel(x - y) for x, y in zip(after.weights, state.weights, strict=True)])

    steps = np.asarray(step(jax.random.split(jax.random.key(3), 4000)))
    moved = steps.std(axis=0) > 0
    standardised = steps.mean(axis=0)[moved] / (steps.std(axis=0)[moved] / np.sqrt(len(steps)))
    assert moved.sum() > 100 and np.abs(standardised).max() < 4


@pytest.mark.parametrize(
    ("name", "options", "alpha"),
    [
        ("node-perturbation", FEATURES, 0.005),
        ("weight-perturbation", {"context": "features"}, 0.005),
        ("reward-hebb", {"context": "features"}, 0.02),
    ],
    ids=str,
)
def test_learns_where_eight_targets_are(name, options, alpha):
    """Reaches to eight targets that each want a turn of 10 degrees; three quarters of the error go."""
    learner = build_learner(name, options, REACH)
    params = learner.make_params({"initial_mean": 0, "initial_sd": 5, "motor_sd": 1, "alpha": alpha, "baseline_decay": 0.9})

    def step(state, given):
        key, index = given
        angle = 2 * jnp.pi * index / 8
        context = Context(index, jnp.stack([jnp.cos(angle), jnp.sin(angle)]))
        action, info = learner.act(key, params, state, context)
        error = jnp.abs(action[0] - 10.0)
        left = jnp.abs(learner.policy(params, state, context).mean[0] - 10)
        return learner.update(params, state, context, action, rewarded(-error), info), left

    keys = jax.random.split(jax.random.key(5), 3000)
    errors = jax.jit(lambda: jax.lax.scan(step, learner.init(params, 8), (keys, jnp.arange(3000) % 8))[1])()
    assert float(errors[:8].mean()) == pytest.approx(10.0, abs=2.0)
    assert float(errors[-400:].mean()) < 2.5


def test_the_first_weights_are_the_same_on_every_run():
    first = node_perturbation({"network": "hidden", "hidden_units": "3"}, REACH).init(PARAMS, 1).weights
    drawn = np.random.default_rng(WEIGHTS_SEED).standard_normal((1, 3)) / np.sqrt(3)
    np.testing.assert_array_equal(first.outward, drawn)
    assert silent(choose({"network": "recurrent"}, REACH)).inward.shape[0] == STEPS


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("node-perturbation", {"layers": "2"}, "no option 'layers'"),
        ("node-perturbation", {"network": "deep"}, "choose from linear, hidden, recurrent"),
        ("node-perturbation", {"network": "hidden", "hidden_units": "0"}, "from 1 to 200"),
        ("reward-hebb", {"network": "hidden", "units": "logistic"}, "belong to node-perturbation"),
        ("node-perturbation", {"units": "logistic"}, "network = hidden"),
    ],
)
def test_options_that_are_not_there_are_refused(name, options, words):
    with pytest.raises(BadInput, match=words):
        build_learner(name, options, REACH)
