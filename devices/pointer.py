"""Moves the real pointer through X11's XTest extension, so that a simulated participant enters by the mouse's door."""

import functools
import os
import sys
from typing import Self

import numpy as np

from devices.device import Clock, Samples
from devices.geometry import Geometry
from devices.player import PlayerProcess
from devices.process import Priority
from devices.schedule import Part
from protocols.errors import DeviceError

_ELSEWHERE = "run with '--device simulated' instead, which needs no pointer"


class XPointer(PlayerProcess):
    """A Player that moves the pointer and presses its left button. With ``keep_log`` it remembers all that it injected.

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
        super().__init__("pointer", functools.partial(_Hand, geometry, clock, keep_log), clock, priority)

    def __enter__(self) -> Self:
        if sys.platform != "linux" or os.environ.get("XDG_SESSION_TYPE") == "wayland":
            raise DeviceError(f"moving the pointer needs X11's XTest, which this system lacks; {_ELSEWHERE}")
        return super().__enter__()


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
