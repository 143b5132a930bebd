"""The devices by name. Opening one loads only what it needs."""

from importlib import import_module
from typing import Any

from protocols.errors import BadInput

#: Name, as on the command line, and what opens it.
DEVICES = {
    "mouse": "devices.mouse:open_mouse",
    "simulated": "devices.simulated:SimulatedDevice",
    "replay": "devices.simulated:SimulatedDevice",
}

#: The same in words.
WORDS = {
    "mouse": "the system's mouse, every event through PsychoPy's ioHub",
    "simulated": "a simulated participant below the pointer, at 1 kHz; the same movements each time",
    "replay": "the movements of a stored session once more (--replay SESSION_DIR)",
}

#: Players: what performs a simulated participant's motions. The simulated device is its own player.
PLAYERS = {
    "pointer": "devices.pointer:XPointer",
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


def _load(name: str, table: dict[str, str], kind: str) -> Any:
    if name not in table:
        raise BadInput(f"expected a {kind} out of {', '.join(sorted(table))}, got {name!r}")
    module, attribute = table[name].split(":")
    return getattr(import_module(module), attribute)
