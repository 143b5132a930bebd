import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.device import Motion, Samples
from devices.simulated import SimulatedDevice
from tests.contracts import check_device


class FakeClock:
    """A clock that moves only when told to."""

    def __init__(self, start: float = 100.0):
        self.time = start

    def __call__(self) -> float:
        return self.time

    def wait(self, duration: float) -> None:
        self.time += duration


def throw(duration: float = 0.3) -> Motion:
    time = np.arange(0, duration, 0.001)
    return Motion(time, np.stack([time, time**2], axis=1), (time > duration / 2).astype(np.int64))


def read_at(device: SimulatedDevice, clock: FakeClock, times) -> Samples:
    chunks = []
    for clock.time in times:
        chunks.append(device.read())
    return Samples(*(np.concatenate(fields) for fields in zip(*chunks, strict=True)))


def test_keeps_the_contract():
    clock = FakeClock()
    samples = check_device(lambda: SimulatedDevice(clock), clock, lambda device: device.play(throw(), clock() + 0.05), 500, clock.wait)
    np.testing.assert_allclose(np.diff(samples.host_time), 0.001, atol=0.00051)


def test_a_motion_comes_out_exactly_as_it_was_played():
    clock, motion = FakeClock(), throw()
    with SimulatedDevice(clock, start=(0.5, -0.5)) as device:
        device.play(motion, at=100.2003)
        samples = read_at(device, clock, np.arange(100, 101, 1 / 60))
    first = int(np.searchsorted(samples.host_time, 100.2003))
    performed = slice(first, first + len(motion.time))
    np.testing.assert_array_equal(samples.host_time[performed], 100.2003 + motion.time)
    np.testing.assert_array_equal(samples.position[performed], motion.position)
    np.testing.assert_array_equal(samples.buttons[performed], motion.buttons)
    assert np.all(samples.position[:first] == (0.5, -0.5))
    assert np.all(samples.position[performed.stop :] == motion.position[-1])
    assert np.all(samples.buttons[performed.stop :] == motion.buttons[-1])
    assert np.diff(samples.host_time).min() > 0.0004
    assert np.diff(samples.host_time).max() < 0.0016
    np.testing.assert_array_equal(samples.counter, np.arange(len(samples)))


@settings(max_examples=40, deadline=None)
@given(reads=st.lists(st.floats(100.0, 101.5) | st.integers(0, 1500).map(lambda step: 100 + step / 1000), max_size=30).map(sorted))
def test_how_often_it_is_read_changes_nothing(reads):
    def perform(times):
        clock = FakeClock()
        with SimulatedDevice(clock) as device:
            device.play(throw(), at=100.2503)
            device.play(throw(), at=100.4)  # replaces the rest of the first
            device.play(throw(0.1), at=101.1)
            return read_at(device, clock, times)

    for got, wanted in zip(perform([*reads, 101.6]), perform([101.6]), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-9)


def test_what_lies_before_the_samples_already_read_is_left_out():
    clock = FakeClock()
    with SimulatedDevice(clock) as device:
        before = read_at(device, clock, [100.1])
        device.play(throw(), at=100.05)
        after = read_at(device, clock, [100.5])
    assert after.host_time[0] > before.host_time[-1]
    assert after.position[0, 0] == pytest.approx(0.051)


def test_both_hands_have_four_axes_and_a_motion_must_have_as_many():
    clock = FakeClock()
    with SimulatedDevice(clock, axes=("left_x", "left_y", "right_x", "right_y")) as device:
        assert read_at(device, clock, [100.01]).position.shape[1] == 4
        with pytest.raises(ValueError, match="4 axes"):
            device.play(throw(), at=101.0)


class Kept:
    """An outlet that keeps what it is given."""

    def __init__(self, info):
        self.info, self.chunks, self.closed = info, [], False

    def push(self, samples):
        self.chunks.append(samples)

    def heard(self):
        return False

    def close(self):
        self.closed = True


def test_samples_are_published_as_they_are_read():
    clock, outlets = FakeClock(), []
    with SimulatedDevice(clock, publish=lambda info: outlets.append(Kept(info)) or outlets[-1]) as device:
        samples = read_at(device, clock, [100.1, 100.2])
        assert not device.heard()
    (outlet,) = outlets
    assert outlet.info == device.info and outlet.closed and device.info.simulated
    np.testing.assert_array_equal(np.concatenate([chunk.counter for chunk in outlet.chunks]), samples.counter)
