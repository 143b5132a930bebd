"""The session's input: a device by its name, and who moves it where the participant is simulated."""

from pathlib import Path
from typing import Any, Self

from devices.device import Device, DeviceInfo, DeviceStatus, Motion, Player, Samples
from devices.registry import find_device, find_player
from protocols.errors import BadInput
from rig import folder as folders
from rig.clock import now
from rig.journal_reader import read_journal
from rig.sampling import joined
from rig.streams import MotionPublisher
from rig.window import Window


def open_device(name: str, window: Window, publish: MotionPublisher | None = None, replay: Path | None = None) -> Device:
    """The device of this name for the screen that shows the window, not yet entered.

    Raises:
        BadInput: there is no such device, or nothing to replay.
    """
    opener = find_device(name)
    if name == "simulated":
        return opener(now, publish=publish)
    if name == "replay":
        return opener(*_stored(replay), publish=publish)
    return opener(now, window.metres_per_pixel, window.screen_size_px, publish, window.screen_corner_px)


def open_player(name: str, window: Window, slot: "DeviceSlot") -> Player:
    """Who performs a simulated participant's motions, not yet entered: the real pointer, or the simulated device itself."""
    if name == "simulated":
        return _Through(slot)
    return find_player("pointer")(now, window.metres_per_pixel, window.screen_size_px, window.screen_corner_px)


class DeviceSlot:
    """The session's device, which can be taken out and put in again after a fault. Itself a Device."""

    def __init__(self, name: str, window: Window, publish: MotionPublisher | None = None, replay: Path | None = None) -> None:
        self._arguments = (name, window, publish, replay)
        self.device: Any = None

    def __enter__(self) -> Self:
        self.device = open_device(*self._arguments)
        self.device.__enter__()
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


def _stored(session: Path | None) -> tuple[Any, ...]:
    """All samples of a stored session, the clock, and what was known of its device."""
    if session is None:
        raise BadInput("--device replay: expected --replay SESSION_DIR, the session whose samples are played again")
    with read_journal(folders.open_session_folder(session) / folders.JOURNAL) as journal:
        chunks = [journal.path_of(stored.number) for stored in journal.stored()]
        info = DeviceInfo(**journal.starts()[0]["device"])
    if not chunks:
        raise BadInput(f"{session}: holds no committed trial to replay; name another session")
    return joined(chunks), now, info
