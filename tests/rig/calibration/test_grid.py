"""The grid: what may be confirmed, that it holds for the sessions after it, and a whole confirmation with virtual devices."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from devices.device import DeviceInfo
from devices.virtual_hands import COUNT, HEIGHT, PEN, WIDTH
from protocols.errors import BadInput
from protocols.load import load_protocol
from rig.calibration.grid import SEEN, moved, planes_of, seen
from rig.calibration.in_force import device_name, in_force
from rig.calibration.kept import keep, new_calibration
from rig.settings import Settings
from rig.virtual_pointers import check_installed

SETTINGS = Settings(screen_width=0.5)  # type: ignore[call-arg]
PX = (1280, 1024)
TABLET = DeviceInfo("tablet", "A pen", ("x", "y"), 0.0, False, {"width": 0.224, "height": 0.148})
MICE = DeviceInfo("two-pointers", "left: A, right: B", (), 0.0, False, {"left_metres_per_count": 1e-5, "right_width": 0.3})


@pytest.fixture
def rig_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRIG_SETTINGS", str(tmp_path / "rig.toml"))


def complaints(device: DeviceInfo, required: tuple = ()) -> tuple[str, ...]:
    protocol = load_protocol("reach-rotation").protocol
    asking = protocol.model_copy(update={"calibration": protocol.calibration.model_copy(update={"required": required})})
    return in_force(asking, SETTINGS, PX, device, refusing=True).complaints


def test_a_tablet_has_one_plane_and_two_hands_lie_side_by_side():
    (tablet,) = planes_of(TABLET)
    assert (tablet.size, tablet.centre) == ((0.224, 0.148), (0.0, 0.0))
    left, right = planes_of(MICE)
    assert right.size[0] == 0.3 and left.centre[0] + left.size[0] / 2 < right.centre[0] - right.size[0] / 2
    with pytest.raises(BadInput, match="mouse has no plane of its own"):
        planes_of(TABLET._replace(kind="mouse"))


def test_only_what_went_far_enough_both_ways_can_be_confirmed():
    assert not moved(np.empty((0, 2)))
    assert not moved(np.array([[0.0, 0.0], [1.0, 0.9 * SEEN]]))
    far = np.array([[0.0, 0.0], [SEEN, -SEEN]])
    assert moved(far) and not moved(np.hstack([far, np.zeros((2, 2))])), "the other hand lay still"
    assert seen(planes_of(TABLET), far) == {"seen_x": SEEN, "seen_y": SEEN}


def test_it_holds_until_the_mapping_is_another(rig_folder):
    (said,) = complaints(TABLET)
    assert said == "the tablet's mapping was not confirmed as it is now: run 'twinrig calibrate grid --device tablet'"
    keep(new_calibration("grid", device_name(TABLET), {**TABLET.calibration, "seen_x": 0.1, "seen_y": 0.1}))
    assert complaints(TABLET) == () and complaints(TABLET, ("grid",)) == ()
    assert "not confirmed" in complaints(TABLET._replace(calibration={"width": 0.3, "height": 0.148}))[0]
    assert "not confirmed" in complaints(TABLET._replace(model="Another pen"))[0]


def test_a_protocol_may_require_it_of_devices_that_have_one(rig_folder):
    assert "run 'twinrig calibrate grid'" in complaints(TABLET, ("grid",))[0]
    assert complaints(TABLET._replace(kind="mouse"), ("grid",)) == (), "a mouse has no plane of its own"
    assert complaints(TABLET._replace(simulated=True)) == (), "a virtual pen is right by construction"


@pytest.mark.timeout(900)
@pytest.mark.screen
@pytest.mark.parametrize(
    ("device", "values"), [("tablet", {"width": WIDTH, "height": HEIGHT}), ("two-pointers", {"left_metres_per_count": COUNT})]
)
def test_a_pen_and_two_mice_are_shown_and_confirmed(device, values, tmp_path):
    try:
        check_installed()
    except BadInput as error:
        pytest.skip(f"NOT TESTED: {error}")
    words = [sys.executable, "-m", "tests.rig.calibration.confirm", device, tmp_path / "grid.png"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    confirmed = SimpleNamespace(**json.loads(done.stdout.splitlines()[-1]))
    assert confirmed.kind == "grid" and (device != "tablet" or confirmed.of == f"tablet, {PEN}")
    assert values.items() <= confirmed.values.items()
    assert confirmed.presses >= 3, "the first ones came before the hands had gone three squares"
    for name in confirmed.values:
        if "seen" in name:
            assert confirmed.values[name] >= SEEN
    colours = {colour for _, colour in Image.open(tmp_path / "grid.png").convert("RGB").getcolors(1 << 24)}  # type: ignore[union-attr]
    assert len(colours) > 5
