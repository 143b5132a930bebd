"""Calibrations on the disk, and which of them hold for a session."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from devices.device import DeviceInfo
from protocols.errors import BadInput
from protocols.load import load_protocol
from rig.calibration.in_force import in_force
from rig.calibration.kept import Calibration, folder, keep, latest, new_calibration, screen_name
from rig.settings import Settings

MOUSE = DeviceInfo("mouse", "pointer", ("x", "y"), 0, False, {})
PX = (1280, 1024)
PIXEL = {"metres_per_pixel": 0.0003}


@pytest.fixture(autouse=True)
def rig_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRIG_SETTINGS", str(tmp_path / "rig.toml"))


def asking(**calibration):
    protocol = load_protocol("reach-rotation").protocol
    return protocol.model_copy(update={"calibration": protocol.calibration.model_copy(update=calibration)})


def old(days: float) -> Calibration:
    made = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)
    return Calibration("screen", screen_name(0, PX), made, PIXEL)


def test_the_newest_of_this_screen_holds_and_none_is_lost():
    first, second = old(3), old(1)
    other = new_calibration("screen", screen_name(1, PX), {"metres_per_pixel": 0.0005})
    files = [keep(calibration) for calibration in (second, first, other)]
    assert latest("screen", screen_name(0, PX)) == second
    assert latest("screen") == other
    assert latest("delay") is None
    assert len({*files}) == 3
    assert all(file.exists() for file in files)


@pytest.mark.parametrize("spoil", [lambda kept: kept["values"].update(metres_per_pixel=0.001), lambda kept: kept.pop("of")])
def test_a_changed_or_damaged_file_is_refused(spoil):
    file = keep(old(1))
    kept = json.loads(file.read_text())
    spoil(kept)
    file.write_text(json.dumps(kept))
    with pytest.raises(BadInput, match="delete the file, or calibrate again") as caught:
        latest("screen")
    assert str(file) in str(caught.value)


def test_what_cannot_be_kept_is_said_with_its_values():
    folder().write_text("in the way")
    with pytest.raises(BadInput, match=r"0\.0003"):
        keep(old(1))


def test_a_session_takes_along_what_holds_for_it():
    made = old(1)
    keep(made)
    held = in_force(asking(), Settings(), PX, MOUSE, refusing=True)
    assert held.complaints == ()
    assert [stored["hash"] for stored in held.stored()] == [made.hash]


@pytest.mark.parametrize(
    ("days", "px", "words"), [(400, PX, "400 days old, and 180 are allowed"), (1, (1920, 1080), "there is one of another: screen 0, 1280")]
)
def test_an_old_one_or_another_screens_is_said_and_refused_as_the_protocol_says(days, px, words):
    keep(old(days))
    (complaint,) = in_force(asking(), Settings(), px, MOUSE, refusing=True).complaints
    assert words in complaint
    assert "run 'twinrig calibrate screen'" in complaint
    with pytest.raises(BadInput, match="refuses to begin"):
        in_force(asking(otherwise="refuse"), Settings(), px, MOUSE, refusing=True)
    assert in_force(asking(otherwise="refuse"), Settings(), px, MOUSE, refusing=False).complaints == (complaint,), "simulated: only warned"


def test_a_width_by_ruler_stands_for_the_screens_calibration():
    keep(old(400))
    held = in_force(asking(otherwise="refuse"), Settings(screen_width=0.5), PX, MOUSE, refusing=True)
    assert (held.found, held.complaints) == ((), ())
    assert folder().exists()


def test_the_device_and_the_delay_can_be_asked_for_too():
    with pytest.raises(BadInput, match=r"the device is not calibrated: mouse, pointer.*the screen's delay is not calibrated"):
        in_force(asking(required=("device", "delay"), otherwise="refuse"), Settings(), PX, MOUSE, refusing=True)
