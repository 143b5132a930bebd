"""What goes over the wire between host and manipulandum. The board's side is ``devices/firmware/codec.c``.

A frame is COBS of payload and CRC-16 (0x1021 from 0xFFFF, high byte first), between two zero bytes. Numbers are little-endian.
"""

import binascii
import struct
from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np
from cobs import cobs

PAYLOAD_MAX = 32
ENCODED_MAX = PAYLOAD_MAX + 3  # with CRC and COBS overhead, between the zeros
SEQUENCE = 1 << 16
TIME = 1 << 32  # us
TIME_STEP = 4  # us, of the board's clock

SAMPLE = np.dtype(
    [
        ("status", "<u2"),
        ("sequence", "<u2"),
        ("time", "<u4"),  # us since the firmware began, modulo 2^32
        ("counts", "<i4", 2),
        ("torque", "<i2", 2),  # steps, as given to the motors
        ("force", "<u2"),
        ("encoder_errors", "u1"),
        ("receive_errors", "u1"),
    ]
)
_ANSWER = struct.Struct("<BBBBHI")


class Status(IntFlag):
    """What a sample or an answer says beside its numbers. ``codec.h`` tells which of them are latched."""

    GRIP = 0x0001
    EDGE = 0x0002
    ENABLED = 0x0004
    CLAMPED = 0x0008
    SILENT_HOST = 0x0010
    STOP_PRESSED = 0x0020
    STOPPED = 0x0040
    RESTARTED = 0x0080
    BY_WATCHDOG = 0x0100
    OVERRUN = 0x0200
    RUNNING = 0x0400


class Command(IntEnum):
    """What a host can ask for."""

    PING = 1
    START = 2
    STOP = 3
    ZERO = 4
    ENABLE = 5
    TORQUE = 6
    FIELD = 7
    EMERGENCY = 8
    CLEAR = 9


class Answer(NamedTuple):
    """What the board says to a command. ``result`` is 0 for done, 1 unknown, 2 of the wrong size, 3 refused."""

    command: int
    token: int
    result: int
    version: int
    status: int
    time: int  # us


def frame(payload: bytes) -> bytes:
    """A frame that carries the payload; the zero before it ends whatever stood in the wire."""
    checked = payload + struct.pack(">H", binascii.crc_hqx(payload, 0xFFFF))
    return b"\0" + cobs.encode(checked) + b"\0"


def payload_of(encoded: bytes) -> bytes | None:
    """What stands between two zeros as a payload; None where it is broken."""
    if len(encoded) > ENCODED_MAX:
        return None
    try:
        checked = cobs.decode(encoded)
    except cobs.DecodeError:
        return None
    return checked[:-2] if len(checked) > 2 and binascii.crc_hqx(checked, 0xFFFF) == 0 else None


class Receiver:
    """Finds the payloads in a stream of bytes, however it is cut, and never keeps more than a frame of it.

    ``joining``: the other side may be talking already, so that half a frame at the beginning is no error.
    """

    def __init__(self, joining: bool = False) -> None:
        self.errors = 0  # broken frames
        self._rest, self._joining = b"", joining

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that these bytes complete."""
        *frames, rest = (self._rest + data).split(b"\0")
        self._rest = rest[: ENCODED_MAX + 1]  # one too long stays recognisable as such
        payloads = [payload_of(encoded) for encoded in frames if encoded]
        good = [payload for payload in payloads if payload is not None]
        cut = self._joining and frames[:1] != [b""] and payloads[:1] == [None]
        self.errors += len(payloads) - len(good) - cut
        self._joining &= not frames
        return good


def unpack_samples(payloads: list[bytes]) -> np.ndarray:
    """The samples among the payloads, as records of ``SAMPLE``."""
    return np.frombuffer(b"".join(payload for payload in payloads if len(payload) == SAMPLE.itemsize), SAMPLE)


def unpack_answers(payloads: list[bytes]) -> list[Answer]:
    """The answers among the payloads."""
    return [Answer(*_ANSWER.unpack(payload)) for payload in payloads if len(payload) == _ANSWER.size]


def pack_enable(on: bool, limit: int) -> bytes:
    """Arguments of ENABLE; ``limit`` in steps of torque."""
    return struct.pack("<Bh", on, limit)


def pack_torque(x: int, y: int) -> bytes:
    """Arguments of TORQUE, in steps."""
    return struct.pack("<hh", x, y)


def pack_field(stiffness: np.ndarray, damping: np.ndarray, centre: np.ndarray) -> bytes:
    """Arguments of FIELD: stiffness (2, 2), damping (2, 2) and centre (2,), whole numbers in the board's units (see ``codec.h``)."""
    return struct.pack("<8h2i", *np.ravel(stiffness).tolist(), *np.ravel(damping).tolist(), *np.ravel(centre).tolist())
