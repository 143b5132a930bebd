"""X input 2: the pointing devices that an X server has, told apart, and their events as they come from the hardware.

Raw events are taken, since they reach us whatever window is under the pointer, and before the server maps a pen to the screen or
speeds a mouse up. python-xlib asks for the events but doesn't read what is in them; ``parse_raw`` does (XI2proto.h, xXIRawEvent).
"""

import os
import select
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Self

from protocols.errors import DeviceError

MAJOR, MINOR = 2, 2  # from 2.1 on raw events come also while another program holds the pointer, as a window does during a click
RAW_PRESS, RAW_RELEASE, RAW_MOTION, HIERARCHY = 15, 16, 17, 11
POINTERS = (3, 5)  # uses of a device: a slave pointer, or one that moves no cursor
EMULATED = 1 << 16  # flag of a button event that the server made out of scrolling
GONE = 1 << 3 | 1 << 7  # flags of a device that was removed or switched off
GENERIC = 35  # X's code of all such events
_HEAD = struct.Struct("=HIIHHII")  # device, time, detail, source, words of the mask, flags, padding
_PAIR = struct.Struct("=iI")  # a number of 32.32 bits
_NODE = 256  # words: the longest path of a device file


class Axis(NamedTuple):
    """One valuator of a device."""

    number: int
    label: str  # "Abs X", "Rel X", "Abs Pressure", "Abs Tilt X", ...
    low: float
    high: float
    resolution: float  # units a metre (a radian for tilt); 0 where the driver says nothing
    absolute: bool


class PointingDevice(NamedTuple):
    """A pointing device of the X server."""

    id: int
    name: str
    node: str  # its device file, such as /dev/input/event5; empty where the driver doesn't say
    axes: tuple[Axis, ...]

    def axis(self, label: str) -> Axis | None:
        """The axis of this label, if there is one."""
        return next((axis for axis in self.axes if axis.label == label), None)

    @property
    def absolute(self) -> bool:
        """Whether it says where it is (a pen), rather than how far it went (a mouse)."""
        return self.axis("Abs X") is not None and self.axis("Abs Y") is not None

    @property
    def is_pen(self) -> bool:
        """Whether it is a pen's tip, as far as axes and name tell: drivers list eraser, keys and touch beside it."""
        beside = self.name.lower().endswith(("eraser", "pad", "cursor", "touch"))
        return self.absolute and self.axis("Abs Pressure") is not None and not beside


class RawEvent(NamedTuple):
    """One event of one device, as the hardware gave it."""

    kind: int  # RAW_MOTION, RAW_PRESS, RAW_RELEASE
    device: int
    time: int  # ms, the server's clock, 32 bits
    button: int  # of a press or release, from 1; 0: none, or one that the server made up
    values: dict[int, float]  # axis number -> place, or step; before any mapping or acceleration


class XInput:
    """A connection to the X server by which its pointing devices are listed and heard. Open it by ``with``.

    Raises:
        DeviceError: no X server, or one without X input 2; says what to do.
    """

    def __enter__(self) -> Self:
        self._display = _connect()
        self._opcode = _check_version(self._display)
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(DeviceError), _still_there():  # a server that is gone has nothing to close, and was spoken of before
            self._display.close()

    def pointers(self) -> list[PointingDevice]:
        """All pointing devices but the server's own (the core pointer, and that of the XTEST extension), in the server's order."""
        found = self._display.xinput_query_device(0).devices
        return [self._pointer(device) for device in found if device.use in POINTERS and device.enabled and "XTEST" not in device.name]

    def listen(self, devices: list[int]) -> None:
        """From now on hear these devices, and which devices come and go."""
        mask = 1 << RAW_MOTION | 1 << RAW_PRESS | 1 << RAW_RELEASE
        chosen = [(device, mask) for device in devices]
        self._display.screen().root.xinput_select_events([*chosen, (0, 1 << HIERARCHY)])
        self._display.sync()

    def wait(self, seconds: float) -> None:
        """Return once something came, or after a time.

        Raises:
            DeviceError: the X server is gone.
        """
        with _still_there():
            if not self._display.pending_events():
                select.select([self._display.display.socket], [], [], seconds)

    def events(self) -> Iterator[RawEvent | int]:
        """What came since the last call, in order: events, or the number of a device that is gone.

        Raises:
            DeviceError: the X server is gone.
        """
        with _still_there():
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == GENERIC and event.extension == self._opcode:
                    yield from _told(event)

    def _pointer(self, device: Any) -> PointingDevice:
        valuators = [part for part in device.classes if part.type == 2]
        axes = tuple(
            Axis(part.number, self._atom(part.label), part.min, part.max, float(part.resolution), part.mode == 1) for part in valuators
        )
        return PointingDevice(device.deviceid, _text(device.name), self._node(device.deviceid), axes)

    def _atom(self, atom: int) -> str:
        return self._display.get_atom_name(atom) if atom else ""

    def _node(self, device: int) -> str:
        atom = self._display.intern_atom("Device Node")
        value = self._display.xinput_get_device_property(device, atom, 0, 0, _NODE).value
        return _text(bytes(value[1]) if isinstance(value, tuple) else bytes(value or b"")).rstrip("\0")


def parse_raw(kind: int, data: bytes) -> RawEvent:
    """A raw event out of the bytes after its type."""
    device, time, detail, _, words, flags, _ = _HEAD.unpack_from(data)
    start = _HEAD.size
    mask = int.from_bytes(data[start : start + 4 * words], "little")
    numbers = [number for number in range(32 * words) if mask >> number & 1]
    start += 4 * words + _PAIR.size * len(numbers)  # the first list is of mapped and accelerated values, the second of the raw ones
    values = {}
    for place, number in enumerate(numbers):
        whole, part = _PAIR.unpack_from(data, start + _PAIR.size * place)
        values[number] = whole + part / 2**32
    button = 0 if kind == RAW_MOTION or flags & EMULATED else detail
    return RawEvent(kind, device, time, button, values)


def _told(event: Any) -> Iterator[RawEvent | int]:
    if event.evtype == HIERARCHY:
        yield from (info.deviceid for info in event.data.info if info.flags & GONE)
    elif event.evtype in (RAW_MOTION, RAW_PRESS, RAW_RELEASE):
        yield parse_raw(event.evtype, event.data)


@contextmanager
def _still_there() -> Iterator[None]:
    """Say so where the X server has gone."""
    from Xlib.error import ConnectionClosedError

    try:
        yield
    except (ConnectionClosedError, OSError) as error:
        raise DeviceError(f"the X server is gone ({error}); log in again and resume the session") from error


def _connect() -> Any:
    if sys.platform != "linux":
        raise DeviceError(
            "pens and pointers are told apart through X input 2, which this system lacks; here a pen works as '--device mouse' through the "
            "system's own driver (place and contact, no pressure), and two hands need a Linux system with X11"
        )
    from Xlib.display import Display
    from Xlib.error import DisplayError

    try:
        return Display()
    except (DisplayError, OSError) as error:
        name = os.environ.get("DISPLAY") or "none"
        raise DeviceError(
            f"expected an X display to read pens and pointers from, got {name} ({error}); start from an X11 session"
        ) from error


def _check_version(display: Any) -> int:
    """The extension's number among the server's, once it is known to be new enough."""
    from Xlib.ext import xinput

    if not display.has_extension(xinput.extname):
        raise DeviceError("the X server lacks X input 2, by which pens and pointers are told apart; use '--device mouse'")
    opcode = display.display.get_extension_major(xinput.extname)
    version = xinput.XIQueryVersion(display=display.display, opcode=opcode, major_version=MAJOR, minor_version=MINOR)
    if (version.major_version, version.minor_version) < (MAJOR, 1):
        raise DeviceError(f"the X server has X input {version.major_version}.{version.minor_version}, expected 2.1 or newer; update it")
    return opcode


def _text(words: Any) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
