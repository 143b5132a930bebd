"""Recovery's arithmetic on sets that are made up, and truths that follow from their index."""

import numpy as np
import pytest

from analysis.fit.space import Coordinate, Space
from analysis.recovery import Truth, confusion, draw, summarise

RATE = Coordinate("alpha", "alpha", None, "log", 0.0, np.inf, "")
SPACE = Space((RATE,), np.array([[-1.0, 1.0]]), np.array([[-9.0, 9.0]]), {})
TRUTH = Truth(SPACE, np.array([0.0]), np.array([1.0]))


def one(true, estimate, interval, told=True, simulated="a", bics=None):
    fits = {name: {"bic": bic} for name, bic in (bics or {}).items()}
    own = {"estimates": {"alpha": estimate}, "medians": {"alpha": true}, "intervals": {"alpha": interval}, "identifiable": {"alpha": told}}
    return {
        "simulated": simulated,
        "truth": {"alpha": true},
        "fits": {
            **fits,
            "a": {**own, "least_errors": {"alpha": 1.0}, "bic": 0.0, "log_likelihood": -1.0, "from_truth": -1.0, "shift_growth": 1.0},
        },
    }


def test_a_truth_follows_from_its_index_and_stays_in_its_range():
    np.testing.assert_array_equal(draw(TRUTH, 3, 7), draw(TRUTH, 3, 7))
    drawn = np.array([draw(TRUTH, 3, index)[0] for index in range(200)])
    assert np.all(np.abs(drawn) <= 1) and drawn.std() == pytest.approx(1 / np.sqrt(3), rel=0.15)


def test_a_constant_factor_is_a_bias_and_no_loss_of_correlation():
    sets = [one(t, 2 * t, [1.5 * t, 3 * t], told=t > 1) for t in (0.5, 1.0, 2.0, 4.0)]
    found = summarise(sets, "a", TRUTH)["parameters"]["alpha"]
    assert found["r"] == pytest.approx(1) and found["bias"] == pytest.approx(np.log(2)) and found["rmse"] == pytest.approx(np.log(2))
    assert found["coverage"] == 0 and found["closed"] == 1 and found["identifiable"] == 0.5


def test_sets_that_are_told_stand_beside_those_that_are_not():
    sets = [one(t, e, [0.1, 9.0], told=t > 1) for t, e in ((0.25, 3.0), (0.5, 0.5), (2.0, 2.0), (4.0, 4.0), (8.0, 8.0))]
    found = summarise(sets, "a", TRUTH)["parameters"]["alpha"]
    assert found["identifiable"] == 0.6 and found["r_told"] == pytest.approx(1) and found["rmse_told"] == 0
    assert (
        found["r"] < 0.8
        and found["r_median"] == pytest.approx(1)
        and found["rmse_median"] == 0
        and found["rmse_not_told"] == pytest.approx(np.log(12) / np.sqrt(2))
    )


def test_an_open_end_holds_what_lies_beyond_it_and_is_counted():
    sets = [one(1.0, 1.1, [0.9, 1.3]), one(2.0, 2.1, [1.9, None]), one(3.0, 3.1, [3.05, None]), one(4.0, 4.1, [None, 3.9])]
    found = summarise(sets, "a", TRUTH)["parameters"]["alpha"]
    assert found["coverage"] == 0.5 and found["closed"] == 0.25


def test_the_correlation_that_records_allow_follows_from_their_least_errors():
    sets = [one(t, t, [0.1, 9.0]) for t in (np.exp(-1.0), np.exp(1.0))]
    assert summarise(sets, "a", TRUTH)["parameters"]["alpha"]["r_at_most"] == pytest.approx(1 / np.sqrt(2))
    for each in sets:
        each["fits"]["a"]["least_errors"]["alpha"] = None  # as files have it where nothing is told
    assert summarise(sets, "a", TRUTH)["parameters"]["alpha"]["r_at_most"] == 0


def test_a_worse_optimum_than_from_the_truth_counts_as_not_found():
    sets = [one(1.0, 1.1, [0.9, 1.3]), one(2.0, 2.1, [1.9, 2.5])]
    sets[1]["fits"]["a"]["from_truth"] = -0.5
    assert summarise(sets, "a", TRUTH)["best_found"] == 0.5


def test_truths_that_let_a_state_overflow_and_fits_that_are_unreliable_are_counted():
    sets = [one(1.0, 1.1, [0.9, 1.3]), one(2.0, 2.1, [1.9, 2.5])]
    sets[0]["fits"]["a"].update(from_truth=None, shift_growth=None)
    found = summarise(sets, "a", TRUTH)
    assert found["best_found"] == 1 and found["unreliable"] == 0.5


def test_confusion_and_inversion():
    def wins(simulated, winner):
        return {"simulated": simulated, "fits": {name: {"bic": 0.0 if name == winner else 1.0} for name in "abc"}}

    given, inverse = confusion(
        [wins("a", "a"), wins("a", "b"), wins("b", "b"), wins("b", "b"), wins("c", "a"), wins("c", "a")], list("abc")
    )
    np.testing.assert_allclose(given, [[0.5, 0.5, 0], [0, 1, 0], [1, 0, 0]])
    np.testing.assert_allclose(inverse, [[1 / 3, 1 / 3, np.nan], [0, 2 / 3, np.nan], [2 / 3, 0, np.nan]])
