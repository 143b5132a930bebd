"""The delay from flip to light: on made-up readings, and with a photodiode that looks at the screen that the window is on."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from protocols.errors import BadInput
from rig.calibration.delay import Flash, delays, measure_delay
from rig.screen.window import open_window
from rig.settings import Settings
from rig.streams.sensor import open_sensor

TIMES = np.arange(0, 10, 0.001)
SHOWN = [Flash(start, start + 0.1) for start in np.arange(0.5, 9, 0.37)]


def readings(delay: float, sign: float = 1.0, blind: int = 0) -> np.ndarray:
    """A photodiode that answers a flip after ``delay``, with a rise time of 4 ms."""
    light = sum(
        np.clip((TIMES - flash.bright - delay) / 0.004, 0, 1) - np.clip((TIMES - flash.dark - delay) / 0.004, 0, 1)
        for flash in SHOWN[blind:]
    )
    return sign * light + np.random.default_rng(1).normal(0, 0.01, len(TIMES))


@pytest.mark.parametrize(("delay", "sign"), [(0.0, 1.0), (0.031, 1.0), (0.012, -1.0)])
def test_the_delay_comes_back(delay, sign):
    found = delays(SHOWN, TIMES, readings(delay, sign))
    assert found["delay"] == pytest.approx(delay + 0.002, abs=0.0003), "the middle of a rise of 4 ms"
    assert found["seen"] == len(SHOWN)
    assert found["sd"] < 0.0005


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.random.default_rng(2).normal(0, 1, len(TIMES)), "can't tell the patch bright from dark"),
        (readings(0.02, blind=6), "flashes; put the photodiode"),
    ],
)
def test_a_photodiode_beside_the_patch_is_said(values, words):
    with pytest.raises(BadInput, match=words):
        delays(SHOWN, TIMES, values)


def test_a_silent_photodiode_is_said():
    with pytest.raises(BadInput, match="gave 0 readings"):
        delays(SHOWN, np.empty(0), np.empty(0))


@pytest.mark.alone
@pytest.mark.screen
def test_a_photodiode_on_the_real_window(screen):
    with open_window(Settings(), windowed=False) as window:
        corner = (10, window.screen_size_px[1] - 10 - round(0.05 * window.size_px[1]) + 10)
        command = [sys.executable, str(Path(__file__).with_name("photodiode.py")), "light-test", str(corner[0] + 20), str(corner[1]), "20"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as diode:
            assert diode.stdout is not None and diode.stdout.readline() == "ready\n"
            try:
                with open_sensor("light-test", 2) as sensor:
                    found = measure_delay(window, sensor, "screen 0", flashes=20)
                with pytest.raises(BadInput, match="channels 1 to 2"), open_sensor("light-test", 3):
                    pass
            finally:
                diode.terminate()
    assert found.values["seen"] >= 15
    assert -0.02 < found.values["delay"] < 0.3, "a virtual screen shows at once; a busy machine looks late"


def test_a_stream_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr("rig.streams.sensor.PATIENCE", 0.2)
    with pytest.raises(BadInput, match="no such LSL stream"), open_sensor("nobody-sends-this"):
        pass
