"""A device watched live: a line every half second of what comes, and what is wrong when nothing does."""

import numpy as np
import pytest

from devices.simulated import SimulatedDevice
from rig.check.device import circles
from rig.check.live import line, watch
from rig.clock import now
from rig.session.sampling import joined


def test_a_moving_device_is_watched():
    lines: list[str] = []
    with SimulatedDevice(now) as device:
        device.play(circles(3.0, 0.05), now())
        found = watch(device, 1.0, lines.append)
    assert len(lines) == 2
    assert all("Hz, gap" in words and "0 lost" in words and "x " in words for words in lines)
    assert found["samples"] > 500
    assert np.hypot(*found["position"]) == pytest.approx(0.05, abs=1e-6)
    assert [finding["verdict"] for finding in found["findings"] if finding["name"].endswith("losses")] == ["pass"]


def test_silence_is_said():
    assert line(0.5, joined([]), ("x", "y"), 0) == "  0.5 s   nothing came"
    assert line(0.5, joined([]), ("x", "y"), 3).endswith("3 lost so far")
