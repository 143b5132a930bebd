import struct

import numpy as np
import pytest

from devices.force_field import channel, curl, enable_arguments, field_arguments, torque_arguments, viscous
from devices.manipulandum_calibration import Calibration, bench_calibration
from protocols.errors import DeviceError

HANDLE = Calibration(mechanics="handle", metres_per_count=2e-5, newtons_per_step=0.03, newtons_limit=8.0, home=(0.1, 0.0))


def test_factors_are_in_the_firmwares_units():
    numbers = struct.unpack("<8h2i", field_arguments(HANDLE, channel(np.array([0.12, 0.01]), np.pi / 2, 1500.0, 15.0, 5.0)))
    assert numbers[0] == round(1500 * 2e-5 / 0.03 * 256), "across the way to the front is x"
    assert numbers[4] == round(15 * 2e-5 * 1000 * 256 / 0.03)
    assert not any(numbers[1:4]) and not any(numbers[5:8])
    assert numbers[8:] == (1000, 500), "counts from the home mark"


def test_a_curl_turns_and_a_viscous_field_resists():
    ahead = np.array([0.0, 1.0])
    assert -curl(10.0, 5.0).damping @ ahead == pytest.approx([10.0, 0.0])
    assert -viscous(10.0, 5.0).damping @ ahead == pytest.approx([0.0, -10.0])


@pytest.mark.parametrize(("asked", "steps"), [(3.0, 100), (8.0, 266), (1000.0, 266), (0.0, 0)])
def test_the_smaller_limit_counts(asked, steps):
    assert struct.unpack("<Bh", enable_arguments(HANDLE, asked)) == (1, steps)


@pytest.mark.parametrize("asked", [-1.0, float("nan")])
def test_an_impossible_limit_is_refused(asked):
    with pytest.raises(DeviceError, match="from 0 N"):
        enable_arguments(HANDLE, asked)


def test_a_force_beyond_full_is_full():
    assert struct.unpack("<hh", torque_arguments(HANDLE, (3.0, -1e6))) == (100, -511)


def test_what_the_firmware_cannot_reckon_or_a_lever_cannot_give_is_refused():
    with pytest.raises(DeviceError, match="stronger than the firmware"):
        field_arguments(HANDLE, viscous(1e6, 5.0))
    with pytest.raises(DeviceError, match="one motor"):
        field_arguments(bench_calibration("lever"), curl(5.0, 5.0))
    numbers = struct.unpack("<8h2i", field_arguments(bench_calibration("lever"), viscous(5.0, 5.0)))
    assert numbers[4] == round(5 * 2 * np.pi * 0.4 / 10_000 / 0.03 * 256_000)
