"""Moves the real pointer through X11's XTest extension, so that a simulated participant enters by the mouse's door."""

import os
import sys
import time
from multiprocessing.connection import Connection
from typing import Self

import numpy as np

from devices.device import Clock, Motion, Samples
from devices.geometry import Geometry
from devices.process import Priority, pipe, set_priority, spawn, stop
from devices.schedule import Part, Schedule
from protocols.errors import DeviceError

START = 20.0  # s for the process to be ready
_ELSEWHERE = "run with '--device simulated' instead, which needs no pointer"


class XPointer:
    """A Player that moves the pointer and presses its left button, from a process of its own. Open it by ``with``.

    Each sample of a motion is injected at its own time. Where the system stalls, the samples whose time has passed are left out,
    as the hand would have moved on meanwhile; but no press or release is. With ``keep_log`` it remembers all that it injected.

    Raises:
        DeviceError: no X server with XTest (Wayland, Windows, macOS).
    """

    def __init__(
        self,
        clock: Clock,
        metres_per_pixel: float,
        screen_size_px: tuple[int, int],
        screen_corner_px: tuple[int, int] = (0, 0),
        keep_log: bool = False,
        priority: Priority = "realtime",
    ):
        geometry = Geometry(metres_per_pixel, screen_size_px, screen_corner_px)
        self._arguments = (geometry, clock, keep_log, priority)
        self._open = False

    def __enter__(self) -> Self:
        if sys.platform != "linux" or os.environ.get("XDG_SESSION_TYPE") == "wayland":
            raise DeviceError(f"moving the pointer needs X11's XTest, which this system lacks; {_ELSEWHERE}")
        self._pipe, far_end = pipe()
        self._process = spawn(_perform, (far_end, *self._arguments), "twinrig-pointer")
        far_end.close()
        self._open = True
        try:
            self._answer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if self._open:
            self._open = False
            self._pipe.close()  # the process takes this as the word to let go of the button and stop
            stop(self._process)

    def play(self, motion: Motion, at: float) -> None:
        """Perform the motion from time ``at`` on; what is left of the last one by then is dropped.

        Raises:
            ValueError: the motion's arrays don't fit each other.
            DeviceError: the process that moves the pointer is gone.
        """
        Schedule().add(motion, at)  # here, for the sake of the error
        self._ask(("play", motion, at))

    def injected(self) -> int:
        """How many events the X server was asked for: changes of the position in pixels, presses and releases."""
        self._ask(("count",))
        return self._answer()

    def log(self) -> Samples:
        """All that was injected so far, with the times just before each was; empty without ``keep_log``."""
        self._ask(("log",))
        return self._answer()

    def _ask(self, question: tuple) -> None:
        try:
            self._pipe.send(question)
        except OSError as error:
            raise DeviceError(f"the process that moves the pointer is gone ({error}); open the pointer again") from error

    def _answer(self):
        if not self._pipe.poll(START):
            raise DeviceError(f"the process that moves the pointer gave no answer for {START:.0f} s; open the pointer again")
        try:
            answer = self._pipe.recv()
        except EOFError as error:
            raise DeviceError("the process that moves the pointer ended unexpectedly; open the pointer again") from error
        if isinstance(answer, DeviceError):
            raise answer
        return answer


def _perform(connection: Connection, geometry: Geometry, clock: Clock, keep_log: bool, priority: Priority) -> None:
    """The pointer's process: from the first motion until the session hangs up."""
    set_priority(priority)
    try:
        hand = _Hand(geometry, clock, keep_log)
    except DeviceError as error:
        connection.send(error)
        return
    connection.send("ready")
    schedule = Schedule()
    try:
        while True:
            if connection.poll(None if schedule.next_time == np.inf else 0):
                _obey(connection, schedule, hand)
                continue
            time.sleep(min(max(schedule.next_time - clock(), 0.0), 0.002))  # short, so that a new motion is heard of
            for part in schedule.take(clock()):
                hand.move(part)
    except (EOFError, BrokenPipeError):
        hand.let_go()


def _obey(connection: Connection, schedule: Schedule, hand: "_Hand") -> None:
    match connection.recv():
        case ("play", motion, at):
            schedule.add(motion, at)
        case ("count",):
            connection.send(hand.injected)
        case ("log",):
            connection.send(hand.log())


class _Hand:
    """The connection to the X server, and where the pointer was put."""

    def __init__(self, geometry: Geometry, clock: Clock, keep_log: bool):
        from Xlib import X
        from Xlib.display import Display
        from Xlib.error import DisplayError

        try:
            self._display = Display()
        except (DisplayError, OSError) as error:
            raise DeviceError(f"expected an X display to move the pointer on, found none ({error}); {_ELSEWHERE}") from error
        if not self._display.has_extension("XTEST"):
            raise DeviceError(f"the X server lacks the XTEST extension; {_ELSEWHERE}")
        self._x = X
        screen = self._display.screen()
        self._largest = (screen.width_in_pixels - 1, screen.height_in_pixels - 1)
        where = screen.root.query_pointer()
        self._place: tuple[int, int] = (where.root_x, where.root_y)
        self._pressed = 0
        self._geometry, self._clock, self._keep_log = geometry, clock, keep_log
        self._log: list[tuple[float, int, int, int]] = []
        self.injected = 0

    def move(self, part: Part) -> None:
        """Inject what fell due: each change of the button where it happened, and the last position."""
        pressed = part.motion.buttons & 1
        changes = np.flatnonzero(np.diff(pressed, prepend=self._pressed))
        pixels = np.clip(self._geometry.to_pixels(part.motion.position), 0, self._largest)
        for i in [*changes, len(pressed) - 1]:
            self._put(int(pixels[i, 0]), int(pixels[i, 1]), int(pressed[i]))
        self._display.flush()

    def let_go(self) -> None:
        """Leave no button pressed."""
        self._put(*self._place, 0)
        self._display.sync()
        self._display.close()

    def log(self) -> Samples:
        """What was injected, as samples: one for each event."""
        table = np.array(self._log, float).reshape(-1, 4)
        none = np.full(len(table), np.nan)
        position = self._geometry.to_metres(table[:, 1], table[:, 2])
        return Samples(none, table[:, 0], position, table[:, 3].astype(np.int64), none, np.arange(len(table)))

    def _put(self, x: int, y: int, pressed: int) -> None:
        if (x, y) != self._place:
            self._place = (x, y)
            self._note()
            self._display.xtest_fake_input(self._x.MotionNotify, x=x, y=y)
        if pressed != self._pressed:
            self._pressed = pressed
            self._note()
            self._display.xtest_fake_input(self._x.ButtonPress if pressed else self._x.ButtonRelease, 1)

    def _note(self) -> None:
        self.injected += 1
        if self._keep_log:
            self._log.append((self._clock(), *self._place, self._pressed))
