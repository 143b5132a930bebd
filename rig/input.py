"""The session's input: a device by its name, and who moves it where the participant is simulated."""

from typing import Any, Self

from devices.device import Device, DeviceInfo, DeviceStatus, Motion, Player, Samples
from devices.registry import find_device, find_player, missing_axes
from protocols.errors import BadInput
from protocols.task import ONE_HAND
from rig.clock import now
from rig.streams import MotionPublisher
from rig.window import Window

WITHOUT_HARDWARE = ("simulated", "replay")  # their samples are made below the pointer


def open_device(name: str, window: Window, publish: MotionPublisher | None = None, axes: tuple[str, ...] = ONE_HAND) -> Device:
    """The device of this name for the screen that shows the window, not yet entered; a simulated one has the axes asked for.

    Raises:
        BadInput: there is no such device.
    """
    opener = find_device(name)
    if name in WITHOUT_HARDWARE:
        return opener(now, axes=axes, publish=publish)
    return opener(now, window.metres_per_pixel, window.screen_size_px, publish, window.screen_corner_px)


def open_player(name: str, window: Window, slot: "DeviceSlot") -> Player:
    """Who performs a simulated participant's motions, not yet entered: the real pointer, or the simulated device itself."""
    if name in WITHOUT_HARDWARE:
        return _Through(slot)
    return find_player("pointer")(now, window.metres_per_pixel, window.screen_size_px, window.screen_corner_px)


class DeviceSlot:
    """The session's device, which can be taken out and put in again after a fault. Itself a Device.

    Raises:
        BadInput: on opening, what is plugged in doesn't measure ``axes``, which the task needs, first and in that order.
    """

    def __init__(self, name: str, window: Window, publish: MotionPublisher | None = None, axes: tuple[str, ...] = ONE_HAND) -> None:
        self._arguments = (name, window, publish, axes)
        self._axes = axes
        self.device: Any = None

    def __enter__(self) -> Self:
        self.device = open_device(*self._arguments)
        self.device.__enter__()
        if (found := self.device.info.axes)[: len(self._axes)] != self._axes:
            self.__exit__(None, None, None)
            raise BadInput(missing_axes(self._arguments[0], found, self._axes))
        return self

    def __exit__(self, *exc: object) -> None:
        if self.device is not None:
            self.device.__exit__(*exc)

    @property
    def info(self) -> DeviceInfo:
        """Of the device that is in."""
        return self.device.info

    def read(self) -> Samples:
        """As the device reads."""
        return self.device.read()

    def status(self) -> DeviceStatus:
        """As the device says."""
        return self.device.status()

    def reopen(self) -> None:
        """Close the device, whatever is left of it, and open it anew.

        Raises:
            DeviceError: it does not open.
        """
        self.__exit__(None, None, None)
        self.__enter__()


class _Through:
    """The simulated device as a Player; opened and closed by its slot."""

    def __init__(self, slot: DeviceSlot) -> None:
        self._slot = slot

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def play(self, motion: Motion, at: float) -> None:
        """As the device plays."""
        self._slot.device.play(motion, at)
