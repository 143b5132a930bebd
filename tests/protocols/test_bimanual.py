"""Bimanual control: the mapping and its symmetry, direction and its wrap, correction in flight, cursor noise, drawing."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_coeffs

from protocols.bimanual import SLOPE, Bimanual
from protocols.errors import BadInput
from protocols.movement import minimum_jerk
from protocols.scene import GREEN
from protocols.task import Feedback, HandMapping, Path, RewardRule, Scoring, Stage, Trial, View

TASK = Bimanual(scoring=Scoring(points_hit=5, points_range=0.1))
NOISY = replace(TASK, cursor_noise=0.075)
TRIAL = Trial(1, 1, 1, 1, 0, (0.0, 0.12))
NAN = float("nan")
score, observe, outcome_of, execute = map(jax.jit, (TASK.score, TASK.observe, TASK.outcome, TASK.execute))
timing, details = map(jax.jit, (TASK.timing, TASK.details))
PADDED = 2500

hands = st.lists(st.floats(-0.2, 0.2), min_size=4, max_size=4).map(np.array)
angles = st.floats(-np.pi, np.pi)


def path(time, position):
    index = np.minimum(np.arange(PADDED), len(time) - 1)
    return Path(np.asarray(time)[index], np.asarray(position)[index], np.zeros(PADDED, int), len(time))


def at(angle, distance=0.12):
    return (distance * np.cos(angle), distance * np.sin(angle))


def bending(rate=1000.0, first=0.0, second=np.pi / 2):
    """A cursor that goes 0.06 m in the direction ``first`` in 0.4 s, then on in the direction ``second``; then it rests until 1.5 s."""
    time = np.arange(0, 1.5, 1 / rate)
    legs = [np.asarray(minimum_jerk((time - begin) / 0.4))[:, None] * at(angle, 0.06) for begin, angle in ((0.0, first), (0.3, second))]
    x, y = sum(legs).T
    return path(time, np.stack([0.3 * x, x, y, -0.2 * y], axis=1))


def test_each_hand_drives_one_coordinate_of_the_cursor():
    moved = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_array_equal(TASK.cursor(np.array(moved, float), TRIAL, np), [[0, 0], [1, 0], [0, 1], [0, 0]])
    hand, cursors = np.array([1.0, 2.0, 3.0, 4.0]), {"DE_NOVO": (2, 3), "LEFT": (1, 2), "RIGHT": (3, 4), "MEAN": (2, 3)}
    for mapping, cursor in cursors.items():
        np.testing.assert_array_equal(TASK.cursor(hand, TRIAL._replace(mapping=HandMapping[mapping]), np), cursor)


@settings(deadline=None, max_examples=40)
@given(hands, angles)
def test_hands_that_swap_their_parts_mirror_the_cursor(action, angle):
    """The left hand does what the right did, turned over the diagonal: the error stays, and directions change their sign."""
    one = score(action, TRIAL._replace(target=at(angle)))
    other = score(action[::-1].copy(), TRIAL._replace(target=at(np.pi / 2 - angle)))
    assert one.error == pytest.approx(float(other.error), abs=1e-9)
    assert np.exp(1j * float(one.hand_error)) == pytest.approx(np.exp(-1j * float(other.hand_error)), abs=1e-6, nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(angles, angles)
def test_errors_are_signed_and_wrapped_to_a_whole_turn(angle, off):
    x, y = at(angle + off)
    result = score(np.array([0.05, x, y, -0.03]), TRIAL._replace(target=at(angle)))
    for error, expected in ((result.hand_error, off), (result.cursor_error, -off)):
        assert -np.pi < error <= np.pi + 1e-12
        assert np.exp(1j * float(error)) == pytest.approx(np.exp(1j * expected), abs=1e-9)
    assert result.error == pytest.approx(2 * 0.12 * abs(np.sin(off / 2)), abs=1e-9)


@pytest.mark.parametrize("off_deg", [-179.0, -120.0, -91.0, 91.0, 120.0, 179.0, 180.0])
def test_an_error_beyond_a_right_angle_is_not_folded(off_deg):
    """As it is in the published file of human errors, where 120 deg stands as -60 (docs/explanation/differences.md)."""
    x, y = at(np.radians(90 + off_deg))
    assert np.degrees(score(np.array([0.0, x, y, 0.0]), TRIAL).hand_error) == pytest.approx(off_deg, abs=1e-9)


def test_aimless_hands_err_by_ninety_degrees():
    """Directions that know nothing of the target are 90 deg off in the mean, and uniform, whatever the target."""
    draws = 20_000
    action = 0.05 * np.random.default_rng(3).standard_normal((draws, 4))
    angle = 2 * np.pi * np.arange(draws) / draws
    targets = np.stack(at(angle), axis=1)
    errors = jax.jit(jax.vmap(lambda a, t: TASK.score(a, TRIAL._replace(target=t), None).hand_error))(action, targets)
    size = np.abs(np.degrees(errors[~np.isnan(errors)]))
    assert len(size) > 0.95 * draws
    assert size.mean() == pytest.approx(90, abs=4 * 180 / np.sqrt(12 * len(size)))
    assert np.histogram(size, bins=6, range=(0, 180))[0] / len(size) == pytest.approx(np.full(6, 1 / 6), abs=0.012)


def test_the_derivative_is_savitzky_and_golay_s():
    np.testing.assert_allclose(SLOPE, savgol_coeffs(47, 3, deriv=1, delta=0.001, use="dot"), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rate", [130.0, 500.0, 1000.0])
def test_the_direction_is_of_the_velocity_early_on_and_the_outcome_of_where_it_ends(rate):
    movement = bending(rate, first=0.0, second=np.pi / 2)
    trial = TRIAL._replace(target=(0.06, 0.06))
    result = outcome_of(movement, trial)
    assert np.degrees(result.hand_error) == pytest.approx(-45, abs=0.5) and result.cursor_error == pytest.approx(-result.hand_error)
    assert result.error == pytest.approx(0, abs=2e-4) and result.hit == 1
    end = TASK.ended(movement, trial)
    assert end is not None and 0.75 < movement.time[end] < 0.87
    assert timing(movement, trial).end == pytest.approx(movement.time[end] - TASK.rest_time)
    onset = float(timing(movement, trial).onset)
    assert 0.02 < onset < 0.07
    seen = observe(movement, trial)
    expected = [np.interp(onset + TASK.action_time, movement.time, column) for column in movement.position.T]
    np.testing.assert_allclose(seen, expected, atol=1e-12)
    assert details(movement, trial)["path_length_ratio"] > 1.1


def test_a_cursor_that_turns_within_the_window_has_the_direction_of_its_middle():
    time = np.arange(0, 1.5, 0.001)
    turning = path(time, np.stack([0 * time, 0.2 * time, 3 * time**2, 0 * time], axis=1))  # speed 0.2 to the right, growing upwards
    middle = float(timing(turning, TRIAL).onset) + TASK.direction_time
    assert outcome_of(turning, TRIAL).hand_error == pytest.approx(np.arctan2(6 * middle, 0.2) - np.pi / 2, abs=1e-6)


def test_hands_that_move_nothing_neither_begin_nor_end_a_movement():
    time = np.arange(0, 1.5, 0.001)
    gone = np.asarray(minimum_jerk(time / 0.4))
    idle = path(time, np.stack([0.1 * gone, 0 * time, 0 * time, 0.1 * gone], axis=1))
    assert TASK.ended(idle, TRIAL) is None and np.isnan(timing(idle, TRIAL)).all() and np.isnan(observe(idle, TRIAL)).all()
    result = outcome_of(idle, TRIAL)
    assert result.error == pytest.approx(0.12) and np.isnan(result.hand_error)
    assert TASK.ended(idle, TRIAL._replace(mapping=HandMapping.LEFT)) is not None


def test_actions_too_small_to_begin_have_an_error_but_no_direction_as_when_executed():
    size = TASK.onset_speed / TASK._peak_speed()
    assert size == pytest.approx(0.05 / (1.875 / 0.4), rel=0.01), "nearly the peak of minimum jerk"
    for share, begun in ((0.9995, False), (1.0005, True)):
        action = np.array([0.1, 0.6 * size * share, 0.8 * size * share, 0.0])
        scored, done = score(action, TRIAL), outcome_of(execute(action, TRIAL), TRIAL)
        assert np.isfinite(scored.hand_error) == np.isfinite(done.hand_error) == begun
        assert scored.error == pytest.approx(float(done.error), abs=1e-12) and np.isfinite(scored.reward)


def test_cursor_noise_reaches_cursor_and_reward_but_not_the_hand():
    keys, action = jax.random.split(jax.random.key(5), 20_000), jnp.array([0.01, 0.0, 0.12, 0.02])
    results = jax.jit(jax.vmap(lambda key: NOISY.score(action, TRIAL, key)))(keys)
    assert (np.asarray(results.hand_error) == 0).all() and np.std(results.cursor_error) > 0.3
    np.testing.assert_array_equal(results.reward, -results.error)
    assert np.mean(results.error**2) == pytest.approx(2 * 0.075**2, rel=0.04), "each axis has its SD"
    assert jax.jit(NOISY.score)(action, TRIAL, None).error == score(action, TRIAL, keys[0]).error == pytest.approx(0, abs=1e-15)
    assert jax.jit(NOISY.outcome)(execute(action, TRIAL), TRIAL).error == pytest.approx(0, abs=1e-15), "people bring their own"
    alone = jax.jit(NOISY.score)(action, TRIAL, keys[7])
    assert alone.error == pytest.approx(float(results.error[7]), abs=1e-12)


def test_reward_rules():
    miss, hit = np.array([0.0, 0.03, 0.12, 0.0]), np.array([0.0, 0.0, 0.12, 0.0])
    rules = {RewardRule.GRADED: (-0.03, 0.0), RewardRule.BINARY: (0.0, 1.0), RewardRule.POINTS: (4.0, 5.0)}
    for rule, rewards in rules.items():
        got = [float(score(action, TRIAL._replace(reward_rule=rule)).reward) for action in (miss, hit)]
        assert got == pytest.approx(rewards, abs=1e-12)


def test_ready_is_both_hands_at_their_starts():
    positions = np.array([[0, 0, 0, 0], [0.009, 0, 0, -0.009], [0.011, 0, 0, 0], [0, 0, 0.008, 0.008], [NAN, 0, 0, 0]])
    assert TASK.ready(positions, np.zeros(5, int), TRIAL).tolist() == [True, True, False, False, False]


def shapes(stage, trial=TRIAL, hand=(0.0, 0.03, 0.06, 0.0), outcome=None):
    view = View(stage, hand, 0, 0.1, np.array([hand]), None, outcome, "completed", 0)
    return {shape.name: shape for shape in TASK.scene(view, trial).shapes}


def test_on_the_way_home_each_hand_is_shown_by_itself():
    home = shapes(Stage.HOME, hand=(0.02, 0.03, -0.01, 0.04))
    assert set(home) == {"left_start", "left", "right_start", "right"}
    assert home["left"].centre == pytest.approx((-0.055, 0.03)) and home["right"].centre == pytest.approx((0.065, 0.04))
    assert set(shapes(Stage.HOME, hand=(NAN, NAN, 0.0, 0.0))) == {"left_start", "right_start", "right"}
    far = shapes(Stage.HOME, hand=(3.0, -3.0, -3.0, 3.0))
    assert far["left"].centre[0] < 0 < far["right"].centre[0]


def test_the_cursor_is_seen_when_the_trial_says_so():
    assert shapes(Stage.MOVEMENT)["cursor"].centre == pytest.approx((0.03, 0.06))
    assert shapes(Stage.MOVEMENT, TRIAL._replace(mapping=HandMapping.RIGHT))["cursor"].centre == pytest.approx((0.06, 0.0))
    for feedback, seen in ((Feedback.NONE, False), (Feedback.ENDPOINT, True)):
        trial = TRIAL._replace(feedback=feedback)
        assert "cursor" not in shapes(Stage.MOVEMENT, trial) and ("cursor" in shapes(Stage.FEEDBACK, trial)) == seen


def test_a_hit_is_green_with_points_unless_withheld():
    hit = TASK.score(np.array([0.0, 0.0, 0.12, 0.0]), TRIAL)
    shown, withheld = (shapes(Stage.FEEDBACK, TRIAL._replace(reward_shown=told), outcome=hit) for told in (True, False))
    assert shown["target"].fill == GREEN and shown["points"].words == "+5"
    assert withheld["target"].fill != GREEN and "points" not in withheld


@pytest.mark.parametrize("wrong", [{"target_distance": 0.2}, {"action_time": 0.0}, {"start_radius": 0.2}, {"cursor_noise": -0.1}])
def test_impossible_constants_are_refused(wrong):
    with pytest.raises(BadInput, match="bimanual:"):
        replace(TASK, **wrong)
