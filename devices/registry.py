"""The devices by name. Opening one loads only what it needs."""

from importlib import import_module
from typing import Any

from protocols.errors import BadInput
from protocols.task import TWO_HANDS

#: Name, as on the command line, and what opens it.
DEVICES = {
    "mouse": "devices.mouse:open_mouse",
    "tablet": "devices.pointers:open_tablet",
    "two-pointers": "devices.pointers:open_two_pointers",
    "manipulandum": "devices.manipulandum:open_manipulandum",
    "simulated": "devices.simulated:SimulatedDevice",
    "replay": "devices.simulated:SimulatedDevice",
}

#: Those whose samples are made by the program itself.
WITHOUT_HARDWARE = ("simulated", "replay")

#: Those with a plane of their own, whatever the screen is, which X input 2 tells apart; a pilot moves virtual ones.
POINTERS = ("tablet", "two-pointers")

#: The same in words.
WORDS = {
    "mouse": "the system's mouse, every event through PsychoPy's ioHub",
    "tablet": "a pen: position on the tablet, pressure, tilt, contact as grip; X11 (its size and name: pointers.toml)",
    "two-pointers": "two pens or mice, one in each hand, told apart; X11 (which is left and right: pointers.toml)",
    "manipulandum": "a lever or handle with encoders and motors on a serial port (--port PATH); in a pilot the simulated bench",
    "simulated": "a simulated participant below the pointer, at 1 kHz; the same movements each time",
    "replay": "the movements of a stored session once more (--replay SESSION_DIR, or its XDF file)",
}

#: The axes that a device can have, by its name: one tuple for each way to set it up. One that isn't named here takes what it is asked for.
AXES: dict[str, tuple[tuple[str, ...], ...]] = {
    "mouse": (("x", "y"),),
    "tablet": (("x", "y", "tilt_x", "tilt_y"), ("x", "y")),
    "two-pointers": (TWO_HANDS,),
    "manipulandum": (("x", "y"),),
}

#: Players: what performs a simulated participant's motions. The simulated device is its own player.
PLAYERS = {
    "pointer": "devices.pointer:XPointer",
    "virtual": "devices.virtual_hands:VirtualHands",
    "simulated": "devices.simulated:SimulatedDevice",
}


def find_device(name: str) -> Any:
    """The function (or class) that opens the device of this name.

    Raises:
        BadInput: there is no such device.
    """
    return _load(name, DEVICES, "device")


def find_player(name: str) -> Any:
    """The function (or class) that opens the player of this name.

    Raises:
        BadInput: there is no such player.
    """
    return _load(name, PLAYERS, "player")


def check_axes(name: str, needed: tuple[str, ...]) -> None:
    """See that a device can measure the axes that a task needs, first and in that order; further ones do no harm.

    Raises:
        BadInput: it can't, however it is set up.
    """
    offered = AXES.get(name, (needed,))
    if not any(axes[: len(needed)] == needed for axes in offered):
        raise BadInput(missing_axes(name, offered[0], needed))


def missing_axes(name: str, found: tuple[str, ...], needed: tuple[str, ...]) -> str:
    """What is said of a device with the wrong axes."""
    able = [other for other in DEVICES if any(axes[: len(needed)] == needed for axes in AXES.get(other, (needed,)))]
    return (
        f"--device {name}: this task needs a device with {len(needed)} axes ({', '.join(needed)}), and this one has {len(found)} "
        f"({', '.join(found)}): choose from {', '.join(able)}"
    )


def _load(name: str, table: dict[str, str], kind: str) -> Any:
    if name not in table:
        raise BadInput(f"expected a {kind} out of {', '.join(sorted(table))}, got {name!r}")
    module, attribute = table[name].split(":")
    return getattr(import_module(module), attribute)
