"""Measures on cases whose answers are known."""

import itertools

import numpy as np
import pytest

from analysis.measures.action import bias_and_variance, lag_one, speed_accuracy, split_by_manifold
from analysis.measures.path import tangling, usual_softening
from analysis.measures.tnc import Settings, tnc_costs
from protocols.errors import BadInput

RANDOM = np.random.default_rng(3)


def line(actions):
    """Error of a task whose solutions are the line x + y = 1."""
    return np.abs(actions[..., 0] + actions[..., 1] - 1)


def test_tolerance_is_what_a_shift_spares():
    cloud = RANDOM.normal(0, 0.01, (40, 2))
    costs = tnc_costs(cloud + 0.52, line, Settings(grid=81, span=8.0))
    assert costs.mean_error == pytest.approx(0.04, abs=0.01)
    ideal = np.abs((cloud - cloud.mean(axis=0)).sum(axis=1)).mean()
    assert costs.tolerance == pytest.approx(costs.mean_error - ideal, abs=1e-3)
    assert sum(costs.best_centre) == pytest.approx(1.0, abs=0.01)


def test_noise_is_what_shrinking_spares():
    cloud = RANDOM.normal(0, 0.1, (60, 2))
    cloud += 0.5 - cloud.mean(axis=0)
    costs = tnc_costs(cloud, line)
    assert costs.best_shrink == 0.0 and costs.noise == pytest.approx(costs.mean_error)
    bowl = tnc_costs(cloud, lambda a: np.abs(((a - 0.5) ** 2).sum(-1) - 0.01))  # a ring: no spread at all is worse than some
    assert 0 < bowl.best_shrink < 1 and bowl.noise >= 0


def test_covariation_finds_the_best_pairs():
    first, second = RANDOM.normal(0.5, 0.2, 6), RANDOM.normal(0.5, 0.2, 6)
    actions = np.column_stack([first, second])
    best = min(line(np.column_stack([first, second[list(order)]])).mean() for order in itertools.permutations(range(6)))
    costs = tnc_costs(actions, line)
    assert costs.covariation_optimal == pytest.approx(costs.mean_error - best)
    assert 0 <= costs.covariation <= costs.covariation_optimal + 1e-12
    paired = np.column_stack([first, 1 - first])
    assert tnc_costs(paired, line).covariation_optimal == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("settings", [Settings(centre="mode"), Settings(grid=0), Settings(steps=0)])
def test_settings_that_cannot_be(settings):
    with pytest.raises(BadInput, match="correct them"):
        tnc_costs(RANDOM.normal(size=(9, 2)), line, settings)


def test_too_few_actions():
    with pytest.raises(BadInput, match="three actions"):
        tnc_costs(np.full((9, 2), np.nan), line)


def test_bias_is_the_part_that_the_target_explains():
    direction = RANDOM.uniform(-np.pi, np.pi, 4000)
    found = bias_and_variance(direction, 0.3 * np.cos(direction) + RANDOM.normal(0, 0.1, 4000))
    assert found.bias == pytest.approx(0.3 / np.sqrt(2), rel=0.03) and found.variance == pytest.approx(0.01, rel=0.06)
    silent = bias_and_variance(direction, np.where(direction > 0, np.nan, 0.2))
    assert silent.variance < 1e-3 and np.isfinite(silent.fitted).all()


def test_lag_one_of_a_known_process():
    noise = RANDOM.normal(size=20000)
    values = np.zeros(20000)
    for i in range(1, 20000):
        values[i] = 0.6 * values[i - 1] + noise[i]
    one_block = np.zeros(20000, int)
    assert lag_one(values, one_block) == pytest.approx(0.6, abs=0.02)
    holes = np.where(RANDOM.random(20000) < 0.2, np.nan, values)
    assert lag_one(holes, one_block) == pytest.approx(0.6, abs=0.03)
    assert all(np.isnan(lag_one(values, np.zeros(9, int))) for values in (np.ones(9), np.full(9, np.nan)))


def test_along_and_across_the_manifold():
    along, across = RANDOM.normal(size=5000), np.zeros(5000)
    for i in range(1, 5000):
        along[i] += 0.7 * along[i - 1]
        across[i] = RANDOM.normal(0, 0.5) - 0.3 * across[i - 1]
    actions = 0.6 + 0.1 * (along[:, None] * [1, -1] + across[:, None] * [1, 1])
    found = split_by_manifold(actions, line)
    lags = [lag_one(part, np.zeros(5000, int)) for part in found]
    assert lags == pytest.approx([0.7, -0.3], abs=0.05)
    assert found[0].var() / found[1].var() == pytest.approx(along.var() / across.var(), rel=0.1)


def test_speed_accuracy_by_bins():
    found = speed_accuracy(np.array([0.1, 0.15, 0.3, 0.9]), np.array([1.0, 3.0, np.nan, 5.0]), np.array([0.0, 0.2, 0.5, 1.0]))
    np.testing.assert_allclose(found, [[0.125, 2, 2], [np.nan, np.nan, 0], [0.9, 5, 1]])


def test_a_circle_is_untangled_and_a_crossing_is_tangled():
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    step = turn[1] - turn[0]
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    (round_,) = tangling([circle], step, softening=1e-12)
    assert np.median(round_) == pytest.approx(1.0, abs=0.02)  # speed differs as place does
    eight = np.column_stack([np.sin(turn), np.sin(2 * turn) / 2])
    (crossing,) = tangling([eight], step)
    assert crossing.argmax() in (0, 199, 200, 201, 399) and crossing.max() > 3 * np.median(crossing)
    # at the crossing: velocities (1, 1) and (-1, 1), no distance between the places
    assert crossing[0] == pytest.approx(4 / usual_softening(eight), rel=0.02)
    two = tangling([circle[:100], circle[100:]], step)
    assert [len(part) for part in two] == [100, 300]
