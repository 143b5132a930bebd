"""Where a pen or a pair of pointers is, on a grid in true millimetres, for a person to confirm before anybody's data depend on it."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from devices.device import Device, DeviceInfo, Samples
from devices.pointers import SIDE_BITS
from protocols.errors import Aborted, BadInput
from protocols.scene import BLUE, GREEN, GREY, RED, WHITE, YELLOW, Circle, Colour, Line, Point, Scene, Text
from rig.calibration.in_force import device_name
from rig.calibration.kept import Calibration, new_calibration
from rig.screen.pages import Responder
from rig.screen.window import Window

SQUARE = 0.02  # m
SEEN = 3 * SQUARE  # m, that a hand must have gone along both axes before it can be confirmed
FIELD = (0.20, 0.20)  # m, shown of a mouse's plane, which has no end
GAP = 0.02  # m, between two hands' planes
DOT = 0.004  # m
LEANING = 0.04  # m, of the line for a pen that lies flat
ROOM = 0.75  # of the window's sides for the grids
WORDS = (
    "Each square is 20 x 20 mm of the {plane}, shown at {scale}.\nGo along a ruler: the dot must keep to the squares, the right way round."
)
KEYS = "RETURN: it is right     ESCAPE: leave it"
MORE = "first go over three squares in both directions, with each hand"


class Plane(NamedTuple):
    """One hand's plane, and where it lies in the picture."""

    name: str  # "left", "right"; empty for a tablet
    size: tuple[float, float]  # m
    centre: Point  # m, in the picture


def confirm_grid(window: Window, device: Device, responder: Responder) -> Calibration:
    """Show the hands on their grids until the experimenter confirms; what was confirmed, and how far the hands had gone by then.

    Raises:
        Aborted: escape was pressed.
        BadInput: the device has no plane of its own.
        DeviceError: the device fails.
    """
    planes = planes_of(device.info)
    scale = _look_at(window, planes)
    path = np.empty((0, 2 * len(planes)))
    last: Samples | None = None
    refused = False
    while True:
        window.draw(
            Scene((*_grids(planes), *_hands(planes, device.info, last), *_words(window, planes, scale, refused and not moved(path))))
        )
        window.flip()
        samples = device.read()
        if len(samples):
            last = samples
            path = _bounds(np.concatenate([path, samples.position[:, : path.shape[1]]]))
        pressed = responder.keys()
        for key in pressed:
            if key == "escape":
                raise Aborted("the mapping was not confirmed, and nothing was kept; correct pointers.toml and repeat")
            if key == "return" and not (refused := not moved(path)):
                return new_calibration("grid", device_name(device.info), {**device.info.calibration, **seen(planes, path)})


def planes_of(info: DeviceInfo) -> tuple[Plane, ...]:
    """The planes of a tablet or of two pointers, side by side.

    Raises:
        BadInput: the device is none of these.
    """
    sides = ("",) if info.kind == "tablet" else ("left", "right") if info.kind == "two-pointers" else ()
    if not sides:
        raise BadInput(f"calibrate grid: {info.kind} has no plane of its own; choose --device tablet or --device two-pointers")
    sizes = [_size(info, side) for side in sides]
    if len(sides) == 1:
        return (Plane("", sizes[0], (0.0, 0.0)),)
    return tuple(Plane(side, size, (sign * (size[0] + GAP) / 2, 0.0)) for side, size, sign in zip(sides, sizes, (-1, 1), strict=True))


def _size(info: DeviceInfo, side: str) -> tuple[float, float]:
    """Of a tablet, or what is shown of a mouse's plane."""
    width, height = (info.calibration.get(f"{side}_{name}".lstrip("_"), end) for name, end in zip(("width", "height"), FIELD, strict=True))
    return width, height


def moved(path: np.ndarray) -> bool:
    """Whether every coordinate went far enough for a person to have seen where it goes."""
    return len(path) > 0 and bool((np.ptp(path, axis=0) >= SEEN).all())


def seen(planes: Sequence[Plane], path: np.ndarray) -> dict[str, float]:
    """How far each hand went along each axis (m)."""
    names = [f"{plane.name}_seen_{axis}".lstrip("_") for plane in planes for axis in "xy"]
    return dict(zip(names, np.ptp(path, axis=0).tolist(), strict=True))


def _bounds(path: np.ndarray) -> np.ndarray:
    return np.stack([path.min(axis=0), path.max(axis=0)])


def _look_at(window: Window, planes: Sequence[Plane]) -> float:
    """Have the window show all planes with one scale for both axes: true size, or as large as fits."""
    wide = max(plane.centre[0] + plane.size[0] / 2 for plane in planes) - min(plane.centre[0] - plane.size[0] / 2 for plane in planes)
    high = max(plane.size[1] for plane in planes)
    sides = [ROOM * side * window.metres_per_pixel for side in window.size_px]
    scale = min(1.0, sides[0] / wide, sides[1] / high)
    window.look_at((0.0, 0.0), scale)
    return scale


def _grids(planes: Sequence[Plane]) -> Iterator[Line | Text]:
    for plane in planes:
        (x, y), (wide, high) = plane.centre, plane.size
        for number in range(-math.floor(wide / 2 / SQUARE), math.floor(wide / 2 / SQUARE) + 1):
            at = x + number * SQUARE
            yield Line(f"{plane.name} column {number}", ((at, y - high / 2), (at, y + high / 2)), *_stroke(number))
        for number in range(-math.floor(high / 2 / SQUARE), math.floor(high / 2 / SQUARE) + 1):
            at = y + number * SQUARE
            yield Line(f"{plane.name} row {number}", ((x - wide / 2, at), (x + wide / 2, at)), *_stroke(number))
        corners = [(x + sx * wide / 2, y + sy * high / 2) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
        yield Line(f"{plane.name} edge", tuple(corners), WHITE, 2.0)


def _stroke(number: int) -> tuple[Colour, float]:
    """Lines through the centre are brighter."""
    return (WHITE, 1.5) if number == 0 else (GREY, 1.0)


def _hands(planes: Sequence[Plane], info: DeviceInfo, last: Samples | None) -> Iterator[Circle | Line]:
    if last is None:
        return
    for number, plane in enumerate(planes):
        place = plane.centre + last.position[-1, 2 * number : 2 * number + 2]
        at = (float(place[0]), float(place[1]))
        touching = bool(last.buttons[-1] >> SIDE_BITS * number & 1)
        pressure = float(np.nan_to_num(last.force[-1]))
        if "tilt_x" in info.axes:
            lean = LEANING * np.sin(last.position[-1, 2:4]) * (1, -1)
            yield Line("tilt", (at, (at[0] + float(lean[0]), at[1] + float(lean[1]))), BLUE, 3.0)
        if pressure > 0:
            yield Circle("pressure", at, DOT * (1 + 3 * pressure), None, GREEN, 2.0)
        yield Circle(f"{plane.name} hand", at, DOT, YELLOW if touching else WHITE)


def _words(window: Window, planes: Sequence[Plane], scale: float, refused: bool) -> Iterator[Text]:
    left, bottom, right, top = window.extent
    middle, height = (left + right) / 2, top - bottom
    plane = "tablet" if len(planes) == 1 else "hand's plane"
    words = WORDS.format(plane=plane, scale="true size" if scale == 1 else f"{scale:.0%} of its size")
    yield Text("page words", words, (middle, bottom + 0.94 * height), height / 36, WHITE)
    for hand in planes:
        if hand.name:
            yield Text(
                f"{hand.name} name", hand.name, (hand.centre[0], hand.centre[1] - hand.size[1] / 2 - height / 24), height / 36, WHITE
            )
    yield Text("page footer", MORE if refused else KEYS, (middle, bottom + 0.04 * height), height / 40, RED if refused else GREY)
