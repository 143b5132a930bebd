"""Which calibrations hold for a session, and whether they are what its protocol asks for."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from devices.device import DeviceInfo
from devices.registry import POINTERS
from protocols.errors import BadInput
from protocols.schema import Protocol
from rig.calibration.kept import Calibration, Kind, latest, screen_name
from rig.settings import Settings

_WHAT = {"screen": "screen", "device": "device", "delay": "screen's delay", "grid": "device's mapping"}


class InForce(NamedTuple):
    """The calibrations of this screen and device, and what is wrong with them."""

    found: tuple[Calibration, ...]
    complaints: tuple[str, ...]

    def stored(self) -> list[dict[str, Any]]:
        """As the journal keeps them with the session's start."""
        return [calibration.stored() for calibration in self.found]


def device_name(info: DeviceInfo) -> str:
    """How a device is told from another."""
    return f"{info.kind}, {info.model}"


def in_force(protocol: Protocol, settings: Settings, screen_px: tuple[int, int], device: DeviceInfo, refusing: bool) -> InForce:
    """The newest calibration of each kind that was made of this very screen, in this mode, and of this device.

    Args:
        protocol: says which are required, how old they may be, and whether a session is refused otherwise.
        settings: of the rig; a width measured by ruler stands for the screen's calibration, and has no age.
        screen_px: of the screen that shows the window.
        device: that is in.
        refusing: False for simulated sessions, which are only warned.

    Raises:
        BadInput: the protocol refuses a session without them; or a file of calibrations is damaged.
    """
    screen = screen_name(settings.screen, screen_px)
    names: dict[Kind, str] = {"screen": screen, "device": device_name(device), "delay": screen}
    if device.kind in POINTERS and not device.simulated:
        names["grid"] = device_name(device)
    found: dict[Kind, Calibration] = {kind: calibration for kind, of in names.items() if (calibration := latest(kind, of)) is not None}
    if settings.screen_width is not None:
        found.pop("screen", None)  # the ruler's width is the one that is used
    if "grid" in found and not _holds(found["grid"], device):
        found.pop("grid")
    complaints = tuple(_complaints(protocol, settings, names, found))
    if complaints and refusing and protocol.calibration.otherwise == "refuse":
        raise BadInput(f"protocol {protocol.name!r} refuses to begin: {'; '.join(complaints)}")
    return InForce(tuple(found.values()), (*complaints, *_unconfirmed(protocol, names, found)))


def _complaints(protocol: Protocol, settings: Settings, names: dict[Kind, str], found: dict[Kind, Calibration]) -> Iterator[str]:
    for kind in protocol.calibration.required:
        if kind == "screen" and settings.screen_width is not None:
            continue
        if kind not in names:
            continue  # a mouse on its screen needs no grid
        if kind not in found:
            other = latest(kind)
            elsewhere = f" (there is one of another: {other.of})" if other else ""
            yield f"the {_WHAT[kind]} is not calibrated: {names[kind]}{elsewhere}; run 'twinrig calibrate {kind}'"
        elif (days := found[kind].age().total_seconds() / 86_400) > protocol.calibration.max_days:
            limit = protocol.calibration.max_days
            yield f"the {_WHAT[kind]}'s calibration is {days:.0f} days old, and {limit:g} are allowed; run 'twinrig calibrate {kind}'"


def _holds(confirmed: Calibration, device: DeviceInfo) -> bool:
    """Whether a mapping is still what was confirmed on the grid."""
    return all(np.isclose(confirmed.values.get(name, np.nan), value, rtol=1e-9) for name, value in device.calibration.items())


def _unconfirmed(protocol: Protocol, names: dict[Kind, str], found: dict[Kind, Calibration]) -> Iterator[str]:
    """A word, where the protocol requires none, on a tablet or pointers that nobody looked at on a grid."""
    if "grid" in names and "grid" not in found and "grid" not in protocol.calibration.required:
        name = names["grid"].partition(",")[0]
        yield f"the {name}'s mapping was not confirmed as it is now: run 'twinrig calibrate grid --device {name}'"
