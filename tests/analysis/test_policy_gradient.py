"""The core learner against closed forms, a plain NumPy loop, and what it is said to do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from analysis import gaussian
from analysis.learner import Context
from analysis.policy_gradient_options import OPTIONS
from analysis.policy_gradient_state import State
from analysis.registry import build_learner, learner_options
from protocols.errors import BadInput
from protocols.task import Outcome
from tests.contracts import CONTEXT, check_learner

SKITTLES = ("release_angle_deg", "release_speed")
VALUES = {"initial_mean": "85,3.5", "initial_sd": [8.0, 0.6]}
HANDS, HELD = ("left_x", "left_y", "right_x", "right_y"), {"initial_mean": 0.0, "initial_sd": 0.05}
EXACT = {**VALUES, "motor_sd": 0.0, "variance_floor": 0.0}  # the rule as it is printed


def learner_of(options, names=SKITTLES):
    """One learner for each choice of options, so that it is compiled once for all tests."""
    return build_learner("policy-gradient", options, names)


def rewarded(reward) -> Outcome:
    return Outcome(jnp.asarray(reward), *[jnp.asarray(jnp.nan)] * 7)


def learned(options, values, log_var, mix, z, reward, baseline, retention=1.0):
    """One update from a chosen state, by the action at normalised deviation z from the mean."""
    learner = learner_of(options)
    params = learner.make_params({**values, "retention": retention})
    state = learner.init(params, 1)._replace(log_var=jnp.asarray(log_var), mix=jnp.asarray(mix), reward_baseline=jnp.array([baseline]))
    state = state._replace(mean=jnp.array([[0.3, -0.2]]))
    action = params.initial_mean + params.initial_sd * (state.mean[0] + jnp.asarray(z))
    return params, state, learner.update(params, state, CONTEXT, action, rewarded(reward), None)


STEPS = tuple(f"{axis}{step}" for step in range(1, 4) for axis in "xy")
#: Every value of every option, and every pair of covariance, exploration and context that makes its own code. What hidden noise adds
#: is the same arithmetic for all, and takes most of the compiling: it is on where the belief has a form of its own.
COVERING = [
    ({}, SKITTLES, VALUES),
    ({"covariance": "cholesky", "critic": "distributional"}, SKITTLES, {**VALUES, "process_sd": 0.01}),
    ({"covariance": "diagonal", "gradient": "natural", "context": "table"}, SKITTLES, VALUES),
    ({"asymmetry": "on", "step_cap": "0.4", "hidden_noise": "off"}, SKITTLES, {**VALUES, "alpha_plus": 0.2}),
    (
        {"context": "table", "exploration": "gsde", "critic": "distributional", "hidden_noise": "off"},
        ("reach_angle_deg",),
        {"initial_mean": 0.0, "initial_sd": 6.0},
    ),
    (
        {"context": "features", "critic": "features", "covariance": "diagonal", "step_cap": "0.4"},
        HANDS,
        {**HELD, "initial_weight_sd": 0.03},
    ),
    ({"context": "features", "exploration": "gsde", "covariance": "angle", "centres": "3"}, SKITTLES, VALUES),
    (
        {"context": "features", "exploration": "lattice", "centres": "3", "asymmetry": "on", "hidden_noise": "off"},
        SKITTLES,
        {**VALUES, "initial_weight_sd": 1.0},
    ),
    ({"context": "target-relative", "exploration": "gsde", "hidden_noise": "off"}, STEPS, HELD),
    ({"exploration": "lattice", "gradient": "natural", "hidden_noise": "off", "covariance": "cholesky"}, STEPS, HELD),
]


@pytest.mark.parametrize(("options", "names", "values"), COVERING)
def test_contract(options, names, values):
    check_learner(learner_of(options, names), values, contexts=3)


def test_the_covering_set_has_every_option():
    for name, values in OPTIONS.items():
        if values[-1] in ("on", "off") or " " not in values[-1]:
            default = {"covariance": {"angle"}, "hidden_noise": {"on"}}.get(name, {values[0]})
            assert {options.get(name) for options, *_ in COVERING} | default >= set(values), name


STRUCTURED = [case for case in COVERING if case[0].get("exploration", "white") != "white" and case[0].get("hidden_noise") == "off"]


@pytest.mark.parametrize(("options", "names", "values"), STRUCTURED)
def test_structured_exploration_steps_along_the_gradient_of_log_prob(options, names, values):
    """By automatic differentiation, at rates and advantage of 1. The mean is moved beneath fixed weights of the latents."""
    learner, natural = learner_of(options, names), options.get("gradient") == "natural"
    rates = dict.fromkeys(("alpha_plus", "alpha_minus") if options.get("asymmetry") == "on" else ("alpha_mean",), 1.0)
    params = learner.make_params({**values, **rates, "alpha_log_var": 1.0, "initial_baseline": 0.0, "variance_floor": 0.0})
    random = np.random.default_rng(6)
    state = learner.init(params, 3)
    parts = {name: getattr(state, name) for name in ("mean", "log_var", "mix", "latent")}
    state = state._replace(**{name: part + 0.3 * random.normal(size=part.shape) for name, part in parts.items()})
    action = learner.act(jax.random.key(2), params, state, CONTEXT)[0]

    def density(shift, shape):
        moved = params._replace(initial_mean=params.initial_mean + params.initial_sd * shift)
        return learner.log_prob(moved, state._replace(**shape), CONTEXT, action)

    shape = {name: getattr(state, name) for name in ("log_var", "mix", "latent")}
    slope, bent = jax.grad(density, argnums=(0, 1))(jnp.zeros(len(names)), shape)
    weights = jax.grad(lambda mean: learner.policy(params, state._replace(mean=mean), CONTEXT).mean[0])(state.mean)[:, 0]
    after = learner.update(params, state, CONTEXT, action, rewarded(1.0), None)
    for name, steps in bent.items():
        np.testing.assert_allclose(getattr(after, name) - shape[name], steps, atol=1e-6)
    if not natural:
        np.testing.assert_allclose(after.mean - state.mean, np.outer(weights / params.initial_sd[0], slope), atol=1e-6)


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.3, 3.0])
@pytest.mark.parametrize("reward", [-0.9, 0.6])
def test_angle_form_is_the_closed_form(angle, reward):
    nu, z, baseline = np.array([0.5, -0.8]), np.array([0.7, 1.2]), -0.1
    _, before, after = learned({}, {**EXACT, "alpha_mean": 0.3, "alpha_log_var": 0.2, "alpha_angle": 0.15}, nu, angle, z, reward, baseline)
    q = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inverse, advantage, turned = np.linalg.inv(q @ np.diag(np.exp(nu)) @ q.T), reward - baseline, q.T @ z
    close = {"rtol": 0, "atol": 1e-12}
    np.testing.assert_allclose(after.mean[0], before.mean[0] + 0.3 * advantage * inverse @ z, **close)
    np.testing.assert_allclose(after.log_var, nu + 0.2 * advantage * (turned**2 * np.exp(-nu) - 1) / 2, **close)
    step = 0.15 * advantage * turned[0] * turned[1] * (np.exp(-nu[1]) - np.exp(-nu[0]))
    np.testing.assert_allclose(after.mix, angle + step, **close)
    np.testing.assert_allclose(after.reward_baseline[0], 0.99 * baseline + 0.01 * reward, **close)


def test_diagonal_form_is_the_closed_form():
    nu, z = np.array([0.5, -0.8]), np.array([0.7, -1.2])
    _, before, after = learned({"covariance": "diagonal"}, EXACT, nu, np.zeros(0), z, 0.4, -0.1)
    np.testing.assert_allclose(after.mean[0], before.mean[0] + 0.1 * 0.5 * z * np.exp(-nu), rtol=0, atol=1e-12)
    np.testing.assert_allclose(after.log_var, nu + 0.1 * 0.5 * (z**2 * np.exp(-nu) - 1) / 2, rtol=0, atol=1e-12)


def test_cholesky_form_is_the_closed_form():
    nu, below, z = np.array([0.5, -0.8]), np.array([0.3]), np.array([0.7, -1.2])
    _, before, after = learned({"covariance": "cholesky"}, EXACT, nu, below, z, 0.4, -0.1)
    factor = np.diag(np.exp(nu / 2)) + np.array([[0, 0], [0.3, 0]])
    white = np.linalg.solve(factor, z)
    slope = np.linalg.solve(factor.T, np.outer(white, white) - np.eye(2))  # d log N / d L = L^-T (w w^T - 1)
    np.testing.assert_allclose(after.mean[0], before.mean[0] + 0.05 * np.linalg.solve(factor.T, white), rtol=0, atol=1e-12)
    np.testing.assert_allclose(after.log_var, nu + 0.05 * np.diagonal(slope) * np.diagonal(factor) / 2, rtol=0, atol=1e-12)
    np.testing.assert_allclose(after.mix, below + 0.05 * slope[1, 0], rtol=0, atol=1e-12)


def test_natural_gradient_steps_along_the_exploration():
    _, before, after = learned({"gradient": "natural"}, EXACT, [0.5, -0.8], 0.4, [0.7, 1.2], 0.4, -0.1)
    np.testing.assert_allclose(after.mean[0] - before.mean[0], 0.1 * 0.5 * np.array([0.7, 1.2]), rtol=0, atol=1e-12)


def test_step_cap_bounds_each_part_of_the_step():
    nu, z = np.array([-3.0, 0.0]), np.array([0.6, 0.01])
    _, before, after = learned({"covariance": "diagonal", "step_cap": "0.4"}, {**EXACT, "alpha_mean": 1.0}, nu, np.zeros(0), z, 0.9, -0.1)
    step = np.asarray(after.mean[0] - before.mean[0])
    slope = z * np.exp(-nu)
    assert step[0] == pytest.approx(0.4 / slope[0]) and step[0] < slope[0]
    assert step[1] == pytest.approx(slope[1])  # small enough as it is


def test_asymmetry_takes_its_rate_from_the_sign_of_the_advantage():
    values = {**EXACT, "alpha_plus": 0.3, "alpha_minus": 0.05}
    for reward, rate in ((0.4, 0.3), (-0.6, 0.05)):
        _, before, after = learned({"asymmetry": "on"}, values, [0.0, 0.0], 0.0, [0.7, 1.2], reward, -0.1)
        np.testing.assert_allclose(after.mean[0] - before.mean[0], rate * (reward + 0.1) * np.array([0.7, 1.2]), atol=1e-12)


@pytest.mark.parametrize(("z", "advantage", "rises"), [(2.0, 1, True), (2.0, -1, False), (0.2, 1, False), (0.2, -1, True)])
def test_variance_follows_where_reward_came_from(z, advantage, rises):
    """It rises when a far exploration does well or a near one badly, and falls in the opposite cases."""
    _, before, after = learned({}, EXACT, [0.0, 0.0], 0.0, [z, z], -0.1 + advantage, -0.1)
    assert np.all((np.asarray(after.log_var) > np.asarray(before.log_var)) == rises)


@pytest.mark.parametrize("options", [{}, {"covariance": "cholesky"}, {"covariance": "diagonal"}])
def test_log_prob_is_the_density_of_the_policy(options):
    learner = learner_of(options)
    params = learner.make_params({**VALUES, "motor_sd": "3,0.1"})
    state = learner.init(params, 1)._replace(log_var=jnp.array([0.5, -0.8]))
    if options.get("covariance") != "diagonal":
        state = state._replace(mix=jnp.full_like(state.mix, 0.4))
    policy, action = learner.policy(params, state, CONTEXT), np.array([91.0, 3.1])
    expected = multivariate_normal(policy.mean, policy.covariance).logpdf(action)
    assert float(learner.log_prob(params, state, CONTEXT, action)) == pytest.approx(expected, abs=1e-12)


@jax.jit
def practise(params, keys):
    """Actions, rewards and states of a free learner on a synthetic bowl."""
    learner = learner_of({})

    def step(state, key):
        action, info = learner.act(key, params, state, CONTEXT)
        reward = -0.3 * jnp.sqrt(jnp.sum(((action - jnp.array([90.0, 3.0])) / params.initial_sd) ** 2))
        return learner.update(params, state, CONTEXT, action, rewarded(reward), info), (action, reward, state)

    return jax.lax.scan(step, learner.init(params, 1), keys)[1]


@jax.jit
def watched(params, actions, rewards):
    """The states of a yoked learner before each trial, and the last."""
    learner = learner_of({})

    def step(state, seen):
        return learner.update(params, state, CONTEXT, seen[0], rewarded(seen[1]), None), state

    last, states = jax.lax.scan(step, learner.init(params, 1), (actions, rewards))
    return states, last


def practised(seed: int, trials: int, values=EXACT):
    return practise(learner_of({}).make_params(values), jax.random.split(jax.random.key(seed), trials))


def numpy_states(actions, rewards, alpha=0.1, decay=0.99):
    """The printed rule as a plain loop, written apart from the learner: mean, log variances, angle, baseline before each trial."""
    mean, nu, phi, baseline, states = np.zeros(2), np.zeros(2), 0.0, rewards[0], []
    for action, reward in zip(actions, rewards, strict=True):
        states.append([*mean, *nu, phi, baseline])
        x = (action - [85.0, 3.5]) / [8.0, 0.6]
        c, s = np.cos(phi), np.sin(phi)
        d = x - mean
        z1, z2 = c * d[0] + s * d[1], -s * d[0] + c * d[1]
        w1, w2 = z1 * np.exp(-nu[0]), z2 * np.exp(-nu[1])
        a = reward - baseline
        mean = mean + alpha * a * np.array([c * w1 - s * w2, s * w1 + c * w2])
        phi = phi + alpha * a * z1 * z2 * (np.exp(-nu[1]) - np.exp(-nu[0]))
        nu = nu + alpha * a * (np.array([z1 * w1, z2 * w2]) - 1) / 2
        baseline = decay * baseline + (1 - decay) * reward
    return np.array(states)


def test_parity_with_a_plain_loop_over_600_throws():
    actions, rewards, _ = practised(seed=1, trials=600)
    states, _ = watched(learner_of({}).make_params(EXACT), actions, rewards)
    ours = np.column_stack([states.mean[:, 0], states.log_var, states.mix, states.reward_baseline[:, 0]])
    np.testing.assert_allclose(ours[1:], numpy_states(np.asarray(actions), np.asarray(rewards))[1:], rtol=0, atol=1e-9)


def test_free_and_yoked_agree_where_nothing_is_hidden():
    """Without motor noise the yoked learner on a free learner's record is that learner."""
    actions, rewards, lived = practised(seed=2, trials=600)
    states, _ = watched(learner_of({}).make_params(EXACT), actions, rewards)
    np.testing.assert_allclose(states.mean[:200], lived.mean[:200], atol=1e-12)
    np.testing.assert_allclose(states.log_var[:200], lived.log_var[:200], atol=1e-12)


def test_free_learning_raises_reward():
    _, rewards, states = practised(seed=3, trials=600)
    assert np.mean(rewards[-100:]) > np.mean(rewards[:100]) + 0.1
    assert np.all(states.log_var[-1] < -1)


def test_the_belief_is_kalmans_filter_where_variances_are_fixed():
    """The filter in one dimension, written apart: mean, variance and log likelihood."""
    rng = np.random.default_rng(4)
    sd, alpha, retention, s_e, s_m = 6.0, 0.4, 0.97, 1.0, 0.5
    learner = learner_of({}, ("reach_angle_deg",))
    values = {
        "initial_mean": 0.0,
        "initial_sd": sd,
        "motor_sd": s_m * sd,
        "alpha_mean": alpha,
        "alpha_log_var": 0.0,
        "retention": retention,
    }
    params = learner.make_params({**values, "initial_baseline": 0.0, "baseline_decay": 1.0})
    state, mean, p = learner.init(params, 1), 0.0, 0.0
    for _ in range(60):
        y, reward = rng.normal(0, 1.1), rng.normal(0, 0.7)
        total, v, k = p + s_e**2 + s_m**2, y - mean, alpha * reward / s_e**2
        expected = -0.5 * (np.log(2 * np.pi * total) + v**2 / total) - np.log(sd)
        assert float(learner.log_prob(params, state, CONTEXT, np.array([y * sd]))) == pytest.approx(expected, abs=1e-10)
        c = retention * p + k * s_e**2
        mean, p = retention * mean + c / total * v, retention**2 * p + k**2 * s_e**2 - c**2 / total
        state = learner.update(params, state, CONTEXT, jnp.array([y * sd]), rewarded(reward), None)
        assert float(state.mean[0, 0]) == pytest.approx(mean, abs=1e-10)
        assert float(state.uncertainty[0, 0, 0]) == pytest.approx(p, abs=1e-10)


def test_motor_noise_is_not_taken_for_exploration():
    """With its size known, the learned log variances stay near the true ones; taken for exploration, it leads them astray."""
    values = {**EXACT, "motor_sd": "4,0.3", "alpha_log_var": 0.1, "alpha_mean": 0.05}
    records, gaps = [practised(seed, 200, values) for seed in range(6)], {}
    for known in ("4,0.3", "0"):
        params = learner_of({}).make_params({**values, "motor_sd": known, "variance_floor": 0.05})
        errors = [watched(params, actions, rewards)[1].log_var - truth.log_var[-1] for actions, rewards, truth in records]
        gaps[known] = float(np.mean(np.abs(errors)))
    assert gaps["4,0.3"] < 0.7 * gaps["0"], gaps


def test_missing_reward_or_action_leaves_forgetting():
    learner = learner_of({})
    params = learner.make_params({**EXACT, "retention": 0.9})
    state = learner.init(params, 1)._replace(mean=jnp.array([[1.0, -2.0]]))
    for action, reward in (([90.0, 3.0], np.nan), ([np.nan, 3.0], 0.5)):
        after = learner.update(params, state, CONTEXT, jnp.array(action), rewarded(reward), None)
        np.testing.assert_allclose(after.mean, [[0.9, -1.8]])
        np.testing.assert_array_equal(after.log_var, state.log_var)
        assert np.isnan(after.reward_baseline[0])


def test_first_delivered_reward_starts_the_baseline():
    _, before, after = learned({}, EXACT, [0.0, 0.0], 0.0, [1.0, 1.0], -0.4, np.nan)
    assert float(after.reward_baseline[0]) == pytest.approx(-0.4)
    np.testing.assert_allclose(after.mean, before.mean)


def test_table_learns_each_target_apart():
    learner = learner_of({"context": "table"}, ("reach_angle_deg",))
    params = learner.make_params({"initial_mean": 0.0, "initial_sd": 6.0, "initial_baseline": 0.0})
    before = learner.init(params, 4)
    after = learner.update(params, before, Context(2, (0.0, 0.1)), jnp.array([5.0]), rewarded(0.5), None)
    moved = np.asarray(after.mean[:, 0] != before.mean[:, 0])
    np.testing.assert_array_equal(moved, [False, False, True, False])
    assert learner_of({}, ("reach_angle_deg",)).init(params, 4).mean.shape == (1, 1)


def test_features_spread_a_step_over_the_weights():
    """``W += alpha A (a - mu) / sigma^2 f`` for ``mean = W f`` with von Mises features, and the critic ``v += (1 - d) A f``."""
    learner = learner_of({"context": "features", "critic": "features", "covariance": "diagonal"}, HANDS)
    params = learner.make_params({**HELD, "motor_sd": 0.0, "initial_weight_sd": 0.03, "initial_baseline": 0.0, "baseline_decay": 0.9})
    before, target = learner.init(params, 5), (0.06, -0.03)
    direction, centres = np.arctan2(-0.03, 0.06), 2 * np.pi * np.arange(16) / 16
    f = np.exp(5 * np.cos(direction - centres)) / (2 * np.pi * np.i0(5))
    mean = 0.05 * f @ before.mean
    np.testing.assert_allclose(learner.policy(params, before, Context(3, target)).mean, mean, rtol=0, atol=1e-15)
    action = mean + np.array([0.02, -0.01, 0.03, 0.0])
    after = jax.jit(learner.update)(params, before, Context(3, target), action, rewarded(0.7), None)
    np.testing.assert_allclose(after.mean - before.mean, 0.1 * 0.7 * np.outer(f, (action - mean) / 0.05), rtol=0, atol=1e-14)
    np.testing.assert_allclose(after.reward_baseline, 0.1 * 0.7 * f, rtol=0, atol=1e-15)


def test_first_weights_are_a_parameter_and_no_chance():
    learner = learner_of({"context": "features", "centres": "200"}, HANDS)
    nothing, drawn = (learner.init(learner.make_params({**HELD, "initial_weight_sd": sd}), 1).mean for sd in (0.0, "0.03,0.03,0.03,0.06"))
    assert not np.any(nothing)
    np.testing.assert_allclose(np.std(drawn * 0.05, axis=0), [0.03, 0.03, 0.03, 0.06], rtol=0.15)


def test_reach_angles_go_the_short_way_round():
    learner = learner_of({}, ("reach_angle_deg",))
    params = learner.make_params({"initial_mean": 175.0, "initial_sd": 6.0})
    state = learner.init(params, 1)
    near, far = (learner.log_prob(params, state, CONTEXT, jnp.array([x])) for x in (-175.0, 165.0))
    assert float(near) == pytest.approx(float(far))
    throw = learner_of({"covariance": "diagonal"}, ("release_angle_deg",))
    assert float(throw.log_prob(params, state, CONTEXT, jnp.array([-175.0]))) < -1000


def test_variance_has_a_floor():
    _, _, after = learned({}, {**EXACT, "variance_floor": 0.5, "alpha_log_var": 50.0}, [0.0, 0.0], 0.0, [0.1, 0.1], 0.9, -0.1)
    np.testing.assert_allclose(np.exp(after.log_var), 0.5)


def test_motor_noise_is_a_quarter_of_exploration_unless_said_otherwise():
    learner = learner_of({})
    np.testing.assert_allclose(learner.make_params(VALUES).motor_sd, [2.0, 0.15])
    np.testing.assert_allclose(learner.make_params({**VALUES, "motor_sd": 0}).motor_sd, [0.0, 0.0])
    np.testing.assert_allclose(
        learner.make_params({**VALUES, "motor_sd.release_speed": 0.2, "motor_sd.release_angle_deg": 1}).motor_sd, [1, 0.2]
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"initial_mean": 1.0}, "initial_sd"),
        ({**VALUES, "alpha": 0.1}, "no parameter 'alpha'"),
        ({**VALUES, "alpha_plus": 0.1}, "no parameter 'alpha_plus'"),
        ({**VALUES, "initial_mean": [1, 2, 3]}, "2 numbers"),
        ({**VALUES, "retention": 1.5}, "0 to 1"),
        ({**VALUES, "alpha_mean": "fast"}, "takes numbers"),
        ({**VALUES, "alpha_mean": "0.1,0.2"}, "one number"),
    ],
)
def test_bad_parameters_are_named(values, words):
    with pytest.raises(BadInput, match=words):
        learner_of({}).make_params(values)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"covariance": "full"}, "angle, cholesky, diagonal"),
        ({"critic": "best"}, "running"),
        ({"centres": "1"}, "2 to 360"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"step_cap": "-1"}, "step_cap"),
    ],
)
def test_bad_options_are_named(options, words):
    with pytest.raises(BadInput, match=words):
        learner_of(options)


def test_an_angle_needs_two_dimensions():
    with pytest.raises(BadInput, match="2 numbers"):
        learner_of({"covariance": "angle"}, ("reach_angle_deg",))


def test_learners_are_found_by_name():
    assert build_learner("policy-gradient", {}, SKITTLES).name == "policy-gradient"
    assert learner_options("policy-gradient") == OPTIONS
    with pytest.raises(BadInput, match="policy-gradient"):
        build_learner("policy-gradiant", {}, SKITTLES)


@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_small_matrices(n):
    rng = np.random.default_rng(n)
    a = rng.normal(size=(n, n))
    covariance, deviation = a @ a.T + np.eye(n), rng.normal(size=n)
    np.testing.assert_allclose(gaussian.cholesky(jnp.asarray(covariance)), np.linalg.cholesky(covariance), atol=1e-12)
    np.testing.assert_allclose(gaussian.inverse(jnp.asarray(covariance)), np.linalg.inv(covariance), atol=1e-12)
    expected = multivariate_normal(np.zeros(n), covariance).logpdf(deviation)
    assert float(gaussian.log_density(jnp.asarray(deviation), jnp.asarray(covariance))) == pytest.approx(expected, abs=1e-12)


def test_state_is_a_named_tuple_of_arrays():
    learner = learner_of({})
    state = learner.init(learner.make_params(VALUES), 1)
    assert isinstance(state, State) and all(isinstance(x, jax.Array) for x in state)


@pytest.mark.parametrize(
    ("options", "names", "values"),
    [({}, SKITTLES, VALUES), ({"covariance": "diagonal", "context": "features"}, HANDS, HELD), ({"covariance": "cholesky"}, HANDS, HELD)],
)
def test_a_learner_that_chooses_its_actions_says_and_learns_the_same_without_what_one_who_watches_carries(options, names, values):
    learner = learner_of(options, names)
    params = learner.make_params(values)
    state = learner.init(params, 1)._replace(reward_baseline=jnp.zeros_like(learner.init(params, 1).reward_baseline))
    action, info = learner.act(jax.random.key(1), params, state, CONTEXT)
    found = [
        (
            learner.policy(params, one, CONTEXT),
            learner.log_prob(params, one, CONTEXT, action),
            learner.knowing(learner.update(params, one, CONTEXT, action, rewarded(0.5), info)),
        )
        for one in (state, learner.knowing(state))
    ]
    assert learner.knowing(state).uncertainty.size == 0
    for full, short in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_allclose(short, full, rtol=1e-10, atol=1e-12)
