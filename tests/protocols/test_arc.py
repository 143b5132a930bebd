"""The arc: closed form against stepping, both sides of the channel, noise by the key, end, timing, columns, drawing."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.arc_speed import TARGET, first_mean, low_passed, plain_cost, stepped
from protocols import arc_response
from protocols.arc import COUNT, Arc
from protocols.arc_cost import result_of
from protocols.errors import BadInput
from protocols.movement import minimum_jerk
from protocols.records import trial_columns
from protocols.scene import GREEN, RED, WHITE
from protocols.task import Feedback, Outcome, Path, RewardRule, Scoring, Stage, Trial, View

TASK = Arc(scoring=Scoring(points_hit=10, points_range=0.04))
WEIGHTED = replace(TASK, representation="primitives")
TRIAL = Trial(1, 1, 1, 1, 0, (0.25, 0.0))
NAN = float("nan")
ACTION = first_mean()
PADDED = 2500
score, execute = jax.jit(TASK.score), jax.jit(TASK.execute)
judge = jax.jit(lambda path, trial: (TASK.observe(path, trial), TASK.outcome(path, trial), TASK.timing(path, trial)))
details = jax.jit(TASK.details)


def padded(time, position):
    index = np.minimum(np.arange(PADDED), len(time) - 1)
    return Path(np.asarray(time)[index], np.asarray(position)[index], np.zeros(PADDED, int), len(time))


def along(radius=0.25, duration=0.7, wait=0.2, rate=1000.0, share=1.0):
    """A movement over the top at a radius (m, or one for each sample), and rest at its end."""
    time = np.arange(0, wait + duration + 0.3, 1 / rate)
    gone = np.pi * share * np.asarray(minimum_jerk((time - wait) / duration))
    return padded(time, np.asarray(radius)[..., None] * np.column_stack([-np.cos(gone), np.sin(gone)]))


def test_closed_form_is_what_stepping_gives():
    """To 1e-9, without noise and with the very noise of every control step."""
    noise = TASK.control_noise * np.random.default_rng(1).standard_normal((TASK.plan.duration, 2))
    rough = ACTION + 0.05 * np.random.default_rng(2).standard_normal(2 * COUNT)
    for action in (ACTION, rough):
        plain = low_passed(TASK, stepped(TASK, action, 0 * noise))
        assert np.isclose(score(action, TRIAL).reward, -plain_cost(TASK, plain), rtol=1e-9)
        executed = np.asarray(execute(action, TRIAL).position)[: TASK.plan.duration + 1]
        assert np.abs(executed - stepped(TASK, action, 0 * noise)).max() < 1e-12
    raw = executed + arc_response.noise_response(TASK.wrist, TASK.plan).T @ noise
    assert np.abs(raw - stepped(TASK, rough, noise)).max() < 1e-9
    modes = arc_response.noise_modes(TASK.wrist, TASK.plan, TASK.filter_cutoff)
    closed = low_passed(TASK, executed) + modes.shapes.T @ (modes.directions.T @ noise)
    assert np.abs(closed - low_passed(TASK, stepped(TASK, rough, noise))).max() < 1e-9
    assert len(modes.shapes) < TASK.plan.duration / 3, "the modes are few, which is what makes a score quick"
    assert np.allclose(modes.directions.T @ modes.directions, np.eye(len(modes.shapes)), atol=1e-9)


def test_noise_is_as_large_as_the_steps_make_it():
    """A thousand scores against a thousand stepped paths: mean and SD of the reward agree within their errors."""
    random, count = np.random.default_rng(3), 200
    plain = [
        -plain_cost(TASK, low_passed(TASK, stepped(TASK, ACTION, TASK.control_noise * random.standard_normal((780, 2)))))
        for _ in range(count)
    ]
    keys = jax.random.split(jax.random.key(4), 4000)
    closed = np.asarray(jax.jit(jax.vmap(lambda key: TASK.score(ACTION, TRIAL, key).reward))(keys))
    error = np.std(plain) / np.sqrt(count)
    assert abs(np.mean(plain) - closed.mean()) < 4 * error
    assert 0.7 < np.std(plain) / closed.std() < 1.4
    assert closed.std() > 0.05, "the noise matters"


def test_without_a_key_or_without_noise_a_score_is_always_the_same():
    still = replace(TASK, control_noise=0.0)
    assert float(still.score(ACTION, TRIAL, jax.random.key(1)).reward) == float(still.score(ACTION, TRIAL, jax.random.key(2)).reward)
    assert np.isclose(still.score(ACTION, TRIAL, jax.random.key(1)).reward, score(ACTION, TRIAL).reward, rtol=1e-12)
    assert float(TASK.score(ACTION, TRIAL, jax.random.key(1)).reward) != float(score(ACTION, TRIAL).reward)


@pytest.mark.parametrize("off", [0.01, 0.035, 0.045, 0.1])
def test_both_sides_of_the_channel_count_alike(off):
    """The same speed at the same distance inside and outside: the same cost of the channel, the same error, the same verdict."""
    angle = np.pi * np.asarray(minimum_jerk(np.linspace(0, 1, 781)))
    ways = []
    for side in (1, -1):
        radius = TASK.radius + side * off
        arc = radius * np.column_stack([-np.cos(angle), np.sin(angle)])
        result = result_of(jnp.asarray(arc.T), jnp.asarray(TARGET), TASK.channel)
        ways.append((result.parts.channel / radius, result.error, result.miss, float(result.hit)))
    assert np.allclose(ways[0], ways[1], rtol=1e-9)
    assert ways[0][3] == (off < min(TASK.width / 2, TASK.target_radius))


def test_leaving_the_channel_for_a_moment_is_no_hit_on_either_side():
    wave = np.exp(-0.5 * ((np.arange(1200) - 550) / 60) ** 2)
    for side in (1, -1):
        for bulge, hit in ((0.038, 1.0), (0.044, 0.0)):
            path = along(TASK.radius + side * bulge * wave)
            assert float(judge(path, TRIAL)[1].hit) == hit
            assert (float(details(path, TRIAL)["inside_share"]) > 1 - 1e-9) == (hit == 1.0)


def test_the_way_round_below_is_outside_the_channel():
    """On the full circle, where r = radius all the way, but below the semicircle."""
    path = along()
    below = path._replace(position=path.position * np.array([1.0, -1.0]))
    assert float(judge(path, TRIAL)[1].hit) == 1.0
    assert float(judge(below, TRIAL)[1].hit) == 0.0
    assert float(details(below, TRIAL)["inside_share"]) < 0.2


def test_the_reward_is_the_formula():
    path = along(0.26)
    parts = details(path, TRIAL)
    outcome = judge(path, TRIAL)[1]
    assert np.isclose(-outcome.reward, sum(parts[f"cost_{name}"] for name in ("channel", "endpoint", "stop", "effort")), rtol=1e-12)
    assert np.isclose(parts["path_length"], np.pi * 0.26, rtol=1e-3)
    assert np.isclose(parts["cost_channel"], 500 * 0.01**2 * np.pi * 0.26, rtol=0.06), "the low-pass cuts a bend by some 0.2 mm"
    assert np.isclose(parts["cost_endpoint"], 100 * 0.01**2, rtol=1e-3)
    assert np.isclose(outcome.error, 0.01, rtol=0.03) and np.isclose(parts["radial_mean"], 0.01, rtol=0.03)
    assert float(parts["radial_sd"]) < 1e-3
    speed = 30 * np.linspace(0, 1, 701) ** 2 * (1 - np.linspace(0, 1, 701)) ** 2 * np.pi * 0.26 / 0.7
    bend = np.sum(np.gradient(speed, 0.001) ** 2 + (speed**2 / 0.26) ** 2) * 0.001
    assert np.isclose(parts["cost_effort"], 0.001 * bend, rtol=0.02), "tangential and centripetal acceleration"


@pytest.mark.parametrize(("rule", "expected"), [(RewardRule.BINARY, 1.0), (RewardRule.POINTS, 10.0)])
def test_reward_rules(rule, expected):
    assert float(judge(along(), TRIAL._replace(reward_rule=rule))[1].reward) == expected


def test_a_slow_device_is_scored_as_a_fast_one():
    quick, slow = judge(along(0.26), TRIAL)[1], judge(along(0.26, rate=125.0), TRIAL)[1]
    assert np.isclose(slow.reward, quick.reward, rtol=0.03) and np.isclose(slow.error, quick.error, rtol=0.01)


def test_the_action_is_where_the_hand_was_at_the_subgoals_times():
    path = along()
    action, _, timing = judge(path, TRIAL)
    places = np.reshape(action, (COUNT, 2))
    for place, time in zip(places, float(timing.onset) + 0.13 * np.arange(1, COUNT + 1), strict=True):
        assert np.allclose(place, path.position[np.argmin(np.abs(path.time - time))], atol=2e-3)
    assert np.allclose(places[-1], TARGET, atol=1e-6), "what was reached is kept to the end"
    assert 0.2 < timing.onset < 0.26 and 0.75 < timing.end < 0.9


def test_weights_of_primitives_are_found_in_the_path_that_they_made():
    weights = 0.1 * np.sin(np.arange(12.0))
    path = WEIGHTED.execute(weights, TRIAL)
    found = np.asarray(WEIGHTED.observe(path, TRIAL))
    onset = round(float(WEIGHTED.timing(path, TRIAL).onset) * 1000)
    assert 0 < onset < 80
    moved = np.asarray(path.position)[onset : 781 + onset]
    left = [np.sqrt(np.mean((np.asarray(WEIGHTED.execute(w, TRIAL).position)[:781] - moved) ** 2)) for w in (found, found + 1e-3, weights)]
    assert left[0] == min(left) and left[0] < 0.015, "the onset is seen a little late, but no other weights come nearer"
    still = WEIGHTED.execute(np.zeros(12), TRIAL)
    assert np.allclose(np.asarray(still.position)[-1], TARGET, atol=0.03), "without weights the primitives go to the target"
    assert np.abs(np.asarray(still.position)[:, 1]).max() < 1e-9, "and straight"


def test_the_other_target_is_the_mirror_image():
    mirrored = (ACTION.reshape(COUNT, 2) * np.array([-1.0, 1.0])).ravel()
    assert np.isclose(score(mirrored, TRIAL._replace(target=(-0.25, 0.0))).reward, score(ACTION, TRIAL).reward, rtol=1e-9)


def test_a_rest_on_the_way_ends_the_movement():
    stop = along(share=0.5)
    end = TASK.ended(stop, TRIAL)
    assert end is not None and 0.85 < stop.time[end] < 1.05
    cut = Path(stop.time[: end + 1], stop.position[: end + 1], stop.buttons[: end + 1], end + 1)
    assert np.isclose(judge(cut._replace(), TRIAL)[1].reward, judge(stop, TRIAL)[1].reward, rtol=1e-3)
    assert float(judge(stop, TRIAL)[1].hit) == 0.0
    assert TASK.ended(along(share=0.0), TRIAL) is None, "who stays at the start hasn't moved"
    assert TASK.ended(Path(np.empty(0), np.empty((0, 2)), np.empty(0, int), 0), TRIAL) is None


def test_no_movement_has_no_action():
    action, outcome, timing = judge(along(share=0.0), TRIAL)
    assert np.isnan(action).all() and np.isnan(timing.onset) and float(outcome.hit) == 0.0


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("radius", 0.0, "radius"),
        ("width", 0.5, "closes"),
        ("control_noise", -1.0, "0 or more"),
        ("representation", "points", "subgoals or"),
    ],
)
def test_impossible_constants_are_refused(field, value, said):
    with pytest.raises(BadInput, match=said):
        replace(TASK, **{field: value})


def test_the_columns_are_the_tasks_own():
    for task in (TASK, WEIGHTED):
        names = [column.name for column in trial_columns(task.name)]
        assert [name for name in names if name.startswith("action_")] == [f"action_{name}" for name in task.action_names]
        assert set(details(along(), TRIAL)) <= set(names)


def drawn(stage, trial=TRIAL, outcome=None, hand=(-0.2, 0.1)):
    way = np.array([[-0.25, 0.0], [-0.2, 0.15], [0.0, 0.31], [0.2, 0.15], [0.25, 0.0]])
    return {shape.name: shape for shape in TASK.scene(View(stage, hand, 0, 0.1, way, None, outcome, "completed", 3), trial).shapes}


def test_the_cursor_is_seen_as_the_feedback_says():
    assert "cursor" in drawn(Stage.MOVEMENT)
    for feedback in (Feedback.NONE, Feedback.ENDPOINT):
        assert "cursor" not in drawn(Stage.MOVEMENT, TRIAL._replace(feedback=feedback))
        assert "cursor" in drawn(Stage.HOME, TRIAL._replace(feedback=feedback)), "the way back to the start is seen"
    assert "cursor" not in drawn(Stage.MOVEMENT, hand=(0.5, 0.0)), "beyond the edge"


def test_feedback_shows_where_the_channel_was_left():
    missed = Outcome(*map(np.float64, (-1.0, 0.02, 0.0, NAN, NAN, 0.0, 0.0, 4.0)))
    shapes = drawn(Stage.FEEDBACK, outcome=missed)
    traces = [shape.colour for name, shape in shapes.items() if name.startswith("trace")]
    assert traces == [WHITE, RED, WHITE]
    assert shapes["points"].words == "+4" and shapes["target"].fill != GREEN
    assert drawn(Stage.FEEDBACK, outcome=missed._replace(hit=np.float64(1.0)))["target"].fill == GREEN
    assert not [n for n in drawn(Stage.FEEDBACK, TRIAL._replace(feedback=Feedback.NONE), missed) if n.startswith("trace")]
    assert "points" not in drawn(Stage.FEEDBACK, TRIAL._replace(reward_shown=False), missed)
