"""Every rival within the frame against its own equation, written out again, and the joint Gaussian of all actions by brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from analysis.measures.practice import past_surprise
from analysis.predict import predict
from analysis.registry import build_learner
from analysis.rivals.rival import Drawn
from tests.analysis.rivals.records import (
    REACH,
    SKITTLES,
    VALUES,
    Linear,
    a_record,
    constant,
    joint_likelihood,
    learners_likelihood,
    outcomes,
    seen,
)
from tests.contracts import CONTEXT

RECORD = a_record(REACH)
AWAY = RECORD.action[:, 0] - 1.0  # deg, from the initial mean
ERROR = np.nan_to_num(np.degrees(RECORD.cursor_error))
SD = 4.0  # initial_sd


def error_based():
    model = constant(RECORD)
    model["retention"][:] = 0.9
    model["push"][:, 0] = 0.3 * ERROR
    model["noise"][:, 2], model["drift"][:] = SD**2, 1.5**2
    return {"learning_rate": 0.3, "retention": 0.9, "process_sd": 1.5}, {}, model


def error_based_absolute():
    model = constant(RECORD)
    model["push"][:, 0] = 0.7 * np.sign(ERROR)
    model["noise"][:, 2] = SD**2
    return {"learning_rate": 0.7, "retention": 1.0}, {"descends": "absolute"}, model


def two_rate():
    model = constant(RECORD, components=2)
    model["retention"][:] = 0.6 * 0.95, 0.95
    model["push"][:] = ERROR[:, None] * np.array([0.4, 0.1])
    model["noise"][:, 2], model["drift"][:] = SD**2, 0.5**2
    values = {"rate_fast": 0.4, "slow_rate": 0.25, "retention_slow": 0.95, "fast_retention": 0.6, "process_sd": 0.5}
    return values, {}, model


def task_outcome():
    model = constant(RECORD)
    hit = (RECORD.hit > 0) & np.isfinite(AWAY)
    model["retention"][:, 0] = np.where(hit, 0.98, 0.8)
    model["push"][:, 0] = np.where(hit, 0.3, 1.1) * np.sign(ERROR)
    model["noise"][:, 2] = SD**2
    return {"retention_hit": 0.98, "retention_miss": 0.8, "update_hit": 0.3, "update_miss": 1.1}, {}, model


def random_walk():
    model = constant(RECORD)
    model["start"][:], model["drift"][:] = SD**2, 3.0**2
    return {"step_sd": 3.0}, {}, model


def local_level():
    model = constant(RECORD)
    model["noise"][:, 2], model["drift"][:] = SD**2, 1.2**2
    return {"level_sd": 1.2}, {}, model


TOLD = np.isfinite(AWAY) & np.isfinite(RECORD.reward)
HIT = TOLD & (RECORD.hit > 0)


def after(value, first):
    """What held on each trial, of a value that each trial may change (NaN: it doesn't)."""
    out, now = [], first
    for new in value:
        out.append(now)
        now = now if np.isnan(new) else new
    return np.array(out)


def running(decay):
    """Expected reward before each trial, and reward beyond it (0 where none was told)."""
    before, advantage, baseline = [], [], np.nan
    for told, reward in zip(TOLD, RECORD.reward, strict=True):
        expected = reward if np.isnan(baseline) and told else baseline
        advantage.append(reward - expected if told else 0.0)
        before.append(baseline)
        baseline = decay * expected + (1 - decay) * reward if told else baseline
    return np.array(before), np.array(advantage)


def explore_keep():
    model = constant(RECORD)
    model["retention"][:], model["gain"][HIT, 0, 0] = 0.95, 0.8
    won = after(np.where(TOLD, HIT, np.nan), 0.0)
    model["noise"][:] = SD**2, 0.7**2, 1.5**2
    model["noise"][won > 0, 0] *= 0.4**2
    return {"keep": 0.8, "retention": 0.95, "success_exploration": 0.4, "planning_sd": 0.7, "motor_sd": 1.5}, {}, model


def explore_keep_all():
    model = constant(RECORD)
    won = running(0.8)[1] > 0
    model["gain"][won, 0, :] = 1.0
    model["noise"][:] = SD**2, 0.7**2, 1.0
    options = {"credit": "all", "explores": "always", "success": "better"}
    return {"baseline_decay": 0.8, "planning_sd": 0.7}, options, model


def reward_variability():
    model, (recent, advantage) = constant(RECORD), running(0.7)
    model["gain"][:, 0, 0] = 0.4 * advantage
    above = np.nan_to_num(2.0 * (recent - 0.3))
    model["noise"][:, 0], model["noise"][:, 2] = SD**2 * (0.3**2 + (1 - 0.3**2) * 2 / (1 + np.exp(above))), 1.0
    values = {"alpha_mean": 0.4, "sensitivity": 2.0, "least_exploration": 0.3, "reference_reward": 0.3, "baseline_decay": 0.7}
    return values, {}, model


def reward_variability_linear():
    model, (recent, advantage) = constant(RECORD), running(0.0)
    model["gain"][:, 0, 0] = 0.1 * advantage
    fallen = np.clip(1 - np.nan_to_num(recent - RECORD.reward[0]), 0, 2)
    model["noise"][:, 0], model["noise"][:, 2] = SD**2 * (0.2**2 + (1 - 0.2**2) * fallen), 1.0
    return {}, {"recent": "last", "form": "linear"}, model


def win_stay():
    model = constant(RECORD)
    model["gain"][HIT] = 1.0
    model["noise"][:, 0] = np.where(after(np.where(TOLD, HIT, np.nan), 0.0) > 0, 1.3, SD) ** 2
    return {"stay_sd": 1.3}, {}, model


def win_stay_going_on():
    values, _, model = win_stay()
    model["gain"][TOLD] = 1.0
    return values, {"lose": "go-on"}, model


def reward_weighted():
    model, total = constant(RECORD), 2.0
    for t, told in enumerate(TOLD):
        own = np.exp((RECORD.reward[t] - RECORD.reward[0]) / 0.5) if told else 0.0
        total = 0.9 * total + own
        model["gain"][t] = own / total
    model["noise"][:, 0] = SD**2
    return {"temperature": 0.5, "memory": 0.9, "prior_weight": 2.0}, {}, model


def actor_critic():
    model = constant(RECORD, components=2)
    model["retention"][:] = 0.99, 0.9
    model["gain"][:, 0, 0], model["push"][:, 1] = 0.3 * running(0.9)[1], 0.2 * ERROR
    model["noise"][:, 0], model["noise"][:, 2] = SD**2, 1.2**2
    values = {"alpha_mean": 0.3, "retention": 0.99, "learning_rate": 0.2, "estimate_retention": 0.9, "motor_sd": 1.2}
    return values, {}, model


def actor_critic_alone():
    model = constant(RECORD, components=2)
    model["gain"][:, 0, 0], model["noise"][:, 0], model["noise"][:, 2] = 0.1 * running(0.9)[1], SD**2, 1.0
    return {}, {"sensory": "none"}, model


def credit_assignment():
    """The belief is a batch regression here: prior and drift as one Gaussian over all trials' weights."""
    model, mean, told = constant(RECORD), 0.0, []
    for t in range(len(AWAY)):
        model["push"][t] = 0.0
        if TOLD[t]:
            told.append((t, (AWAY[t] - mean) / SD, RECORD.reward[t] - RECORD.reward[0]))
            when, z, reward = np.array(told).T
            regressors = np.stack([np.ones_like(z), z], axis=1)
            shared = 0.5**2 + 0.1**2 * np.minimum(when[:, None], when[None, :])  # covariance of one weight on two trials
            joint = shared * (regressors @ regressors.T) + 0.4**2 * np.eye(len(z))
            slope = (0.5**2 + 0.1**2 * when) * z @ np.linalg.solve(joint, reward)
            model["push"][t] = SD * 0.3 * slope
        mean = 0.97 * mean + model["push"][t, 0]
    model["retention"][:], model["noise"][:, 0] = 0.97, SD**2
    return {"rate": 0.3, "retention": 0.97, "reward_sd": 0.4, "prior_sd": 0.5, "drift_sd": 0.1}, {}, model


CASES = {
    "error-based": error_based,
    "error-based absolute": error_based_absolute,
    "two-rate": two_rate,
    "task-outcome": task_outcome,
    "random-walk": random_walk,
    "local-level": local_level,
    "explore-keep": explore_keep,
    "explore-keep all": explore_keep_all,
    "reward-variability": reward_variability,
    "reward-variability linear": reward_variability_linear,
    "win-stay": win_stay,
    "win-stay going on": win_stay_going_on,
    "reward-weighted": reward_weighted,
    "actor-critic": actor_critic,
    "actor-critic alone": actor_critic_alone,
    "credit-assignment": credit_assignment,
}


@pytest.mark.parametrize("case", CASES)
def test_likelihood_is_that_of_the_joint_gaussian(case):
    values, options, model = CASES[case]()
    learner = build_learner(case.split()[0], options, REACH)
    found = learners_likelihood(learner, {**VALUES[REACH], **values}, RECORD)
    assert found == pytest.approx(joint_likelihood(Linear(**model), AWAY), abs=1e-9)


def test_trend_is_exponential_over_all_trials():
    left = np.exp(-np.arange(len(AWAY)) / 5)
    expected = norm(7.0 - 6.0 * left, np.sqrt(2.0**2 + (SD**2 - 2.0**2) * left)).logpdf(1.0 + AWAY)
    values = {**VALUES[REACH], "time_constant": 5, "final_mean": 7.0, "final_sd": 2.0}
    found = learners_likelihood(build_learner("trend", {}, REACH), values, RECORD)
    assert found == pytest.approx(np.nansum(expected), abs=1e-9)


def test_past_blocks_is_the_floor_of_the_reports():
    record = a_record(SKITTLES, trials=40)
    learner = build_learner("past-blocks", {"window": "12"}, SKITTLES)
    predicted = predict(learner, learner.make_params(VALUES[SKITTLES]), 1, seen(record))
    floor = past_surprise(record.action, window=12)
    there = np.isfinite(floor)
    np.testing.assert_allclose(-predicted.prediction.log_prob[there], floor[there], atol=1e-6)
    assert there.sum() == 40 - 10 - 1 and np.asarray(predicted.prediction.log_prob)[4] == 0


@pytest.mark.parametrize("case", CASES)
def test_own_update_is_the_equation(case):
    """A learner that knows its noises moves as ``x' = a x + k . noise + u`` says."""
    values, options, model = CASES[case]()
    learner, linear = build_learner(case.split()[0], options, REACH), Linear(**model)
    params = learner.make_params({**VALUES[REACH], **values})
    state, x = learner.init(params, 1), np.zeros(linear.gain.shape[1])
    update, random = jax.jit(learner.update), np.random.default_rng(1)
    for t, away in enumerate(AWAY):
        exploration, planning = random.normal(size=2)
        motor = away - x.sum() - exploration - planning
        info = Drawn(
            jnp.zeros_like(state.mean[0]),
            *(jnp.array([v / SD]) for v in (exploration, planning)),
            jnp.zeros_like(state.mean),
            RECORD.action[t] - motor,
        )
        state = update(params, state, CONTEXT, jnp.asarray(RECORD.action[t]), outcomes(RECORD, t), info)
        learned = linear.gain[t] @ [exploration, planning, motor] + linear.push[t]
        x = linear.retention[t] * x + (learned if np.isfinite(away) else 0.0)
        np.testing.assert_allclose(SD * state.mean[0, :, 0], x, atol=1e-9)
