"""The reach: direction, perturbations, clamp, zone, correction in flight, rest, drawing."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from protocols.errors import BadInput
from protocols.movement import minimum_jerk
from protocols.reach import Reach
from protocols.scene import GREEN
from protocols.task import Feedback, Outcome, Path, RewardRule, Scoring, Stage, Trial, View

TASK = Reach(scoring=Scoring(points_hit=5))
SHOOT = Trial(1, 1, 1, 1, 0, (0.0, 0.1), feedback=Feedback.ENDPOINT)
SEEN = SHOOT._replace(feedback=Feedback.CONTINUOUS)
NAN = float("nan")
score, observe, outcome_of, timing = (jax.jit(call) for call in (TASK.score, TASK.observe, TASK.outcome, TASK.timing))


def path(time, position, pad=1500):
    index = np.minimum(np.arange(pad), len(time) - 1)
    return Path(np.asarray(time)[index], np.asarray(position)[index], np.zeros(pad, int), len(time))


def corrected(rate=1000.0, turn=0.02):
    """A reach straight up that bends to x = ``turn`` on its second half and stops at y = 0.1; rest until 0.8 s."""
    time = np.arange(0, 0.8, 1 / rate)
    share = np.asarray(minimum_jerk(time / 0.5))
    return path(time, np.stack([turn * np.clip(2 * share - 1, 0, 1), 0.1 * share], axis=1))


def test_a_direction_is_relative_to_the_target_counter_clockwise_and_wrapped():
    for target in ((0.1, 0.0), (0.0, 0.1), (-0.1, 0.0), (0.06, -0.08)):
        toward = np.arctan2(target[1], target[0])
        for angle in (0.0, 0.4, -2.9, np.pi):
            ray = np.linspace(0, 0.15, 80)[:, None] * [np.cos(toward + angle), np.sin(toward + angle)]
            seen = observe(path(np.arange(80) / 100, ray), SHOOT._replace(target=target))
            assert np.exp(1j * float(seen[0])) == pytest.approx(np.exp(1j * angle))
            assert -np.pi < seen[0] <= np.pi + 1e-12


@pytest.mark.parametrize("samples", [4, 30, 500])
def test_the_crossing_is_found_between_samples(samples):
    line = np.stack([np.full(samples, 0.03), np.linspace(0, 0.2, samples)], axis=1)  # passes 0.1 m at asin(0.3)
    assert observe(path(np.linspace(0, 0.4, samples), line), SHOOT)[0] == pytest.approx(-np.arcsin(0.3))
    end = timing(path(np.linspace(0, 0.4, samples), line), SHOOT).end
    assert end == pytest.approx(0.4 * np.sqrt(0.1**2 - 0.03**2) / 0.2)


def test_a_reach_that_falls_short_has_no_action_unless_the_cursor_is_seen():
    ray = np.linspace(0, 0.095, 50)[:, None] * [0.0, 1.0]
    assert np.isnan(observe(path(np.arange(50) / 100, ray), SHOOT)).all()
    assert np.isnan(outcome_of(path(np.arange(50) / 100, ray), SHOOT).reward)
    assert observe(path(np.arange(50) / 100, ray), SEEN)[0] == pytest.approx(0)
    short = outcome_of(path(np.arange(50) / 100, ray), SEEN)
    assert short.error == pytest.approx(0.005) and short.hit == 1
    assert np.isnan(observe(path(np.arange(50) / 100, ray * 0.01), SEEN)).all()


def test_rotation_is_undone_by_the_opposite_direction():
    turned = SHOOT._replace(rotation=np.radians(30))
    aimed = score(np.array([0.0]), turned)
    assert aimed.cursor_error == pytest.approx(-np.radians(30))
    assert aimed.error == pytest.approx(2 * 0.1 * np.sin(np.radians(15)))
    adapted = score(np.radians([-30.0]), turned)
    assert adapted.hand_error == pytest.approx(-np.radians(30)) and adapted.cursor_error == pytest.approx(0)
    assert adapted.hit == 1 and aimed.hit == 0


def test_gain_scales_the_way_to_the_target():
    far = SEEN._replace(gain=0.8)
    ray = np.linspace(0, 0.125, 200)[:, None] * [0.0, 1.0]
    reached = np.concatenate([ray, np.repeat(ray[-1:], 100, 0)])
    assert outcome_of(path(np.arange(300) / 1000, reached), far).error == pytest.approx(0, abs=1e-12)
    assert outcome_of(path(np.arange(300) / 1000, reached), SEEN).error == pytest.approx(0.025)


def test_a_clamped_cursor_ignores_the_direction_of_the_hand():
    clamped = SHOOT._replace(clamp=np.radians(15), rotation=1.0)
    results = [score(np.array([angle]), clamped) for angle in (-0.5, 0.0, 1.0)]
    for angle, result in zip((-0.5, 0.0, 1.0), results, strict=True):
        assert result.cursor_error == pytest.approx(-np.radians(15)) and result.hand_error == pytest.approx(angle)
        assert result.error == pytest.approx(0.2 * np.sin(np.radians(7.5)))
    hand = np.array([[0.05, 0.0], [0.0, -0.03]])
    np.testing.assert_allclose(np.hypot(*TASK.cursor(hand, clamped, np).T), [0.05, 0.03])


def test_a_hidden_cursor_is_scored_but_has_no_cursor_error():
    hidden = score(np.array([0.03]), SHOOT._replace(feedback=Feedback.NONE))
    assert np.isnan(hidden.cursor_error) and hidden.hit == 1 and hidden.error > 0


@pytest.mark.parametrize(("zone", "hits"), [((-0.2, 0.1), [0, 1, 1, 0]), ((-np.inf, 0.0), [1, 1, 1, 0]), ((NAN, NAN), [0, 0, 1, 0])])
def test_a_reward_zone_is_of_the_hand_and_decides_the_hit(zone, hits):
    trial = SHOOT._replace(zone=zone, reward_rule=RewardRule.BINARY)
    results = [score(np.array([angle]), trial) for angle in (-0.3, -0.15, 0.0, 0.15)]
    assert [float(result.hit) for result in results] == hits == [float(result.reward) for result in results]
    assert [float(result.points) for result in results] == [5 * hit for hit in hits]


@pytest.mark.parametrize("rate", [60.0, 125.0, 1000.0])
def test_a_seen_reach_is_judged_where_it_came_to_rest(rate):
    reach = corrected(rate)
    result = outcome_of(reach, SEEN)
    assert result.miss_distance == pytest.approx(0.02, abs=3e-4) and result.hit == 0
    assert outcome_of(reach, SEEN._replace(target=(0.02, 0.1))).hit == 1
    end = TASK.ended(reach, SEEN)
    assert end is not None and 0.45 < reach.time[end] < 0.58
    assert timing(reach, SEEN).end == pytest.approx(reach.time[end] - 0.05)
    assert timing(reach, SEEN).onset == pytest.approx(0.045, abs=0.015)
    for limit in range(1, end):
        assert TASK.ended(Path(reach.time[:limit], reach.position[:limit], reach.buttons[:limit], limit), SEEN) is None


def test_rest_at_the_start_is_not_the_end_and_a_silent_mouse_rests_by_its_repeated_sample():
    still = path(np.arange(0, 1, 0.001), np.zeros((1000, 2)))
    assert TASK.ended(still, SEEN) is None and TASK.ended(still, SHOOT) is None
    reach = corrected()
    moving = 480
    time, position = np.append(reach.time[:moving], 0.6), np.append(reach.position[:moving], reach.position[moving - 1 : moving], axis=0)
    assert TASK.ended(path(time[:-1], position[:-1]), SEEN) is None
    assert TASK.ended(path(time, position), SEEN) == moving


def test_details():
    details = jax.jit(TASK.details)(jax.jit(TASK.execute)(np.array([0.2]), SEEN), SEEN)
    assert details["peak_speed"] == pytest.approx(1.875 * 0.1 / 0.4, rel=0.01)
    assert details["path_length_ratio"] == pytest.approx(1, abs=1e-3)
    assert jax.jit(TASK.details)(corrected(turn=0.08), SEEN)["path_length_ratio"] > 1.05


def shapes(stage, trial, hand=(0.0, 0.05), action=None, outcome=None):
    view = View(stage, hand, 0, 0.1, np.array([hand]), action, outcome, "completed", 0)
    return {shape.name: shape for shape in TASK.scene(view, trial).shapes}


def test_the_cursor_is_seen_when_the_trial_says_so():
    hidden, turned = SHOOT._replace(feedback=Feedback.NONE), SEEN._replace(rotation=np.pi / 2)
    np.testing.assert_allclose(shapes(Stage.MOVEMENT, turned)["cursor"].centre, (-0.05, 0.0), atol=1e-12)
    assert "cursor" not in shapes(Stage.MOVEMENT, SHOOT) and "cursor" not in shapes(Stage.MOVEMENT, hidden)
    action = np.array([0.2])
    end = shapes(Stage.FEEDBACK, SHOOT._replace(rotation=0.1), (0.0, 0.14), action)["cursor"].centre
    np.testing.assert_allclose(end, 0.1 * np.array([-np.sin(0.3), np.cos(0.3)]), atol=1e-12)
    assert "cursor" not in shapes(Stage.FEEDBACK, hidden, action=action)
    assert "cursor" not in shapes(Stage.OUTCOME, SHOOT, action=action)


def test_the_way_home_tells_only_the_distance_in_perturbed_trials():
    for trial in (SHOOT, SEEN._replace(rotation=0.5), SEEN._replace(clamp=0.1)):
        far = shapes(Stage.HOME, trial, (0.03, 0.04))
        assert far["distance"].radius == pytest.approx(0.05) and "cursor" not in far
        assert "cursor" in shapes(Stage.HOME, trial, (0.0, 0.01))
    assert "cursor" in shapes(Stage.HOME, SEEN, (0.03, 0.04))


def test_a_hit_is_green_with_points_unless_withheld():
    hit = Outcome(*(float(value) for value in score(np.array([0.0]), SHOOT)))
    shown = shapes(Stage.FEEDBACK, SHOOT, action=np.array([0.0]), outcome=hit)
    assert shown["target"].fill == GREEN and shown["points"].words == "+5"
    withheld = shapes(Stage.FEEDBACK, SHOOT._replace(reward_shown=False), action=np.array([0.0]), outcome=hit)
    assert withheld["target"].fill != GREEN and "points" not in withheld


@pytest.mark.parametrize("wrong", [{"target_distance": 0.2}, {"target_radius": 0.0}, {"start_radius": 0.2}, {"end_speed": NAN}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(BadInput, match="reach:"):
        replace(TASK, **wrong)
