"""The twin's store: exact arrays, whole trials, frozen parameters."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from protocols.errors import BadInput, JournalError
from rig.twin.store import KINDS, TwinRow, open_twin, read_twin
from tests.rig.journal.journal_examples import new_journal

exact = arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(1, 3)), elements=st.floats(width=64))


def row(kind: str, trial: int, **more) -> TwinRow:
    random = np.random.default_rng(trial)
    prediction = {"mean": random.normal(size=2), "covariance": random.normal(size=(2, 2)), "angle": math.nan}
    state = {"mean": random.normal(size=2), "log_var": random.normal(size=2), "trials": np.int64(trial)}
    free = {"actions": random.normal(size=(100, 2)), "rewards": random.normal(size=100)}
    return TwinRow(kind, trial, prediction, state, **({"log_prob": -1 / 3, "free": free, "predicted_at": 0.1} | more))


def same(one, other) -> None:
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        assert np.shape(one[name]) == np.shape(other[name])


def test_rows_come_back_exactly_and_in_order(tmp_path):
    file = tmp_path / "twin.sqlite"
    with open_twin(file) as store:
        assert store.last_trial() == 0
        for trial in (1, 2, 3):
            store.add([row(kind, trial) for kind in KINDS])
    with read_twin(file) as store:
        assert store.last_trial() == 3
        assert [each.trial for each in store.rows("yoked", after=1)] == [2, 3]
        got, given_ = store.row("free_own", 2), row("free_own", 2)
        assert got is not None
        same(got.prediction, given_.prediction)
        same(got.state, given_.state)
        same(got.free, given_.free)
        assert (got.log_prob, got.surprise, got.predicted_at) == (-1 / 3, 1 / 3, 0.1)
        assert math.isnan(got.shift_growth)
        assert store.row("yoked", 4) is None


@settings(max_examples=15, deadline=None)
@given(state=exact, prediction=exact, log_prob=st.floats(width=64))
def test_any_float_comes_back_bit_for_bit(tmp_path_factory, state, prediction, log_prob):
    file = tmp_path_factory.mktemp("twin") / "twin.sqlite"
    with open_twin(file) as store:
        store.add([TwinRow("yoked", 1, {"mean": prediction}, {"mean": state}, log_prob)])
        got = store.row("yoked", 1)
    assert got is not None
    assert got.state["mean"].tobytes() == state.tobytes()
    assert got.state["mean"].shape == state.shape
    np.testing.assert_array_equal(got.prediction["mean"].ravel(), prediction.ravel())
    np.testing.assert_array_equal(got.log_prob, log_prob)


def test_a_trial_is_stored_whole_or_not_at_all(tmp_path):
    with open_twin(tmp_path / "twin.sqlite") as store:
        store.add([row("free_own", 1)])
        with pytest.raises(JournalError, match="UNIQUE"):
            store.add([row("yoked", 1), row("free_own", 1)])
        assert store.rows("yoked") == []
        store.add([row("yoked", 1)])


def test_frozen_parameters_stay(tmp_path):
    file = tmp_path / "twin.sqlite"
    with open_twin(file) as store:
        assert store.params("yoked") is None
        store.freeze("yoked", {"alpha_mean": 0.1 + 0.2, "initial_sd": np.array([10.0, 0.5])}, 1.0)
    with open_twin(file) as store:
        store.freeze("yoked", {"alpha_mean": 0.1 + 0.2, "initial_sd": np.array([10.0, 0.5])}, 2.0)
        with pytest.raises(BadInput, match="frozen"):
            store.freeze("yoked", {"alpha_mean": 0.3, "initial_sd": [10.0, 0.5]}, 3.0)
        assert store.params("yoked") == {"alpha_mean": 0.1 + 0.2, "initial_sd": [10.0, 0.5]}


def test_a_reader_follows_the_writer(tmp_path):
    file = tmp_path / "twin.sqlite"
    with open_twin(file) as store, read_twin(file) as reader:
        for trial in (1, 2):
            store.add([row("yoked", trial)])
            assert reader.last_trial() == trial


def test_a_journal_is_not_taken_for_a_twin(tmp_path):
    journal = new_journal(tmp_path)
    before = journal.read_bytes()
    with pytest.raises(BadInput, match="another kind of database"), open_twin(journal):
        pass
    with pytest.raises(BadInput, match="no such file"), read_twin(tmp_path / "twin.sqlite"):
        pass
    assert journal.read_bytes() == before


@pytest.mark.alone
def test_storing_a_trial_is_far_from_the_twin_s_50_ms(tmp_path):
    times = []
    with open_twin(tmp_path / "twin.sqlite") as store:
        for trial in range(1, 101):
            rows = [row(kind, trial) for kind in KINDS]
            before = time.thread_time()
            store.add(rows)
            times.append(time.thread_time() - before)
    assert np.median(times) < 0.01
