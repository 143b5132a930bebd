"""A virtual pen or mouse: what is written to the socket of Xorg's ``inputtest`` driver comes out of the X server as a device's events.

The driver is part of xserver-xorg-core; xf86-input-inputtest-protocol.h gives its messages. One connection lasts for the server's life:
once it is closed, the server spins and takes no other.
"""

import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from protocols.errors import DeviceError

PATIENCE = 10.0  # s for an answer
PEN_STEPS = 65535  # the largest place on each axis of an absolute device
PRESSURE_STEPS = 1000  # the largest pressure
X, Y, SCROLL_X, SCROLL_Y, PRESSURE = range(5)  # its axes
_VERSION = (1, 1)
_AXES = 64
_HEAD = struct.Struct("=II")  # length, type
_VALUATORS = struct.Struct(f"=I8s4x{2 * _AXES}d")  # padded as a C compiler does
_VERSIONED, _SYNC, _MOTION, _PROXIMITY, _BUTTON = range(5)


class VirtualPointer:
    """One virtual device, spoken to over its socket.

    Raises:
        DeviceError: nobody listens there, or it speaks another version.
    """

    def __init__(self, path: Path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE)
        try:
            self._socket.connect(str(path))
            self._send(_VERSIONED, struct.pack("=HH", *_VERSION))
            self._answer()
        except OSError as error:
            self._socket.close()
            raise DeviceError(f"expected a virtual pointer at {path}, found none ({error}); start the X server anew") from error

    def move(self, values: Mapping[int, float], absolute: bool, unaccelerated: Mapping[int, float] | None = None) -> None:
        """Places (or steps) of some axes, at once."""
        self._send(_MOTION, struct.pack("=I4x", absolute) + _valuators(values, unaccelerated))

    def press(self, button: int, down: bool, absolute: bool, values: Mapping[int, float] | None = None) -> None:
        """Press or release a button, from 1, with the axes' places at that moment if they are told."""
        self._send(_BUTTON, struct.pack("=iiI4x", absolute, button, down) + _valuators(values or {}, None))

    def proximity(self, near: bool, values: Mapping[int, float]) -> None:
        """Bring a pen near the tablet, or take it away."""
        self._send(_PROXIMITY, struct.pack("=I4x", near) + _valuators(values, None))

    def sync(self) -> None:
        """Wait until the server has taken all that was sent."""
        self._send(_SYNC, b"")
        self._answer()

    def close(self) -> None:
        """Hang up, for good: see above."""
        self._socket.close()

    def _send(self, kind: int, content: bytes) -> None:
        self._socket.sendall(_HEAD.pack(_HEAD.size + len(content), kind) + content)

    def _answer(self) -> bytes:
        length, _ = _HEAD.unpack(self._receive(_HEAD.size))
        return self._receive(length - _HEAD.size)

    def _receive(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            more = self._socket.recv(count - len(got))
            if not more:
                raise OSError("the server hung up")
            got += more
        return got


def _valuators(values: Mapping[int, float], unaccelerated: Mapping[int, float] | None) -> bytes:
    mask = sum(1 << number for number in values).to_bytes(_AXES // 8, "little")
    lists = [[float(given.get(number, 0.0)) for number in range(_AXES)] for given in (values, unaccelerated or {})]
    return _VALUATORS.pack(unaccelerated is not None, mask, *lists[0], *lists[1])
