"""The throw: scoring, hits and posts, release detection, start posture, drawing."""

import time
from dataclasses import replace

import jax
import numpy as np
import pytest

from protocols.errors import BadInput
from protocols.flight import ball_motion, release_state
from protocols.scene import GREEN, Text
from protocols.skittles import Skittles
from protocols.task import Feedback, Outcome, RewardRule, Scoring, Stage, Trial, View

TASK = Skittles(scoring=Scoring(points_hit=10, points_range=0.4))
TRIAL = Trial(1, 1, 1, 1, 0, (0.38, 0.43))
score = jax.jit(TASK.score)


def dense(action, target):
    """Error by brute force: 2 s of flight in steps of 0.05 ms, and whether the post came first."""
    start, velocity = release_state(action[0], action[1], TASK.lever_length, TASK.pivot, np)
    flight, _ = ball_motion(np.arange(0, 2, 5e-5), start, velocity, TASK.pendulum, np)
    misses = np.hypot(*(flight - target).T)
    touching = np.hypot(*flight.T) < 0.30
    return misses.min(), touching.any() and np.argmax(touching) < np.argmin(misses)


def view(stage, stage_time=0.0, action=None, outcome=None, buttons=1):
    posture, _ = TASK.start_posture(TRIAL)
    return View(stage, posture, buttons, stage_time, np.array([posture]), action, outcome, "completed", 3)


def shapes(task, view, trial):
    return {shape.name: shape for shape in task.scene(view, trial).shapes}


def solution():
    angles, speeds = np.radians(np.linspace(20, 130, 56)), np.linspace(1, 6, 51)
    actions = np.stack(np.meshgrid(angles, speeds, indexing="ij"), axis=-1)
    errors = np.asarray(jax.vmap(jax.vmap(lambda action: score(action, TRIAL).error))(actions))
    best = np.unravel_index(np.argmin(errors), errors.shape)
    return np.array([angles[best[0]], speeds[best[1]]]), errors


def test_scores_equal_brute_force():
    random = np.random.default_rng(0)
    actions = np.stack([random.uniform(0, 2.5, 100), random.uniform(-6, 6, 100)], axis=1)
    outcomes = jax.vmap(lambda action: score(action, TRIAL))(actions)
    for action, miss, post, error in zip(actions, outcomes.miss_distance, outcomes.post_hit, outcomes.error, strict=True):
        expected, blocked = dense(action, TRIAL.target)
        assert miss == pytest.approx(expected, abs=5e-4) and post == blocked
        assert error == (TASK.penalty if blocked else miss)
    assert 10 < outcomes.post_hit.sum() < 90


def test_there_is_a_solution_manifold_of_many_angles():
    best, errors = solution()
    assert errors.shape == (56, 51)
    assert (errors < TASK.hit_distance).any(axis=1).sum() > 10
    assert errors.max() == TASK.penalty or errors.max() > 0.5
    assert float(score(best, TRIAL).error) == pytest.approx(errors.min())


def test_reward_rules_and_points():
    best, _ = solution()
    far = best + np.array([0.0, 0.4])
    assert float(score(best, TRIAL).hit) == 1 and float(score(far, TRIAL).hit) == 0
    for action in (best, far):
        graded = score(action, TRIAL)
        assert graded.reward == -graded.error
        assert score(action, TRIAL._replace(reward_rule=RewardRule.BINARY)).reward == graded.hit
        assert score(action, TRIAL._replace(reward_rule=RewardRule.POINTS)).reward == graded.points
    assert score(best, TRIAL).points == 10
    assert score(far, TRIAL).points == round(10 * max(0, 1 - float(score(far, TRIAL).error) / 0.4))


def test_a_ball_let_go_at_rest_falls_to_the_post():
    outcome = score(np.array([np.pi / 2, 0.0]), TRIAL)
    assert outcome.post_hit == 1 and outcome.hit == 0 and outcome.error == TASK.penalty


@pytest.mark.alone
def test_two_hundred_throws_are_scored_in_under_5_ms():
    together = jax.jit(jax.vmap(lambda action: TASK.score(action, TRIAL).error))
    actions = np.random.default_rng(1).uniform((0.5, 1.0), (2.0, 5.0), (200, 2))
    together(actions).block_until_ready()
    taken = []
    for _ in range(200):
        begun = time.perf_counter()
        together(actions).block_until_ready()
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 0.005


@pytest.mark.parametrize("angle", [40, 70, 120])
@pytest.mark.parametrize("speed", [3.5, -3.5, 1.0, 6.0])
def test_executed_throws_are_observed_and_swing_like_a_hand(angle, speed):
    action = np.array([np.radians(angle), speed])
    path = jax.jit(TASK.execute)(action, TRIAL)
    np.testing.assert_allclose(jax.jit(TASK.observe)(path, TRIAL), action, atol=1e-9)
    details = jax.jit(TASK.details)(path, TRIAL)
    assert details["action_release_speed_quadratic"] == pytest.approx(speed, abs=1e-6)
    assert details["action_release_angle_quadratic_deg"] == pytest.approx(angle, abs=1e-6)
    position = np.asarray(path.position)[: int(path.count)]
    np.testing.assert_allclose(np.hypot(*(position - TASK.pivot).T), TASK.lever_length)
    steps = np.linalg.norm(np.diff(position, axis=0), axis=1) * 1000
    assert steps.max() < max(2.5 * abs(speed), 6.0)  # no jump
    assert np.abs(np.diff(steps)).max() < 0.2  # and no jerk: 200 m/s^2
    assert steps[-1] < 0.01 and steps[0] < 0.01


def test_ready_is_the_start_zone_with_the_button_held_at_any_radius():
    start = TASK.start_angle
    angles = start + np.array([0.0, 0.15, -0.15, 0.2, 2 * np.pi, np.pi])
    position = np.stack([TASK.pivot[0] - np.cos(angles), TASK.pivot[1] + np.sin(angles)], axis=1)
    for radius in (0.05, 0.4, 1.0):
        placed = TASK.pivot + radius * (position - TASK.pivot)
        assert TASK.ready(placed, np.ones(6, int), TRIAL).tolist() == [True, True, True, False, True, False]
        assert not TASK.ready(placed, np.zeros(6, int), TRIAL).any()
        assert not TASK.ready(placed, np.full(6, 2), TRIAL).any()
    assert not TASK.ready(np.array([TASK.pivot]), np.ones(1, int), TRIAL).any()


def test_timing_is_from_the_first_swing_to_the_release():
    path = jax.jit(TASK.execute)(np.array([np.radians(70), 3.5]), TRIAL)
    timing = jax.jit(TASK.timing)(path, TRIAL)
    assert 0.01 < timing.onset < 0.08
    assert timing.end == pytest.approx(float(path.time[TASK.ended(path, TRIAL)]) - 0.0005)


def test_the_ball_flies_on_screen_only_with_continuous_feedback():
    action = np.array([np.radians(70), 3.5])
    outcome = Outcome(*(float(value) for value in score(action, TRIAL)))
    seen = {feedback: shapes(TASK, view(Stage.OUTCOME, 0.4, action, outcome), TRIAL._replace(feedback=feedback)) for feedback in Feedback}
    assert {"ball", "trace"} <= seen[Feedback.CONTINUOUS].keys()
    assert not {"ball", "trace"} & (seen[Feedback.NONE].keys() | seen[Feedback.ENDPOINT].keys())
    start, velocity = release_state(*action, TASK.lever_length, TASK.pivot, np)
    np.testing.assert_allclose(seen[Feedback.CONTINUOUS]["ball"].centre, ball_motion(0.4, start, velocity, TASK.pendulum, np)[0], atol=1e-9)
    ended = shapes(TASK, view(Stage.FEEDBACK, 0.1, action, outcome), TRIAL._replace(feedback=Feedback.ENDPOINT))
    np.testing.assert_allclose(np.hypot(*np.subtract(ended["ball"].centre, TRIAL.target)), outcome.miss_distance, atol=1e-3)


@pytest.mark.parametrize("feedback", Feedback, ids=[feedback.name.lower() for feedback in Feedback])
def test_a_hit_is_green_with_points_exactly_when_the_reward_is_delivered(feedback):
    best, _ = solution()
    outcome = Outcome(*(float(value) for value in score(best, TRIAL)))
    shown = shapes(TASK, view(Stage.FEEDBACK, 0.1, best, outcome), TRIAL._replace(feedback=feedback))
    assert shown["target"].fill == GREEN and shown["points"].words == "+10"
    withheld = shapes(TASK, view(Stage.FEEDBACK, 0.1, best, outcome), TRIAL._replace(feedback=feedback, reward_shown=False))
    assert withheld["target"].fill != GREEN
    assert not any(isinstance(shape, Text) for shape in withheld.values())


def test_a_ball_stops_at_the_post_on_screen():
    action = np.array([np.pi / 2, 0.0])
    ball = shapes(TASK, view(Stage.OUTCOME, 1.7, action), TRIAL)["ball"]
    assert np.hypot(*ball.centre) == pytest.approx(TASK.contact_radius, abs=0.003)


@pytest.mark.parametrize("wrong", [{"damping": 0.7}, {"lever_length": 0.0}, {"pivot": (0.0, -0.5)}, {"flight_time": -1.0}])
def test_impossible_constants_are_refused(wrong):
    with pytest.raises(BadInput, match="skittles"):
        replace(TASK, **wrong)
