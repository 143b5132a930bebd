"""The Gymnasium environments: Gymnasium's own checker, the task's own scores, zones that follow, and what is refused."""

import gymnasium as gym
import jax
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from analysis.environments import DiscreteActions, practice_environment
from protocols.errors import BadInput
from protocols.lint import first_condition
from protocols.load import find_protocol, library, load_protocol
from protocols.schedule import base_schedule
from protocols.task import Outcome


@pytest.mark.parametrize("name", library())
def test_gymnasiums_own_checker(name):
    check_env(gym.make(f"twinrig/{name}-v0").unwrapped, skip_render_check=True)


def test_the_reward_is_the_tasks():
    env = practice_environment("skittles")
    observation, _ = env.reset(seed=3)
    assert np.hypot(*observation) == pytest.approx(1.0)
    _, reward, over, cut, info = env.step(np.array([0.2, -0.1], dtype=np.float32))
    np.testing.assert_allclose(info["action"], [85 + 0.2 * 5 * 8, 3.5 - 0.1 * 5 * 0.6], rtol=1e-6)
    outcome = Outcome(*env.task.score(info["action"] / np.array(env.task.action_scale), env._trial(), jax.random.key(0)))
    assert over and not cut and reward == pytest.approx(float(outcome.reward), abs=1e-12)


def test_the_schedule_goes_on_and_a_seed_begins_it_anew():
    env = practice_environment("reach-rotation")
    numbers = [env.reset(seed=1)[1]["trial"]]
    for _ in range(5):
        env.step(np.zeros(1, dtype=np.float32))
        numbers.append(env.reset()[1]["trial"])
    assert np.all(np.diff(numbers) > 0) and env.reset(seed=1)[1]["trial"] == numbers[0]


def test_trials_without_a_reward_are_not_given():
    env, protocol = practice_environment("reach-rotation"), load_protocol("reach-rotation").protocol
    given = [trial.number for trial, _ in env._course]
    all_trials = base_schedule(protocol, first_condition(protocol), 1)
    assert given == [trial.number for trial in all_trials if trial.reward_shown] and len(given) < len(all_trials)


def test_a_following_zone_follows_the_agent():
    env = practice_environment("reach-reward")
    env.reset(seed=1)
    following = next(place for place, (_, rule) in enumerate(env._course) if rule.following)
    env._place = following
    env._recent[:] = np.radians(4.0)
    before = env._trial().zone
    env._recent[:] = np.radians(8.0)
    assert not np.allclose(before, env._trial().zone)


def test_discrete_actions_are_a_grid():
    env = DiscreteActions(practice_environment("skittles"), 3)
    made = []
    for number in range(env.action_space.n):
        env.reset(seed=1)
        made.append(env.step(number)[4]["action"])
    assert len({tuple(np.round(action, 6)) for action in made}) == 9
    np.testing.assert_allclose(made[4], [85.0, 3.5])
    with pytest.raises(BadInput, match="2 or more"):
        DiscreteActions(practice_environment("skittles"), 1)


def test_a_protocol_without_a_first_mean_is_refused(tmp_path):
    text = find_protocol("skittles").read_text().replace("initial_mean = [85.0, 3.5]", "").replace("initial_sd = [8.0, 0.6]", "")
    text = text.replace('learner = "policy-gradient"', 'learner = "policy-gradient"\nfrom_first_trials = 20', 1)
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadInput, match="no initial_mean and no initial_sd"):
        practice_environment(str(tmp_path / "mine.toml"))
