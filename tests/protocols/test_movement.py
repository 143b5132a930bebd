"""Profiles, filter, onset, rest and limits."""

import jax
import numpy as np
import pytest

from protocols.movement import Limits, is_resting, judge_timing, limits_of, minimum_jerk, minimum_jerk_between, onset_time, smooth
from protocols.task import Path, Timing, Trial

NAN, INF = float("nan"), float("inf")
filtered = jax.jit(lambda path: smooth(path, 20.0))


def path(time, x, pad=3000):
    position = np.stack([x, 0 * x], axis=1)
    index = np.minimum(np.arange(pad), len(time) - 1)
    return Path(time[index], position[index], np.zeros(pad, int), len(time))


@pytest.mark.parametrize(
    ("onset", "end", "status"),
    [
        (0.25, 0.60, "completed"),
        (0.05, 0.40, "too_early"),
        (-0.2, 0.15, "too_early"),
        (1.20, 1.60, "too_slow"),
        (0.30, 1.40, "too_slow"),
        (0.30, 0.34, "too_fast"),
        (NAN, NAN, "too_slow"),
        (0.30, NAN, "too_slow"),
        (0.10, 0.20, "completed"),
    ],
)
def test_limits(onset, end, status):
    assert judge_timing(Timing(np.float64(onset), np.float64(end)), Limits(0.1, 1.0, 0.1 - 1e-9, 0.8)) == status


@pytest.mark.parametrize("none", [NAN, INF])
def test_limits_that_are_not_set_judge_nothing(none):
    for onset, end in ((-1.0, 0.0), (50.0, 90.0), (NAN, NAN), (0.2, 0.2001)):
        assert judge_timing(Timing(np.float64(onset), np.float64(end)), Limits(NAN, none, NAN, none)) == "completed"


def test_minimum_jerk_meets_its_ends():
    time = np.linspace(0, 0.5, 5001)
    place = np.asarray(minimum_jerk_between(time, 0.5, 0.2, 1.7, -0.5, 8.0))
    speed = np.gradient(place, time)
    assert place[[0, -1]] == pytest.approx([0.2, 1.7])
    assert speed[[0, -1]] == pytest.approx([-0.5, 8.0], abs=0.01)
    acceleration = np.gradient(speed[1:-1], time[1:-1])
    assert acceleration[[1, -2]] == pytest.approx([0, 0], abs=0.2)
    at_rest = minimum_jerk_between(time, 0.5, 0.0, 1.0)
    np.testing.assert_allclose(at_rest, minimum_jerk(time / 0.5), atol=1e-12)
    assert np.gradient(at_rest, time).max() == pytest.approx(1.875 / 0.5, rel=1e-4)  # Flash & Hogan: peak is 1.875 of the mean


def test_filter_is_down_3_db_at_its_cutoff_and_keeps_slow_movements_and_full_speed_ends():
    time = np.arange(0, 3, 0.001)
    for frequency, gain in ((20.0, 0.5**0.5), (1.0, 0.9991)):
        out = filtered(path(time, np.sin(2 * np.pi * frequency * time)))
        assert np.abs(out.position[-2500:-500, 0]).max() == pytest.approx(gain, abs=0.002)
    cut_off = filtered(path(time, 2.0 * time))
    np.testing.assert_allclose(cut_off.speed[-2000:], 2.0, atol=1e-9)


@pytest.mark.parametrize("rate", [60, 125, 1000])
def test_onset_at_any_rate(rate):
    time = np.arange(0, 1.5, 1 / rate)
    moved = path(time, 0.1 * np.asarray(minimum_jerk((time - 0.5) / 0.4)))
    fine = np.linspace(0, 0.4, 4001)
    true = 0.5 + fine[np.argmax(np.gradient(0.1 * np.asarray(minimum_jerk(fine / 0.4)), fine) > 0.05)]
    assert onset_time(filtered(moved), 0.05) == pytest.approx(true, abs=0.003 + 0.25 / rate)
    assert np.isnan(onset_time(filtered(moved), 0.6))


def test_onset_of_a_mouse_that_is_silent_until_it_moves():
    time = np.concatenate([[0.0], np.arange(0.5, 0.9, 0.001)])
    moved = path(time, 0.1 * np.asarray(minimum_jerk((time - 0.5) / 0.4)))
    assert onset_time(filtered(moved), 0.05) == pytest.approx(0.538, abs=0.01)


def test_a_wait_longer_than_the_span_does_not_hide_the_onset():
    time = np.arange(0, 20, 0.01)
    assert onset_time(filtered(path(time, np.where(time > 18, time - 18, 0.0))), 0.5) == pytest.approx(18, abs=0.02)


def test_rest_is_a_small_mean_velocity_and_needs_the_whole_window():
    time = np.arange(0, 0.5, 0.001)
    position = np.stack([np.minimum(time, 0.2995), 0 * time], axis=1)
    resting = is_resting(time, position, 0.02, 0.05, np)
    assert np.argmax(resting) == 349
    assert resting[349:].all()
    still = is_resting(time, 0 * position, 0.02, 0.05, np)
    assert np.argmax(still) == 50


def test_a_trials_own_band_takes_the_place_of_the_limits():
    limits, trial = Limits(0.1, 1.0, 0.05, 2.0), Trial(1, 1, 1, 1, 0, (0.25, 0.0))
    assert limits_of(trial, limits) == limits
    banded = limits_of(trial._replace(band=(0.6, 0.9)), limits)
    assert banded == Limits(0.1, 1.0, 0.6, 0.9)
    timings = [Timing(np.float64(0.3), np.float64(0.3 + time)) for time in (0.5, 0.7, 1.0)]
    assert [judge_timing(timing, banded) for timing in timings] == ["too_fast", "completed", "too_slow"]
