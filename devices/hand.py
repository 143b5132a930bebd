"""One hand's pen or mouse: from the numbers of its events to metres, pressure, tilt and contact."""

import math
from typing import NamedTuple

from devices.pointer_settings import PointerSettings, pointers_file
from devices.xinput import RAW_PRESS, RAW_RELEASE, PointingDevice, RawEvent
from protocols.errors import DeviceError

SMALLEST, LARGEST = 0.02, 2.0  # m, of a tablet whose driver tells its true resolution
SQUARE = 5.0  # the largest ratio of its sides
BUTTONS = {1: 1, 3: 2, 2: 4}  # X's buttons, left (or a pen's tip) 1, right 3, middle 2, as bits like the mouse's; of others none


class Place(NamedTuple):
    """What is known of a hand at one moment."""

    position: tuple[float, float]  # m, y up; of a pen from the tablet's centre, of a mouse from where it lay when it was opened
    tilt: tuple[float, float]  # rad, to the right and towards the user; 0 where the pen has none
    pressure: float  # 0..1; NaN where there is none
    buttons: int


class Scale(NamedTuple):
    """How an axis' numbers become metres, radians or a share: ``(number - zero) * worth``."""

    number: int
    zero: float
    worth: float


class Hand:
    """Follows one device's events.

    Raises:
        DeviceError: a tablet's size isn't known, or its driver gives its axes no range.
    """

    def __init__(self, device: PointingDevice, settings: PointerSettings):
        self.device, self.settings = device, settings
        self.size = tablet_size(device, settings) if device.absolute else None
        self._place = _place_scales(device, settings, self.size)
        tilts = [device.axis(label) for label in settings.tilt_axes]
        self._tilt = [Scale(axis.number, 0.0, 1 / axis.resolution if axis.resolution else math.pi / 180) for axis in tilts if axis]
        pressure = device.axis("Abs Pressure") if device.absolute else None
        pressure = pressure if pressure and pressure.high > pressure.low else None
        self._pressure = Scale(pressure.number, pressure.low, 1 / (pressure.high - pressure.low)) if pressure else None
        self._at = [math.nan if device.absolute else 0.0] * 2
        self._tilted = [0.0, 0.0]
        self._pressed = 0.0 if self._pressure else math.nan
        self._buttons = 0

    @property
    def has_tilt(self) -> bool:
        """Whether the pen tells how it leans."""
        return len(self._tilt) == 2

    @property
    def known(self) -> bool:
        """Whether the device has said where it is; a mouse is where it is."""
        return not any(map(math.isnan, self._at))

    def take(self, event: RawEvent) -> Place | None:
        """What is known after an event; None when it told nothing of the hand, or the place isn't known yet."""
        told = self._press(event) if event.kind in (RAW_PRESS, RAW_RELEASE) else False
        for axis, scale in enumerate(self._place):
            if scale.number in event.values:
                told = True
                start = 0.0 if self.device.absolute else self._at[axis]
                self._at[axis] = start + (event.values[scale.number] - scale.zero) * scale.worth
        for axis, scale in enumerate(self._tilt):
            if scale.number in event.values:
                told = True
                self._tilted[axis] = (event.values[scale.number] - scale.zero) * scale.worth
        if self._pressure and self._pressure.number in event.values:
            told = True
            share = (event.values[self._pressure.number] - self._pressure.zero) * self._pressure.worth
            self._pressed = min(max(share, 0.0), 1.0)
        return self.place() if told and self.known else None

    def place(self) -> Place:
        """What is known now."""
        return Place((self._at[0], self._at[1]), (self._tilted[0], self._tilted[1]), self._pressed, self._buttons)

    def calibration(self) -> dict[str, float]:
        """What is stored with the data."""
        if self.size is None:
            return {"metres_per_count": self.settings.metres_per_count}
        units = [abs(scale.worth) for scale in self._place]
        return {"width": self.size[0], "height": self.size[1], "metres_per_unit_x": units[0], "metres_per_unit_y": units[1]}

    def notes(self) -> tuple[str, ...]:
        """What a user must know."""
        if self.size is None and not self.settings.measured:
            return (f"{self.device.name}: not measured, 1000 counts an inch assumed; set 'metres_per_count' in {pointers_file()}",)
        return ()

    def _press(self, event: RawEvent) -> bool:
        bit = BUTTONS.get(event.button, 0)
        self._buttons = self._buttons | bit if event.kind == RAW_PRESS else self._buttons & ~bit
        return bool(bit)


def tablet_size(device: PointingDevice, settings: PointerSettings) -> tuple[float, float]:
    """Width and height of a tablet's active area (m): as the settings say, else as the driver's resolution gives them.

    Raises:
        DeviceError: neither says, or the driver's figure can't be true.
    """
    if settings.width is not None and settings.height is not None:
        return settings.width, settings.height
    axes = [device.axis("Abs X"), device.axis("Abs Y")]
    sides = [(axis.high - axis.low) / axis.resolution for axis in axes if axis and axis.resolution > 0]
    if len(sides) == 2 and all(SMALLEST <= side <= LARGEST for side in sides) and max(sides) <= SQUARE * min(sides):
        return sides[0], sides[1]
    raise DeviceError(
        f"{device.name}: its driver doesn't tell how large the tablet is; measure its active area with a ruler and write width and height "
        f"(both, in m) into {pointers_file()}"
    )


def _place_scales(device: PointingDevice, settings: PointerSettings, size: tuple[float, float] | None) -> tuple[Scale, Scale]:
    if size is None:
        return Scale(_number(device, "Rel X", 0), 0.0, settings.metres_per_count), Scale(
            _number(device, "Rel Y", 1), 0.0, -settings.metres_per_count
        )
    scales = []
    for label, side, sign in (("Abs X", size[0], 1), ("Abs Y", size[1], -1)):
        axis = device.axis(label)
        if axis is None or axis.high <= axis.low:
            raise DeviceError(f"{device.name}: its driver gives no range for {label}, so that its numbers can't become metres; try another")
        scales.append(Scale(axis.number, (axis.low + axis.high) / 2, sign * side / (axis.high - axis.low)))
    return scales[0], scales[1]


def _number(device: PointingDevice, label: str, otherwise: int) -> int:
    """A mouse's axis; drivers that don't label them have x and y first."""
    axis = device.axis(label)
    return axis.number if axis else otherwise
