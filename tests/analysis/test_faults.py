"""What can't be learned from, or breaks a learner, is named by its trial; it never passes for a number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from analysis.faults import first_fault
from analysis.policy_gradient import policy_gradient
from protocols.task import Outcome
from tests.contracts import CONTEXT

ACTIONS = jax.random.normal(jax.random.key(0), (40, 2))
REWARDS = jax.random.normal(jax.random.key(1), (40,))
LEARNER = policy_gradient({}, ("a", "b"))


@jax.jit
def practised(params, actions, rewards):
    def step(state, given):
        action, reward = given
        outcome = Outcome(reward, *[jnp.asarray(jnp.nan)] * 7)
        said = LEARNER.policy(params, state, CONTEXT), LEARNER.log_prob(params, state, CONTEXT, action)
        return LEARNER.update(params, state, CONTEXT, action, outcome, None), said

    return jax.lax.scan(step, LEARNER.init(params, 1), (actions, rewards))[1]


def fault(values, actions=ACTIONS, rewards=REWARDS):
    params = LEARNER.make_params({"initial_mean": 0.0, "initial_sd": 1.0, **values})
    policy, log_prob = jax.tree.map(np.asarray, practised(params, actions, rewards))
    return first_fault(policy, log_prob, rewards, actions), policy


def test_a_sound_record_has_none_and_missing_numbers_are_no_fault():
    assert fault({})[0] is None
    assert fault({}, ACTIONS.at[3, 0].set(jnp.nan), REWARDS.at[5].set(jnp.nan))[0] is None


def test_absurd_rates_break_a_state_for_good_and_are_named():
    found, policy = fault({"alpha_mean": 1e4, "alpha_log_var": 1e4, "variance_floor": 0.0})
    assert found is not None and "covariance is not finite after the update on trial 2" in str(found)
    assert not np.any(np.isfinite(policy.covariance[found.row :]).all(axis=(1, 2)))


@pytest.mark.parametrize("where", [0, 7])
def test_an_infinite_reward_teaches_nothing_and_is_named(where):
    found, policy = fault({}, rewards=REWARDS.at[where].set(jnp.inf))
    assert str(found) == f"trial {where + 1}: the reward is infinite, and taught nothing"
    assert np.all(np.isfinite(policy.mean))


def test_a_singular_covariance_is_named():
    sound = LEARNER.policy(*(lambda p: (p, LEARNER.init(p, 1)))(LEARNER.make_params({"initial_mean": 0, "initial_sd": 1})), CONTEXT)
    policy = jax.tree.map(lambda x: np.repeat(np.asarray(x)[None], 3, axis=0), sound)
    policy.covariance[1] = [[1.0, 1.0], [1.0, 1.0]]
    found = first_fault(policy, np.zeros(3), np.zeros(3), np.zeros((3, 2)))
    assert found is not None and found.row == 1 and "singular" in found.why
