import sys
import time

import numpy as np
import pytest
from Xlib import X
from Xlib.display import Display

from devices.device import Motion
from devices.geometry import Geometry
from devices.pointer import XPointer
from protocols.errors import DeviceError
from rig.clock import now

SCALE, SIZE = 0.00025, (1280, 1024)  # m per pixel
GEOMETRY = Geometry(SCALE, SIZE)

pytestmark = [pytest.mark.screen, pytest.mark.alone, pytest.mark.skipif(sys.platform != "linux", reason="moves the pointer by XTest")]


def line(start: int, stop: int, button: int = 0, y: int = 512) -> Motion:
    """Along a row of the screen, a pixel each millisecond."""
    x = np.arange(start, stop, 1 if stop > start else -1)
    return Motion(np.arange(len(x)) / 1000, GEOMETRY.to_metres(x, np.full(len(x), y)), np.full(len(x), button))


def where(display: Display) -> tuple[int, int, bool]:
    at = display.screen().root.query_pointer()
    return at.root_x, at.root_y, bool(at.mask & X.Button1Mask)


def arrive(display: Display, x: int) -> None:
    """Wait until the pointer is in a column of the screen (pixel), however long a busy machine takes."""
    end = now() + 60
    while where(display)[0] != x:
        assert now() < end, where(display)
        time.sleep(0.02)
    time.sleep(0.2)


@pytest.fixture
def display(screen):
    connection = Display()
    yield connection
    connection.close()


def test_moves_the_real_pointer_at_the_motions_own_times(display):
    with XPointer(now, SCALE, SIZE, keep_log=True) as pointer:
        start = now() + 0.1
        pointer.play(line(100, 600), start)
        arrive(display, 599)
        log = pointer.log()
        assert where(display) == (599, 512, False)
        assert pointer.injected() == len(log) > 50
    steps = np.rint((log.position[:, 0] - GEOMETRY.to_metres(np.array([100]), np.array([512]))[0, 0]) / SCALE)
    late = log.host_time - (start + steps / 1000)
    assert late.min() >= 0, "no position is put before its time"
    assert np.median(late) < 0.2  # 0.0002 where nothing else runs


def test_a_new_motion_replaces_the_rest_of_the_old_one(display):
    with XPointer(now, SCALE, SIZE, keep_log=True) as pointer:
        start = now() + 0.1
        pointer.play(line(100, 1100), start)
        pointer.play(line(300, 200), start + 0.2)
        arrive(display, 201)
        log = pointer.log()
        x = np.rint(log.position[:, 0] / SCALE + 640)
    assert where(display)[0] == 201
    assert 200 < x.max() <= 300
    stall = np.diff(log.host_time).max() * 1000
    assert np.abs(np.diff(x)).max() < 30 + stall, "no jump beyond a pixel for each ms that the machine stalled"


def test_presses_when_the_motion_says_so_and_lets_go_when_closed(display):
    with XPointer(now, SCALE, SIZE, keep_log=True) as pointer:
        pointer.play(line(400, 450), now() + 0.05)
        pointer.play(line(450, 500, button=1), now() + 0.1)
        arrive(display, 499)
        assert where(display) == (499, 512, True)
        log = pointer.log()
        pressed_at = log.position[np.flatnonzero(log.buttons)[0], 0]
        assert (445 - 640) * SCALE < pressed_at < (499.5 - 640) * SCALE, "no sooner than it says"
    assert not where(display)[2]


def test_what_is_off_the_screen_is_put_at_its_edge(display):
    with XPointer(now, SCALE, SIZE) as pointer:
        pointer.play(line(1270, 1300), now())
        arrive(display, 1279)


def test_without_x_it_points_to_the_simulated_device(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4321")
    with pytest.raises(DeviceError, match="--device simulated"), XPointer(now, SCALE, SIZE):
        pass
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")
    with pytest.raises(DeviceError, match="--device simulated"), XPointer(now, SCALE, SIZE):
        pass


def test_a_dead_pointer_is_told(screen):
    with XPointer(now, SCALE, SIZE) as pointer:
        pointer._process.kill()
        pointer._process.join()
        with pytest.raises(DeviceError, match="open the pointer again"):
            pointer.injected()
