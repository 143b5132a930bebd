"""What a device's numbers are worth: known distances along a ruler, or known angles of a lever."""

from datetime import UTC, datetime

import numpy as np

from devices.device import Device
from devices.manipulandum_calibration import Calibration as Manipulandum
from devices.manipulandum_calibration import keep_calibration
from protocols.errors import BadInput
from rig.calibration.in_force import device_name
from rig.calibration.kept import Calibration, new_calibration
from rig.calibration.marks import Marks, collect_marks
from rig.screen.pages import Responder
from rig.screen.window import Window

LEVER_ANGLES = (0.0, 90.0)  # deg, clockwise from the left, as a lever is turned for its calibration
LEVER_WORDS = ("turn the lever to the left, level", "turn it clockwise until it points straight up")
LEAST_TURN = 20.0  # deg that must have been seen


def measure_pointer(window: Window, device: Device, responder: Responder, distance: float) -> Calibration:
    """How far the hand goes for what a mouse or tablet reports, along a ruler of ``distance`` m.

    Raises:
        Aborted, BadInput: it was left, or the marks can't be right.
    """
    marks = collect_marks(window, device, responder, ruler_words(distance))
    return new_calibration("device", device_name(device.info), ruler_scales(marks, distance))


def measure_manipulandum(window: Window, device: Device, responder: Responder, used: Manipulandum, distance: float) -> Calibration:
    """A lever's counts by two angles, or a handle's by a ruler; written to the rig's file of the manipulandum, the old one kept beside it.

    Raises:
        Aborted, BadInput: it was left, or the marks can't be right.
    """
    made = datetime.now(UTC).isoformat(timespec="seconds")
    if used.mechanics == "lever":
        better = lever_calibration(collect_marks(window, device, responder, LEVER_WORDS), used, made)
    else:
        better = handle_calibration(collect_marks(window, device, responder, ruler_words(distance)), distance, used, made)
    keep_calibration(better)
    return new_calibration("device", device_name(device.info), better.stored())


def ruler_words(distance: float) -> tuple[str, ...]:
    """What to do along a ruler of ``distance`` m, first to the right and then away."""
    length = f"{1e3 * distance:g} mm"
    return (
        "bring it to the ruler's left end",
        f"bring it {length} to the right",
        "bring it to the ruler's near end",
        f"bring it {length} away",
    )


def ruler_scales(marks: Marks, distance: float) -> dict[str, float]:
    """Metres at the hand for one metre that the device reports, along x and y.

    Raises:
        BadInput: it hardly moved between two marks, or went across.
    """
    at = marks.path[marks.pressed]
    scales = {}
    for name, axis, step in (("x", 0, at[1] - at[0]), ("y", 1, at[3] - at[2])):
        if not step[axis] > abs(step[1 - axis]) or step[axis] < 0.05 * distance:
            seen = f"({1e3 * step[0]:.1f}, {1e3 * step[1]:.1f}) mm"
            raise BadInput(
                f"along {name} the device reported a step of {seen} for {1e3 * distance:g} mm; lay the ruler along {name} and repeat"
            )
        scales[f"metres_per_metre_{name}"] = float(distance / step[axis])
    return scales | {"distance": distance}


def handle_calibration(marks: Marks, distance: float, used: Manipulandum, made: str) -> Manipulandum:
    """The handle's calibration, corrected by a ruler.

    Raises:
        BadInput: it hardly moved, went across, or its axes differ by more than 2 %, for which there is one number only.
    """
    scales = ruler_scales(marks, distance)
    x, y = scales["metres_per_metre_x"], scales["metres_per_metre_y"]
    if abs(x / y - 1) > 0.02:
        raise BadInput(f"the axes differ: {x:.4f} along x, {y:.4f} along y; see that both encoders and pulleys are alike, and repeat")
    return used.model_copy(update={"metres_per_count": used.metres_per_count * (x + y) / 2, "made": made})


def lever_calibration(marks: Marks, used: Manipulandum, made: str, angles: tuple[float, float] = LEVER_ANGLES) -> Manipulandum:
    """The lever's calibration from two known angles (deg, clockwise from the left): counts for a turn, their sign, and the home mark.

    Raises:
        BadInput: it was hardly turned between the marks.
    """
    reported = np.degrees(np.unwrap(np.arctan2(marks.path[:, 1], -marks.path[:, 0])))
    reported += 360 * np.round((used.home_angle_deg - reported[0]) / 360)
    counts = (reported[marks.pressed] - used.home_angle_deg) / 360 * used.counts_per_turn
    turned = 360 * (counts[1] - counts[0]) / used.counts_per_turn
    if abs(turned) < LEAST_TURN:
        raise BadInput(f"the lever was turned by {turned:.1f} deg between the marks, not by {angles[1] - angles[0]:g}; repeat")
    per_turn = 360 * (counts[1] - counts[0]) / (angles[1] - angles[0])
    home = angles[0] - 360 * counts[0] / per_turn
    return used.model_copy(update={"counts_per_turn": float(per_turn), "home_angle_deg": float(home), "made": made})
