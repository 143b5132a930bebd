"""A device's numbers from known distances and angles: the truth comes back, whatever the device was thought to be worth."""

import numpy as np
import pytest

from devices.manipulandum_calibration import Calibration, keep_calibration, load_calibration
from protocols.errors import BadInput
from rig.calibration.device import handle_calibration, lever_calibration, ruler_scales
from rig.calibration.marks import Marks

TRUE = Calibration(mechanics="lever", counts_per_turn=-10_000.0, home_angle_deg=12.0)
STEPS = np.array([0, 99, 199, 299])


def turned(used: Calibration, start: float, end: float) -> Marks:
    """What a lever reports that was really turned so (deg), where the driver takes it for ``used``."""
    counts = (np.linspace(start, end, 400) - TRUE.home_angle_deg) / 360 * TRUE.counts_per_turn
    pressed = [np.argmin(abs(np.linspace(start, end, 400) - angle)) for angle in (0.0, 90.0)]
    return Marks(used.to_metres(np.stack([counts, counts], axis=1)), np.array(pressed))


@pytest.mark.parametrize(
    "used", [TRUE, Calibration(mechanics="lever"), Calibration(mechanics="lever", counts_per_turn=4000.0, home_angle_deg=-40.0)]
)
def test_two_angles_give_counts_sign_and_home(used):
    better = lever_calibration(turned(used, -10.0, 100.0), used, "today")
    assert better.counts_per_turn == pytest.approx(TRUE.counts_per_turn, rel=0.01)
    assert better.home_angle_deg == pytest.approx(TRUE.home_angle_deg, abs=1)
    assert better.made == "today"


def test_a_lever_that_hardly_turned_is_refused():
    with pytest.raises(BadInput, match=r"was turned by .* deg between the marks, not by 90"):
        lever_calibration(Marks(TRUE.to_metres(np.zeros((9, 2))), np.array([0, 8])), TRUE, "today")


def along(x: float, y: float) -> Marks:
    """A way from 0 to x, and then from 0 to y, with the marks at its four ends."""
    zero, way = np.zeros(100), np.linspace(0, 1, 100)
    return Marks(
        np.concatenate([np.stack([x * way, zero], axis=1), np.stack([zero, zero], axis=1), np.stack([zero, y * way], axis=1)]), STEPS
    )


def test_a_ruler_gives_the_scale_of_each_axis():
    scales = ruler_scales(along(0.2, 0.05), 0.1)
    assert (scales["metres_per_metre_x"], scales["metres_per_metre_y"]) == pytest.approx((0.5, 2.0))


@pytest.mark.parametrize(("x", "y", "axis"), [(-0.1, 0.1, "x"), (0.1, 0.0, "y")])
def test_a_ruler_that_lay_wrong_is_refused(x, y, axis):
    with pytest.raises(BadInput, match=f"along {axis} .* lay the ruler along {axis} and repeat"):
        ruler_scales(along(x, y), 0.1)


def test_a_handle_has_one_number_for_both_axes():
    used = Calibration(mechanics="handle", metres_per_count=2e-5)
    assert handle_calibration(along(0.08, 0.0802), 0.1, used, "today").metres_per_count == pytest.approx(2.5e-5, rel=0.01)
    with pytest.raises(BadInput, match="the axes differ"):
        handle_calibration(along(0.1, 0.09), 0.1, used, "today")


def test_the_file_is_written_as_it_is_read_and_the_old_one_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRIG_MANIPULANDUM", str(tmp_path / "manipulandum.toml"))
    for calibration in (TRUE, lever_calibration(turned(TRUE, -10, 100), TRUE, "2026-11-24T10:00:00")):
        keep_calibration(calibration)
        assert load_calibration() == calibration
    assert len([*tmp_path.glob("manipulandum*.toml")]) == 2
