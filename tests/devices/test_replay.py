import numpy as np
import pytest

from devices.device import DeviceInfo, Samples
from devices.replay import ReplayDevice
from tests.contracts import check_device
from tests.devices.test_simulated import FakeClock

INFO = DeviceInfo("mouse", "system pointer", ("x", "y"), 0.0, False, {"metres_per_pixel": 0.00025}, ("priority: normal",))


@pytest.fixture
def stored() -> Samples:
    """Two seconds at 500 Hz, the third hundred lost."""
    counter = np.delete(np.arange(1000), slice(200, 300))
    time = 7000 + counter / 500
    return Samples(time - 3, time, np.stack([counter, -counter], axis=1) * 1e-4, counter % 2, np.full(len(counter), np.nan), counter)


def test_keeps_the_contract(stored):
    clock = FakeClock()
    samples = check_device(lambda: ReplayDevice(stored, clock, INFO), clock, lambda device: None, len(stored), clock.wait)
    np.testing.assert_allclose(samples.host_time, stored.host_time - 6900)
    np.testing.assert_array_equal(samples.position, stored.position)
    np.testing.assert_array_equal(samples.device_time, stored.device_time)
    assert np.sum(np.diff(samples.counter) - 1) == 100


def test_keeps_to_the_pace_and_says_when_it_is_over(stored):
    clock = FakeClock()
    with ReplayDevice(stored, clock, INFO) as device:
        assert len(device.read()) == 1
        clock.wait(0.101)
        assert len(device.read()) == 50
        assert not device.finished
        clock.wait(10)
        device.read()
        assert device.finished
        assert len(device.read()) == 0


def test_says_that_it_is_a_replay(stored):
    info = ReplayDevice(stored, FakeClock(), INFO).info
    assert info.kind == "replay" and "mouse" in info.model and not info.simulated
    assert info.calibration == INFO.calibration and any("replayed" in note for note in info.notes)


def test_an_empty_record_gives_nothing(stored):
    empty = Samples(*(field[:0] for field in stored))
    with ReplayDevice(empty, FakeClock(), INFO) as device:
        assert len(device.read()) == 0
        assert device.finished
