"""Comparison's parts: selection against what is known of it, gains in bits, pieces of whole blocks, and behaviour."""

import numpy as np
import pytest

from analysis.compare import _before, gain, pieces, shuffled
from analysis.fit.fit import pose
from analysis.likeness import behaviour, looks
from analysis.measures.action import lag_one
from analysis.selection import select
from tests.analysis.test_fit import record
from tests.analysis.test_weighed import grid_of, wandering


def test_one_clear_winner_is_selected_and_equal_evidence_is_protected():
    clear = select(np.tile([0.0, -10.0, -10.0], (12, 1)))
    assert clear.frequency[0] == pytest.approx(13 / 15, abs=1e-3)  # all twelve, and one of three each by the prior
    assert clear.protected[0] > 0.99 and clear.omnibus_risk < 0.01
    equal = select(np.zeros((12, 3)))
    np.testing.assert_allclose(equal.frequency, 1 / 3, atol=1e-6)
    np.testing.assert_allclose(equal.protected, 1 / 3, atol=0.01)
    assert equal.omnibus_risk > 0.5


def test_a_group_that_is_split_is_seen_as_split():
    evidence = np.array([[0.0, -20.0]] * 6 + [[-20.0, 0.0]] * 6)
    found = select(evidence)
    np.testing.assert_allclose(found.frequency, 0.5, atol=0.01)
    np.testing.assert_allclose(found.belongs[:6, 0], 1, atol=1e-6)


def test_gain_is_in_bits_with_an_interval_that_holds_the_mean():
    random = np.random.default_rng(0)
    one = random.normal(0, 0.5, 400) + 2 * np.log(2)
    one[3] = np.nan
    found = gain(one, np.zeros(400))
    assert found.trials == 399 and found.low < 2 < found.high and found.high - found.low < 0.4
    assert np.isnan(gain(one[:30], np.zeros(30)).low)


def test_pieces_are_whole_blocks():
    block = np.repeat(np.arange(1, 13), 10)
    found = pieces(block)
    assert set(found) == {0, 1, 2, 3, 4} and np.all(np.diff(found) >= 0)
    assert all(len(set(found[block == b])) == 1 for b in set(block))
    assert np.bincount(pieces(np.ones(50, int))).tolist() == [10] * 5


def test_held_out_trials_are_predicted_by_the_average_over_what_the_others_leave_open():
    plan, seen = wandering()
    fitted = np.arange(60) < 30
    _, points, weight = grid_of(pose(plan, seen, fitted))
    densities = np.exp(pose(plan, seen).densities(points.reshape(-1, 2)))[:, :60]
    expected = np.log(weight.ravel() @ densities / weight.sum())
    np.testing.assert_allclose(_before(plan, seen, fitted)[~fitted], expected[~fitted], atol=0.1)


def test_shuffling_moves_outcomes_and_no_action():
    seen = record(np.arange(40.0)[:, None], np.arange(40.0))
    found = shuffled(seen, 3)
    np.testing.assert_array_equal(found.action, seen.action)
    np.testing.assert_array_equal(found.reward, found.outcome.reward)
    assert sorted(found.reward) == sorted(seen.reward) and not np.array_equal(found.reward, seen.reward)


def test_behaviour_is_what_it_says():
    random = np.random.default_rng(5)
    walk = np.zeros(4000)
    for t in range(1, 4000):
        walk[t] = 0.6 * walk[t - 1] + random.normal()
    block = np.repeat(np.arange(10), 400)
    assert lag_one(walk, block) == pytest.approx(0.6, abs=0.05)
    reward = (random.random(4000) < 0.5).astype(float)
    action = np.zeros(4000)
    for t in range(1, 4000):
        action[t] = action[t - 1] + random.normal() * (0.5 if reward[t - 1] else 2.0)
    found = behaviour(["x"], action[:, None], reward, block)
    assert found["x: change after failure"] > 3 * found["x: change after success"]
    assert found["reward late"] == pytest.approx(0.5, abs=0.05)


def test_who_behaves_otherwise_is_not_alike():
    random = np.random.default_rng(6)
    block = np.repeat(np.arange(5), 40)
    runs = random.normal(size=(50, 200, 1))
    reward = np.zeros((50, 200))
    same = {look.name: look.alike for look in looks(["x"], random.normal(size=(200, 1)), reward[0], runs, reward, block)}
    wide = {look.name: look.alike for look in looks(["x"], 3 * random.normal(size=(200, 1)), reward[0], runs, reward, block)}
    assert same["x: SD late"] and not wide["x: SD late"]
