import numpy as np
import pytest

from devices.device_clock import DeviceClock, increasing

WIRE = 0.0008


def arrivals(true, random, late: float, stalls: int = 0):
    """When packets of those times (s, host) arrive: after the wire, always late by something, now and then by a lot."""
    arrival = true + WIRE + 2e-5 + random.exponential(late, len(true))
    for begin in random.uniform(true[0], true[-1], stalls):
        stalled = (true > begin) & (true < begin + 0.4)
        arrival[stalled] = np.maximum(arrival[stalled], begin + 0.4)
    return np.maximum.accumulate(arrival)


@pytest.mark.parametrize("drift", [0.0, 3e-4, -4.5e-3])
@pytest.mark.parametrize(("late", "stalls"), [(0.0005, 0), (0.001, 20)])
def test_offset_and_drift_are_found_however_late_packets_come(drift, late, stalls):
    random = np.random.default_rng(5)
    device = np.arange(1, 40_000) / 1000
    true = 5000.0 + (1 + drift) * device
    clock = DeviceClock(WIRE)
    errors = []
    for there, here, truth in zip(device, arrivals(true, random, late, stalls), true, strict=True):
        clock.add(there, here)
        errors.append(clock.to_host(np.array([there]))[0] - truth)
    assert np.quantile(np.abs(errors[1000:]), 0.99) < 0.0005
    assert clock.drift == pytest.approx(drift, abs=5e-5)
    assert clock.residual() < 0.5 * (0.001 + 40 * stalls)


def test_a_new_fit_makes_no_step_in_time():
    random = np.random.default_rng(6)
    device = np.arange(1, 20_000) / 1000
    clock = DeviceClock(WIRE)
    told = []
    for there, here in zip(device, arrivals(5000.0 + device, random, 0.0005), strict=True):
        clock.add(there, here)
        told.append(clock.to_host(np.array([there]))[0])
    assert np.abs(np.diff(told)[1000:] - 0.001).max() < 2e-6  # a step of a fit would be 5 to 50 times as large


def test_a_first_packet_is_enough_for_an_answer():
    clock = DeviceClock(WIRE)
    clock.add(3.0, 103.0 + WIRE)
    assert clock.to_host(np.array([3.5]))[0] == pytest.approx(103.5)
    assert clock.offset == pytest.approx(100.0)


def test_times_are_made_to_increase_and_otherwise_left_alone():
    assert increasing(np.array([1.0, 2.0, 3.0]), 0.0).tolist() == pytest.approx([1.0, 2.0, 3.0])
    moved = increasing(np.array([1.0, 0.9, 0.9, 4.0]), 1.5)
    assert np.all(np.diff(moved, prepend=1.5) > 0)
    assert moved[3] == pytest.approx(4.0)
    assert len(increasing(np.empty(0), 1.0)) == 0
