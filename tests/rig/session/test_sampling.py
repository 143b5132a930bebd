"""The samples since the last trial: all of them, what is missing, and how old the newest was when it was seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.device import Samples
from rig.session.sampling import SampleLog, joined, rate_and_gap


def samples(counter, start: float = 0.0) -> Samples:
    counter = np.asarray(counter, np.int64)
    times = start + counter * 0.001
    nothing = np.full(len(counter), np.nan)
    return Samples(times, times, np.column_stack([times, -times]), counter % 2, nothing, counter)


@given(st.lists(st.integers(0, 5), max_size=12), st.lists(st.integers(0, 11), max_size=4))
def test_whatever_is_read_comes_out_once_and_in_order(sizes, commits):
    log, taken, at = SampleLog(), [], 0
    for number, size in enumerate(sizes):
        log.add(samples(range(at, at + size)))
        at += size
        if number in commits:
            taken.append(log.take()[0])
    taken.append(log.take()[0])
    assert joined(taken).counter.tolist() == list(range(at))
    assert len(log.take()[0]) == 0


def test_missing_samples_are_counted_between_trials_too():
    log = SampleLog()
    log.add(samples([5, 6, 7]))
    assert log.take()[1] == 0  # what came before the first read isn't lost
    log.add(samples([9, 10]))
    log.add(samples([14]))
    assert log.take()[1] == 1 + 3
    assert log.take()[1] == 0


def test_a_device_that_was_opened_anew_has_lost_nothing():
    log = SampleLog()
    log.add(samples(range(4000, 4010)))
    log.take()
    log.add(samples([4010, 4012], start=0.0))
    log.opened_anew()
    log.add(samples([5000, 5001, 5003], start=9.0))
    assert log.take()[1] == 1 + 1


def test_the_delay_is_of_frames_that_showed_news():
    log = SampleLog()
    for n in range(3):
        log.add(samples([2 * n]))
        log.add(samples([2 * n + 1]))
        log.flipped((2 * n + 1) * 0.001 + (0.010, 0.012, 0.030)[n])
        log.flipped(99.0)  # nothing new in this one
    assert log.take()[2] == pytest.approx(0.012)
    assert np.isnan(log.take()[2])


def test_no_chunks_are_no_samples():
    nothing = joined([])
    assert len(nothing) == 0
    assert nothing.position.shape == (0, 2)


def test_rate_and_largest_gap_of_a_movement():
    rate, gap = rate_and_gap(np.array([0.0, 0.001, 0.002, 0.005]))
    assert rate == pytest.approx(600.0)
    assert gap == pytest.approx(0.003)
    assert np.all(np.isnan(rate_and_gap(np.array([1.0]))))
