"""A simulated participant's pen or pair of mice: moves virtual devices of an X server, which the reader takes for real ones."""

import functools
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from devices.device import Clock, Samples
from devices.inputtest import PEN_STEPS, PRESSURE, PRESSURE_STEPS, SCROLL_X, SCROLL_Y, VirtualPointer, X, Y
from devices.player import PlayerProcess
from devices.pointer_settings import INCH, Pointers, PointerSettings
from devices.process import Priority
from devices.schedule import Part

PEN, LEFT, RIGHT = "Virtual pen", "Virtual mouse left", "Virtual mouse right"
WIDTH, HEIGHT = 0.32, 0.20  # m, of the virtual tablet: a unit is not as wide as it is high
COUNT = INCH / 5000  # m, of the virtual mice
CONTACT = 0.6  # pressure of a pen that touches; in the air it has none
TILT = (20, -10)  # deg, of the pen all the time

#: The rig's settings for them, true by construction. The driver has no axes for tilt: those for scrolling stand in.
VIRTUAL = Pointers(
    tablet=PointerSettings(name=PEN, width=WIDTH, height=HEIGHT, tilt_axes=("Rel Horiz Scroll", "Rel Vert Scroll")),  # type: ignore[call-arg]
    left=PointerSettings(name=LEFT, metres_per_count=COUNT),  # type: ignore[call-arg]
    right=PointerSettings(name=RIGHT, metres_per_count=COUNT),  # type: ignore[call-arg]
)


class VirtualHands(PlayerProcess):
    """A Player that moves the virtual pen (two axes) or the two virtual mice (four), and lets them press.

    Args:
        clock: the rig's.
        sockets: folder of the virtual devices' sockets.
        axes: 2 or 4, of the motions that it will play.
        keep_log: whether it remembers all that it injected.
        priority: of its process.
    """

    def __init__(self, clock: Clock, sockets: Path, axes: int, keep_log: bool = False, priority: Priority = "realtime"):
        super().__init__("virtual hands", functools.partial(_Hands, clock, sockets, axes, keep_log), clock, priority)


def socket_of(folder: Path, name: str) -> Path:
    """Where the virtual device of this name listens."""
    return folder / name.rpartition(" ")[2]


class _Injection(NamedTuple):
    time: float  # s, just before it
    position: tuple[float, ...]  # m, as the reader should find it
    buttons: int
    force: float


class _Hands:
    """The virtual devices, and where they were put: a Mover."""

    def __init__(self, clock: Clock, sockets: Path, axes: int, keep_log: bool):
        self._clock, self._keep_log = clock, keep_log
        names = (PEN,) if axes == 2 else (LEFT, RIGHT)
        self._devices = [VirtualPointer(socket_of(sockets, name)) for name in names]
        self._pen = axes == 2
        self._place = np.zeros(axes, np.int64)  # steps of the pen, counts of the mice
        self._pressed = 0
        self._log: list[_Injection] = []
        self.injected = 0
        if self._pen:
            self._place[:] = PEN_STEPS // 2
            self._devices[0].proximity(True, self._pen_values())

    def move(self, part: Part) -> None:
        """Inject what fell due: each change of a button where it happened, and the last position."""
        pressed = part.motion.buttons & 1
        changes = np.flatnonzero(np.diff(pressed, prepend=self._pressed))
        places = self._steps(part.motion.position)
        if part.starts and not self._pen:
            self._take_hold()
        for i in [*changes, len(pressed) - 1]:
            self._put(places[i], int(pressed[i]))

    def let_go(self) -> None:
        """Leave no button pressed, and hang up."""
        self._put(self._place, 0)
        for device in self._devices:
            device.sync()
            device.close()

    def log(self) -> Samples:
        """What was injected, as the samples that the reader should make of it."""
        rows = self._log
        return Samples(
            device_time=np.full(len(rows), np.nan),
            host_time=np.array([row.time for row in rows], float),
            position=np.array([row.position for row in rows], float).reshape(-1, 4),  # a pen has tilt
            buttons=np.array([row.buttons for row in rows], np.int64),
            force=np.array([row.force for row in rows], float),
            counter=np.arange(len(rows)),
        )

    def _steps(self, position: np.ndarray) -> np.ndarray:
        """Metres as whole steps or counts."""
        if not self._pen:
            return np.rint(position * (1, -1, 1, -1) / COUNT).astype(np.int64)
        share = position / (WIDTH, -HEIGHT) + 0.5
        return np.clip(np.rint(share * PEN_STEPS), 0, PEN_STEPS).astype(np.int64)

    def _put(self, place: np.ndarray, pressed: int) -> None:
        if self._pen:
            self._put_pen(place, pressed)
        else:
            self._put_mice(place, pressed)

    def _take_hold(self) -> None:
        """A mouse that lies still says nothing, and nobody takes hold of one without moving it by a count."""
        for step in (1, -1):
            self._put_mice(self._place + step, self._pressed)

    def _put_pen(self, place: np.ndarray, pressed: int) -> None:
        moved, changed = (place != self._place).any(), pressed != self._pressed
        self._place, self._pressed = place, pressed
        if changed:
            self._note()
            self._devices[0].press(1, bool(pressed), True, self._pen_values())
        elif moved:
            self._note()
            self._devices[0].move(self._pen_values(), True)

    def _put_mice(self, place: np.ndarray, pressed: int) -> None:
        for side, device in enumerate(self._devices):
            pair = slice(2 * side, 2 * side + 2)
            step = place[pair] - self._place[pair]
            if step.any():
                self._place = self._place.copy()
                self._place[pair] = place[pair]
                self._note()
                device.move({X: step[0], Y: step[1]}, False)
                device.sync()  # or the server may take the other hand's step first
        if pressed != self._pressed:
            self._pressed = pressed
            self._note()
            self._devices[0].press(1, bool(pressed), False)
            self._devices[0].sync()

    def _pen_values(self) -> dict[int, float]:
        pressure = CONTACT * PRESSURE_STEPS if self._pressed else 0
        return {X: self._place[0], Y: self._place[1], PRESSURE: pressure, SCROLL_X: TILT[0], SCROLL_Y: TILT[1]}

    def _note(self) -> None:
        self.injected += 1
        if not self._keep_log:
            return
        if self._pen:
            metres = (self._place / PEN_STEPS - 0.5) * (WIDTH, -HEIGHT)
            position = (*metres, *map(math.radians, TILT))
            self._log.append(_Injection(self._clock(), position, self._pressed, CONTACT * self._pressed))
        else:
            self._log.append(_Injection(self._clock(), tuple(self._place * (1, -1, 1, -1) * COUNT), self._pressed, math.nan))
