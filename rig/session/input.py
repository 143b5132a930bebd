"""The session's input: a device by its name, and who moves it where the participant is simulated."""

from pathlib import Path
from typing import Any, Self

from devices.device import Device, DeviceInfo, DeviceStatus, Motion, Player, Samples
from devices.registry import POINTERS, WITHOUT_HARDWARE, find_device, find_player, missing_axes
from protocols.errors import BadInput, DeviceError
from protocols.task import ONE_HAND
from rig.clock import now
from rig.screen.window import ScreenPlace, Window
from rig.session.attachment import Attachment, VirtualPointers
from rig.streams.outlets import MotionPublisher


def open_device(
    name: str,
    window: Window | ScreenPlace,
    publish: MotionPublisher | None = None,
    axes: tuple[str, ...] = ONE_HAND,
    attachment: Attachment | VirtualPointers | None = None,
) -> Device:
    """The device of this name for the screen that shows the window, not yet entered; a simulated one has the axes asked for.

    Raises:
        BadInput: there is no such device.
        DeviceError: of the tablet and of two pointers, there are none, or they can't be told.
    """
    opener = find_device(name)
    if name in WITHOUT_HARDWARE:
        return opener(now, axes=axes, publish=publish)
    if name in POINTERS:
        from devices.virtual_hands import VIRTUAL

        virtual = isinstance(attachment, VirtualPointers)
        return opener(now, publish, pointers=VIRTUAL if virtual else None, simulated=virtual)
    if isinstance(attachment, Attachment):
        return opener(now, attachment.port, attachment.calibration, publish, simulated=attachment.bench is not None)
    return opener(now, window.metres_per_pixel, window.screen_size_px, publish, window.screen_corner_px)


def open_player(name: str, window: Window, slot: "DeviceSlot") -> Player:
    """Who performs a simulated participant's motions, not yet entered: the real pointer, a virtual one, the simulated device, the bench."""
    if name in WITHOUT_HARDWARE or slot.bench is not None:
        return _Through(slot)
    if slot.sockets is not None:
        return find_player("virtual")(now, slot.sockets, len(slot.axes))
    return find_player("pointer")(now, window.metres_per_pixel, window.screen_size_px, window.screen_corner_px)


class DeviceSlot:
    """The session's device, which can be taken out and put in again after a fault. Itself a Device.

    Raises:
        BadInput: on opening, what is plugged in doesn't measure ``axes``, which the task needs, first and in that order.
    """

    def __init__(
        self,
        name: str,
        window: Window,
        publish: MotionPublisher | None = None,
        axes: tuple[str, ...] = ONE_HAND,
        attachment: Attachment | VirtualPointers | None = None,
    ) -> None:
        self._arguments = (name, window, publish, axes, attachment)
        self.bench = attachment.bench if isinstance(attachment, Attachment) else None
        self.sockets: Path | None = attachment.sockets if isinstance(attachment, VirtualPointers) else None
        self.axes = axes
        self.device: Any = None

    def __enter__(self) -> Self:
        self.device = open_device(*self._arguments)
        self.device.__enter__()
        if (found := self.device.info.axes)[: len(self.axes)] != self.axes:
            self.__exit__(None, None, None)
            raise BadInput(missing_axes(self._arguments[0], found, self.axes))
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

    def heard(self) -> bool:
        """As the device says."""
        return self.device.heard()

    def status(self) -> DeviceStatus:
        """As the device says."""
        return self.device.status()

    def command(self, name: str, *arguments: Any) -> Any:
        """As the device obeys."""
        return self.device.command(name, *arguments)

    def order(self, name: str, *arguments: Any) -> None:
        """As the device obeys, without waiting for it."""
        self.device.order(name, *arguments)

    def reopen(self) -> None:
        """Close the device, whatever is left of it, and open it anew.

        Raises:
            DeviceError: it does not open, or something else is plugged in by now.
        """
        self.__exit__(None, None, None)
        try:
            self.__enter__()
        except BadInput as other:
            raise DeviceError(str(other)) from other


class _Through:
    """The simulated device or the bench as a Player; opened and closed by who owns them."""

    def __init__(self, slot: DeviceSlot) -> None:
        self._slot = slot

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def play(self, motion: Motion, at: float) -> None:
        """As the device or the bench plays."""
        (self._slot.bench or self._slot.device).play(motion, at)
