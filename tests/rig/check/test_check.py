"""The check: each part measured for real, each verdict reachable."""

from datetime import UTC, datetime

import numpy as np
import pytest

from devices.device import DeviceInfo, DeviceStatus, Samples
from devices.mouse import open_mouse
from devices.pointer import XPointer
from protocols.errors import DeviceError
from protocols.load import load_protocol
from rig.check import kept, machine, screen
from rig.check.check import as_stored, run_check
from rig.check.device import circles, judge, moving_rate
from rig.check.findings import CheckResult, Finding
from rig.check.kept import keep, latest_check
from rig.clock import now
from rig.screen.frames import FrameBatch
from rig.settings import Settings

SCREEN = (1280, 1024)  # px, of the fixture ``screen``


def samples_at(times: np.ndarray, counter: np.ndarray | None = None) -> Samples:
    n = len(times)
    counter = np.arange(n) if counter is None else counter
    return Samples(times, times, np.zeros((n, 2)), np.zeros(n, np.int64), np.full(n, np.nan), counter)


def mouse_info(rate: float = 0.0) -> DeviceInfo:
    return DeviceInfo("tablet", "test", ("x", "y"), rate, False, {})


HEALTHY = DeviceStatus(samples=1, lost=0, largest_gap=0.001, alive=True)


def verdicts(findings) -> dict[str, str]:
    return {finding.name: finding.verdict for finding in findings}


def test_machine_is_measured(tmp_path):
    assert machine.versions().verdict == "pass"
    assert machine.clock(readings=2000, seconds=0.05).verdict in ("pass", "warn")
    assert "device processes get" in machine.priority().found


def test_data_folder(tmp_path, monkeypatch):
    assert machine.data_folder(tmp_path / "new/folder").verdict in ("pass", "warn")
    assert not (tmp_path / "new").exists()
    monkeypatch.setattr(machine, "MINIMUM_FREE", 10**18)
    full = machine.data_folder(tmp_path)
    assert full.verdict == "fail" and full.remedy
    (tmp_path / "file").write_text("")
    assert machine.data_folder(tmp_path / "file").verdict == "fail"


def test_clock_that_goes_back_fails(monkeypatch):
    stamps = iter([0.0, *np.linspace(0, 1, 50), *np.linspace(0.5, 1.5, 50), 2.0])
    monkeypatch.setattr(machine, "now", lambda: next(stamps))
    assert machine.clock(readings=100, seconds=0.0).verdict == "fail"


def test_steady_device_passes():
    assert set(verdicts(judge(mouse_info(), HEALTHY, samples_at(np.arange(1000) / 1000))).values()) == {"pass"}


def test_silent_slow_lossy_and_disordered_devices_are_found():
    still = judge(mouse_info(), HEALTHY, samples_at(np.empty(0)))
    assert verdicts(still) == {"device tablet": "fail"} and "move it" in still[0].remedy
    assert verdicts(judge(mouse_info(), HEALTHY, samples_at(np.arange(200) / 60)))["device tablet rate"] == "warn"
    assert verdicts(judge(mouse_info(200), HEALTHY, samples_at(np.arange(200) / 150)))["device tablet rate"] == "warn"
    times = np.arange(200) / 1000
    assert verdicts(judge(mouse_info(), HEALTHY, samples_at(times, np.arange(200) * 2)))["device tablet losses"] == "fail"
    assert verdicts(judge(mouse_info(), HEALTHY._replace(lost=3), samples_at(times)))["device tablet losses"] == "fail"
    assert verdicts(judge(mouse_info(), HEALTHY, samples_at(times[::-1])))["device tablet losses"] == "fail"


def test_pauses_of_the_hand_are_not_gaps_of_a_mouse():
    times = np.concatenate([np.arange(100) / 1000, 2 + np.arange(100) / 1000])
    assert moving_rate(times, 0.0)[0] == pytest.approx(1000, rel=0.01)
    assert moving_rate(times, 1000.0)[1] > 1


def test_circles_are_a_motion():
    motion = circles(1.0, 0.05)
    assert np.hypot(*motion.position.T) == pytest.approx(0.05) and len(motion.time) == 1000


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A user's folder of its own."""
    monkeypatch.setattr(kept, "user_state_path", lambda name: tmp_path / name)


def checked(**changed) -> dict:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return as_stored(CheckResult(when, (Finding("a", "warn", "x", "do this"),)), "mouse", None, False) | changed


def test_a_check_is_taken_along_by_sessions_of_the_same_rig_alone(state):
    assert latest_check("mouse", False) is None
    keep(checked())
    answer = latest_check("mouse", False)
    assert answer == latest_check() and answer is not None
    assert (answer["device"], answer["protocol"], answer["windowed"], answer["verdict"]) == ("mouse", None, False, "warn")
    assert latest_check("simulated", False) is None
    assert latest_check("mouse", True) is None


@pytest.mark.parametrize("changed", [{"when": "2020-01-01T00:00:00+00:00"}, {"when": "today"}, {"when": None}])
def test_an_old_or_unreadable_check_says_nothing(state, changed):
    keep(checked(**changed))
    assert latest_check("mouse", False) is None


def test_a_check_that_does_not_say_what_it_checked_says_nothing(state):
    keep({name: value for name, value in checked().items() if name != "device"})
    assert latest_check("mouse", False) is None


class Pane:
    """A window's measures, without a window."""

    def __init__(self, refresh=60.0, paced=False, metres_per_pixel=0.00025):
        self.refresh, self.paced, self.calibrated = refresh, paced, True
        self.metres_per_pixel, self.size_px = metres_per_pixel, (1280, 1024)


def frames(late: int, count: int = 120) -> FrameBatch:
    return FrameBatch(np.arange(count) / 60, np.full(count, 0.003), late)


def test_screen_verdicts():
    settings = Settings()
    assert verdicts(screen.refresh(Pane(), settings, frames(0))) == {"refresh": "pass", "frames": "pass"}
    assert verdicts(screen.refresh(Pane(refresh=75), settings, frames(2))) == {"refresh": "warn", "frames": "warn"}
    assert verdicts(screen.refresh(Pane(paced=True), settings, frames(60))) == {"refresh": "warn", "frames": "fail"}


def test_protocol_that_does_not_fit_is_told_a_scale_that_does():
    protocol = load_protocol("skittles").protocol
    assert screen.fits(protocol, Pane())[0].verdict == "pass"
    (finding,) = screen.fits(protocol, Pane(metres_per_pixel=0.0001))
    assert finding.verdict == "fail" and "display_scale" in finding.remedy


def test_worst_finding_is_the_verdict():
    fine, odd, bad = Finding("a", "pass", "x"), Finding("b", "warn", "y", "do this"), Finding("c", "fail", "z", "do that")
    assert [CheckResult("", part).verdict for part in ((), (fine,), (fine, odd), (bad, odd))] == ["pass", "pass", "warn", "fail"]
    assert "-> do that" in CheckResult("", (fine, bad)).text()


@pytest.mark.alone
@pytest.mark.screen
def test_whole_check_on_a_virtual_screen(screen, tmp_path):
    """A real window, the real mouse moved by XTest, real streams, the real recorder."""
    protocol = load_protocol("skittles").protocol
    settings = Settings(data=tmp_path, screen_width=0.4)
    scale = 0.4 / SCREEN[0]
    said: list[str] = []
    with XPointer(now, scale, SCREEN) as pointer:
        result = run_check(protocol, lambda window: open_mouse(now, scale, SCREEN), settings, player=pointer, say=said.append)
    found = {finding.name: finding for finding in result.findings}
    for name in ("versions", "data folder", "streams", "screen size", "protocol fits", "device mouse rate", "device mouse losses"):
        assert found[name].verdict == "pass", found[name]
    assert "120 of 120 frames recorded" in found["recorder"].found
    assert found["refresh"].verdict == "warn"  # a virtual screen has no vertical blank
    assert {"clock", "priority", "frames", "pointer acceleration"} <= set(found)
    assert said and as_stored(result, "mouse", "skittles", False)["findings"][0]["name"] == "versions"


@pytest.mark.alone
@pytest.mark.screen
def test_device_that_cannot_be_opened_is_a_finding(screen, tmp_path, monkeypatch):
    def refuse(window):
        raise DeviceError("tablet: not connected; check the cable")

    monkeypatch.setattr("rig.check.check._streams", lambda settings: [])
    result = run_check(None, refuse, Settings(data=tmp_path), windowed=True, say=lambda words: None)
    (finding,) = [finding for finding in result.findings if finding.name == "device"]
    assert finding.verdict == result.verdict == "fail" and "check the cable" in finding.found
