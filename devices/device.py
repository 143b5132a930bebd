"""The Device contract: opened by ``with``, read without waiting, never inventing a sample."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, Self

import numpy as np

Clock = Callable[[], float]  # s, LSL's local_clock or a test's stand-in


class Samples(NamedTuple):
    """Samples since the last ``read``, oldest first. Arrays share their first axis.

    ``len`` counts samples, for which ``_replace`` and ``_make`` don't work here: build a new one instead.
    """

    device_time: np.ndarray  # (n,) s, the device's own clock; NaN where it has none
    host_time: np.ndarray  # (n,) s, LSL clock when the sample was read from the hardware
    position: np.ndarray  # (n, axes) m, device plane, origin at the screen's or device's centre, y up; axes named tilt_ are rad
    buttons: np.ndarray  # (n,) int64 bit mask
    force: np.ndarray  # (n,) N or pressure 0..1; NaN where there is none
    counter: np.ndarray  # (n,) int64, one more for each sample that the device made

    def __len__(self) -> int:  # type: ignore[override]
        """Number of samples (not of fields)."""
        return len(self.host_time)


class DeviceInfo(NamedTuple):
    """What is stored about a device, and sent as stream metadata."""

    kind: str  # "mouse", "simulated", ...
    model: str
    axes: tuple[str, ...]  # ("x", "y")
    nominal_rate: float  # Hz; 0 for event-driven devices such as a mouse
    simulated: bool
    calibration: dict[str, float]  # m per pixel and the like
    notes: tuple[str, ...] = ()  # pointer acceleration, priority granted and other findings


class DeviceStatus(NamedTuple):
    """Health since opening."""

    samples: int
    lost: int  # by the counter
    largest_gap: float  # s
    alive: bool
    fault: str = ""


class Motion(NamedTuple):
    """Timed positions for a simulated participant to play, in the device's own plane."""

    time: np.ndarray  # (n,) s from the start of the motion
    position: np.ndarray  # (n, axes) m
    buttons: np.ndarray  # (n,) int64


class Device(Protocol):
    """An open source of samples. Closing it stops its process and frees its memory."""

    info: DeviceInfo

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def read(self) -> Samples:
        """All samples since the last call, at once; empty when there are none.

        Raises:
            DeviceError: the device's process has died or the hardware reports a fault.
        """
        ...

    def heard(self) -> bool:
        """Whether anybody, such as a recorder, takes in what it publishes; True where it publishes nothing."""
        ...

    def status(self) -> DeviceStatus:
        """Health since opening."""
        ...


class Player(Protocol):
    """Whatever can perform a Motion: the real pointer (XTest), or the simulated device itself."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def play(self, motion: Motion, at: float) -> None:
        """Perform the motion from LSL time ``at`` on; a new motion replaces what is left of the last one."""
        ...
