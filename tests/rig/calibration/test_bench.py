"""A lever on the simulated bench, read through a driver that is wrong about it, calibrated by two angles on a real window."""

import numpy as np
import pytest

from devices.device import Motion
from devices.manipulandum import open_manipulandum
from devices.manipulandum_calibration import Calibration, load_calibration
from rig.calibration.device import measure_manipulandum
from rig.clock import now
from rig.screen.pages import Person
from rig.screen.window import open_window
from rig.settings import Settings
from tests.devices.benches import bench

WRONG = Calibration(mechanics="lever", counts_per_turn=-7000.0, home_angle_deg=10.0)
pytestmark = pytest.mark.screen


def to_the_left_and_up() -> Motion:
    """Half a second at each of the two marks, the tip held for the middle of it; half a second on the way."""
    time = np.arange(1500) / 1000
    angle = np.interp(time, [0.5, 1.0], [0.0, np.pi / 2])
    held = ((time > 0.2) & (time < 0.4)) | ((time > 1.2) & (time < 1.4))
    return Motion(time, 0.4 * np.stack([-np.cos(angle), np.sin(angle)], axis=1), held.astype(np.int64))


def test_two_angles_on_the_bench(screen, tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRIG_MANIPULANDUM", str(tmp_path / "manipulandum.toml"))
    with (
        open_window(Settings(), windowed=True) as window,
        bench(tmp_path) as at,
        open_manipulandum(now, str(at.port), WRONG, simulated=True) as device,
    ):
        at.play(to_the_left_and_up(), now() + 1.0)
        found = measure_manipulandum(window, device, Person(window), WRONG, 0.1)
    better = load_calibration()
    assert better.counts_per_turn == pytest.approx(10_000, rel=0.01), "the plant rests where friction lets it"
    assert better.home_angle_deg == pytest.approx(0.0, abs=1.0)
    assert found.of.startswith("manipulandum, ")
    assert found.values["counts_per_turn"] == better.counts_per_turn
