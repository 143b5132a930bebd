"""Reward zones: fixed, or following the participant; the same in NumPy and under vmap."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from protocols.errors import BadInput
from protocols.history import Committed
from protocols.schedule import next_trial
from protocols.zone import ZoneRule, zone_of, zone_rule
from tests.protocols.test_schedule import committed, protocol

FOLLOWING = (
    'trials = 10\nfeedback = "none"\n'
    'reward.rule = "binary"\n'
    'reward.zone = { kind = "following", window = 4, half_width_deg = 5.0, direction = "DIRECTION", limit_deg = 15.0 }'
)


def zones(direction: str, errors_deg: list[float], condition: str = "A") -> list[tuple[float, float]]:
    head = "counterbalance.conditions = { A = {}, B = { rotation_sign = -1 } }\n"
    made = protocol(FOLLOWING.replace("DIRECTION", direction), head=head)
    history: list[Committed] = []
    found = []
    for error in errors_deg:
        trial = next_trial(made, condition, 1, history)
        found.append(tuple(round(math.degrees(edge), 6) for edge in trial.zone))
        status = "completed" if not math.isnan(error) else "too_slow"
        history.append(committed(made, trial, status, math.radians(error)))
    return found


def test_a_following_zone_is_set_from_the_last_completed_reaches():
    assert zones("around", [4.0, 8.0, math.nan, 0.0, 0.0, 40.0, 0.0]) == [(-5, 5), (-1, 9), (1, 11), (1, 11), (-1, 9), (-2, 8), (7, 17)]
    assert zones("counterclockwise", [4.0, 4.0]) == [(0, 10), (4, 14)]
    assert zones("clockwise", [4.0, 4.0]) == [(-10, 0), (-6, 4)]
    assert zones("counterclockwise", [4.0, 4.0], "B") == [(-10, 0), (-6, 4)], "a mirrored condition draws the other way"
    assert zones("counterclockwise", [80.0, 80.0])[1] == (15, 25), "the centre is kept within its limit"


def test_a_reach_that_was_too_slow_moves_no_zone():
    made = protocol(FOLLOWING.replace("DIRECTION", "around"))
    history = [committed(made, next_trial(made, "", 1, []), "too_slow", hand_error=0.2)]
    assert next_trial(made, "", 1, history).zone == pytest.approx((-math.radians(5), math.radians(5)))


def test_zone_rules_run_under_vmap_as_in_numpy():
    random = np.random.default_rng(1)
    recent = np.where(random.random((50, 12)) < 0.3, np.nan, random.normal(size=(50, 12)))
    recent[0] = np.nan
    rules = [
        ZoneRule(True, math.nan, math.nan, int(random.integers(1, 12)), bool(i % 2), 0.1, int(random.integers(-1, 2)), 0.5)
        for i in range(49)
    ] + [ZoneRule(False, -0.2, 0.3, 10, False, 0.1, 0, 1.0)]
    stacked = ZoneRule(*(jnp.asarray(column) for column in zip(*rules, strict=True)))
    got = jax.jit(jax.vmap(lambda r, rule: jnp.stack(zone_of(r, rule, jnp))))(recent, stacked)
    expected = []
    for row, rule in zip(recent, rules, strict=True):
        last = row[len(row) - rule.window :]
        last = last[~np.isnan(last)]
        centre = (np.median(last) if rule.median else last.mean()) if len(last) else 0.0
        centre = np.clip(centre, -0.5, 0.5)
        low, high = (centre + (rule.side - 1) * 0.1, centre + (rule.side + 1) * 0.1) if rule.following else (-0.2, 0.3)
        expected.append((low, high))
        assert zone_of(row, rule) == pytest.approx((low, high))
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_no_zone_is_nan():
    block = protocol("trials = 1").phases[0].blocks[0]
    rule = zone_rule(block, protocol("trials = 1").condition(""))
    assert not rule.following and all(math.isnan(edge) for edge in zone_of(np.zeros(10), rule))


ADAPTIVE = FOLLOWING.replace("trials = 10", "trials = 400").replace(
    "window = 4, half_width_deg = 5.0", "window = 20, half_width_deg = HALF, hit_rate = 0.6"
)


def adapted(direction: str, half: float, errors_deg: np.ndarray) -> list[Committed]:
    """A session of reaches with these errors."""
    made = protocol(ADAPTIVE.replace("DIRECTION", direction).replace("HALF", str(half)))
    history: list[Committed] = []
    for error in errors_deg:
        history.append(committed(made, next_trial(made, "", 1, history), hand_error=math.radians(error)))
    return history


@pytest.mark.parametrize(("direction", "half"), [("around", 0.5), ("counterclockwise", 90.0), ("clockwise", 90.0)])
def test_an_adaptive_zone_keeps_the_hit_rate_whatever_the_spread(direction, half):
    """Its own level, 12 of the last 20, is 12 of 21 for the next: it is itself among the places that it may take."""
    for spread in (2.0, 8.0):
        errors = np.random.default_rng(3).normal(1.0, spread, 400)
        hits = [c.trial.zone[0] <= c.outcome.hand_error <= c.trial.zone[1] for c in adapted(direction, half, errors)[20:]]
        assert 0.5 < np.mean(hits) < 0.64


def test_an_adaptive_zone_is_as_its_definition_says():
    errors = [-3.0, 1.0, 2.0, 4.0, 10.0]
    low, high = adapted("around", 0.5, np.array([*errors, 0.0]))[-1].trial.zone
    centre = np.mean(errors)
    away = np.sort(np.abs(np.array(errors) - centre))[2]  # 3 of 5
    assert (math.degrees(low), math.degrees(high)) == pytest.approx((centre - away, centre + away))
    low, high = adapted("counterclockwise", 10.0, np.array([*errors, 0.0]))[-1].trial.zone
    assert (math.degrees(low), math.degrees(high)) == pytest.approx((2.0, 22.0)), "2, 4 and 10 of five lie beyond its edge"
    low, high = adapted("clockwise", 10.0, np.array([*errors, 0.0]))[-1].trial.zone
    assert (math.degrees(low), math.degrees(high)) == pytest.approx((-18.0, 2.0))
    low, high = adapted("around", 9.0, np.array([1.0, 1.0, 0.0]))[-1].trial.zone
    assert math.degrees(high - low) == pytest.approx(18.0), "never narrower than it is allowed to be"


def test_an_adaptive_zone_follows_from_what_was_committed_alone():
    """Wherever a session is cut off and resumed, the trials that are left have the zones that they would have had."""
    history = adapted("around", 0.5, np.random.default_rng(4).normal(0, 5, 60))
    made = protocol(ADAPTIVE.replace("DIRECTION", "around").replace("HALF", "0.5"))
    for cut in (0, 1, 7, 20, 21, 59):
        assert repr(next_trial(made, "", 1, history[:cut])) == repr(history[cut].trial)


def test_adaptive_zones_run_under_vmap_as_in_numpy():
    random = np.random.default_rng(2)
    recent = np.where(np.arange(12) < random.integers(0, 12, (60, 1)), np.nan, random.normal(0, 0.2, (60, 12)))
    rules = [ZoneRule(True, math.nan, math.nan, 8, False, 0.01, i % 3 - 1, 1.0, random.uniform(0.05, 0.95)) for i in range(60)]
    stacked = ZoneRule(*(jnp.asarray(column) for column in zip(*rules, strict=True)))
    got = jax.jit(jax.vmap(lambda r, rule: jnp.stack(zone_of(r, rule, jnp))))(recent, stacked)
    expected = [zone_of(row, rule) for row, rule in zip(recent, rules, strict=True)]
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_a_fixed_zone_does_not_adapt():
    with pytest.raises(BadInput, match="hit_rate"):
        protocol('trials = 1\nreward.rule = "binary"\nreward.zone = { kind = "fixed", low_deg = 0.0, high_deg = 5.0, hit_rate = 0.5 }')
