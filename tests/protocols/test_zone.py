"""Reward zones: fixed, or following the participant; the same in NumPy and under vmap."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

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
