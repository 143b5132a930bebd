"""What every stream says about itself: its name, who made it, its channels and their units. No participant code anywhere."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

import pylsl

from devices.device import DeviceInfo
from protocols.errors import BadInput

_CLOCK_NOTE = (
    "Time stamps are LSL local_clock, in s, taken when the sample was read or the frame was flipped; "
    "read them with dejitter_timestamps=False."
)


class Channel(NamedTuple):
    """One channel as readers of the stream see it."""

    label: str
    unit: str
    type: str


@dataclass(frozen=True)
class Origin:
    """One start of one session, as its streams name it. Picklable, so that other processes can open their own outlets.

    Raises:
        BadInput: the session id has other characters than letters, digits, ``-`` and ``_``.
    """

    session_id: str
    start: int
    protocol: str
    protocol_hash: str
    simulated: bool

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", self.session_id):
            raise BadInput(f"session id {self.session_id!r}: expected letters, digits, - and _ only; choose another")

    def source_id(self, stream: str) -> str:
        """The unique source id of the stream ``twinrig.<stream>`` of this start."""
        return f"{self.session_id}.{self.start}.{stream}"


FRAME_CHANNELS = (
    Channel("flip_time", "s", "Time"),
    Channel("work_time", "s", "Duration"),
    Channel("trial", "", "Index"),
    Channel("counter", "", "Counter"),
)


def motion_channels(axes: Sequence[str]) -> tuple[Channel, ...]:
    """The channels of a motion stream: device time, axes (``x`` or ``left_x`` is of type PositionX), buttons, force, counter."""
    position = tuple(_axis(axis) for axis in axes)
    ends = (Channel("buttons", "bit mask", "Buttons"), Channel("force", "N or 0..1", "Force"), Channel("counter", "", "Counter"))
    return (Channel("device_time", "s", "Time"), *position, *ends)


def _axis(axis: str) -> Channel:
    """A place in m, or how far a pen leans (``tilt_x``: to the right) in rad."""
    kind, _, component = axis.rpartition("_")
    return Channel(axis, "rad", f"Orientation{component.upper()}") if kind == "tilt" else Channel(axis, "m", f"Position{component.upper()}")


def motion_info(origin: Origin, device: DeviceInfo, name: str) -> pylsl.StreamInfo:
    """A stream of hand movement, with the device's model, calibration and notes.

    It is declared irregular also for a device with a steady rate (which stands in the description): every sample has its own
    stamp, and readers smooth away the stamps of streams that call themselves regular.
    """
    info = _info(origin, name, "Motion", motion_channels(device.axes), pylsl.cf_double64)
    about = info.desc().append_child("device")
    _fill(about, {"kind": device.kind, "model": device.model, "simulated": _word(device.simulated)})
    about.append_child_value("nominal_rate", repr(float(device.nominal_rate)))
    _fill(about.append_child("calibration"), {key: repr(float(value)) for key, value in device.calibration.items()})
    for note in device.notes:
        about.append_child_value("note", note)
    return info


def json_info(origin: Origin, name: str) -> pylsl.StreamInfo:
    """A stream of JSON messages."""
    return _info(origin, name, "Markers", (Channel("json", "", "JSON"),), pylsl.cf_string)


def frames_info(origin: Origin) -> pylsl.StreamInfo:
    """The stream of flip times. Irregular: a late frame is data."""
    return _info(origin, "frames", "Frames", FRAME_CHANNELS, pylsl.cf_double64)


def _info(origin: Origin, name: str, kind: str, channels: Sequence[Channel], form: int) -> pylsl.StreamInfo:
    info = pylsl.StreamInfo(f"twinrig.{name}", kind, len(channels), pylsl.IRREGULAR_RATE, form, origin.source_id(name))
    desc = info.desc()
    table = desc.append_child("channels")
    for channel in channels:
        _fill(table.append_child("channel"), channel._asdict())
    _fill(desc.append_child("acquisition"), {"software": "twinrig", "version": version("twinrig")})
    _fill(desc.append_child("session"), {"id": origin.session_id, "start": str(origin.start), "simulated": _word(origin.simulated)})
    _fill(desc.append_child("protocol"), {"name": origin.protocol, "hash": origin.protocol_hash})
    desc.append_child_value("clock", _CLOCK_NOTE)
    return info


def _fill(element: Any, values: dict[str, str]) -> None:
    for key, value in values.items():
        element.append_child_value(key, value)


def _word(truth: bool) -> str:
    return "true" if truth else "false"
