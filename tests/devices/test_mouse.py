"""The mouse for real: a private X server, PsychoPy's ioHub, and a pointer moved by XTest."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from Xlib import X
from Xlib.display import Display

from devices.device import Clock, Motion, Samples
from devices.geometry import Geometry
from devices.mouse import check_display, clock_offset, open_mouse
from devices.pointer import XPointer
from protocols.errors import DeviceError
from rig.clock import now
from tests.contracts import check_device

SCALE, SIZE = 0.00025, (1280, 1024)  # m per pixel
GEOMETRY = Geometry(SCALE, SIZE)

pytestmark = [pytest.mark.screen, pytest.mark.alone, pytest.mark.skipif(sys.platform != "linux", reason="moves the pointer by XTest")]


def sweep(duration: float) -> Motion:
    """To and fro at 1 kHz, a pixel each millisecond (X keeps quiet about a pointer that stays), with a press every half second."""
    step = np.arange(round(duration * 1000))
    x = 200 + np.where(step // 800 % 2, 800 - step % 800, step % 800)
    position = GEOMETRY.to_metres(x, 500 + step % 3)
    return Motion(step / 1000, position, (step % 500 // 50 == 8).astype(np.int64))


def read_for(device, duration: float) -> Samples:
    """What comes within a time, read once a frame."""
    chunks, end = [device.read()], now() + duration
    while now() < end:
        time.sleep(1 / 60)
        chunks.append(device.read())
    return Samples(*(np.concatenate(fields) for fields in zip(*chunks, strict=True)))


def read_until(device, enough, patience: float = 60.0) -> Samples:
    """What comes until ``enough`` (a function of all samples so far) is content, or for so long (s)."""
    samples, end = device.read(), now() + patience
    while not enough(samples) and now() < end:
        time.sleep(1 / 60)
        samples = Samples(*(np.concatenate(fields) for fields in zip(samples, device.read(), strict=True)))
    return samples


class FileOutlet:
    """Writes how many samples it was given to a file; made in the device's process."""

    def __init__(self, path: Path, info):
        self.file = path.open("w")
        self.file.write(f"{info.kind}\n")

    def push(self, samples: Samples) -> None:
        self.file.write(f"{samples.counter[0]} {len(samples)}\n")

    def heard(self) -> bool:
        return True

    def close(self) -> None:
        self.file.write("closed\n")
        self.file.close()


@pytest.fixture(scope="module")
def mouse(screen):
    with open_mouse(now, SCALE, SIZE) as device:
        yield device


@pytest.fixture(scope="module")
def pointer(screen):
    with XPointer(now, SCALE, SIZE, keep_log=True) as player:
        yield player


def test_every_injected_event_arrives_in_order_and_on_time(mouse, pointer):
    mouse.read()
    already = len(pointer.log())
    pointer.play(sweep(4.0), at=now() + 0.1)
    chunks = [read_for(mouse, 5.0)]
    log = Samples(*(field[already:] for field in pointer.log()))
    assert len(log) > 1000, "1 kHz, or as fast as a busy machine can"
    chunks.append(read_until(mouse, lambda more: len(chunks[0]) + len(more) >= len(log)))
    samples = Samples(*(np.concatenate(fields) for fields in zip(*chunks, strict=True)))
    assert len(samples) == len(log)
    np.testing.assert_allclose(samples.position, log.position, atol=1e-12)
    np.testing.assert_array_equal(samples.buttons, log.buttons)
    np.testing.assert_array_equal(np.diff(samples.counter), 1)
    assert mouse.status().lost == 0
    late = np.percentile(samples.host_time - log.host_time, [0, 50, 99]) * 1e3
    print(f"stamps after injection: least {late[0]:.3f}, median {late[1]:.3f}, p99 {late[2]:.3f} ms")
    assert late[0] >= 0 and late[1] < 50  # 0.15 ms, and 0.35 for the latest, on an idle machine


def test_info_says_what_was_found(mouse):
    info = mouse.info
    assert info.kind == "mouse" and not info.simulated and info.nominal_rate == 0
    assert info.calibration["metres_per_pixel"] == SCALE
    assert any(note.startswith("priority: ") for note in info.notes)
    assert any("pointer acceleration" in note for note in info.notes)


def test_any_button_of_the_mouse_can_be_pressed(mouse, screen):
    """ioHub's own listener ends at the first press beyond the wheel."""
    display = Display()
    read_for(mouse, 0.1)
    for button in (1, 2, 3, 6, 7, 8, 9, 4, 5):
        display.xtest_fake_input(X.ButtonPress, button)
        display.xtest_fake_input(X.ButtonRelease, button)
    for x in (300, 301):
        display.xtest_fake_input(X.MotionNotify, x=x, y=300)
    display.sync()
    display.close()
    last = (301 - 640) * SCALE, (512 - 300) * SCALE
    samples = read_until(mouse, lambda so_far: len(so_far) and np.allclose(so_far.position[-1], last))
    np.testing.assert_array_equal(samples.buttons[:6], [1, 0, 4, 0, 2, 0])  # left bit 0, right bit 1, middle bit 2
    assert samples.buttons[-1] == 0
    np.testing.assert_allclose(samples.position[-1], last)


def test_an_event_is_heard_at_once_without_any_window(mouse, screen):
    """The X server's RECORD extension would keep it until 32 have come."""
    display = Display()
    read_for(mouse, 0.1)
    display.xtest_fake_input(X.MotionNotify, x=700, y=700)
    sent = now()
    display.flush()  # not sync: any answer to any client sets the kept events free
    samples = read_until(mouse, len, patience=20.0)
    display.close()
    assert len(samples) == 1
    assert sent - 0.05 < samples.host_time[0] < sent + 2


def test_keeps_the_contract_and_publishes_what_it_gives(screen, pointer, tmp_path):
    path = tmp_path / "published"
    opening = partial(open_mouse, now, SCALE, SIZE, partial(FileOutlet, path))
    samples = check_device(opening, now, lambda device: pointer.play(sweep(1.0), now() + 0.1), 900)
    kind, *chunks, last = path.read_text().splitlines()
    assert (kind, last) == ("mouse", "closed")
    assert sum(int(line.split()[1]) for line in chunks) >= len(samples)
    firsts = [int(line.split()[0]) for line in chunks]
    assert firsts == list(np.cumsum([0, *(int(line.split()[1]) for line in chunks[:-1])]))


def children_of(process: int) -> list[psutil.Process]:
    return psutil.Process(process).children(recursive=True)


def wait_until_gone(processes: list[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Those that still run (a zombie that nobody reaps doesn't)."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        processes = [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        if not processes:
            break
        time.sleep(0.05)
    return processes


def assert_told(device, match: str, within: float) -> None:
    """That reading the device each 10 ms raises an error within a time (s, by the count of reads), and that the status says the same."""
    with pytest.raises(DeviceError, match=match) as told:
        for _ in range(round(within / 0.01)):
            device.read()
            time.sleep(0.01)
    status = device.status()
    assert not status.alive
    assert status.fault == str(told.value)


@pytest.mark.slow
def test_a_killed_process_is_told_soon_and_the_mouse_opens_again(screen):
    with open_mouse(now, SCALE, SIZE) as device:
        (server,) = children_of(device.process_id)
        os.kill(device.process_id, signal.SIGKILL)
        assert_told(device, "mouse: its process ended unexpectedly", within=10.0)
        assert not wait_until_gone([server], 60.0)
    with open_mouse(now, SCALE, SIZE) as again:
        again.read()
        assert again.status().alive
        (server,) = children_of(again.process_id)
        server.kill()
        assert_told(again, "mouse: PsychoPy's ioHub ended unexpectedly", within=10.0)


@pytest.mark.slow
def test_a_frozen_device_process_is_told_and_can_be_closed(screen):
    with open_mouse(now, SCALE, SIZE) as device:
        process = psutil.Process(device.process_id)
        family = [process, *children_of(device.process_id)]
        process.suspend()
        assert_told(device, "no sign of life", within=10.0)
    assert not wait_until_gone(family, 60.0)


SESSION = """
import time
from devices.mouse import open_mouse
from devices.pointer import XPointer
from rig.clock import now

if __name__ == "__main__":
    with open_mouse(now, 0.00025, (1280, 1024)) as mouse, XPointer(now, 0.00025, (1280, 1024)):
        print("ready", flush=True)
        time.sleep(600)
"""


@pytest.mark.slow
def test_a_session_that_is_killed_leaves_nothing_running_and_no_memory(screen, tmp_path):
    before = set(Path("/dev/shm").iterdir())
    script = tmp_path / "session.py"
    script.write_text(SESSION)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    session = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment)
    assert session.stdout and session.stdout.readline() == "ready\n"
    family = children_of(session.pid)
    assert len(family) >= 3  # mouse, ioHub, pointer
    session.kill()
    session.wait()
    session.stdout.close()
    assert not wait_until_gone(family, 60.0)
    assert set(Path("/dev/shm").iterdir()) <= before


def test_without_a_display_the_error_says_so_at_once(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4321")
    with pytest.raises(DeviceError, match=r"expected an X display.*:4321"):
        check_display()
    started = time.monotonic()
    with pytest.raises(DeviceError, match="expected an X display"), open_mouse(now, SCALE, SIZE):
        pass
    assert time.monotonic() - started < 60


def test_the_missing_library_is_named_with_its_package(monkeypatch, screen):
    def missing(name: str):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr("ctypes.CDLL", missing)
    with pytest.raises(DeviceError, match="apt install libx11-dev"):
        check_display()


def test_clock_offset_is_measured():
    ahead: Clock = lambda: time.perf_counter() + 123.0  # noqa: E731
    assert clock_offset(time.perf_counter, ahead) == pytest.approx(-123.0, abs=1e-2)
