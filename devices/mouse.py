"""The mouse, through PsychoPy's ioHub: every movement event with its own time, wherever the pointer is."""

import ctypes
import functools
import os
import socket
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

from devices.acceleration import find_acceleration
from devices.device import Clock, DeviceInfo, Samples
from devices.geometry import Geometry
from devices.mouse_server import leave_out_unused
from devices.process import Priority
from devices.sampler import Publish, SampledDevice, Sampling
from protocols.errors import DeviceError

POLL = 0.004  # s between two questions to ioHub; an event carries the time at which ioHub saw it, not this one
PATIENCE = 0.25  # s that ioHub may take to answer
ANSWERS_MISSED = 3  # in a row, after which ioHub counts as dead
BUFFER = 2048  # events: the most that ioHub's device buffer takes; it is emptied every 10 ms or sooner
GLOBAL_BUFFER = 60_000  # events that wait for us: 60 s at 1 kHz
TICK = 1e-6  # s, by which events of one instant are told apart


def open_mouse(
    clock: Clock,
    metres_per_pixel: float,
    screen_size_px: tuple[int, int],
    publish: Publish | None = None,
    screen_corner_px: tuple[int, int] = (0, 0),
    priority: Priority = "realtime",
) -> SampledDevice:
    """The system's mouse as a Device, to be opened by ``with``.

    Positions are metres from the centre of the screen whose size and upper left corner are given. ``clock`` and ``publish``
    are called in the device's process, so they must be functions that can be pickled by name.

    Raises (on entering):
        DeviceError: no display, a missing library, or ioHub did not start; the message says what to do.
    """
    geometry = Geometry(metres_per_pixel, screen_size_px, screen_corner_px)
    sampling = Sampling(functools.partial(IoHubMouse, geometry), clock, publish, priority)
    return SampledDevice("mouse", axes=2, sampling=sampling)


class IoHubMouse:
    """The mouse as its own process sees it: a Source. Starts an ioHub server, which is a process again."""

    period = POLL
    helpers: tuple[int, ...] = ()

    def __init__(self, geometry: Geometry, clock: Clock):
        self._geometry, self._clock = geometry, clock
        self._made = 0
        self._last_time = -np.inf
        self._buttons = 0
        self._unanswered = 0

    def __enter__(self) -> Self:
        check_display()
        self._hub = _launch()
        self.helpers = (self._hub._server_process.pid,)
        self._listener = MotionListener() if sys.platform == "linux" else None
        from psychopy.iohub.constants import EventConstants
        from psychopy.iohub.devices import Computer
        from psychopy.iohub.devices.mouse import MouseInputEvent

        self._hub_clock = Computer.getTime
        columns = ("type", "device_time", "time", "x_position", "y_position", "button_id")
        self._columns = [MouseInputEvent.CLASS_ATTRIBUTE_NAMES.index(name) for name in columns]
        self._press, self._release = EventConstants.MOUSE_BUTTON_PRESS, EventConstants.MOUSE_BUTTON_RELEASE
        self._wanted = {EventConstants.MOUSE_MOVE, EventConstants.MOUSE_DRAG, self._press, self._release}
        return self

    def __exit__(self, *exc: object) -> None:
        server = self._hub._server_process
        self._hub.udp_client.sendTo(("STOP_IOHUB_SERVER",))
        try:
            server.wait(1.0)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if self._listener:
            self._listener.close()

    def describe(self, priority: str) -> DeviceInfo:
        """What is stored about the mouse."""
        return DeviceInfo(
            kind="mouse",
            model=f"system pointer ({sys.platform}), PsychoPy ioHub",
            axes=("x", "y"),
            nominal_rate=0.0,
            simulated=False,
            calibration={
                "metres_per_pixel": self._geometry.metres_per_pixel,
                "screen_width_px": float(self._geometry.size_px[0]),
                "screen_height_px": float(self._geometry.size_px[1]),
            },
            notes=(f"priority: {priority}", find_acceleration().words, *_wayland_note()),
        )

    def read(self) -> Samples:
        """Mouse events since the last call.

        Raises:
            DeviceError: ioHub has ended or no longer answers.
        """
        events = [event for event in self._ask() if event[self._columns[0]] in self._wanted]
        table = np.array([[event[column] for column in self._columns] for event in events], float).reshape(-1, len(self._columns))
        kind, device_time, hub_time, x_px, y_px, button = table.T
        count = len(events)
        samples = Samples(
            device_time=device_time,
            host_time=self._stamp(hub_time),
            position=self._geometry.to_metres(x_px, y_px),
            buttons=self._held(kind, button.astype(np.int64)),
            force=np.full(count, np.nan),
            counter=np.arange(self._made, self._made + count),
        )
        self._made += count
        return samples

    def _ask(self) -> list[list[Any]]:
        """Raw events of ioHub, by its own protocol: its ``getEvents`` stands no missing answer."""
        if self._listener:
            self._listener.drain()
        if (code := self._hub._server_process.poll()) is not None:
            raise DeviceError(f"PsychoPy's ioHub ended unexpectedly (exit code {code}); open the mouse again")
        answer = self._hub._sendToHubServer(("GET_EVENTS",))
        self._unanswered = 0 if answer else self._unanswered + 1
        if self._unanswered >= ANSWERS_MISSED:
            raise DeviceError(f"PsychoPy's ioHub gave no answer for {PATIENCE * ANSWERS_MISSED:.2f} s; open the mouse again")
        return (answer[1] if answer else None) or []

    def _stamp(self, hub_time: np.ndarray) -> np.ndarray:
        """ioHub's times on our clock, strictly increasing.

        The offset is measured afresh for each batch: PsychoPy's clock may follow the wall clock, which is set now and then.
        """
        if not len(hub_time):
            return hub_time
        steps = TICK * np.arange(1, len(hub_time) + 1)
        times = np.maximum.accumulate(np.maximum(hub_time + clock_offset(self._clock, self._hub_clock) - steps, self._last_time)) + steps
        self._last_time = times[-1]
        return times

    def _held(self, kind: np.ndarray, button: np.ndarray) -> np.ndarray:
        """Mask of the buttons held at each event. ioHub's button names are powers of two, left 1, right 2, middle 4."""
        held = np.empty(len(kind), np.int64)
        for i in range(len(kind)):
            if kind[i] == self._press:
                self._buttons |= int(button[i])
            elif kind[i] == self._release:
                self._buttons &= ~int(button[i])
            held[i] = self._buttons
        return held


class MotionListener:
    """Asks the X server for motion events and throws them away, which makes the server prompt with ioHub's.

    The RECORD extension, by which ioHub listens, holds events back until it has 1 kB of them (32 events) or anything is sent to any
    client. A window under the pointer that wants motion events is such a client, but there may be none.
    """

    def __init__(self) -> None:
        from Xlib import X
        from Xlib.display import Display

        self._display = Display()
        self._display.screen().root.change_attributes(event_mask=X.PointerMotionMask)
        self._display.sync()
        self._socket = self._display.display.socket
        self._socket.setblocking(False)  # PsychoPy gives every new socket a timeout, and waits

    def drain(self) -> None:
        """Empty the connection, unread."""
        with suppress(BlockingIOError):
            while self._socket.recv(1 << 16):
                pass

    def close(self) -> None:
        """Ask no more."""
        self._socket.close()


def clock_offset(clock: Clock, other: Clock) -> float:
    """What to add to the other clock's time to get ours: the tightest of three tries (s)."""
    tries = []
    for _ in range(3):
        before, there, after = clock(), other(), clock()
        tries.append((after - before, (before + after) / 2 - there))
    return min(tries)[1]


def check_display() -> None:
    """Find out before the slow start whether ioHub can work here.

    Raises:
        DeviceError: no display, or a library is missing; says what to install.
    """
    if sys.platform != "linux":
        return
    from Xlib.display import Display
    from Xlib.error import DisplayError

    try:
        display = Display()
        recordable = display.has_extension("RECORD")
        display.close()
    except (DisplayError, OSError) as error:
        name = os.environ.get("DISPLAY") or "none"
        raise DeviceError(f"expected an X display to read the mouse from, got {name} ({error}); start from a desktop session") from error
    if not recordable:
        raise DeviceError("the X server lacks the RECORD extension, by which the mouse is read; enable it in the server's settings")
    for library, package in (("libX11.so", "libx11-dev"), ("libXfixes.so", "libxfixes-dev")):
        try:
            ctypes.CDLL(library)
        except OSError as error:
            raise DeviceError(f"PsychoPy's ioHub needs {library}: install it (on Debian or Ubuntu: apt install {package})") from error


def _launch() -> Any:
    """A connection to a new ioHub server that watches the mouse alone, so no key that anyone types is ever read."""
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        try:
            with _output_to(said.fileno()):
                hub = _connect()
        except RuntimeError as error:
            said.seek(0)
            raise DeviceError(f"PsychoPy's ioHub did not start ({error}); it said: {said.read()[-600:].strip() or 'nothing'}") from error
    hub._shutdown_attempted = True  # we end the server ourselves, without its goodbye on the terminal
    hub.udp_client.sock.settimeout(PATIENCE)
    hub.udp_client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)  # or a long answer is cut
    return hub


def _connect() -> Any:
    leave_out_unused()
    from psychopy.iohub import client

    client.subprocess = types.SimpleNamespace(**vars(subprocess) | {"Popen": _start_server})  # type: ignore[attr-defined]
    mouse = {"enable_multi_window": True, "event_buffer_length": BUFFER}  # multi_window: positions stay in desktop pixels
    devices = [{"Display": {"reporting_unit_type": "pix"}}, {"Mouse": mouse}]
    return client.ioHubConnection({"monitor_devices": devices, "udp_port": _free_port(), "global_event_buffer": GLOBAL_BUFFER})


def _start_server(arguments: list[str], **options: Any) -> subprocess.Popen:
    """Start ioHub's server by way of our own script, which keeps the arguments after the script's name."""
    python, _, *rest = arguments
    script = Path(__file__).with_name("mouse_server.py")
    return subprocess.Popen([python, "-P", str(script), *rest], stdin=subprocess.DEVNULL, **options)


@contextmanager
def _output_to(file: int) -> Iterator[None]:
    """Send what this process and those that it starts meanwhile write to the terminal into a file."""
    kept = [os.dup(1), os.dup(2)]
    os.dup2(file, 1)
    os.dup2(file, 2)
    try:
        yield
    finally:
        for original, number in zip(kept, (1, 2), strict=True):
            os.dup2(original, number)
            os.close(original)


def _free_port() -> int:
    """A UDP port that nobody uses, so that several rigs (or tests) can run on one machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wayland_note() -> tuple[str, ...]:
    if sys.platform != "linux" or "WAYLAND_DISPLAY" not in os.environ:
        return ()
    return ("Wayland session: the pointer is seen only over X11 windows, such as the full-screen task; an X11 session sees it everywhere",)
