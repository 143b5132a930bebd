"""Twins, simulation and prediction on the real task, against a plain loop and each other."""

import jax
import numpy as np

from analysis.company import Practice, begin, carry_over, step
from analysis.predict import log_likelihood, predict, record
from analysis.registry import build_learner
from analysis.simulate import LearnerActor, simulate
from analysis.twin import as_arrays, learner_key, seen
from protocols.history import Committed
from protocols.skittles import Skittles
from protocols.task import Outcome, Trial
from protocols.zone import ZoneRule
from tests.analysis.test_policy_gradient import EXACT, numpy_states

TASK = Skittles()
LEARNER = build_learner("policy-gradient", {}, TASK.action_names)
PARAMS = LEARNER.make_params(EXACT)
TARGETS = np.array([[0.38, 0.43]])
NO_ZONE = ZoneRule(False, np.nan, np.nan, 1, False, 0.0, 0, 0.0)
TRIALS = [Trial(n, 1, n, 1, 0, (0.38, 0.43)) for n in range(1, 601)]
PRACTISED = simulate(TASK, LEARNER, PARAMS, TARGETS, TRIALS, [NO_ZONE] * 600, seed=3, simulations=20)


def history(simulation: int = 0) -> list[Committed]:
    """What one simulation would have left in the journal."""
    turn = jax.tree.map(lambda x: np.asarray(x[simulation]), PRACTISED)
    outcomes = [Outcome(*(np.float64(column[i]) for column in turn.outcome)) for i in range(600)]
    return [Committed(TRIALS[i], "completed", turn.action[i], outcomes[i], float(turn.reward[i]), False) for i in range(600)]


def test_learning_lowers_error_in_skittles():
    error = np.asarray(PRACTISED.outcome.error)
    assert error[:, -100:].mean() < 0.8 * error[:, :100].mean()


def test_parity_over_600_throws():
    """The yoked twin, on what the task gave, is the plain loop to 1e-9."""
    trials = record(TARGETS, history())
    states = predict(LEARNER, PARAMS, 1, trials).states
    ours = np.column_stack([states.mean[:, 0], states.log_var, states.mix, states.reward_baseline[:, 0]])
    np.testing.assert_allclose(ours[:-1], numpy_states(trials.action, trials.reward)[1:], rtol=0, atol=1e-9)


def test_step_by_step_is_the_scan():
    company, committed = begin(Practice(LEARNER, TASK, 1), 3, LEARNER.init(PARAMS, 1)), history()[:100]
    rule = jax.tree.map(np.asarray, NO_ZONE)
    offline, compiled = predict(LEARNER, PARAMS, 1, record(TARGETS, committed)), step._cache_size()
    for i, one in enumerate(committed):
        trial = as_arrays(one.trial)
        company, result = step(Practice(LEARNER, TASK, 1), PARAMS, TARGETS, 3, company, trial, seen(TARGETS, one), trial, rule)
        np.testing.assert_allclose(float(result.prediction.log_prob), offline.prediction.log_prob[i], atol=1e-12)
    assert step._cache_size() - compiled == 1, "a step compiled again is seconds late"
    for live, scanned in zip(company.yoked, offline.last, strict=True):
        np.testing.assert_allclose(live, scanned, rtol=0, atol=1e-14)


def test_growth_of_a_shift_is_reported():
    growth = predict(LEARNER, PARAMS, 1, record(TARGETS, history())).shift_growth
    assert growth.shape == (600,) and np.all(growth < 10)  # within 600 trials a sound one grows by less than 10


def test_likelihood_is_the_sum_of_the_predictions():
    trials = record(TARGETS, history())
    total = float(log_likelihood(LEARNER, PARAMS, 1, trials))
    np.testing.assert_allclose(total, predict(LEARNER, PARAMS, 1, trials).prediction.log_prob.sum(), rtol=1e-12)


def test_simulations_are_the_same_however_many():
    fewer = simulate(TASK, LEARNER, PARAMS, TARGETS, TRIALS, [NO_ZONE] * 600, seed=3, simulations=2)
    np.testing.assert_array_equal(fewer.action, PRACTISED.action[:2])
    assert not np.array_equal(fewer.action[0], fewer.action[1])


def test_actor_follows_from_seed_and_history():
    committed = history()[:12]
    first, again = (LearnerActor(LEARNER, PARAMS, TARGETS, seed=4) for _ in range(2))
    for one in committed:
        first.act(one.trial)
        first.act(one.trial)  # asking twice changes nothing
        first.learn(one)
        again.act(one.trial)
        again.learn(one)
    np.testing.assert_array_equal(first.act(TRIALS[12]), again.act(TRIALS[12]))


def test_aborted_trials_teach_nothing():
    one = history()[0]
    trial = seen(TARGETS, one._replace(status="aborted"))
    assert np.isnan(trial.reward) and np.all(np.isnan(trial.action))
    assert np.isfinite(seen(TARGETS, one._replace(status="too_slow")).reward)


def test_withheld_rewards_are_not_learned_from():
    hidden = [trial._replace(reward_shown=False) for trial in TRIALS[:20]]
    turn = simulate(TASK, LEARNER, PARAMS, TARGETS, hidden, [NO_ZONE] * 20, seed=3)
    assert np.all(np.isnan(turn.reward)) and np.all(np.isfinite(turn.outcome.reward))
    np.testing.assert_allclose(turn.policy.mean[0], np.tile([85.0, 3.5], (20, 1)))


def test_keys_differ_by_trial_attempt_and_learner():
    keys = {tuple(jax.random.key_data(learner_key(1, *place)).tolist()) for place in ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2))}
    assert len(keys) == 4


def test_carry_over_keeps_the_stated_share():
    start = LEARNER.init(PARAMS, 1)
    last = start._replace(mean=start.mean + 2.0, reward_baseline=start.reward_baseline * 0 - 0.3)
    last = last._replace(reward_baseline=np.array([-0.3]))
    half = carry_over(start, last, 0.5)
    np.testing.assert_allclose(half.mean, 1.0)
    np.testing.assert_allclose(half.reward_baseline, -0.3)
