"""Force fields of a manipulandum, and what its firmware is told of them."""

from typing import NamedTuple

import numpy as np

from devices.manipulandum_calibration import TORQUE_FULL, Calibration
from devices.manipulandum_codec import pack_enable, pack_field, pack_torque
from protocols.errors import DeviceError

_LARGEST = 32767  # of the firmware's factors


class ForceField(NamedTuple):
    """The force on the hand (N) is ``-stiffness @ (position - centre) - damping @ velocity``, of ``limit`` (N) an axis at most.

    The firmware computes it every ms, from its own counts and their differences.
    """

    stiffness: np.ndarray  # (2, 2) N/m
    damping: np.ndarray  # (2, 2) N s/m
    centre: np.ndarray  # (2,) m, device plane
    limit: float  # N


def viscous(damping: float, limit: float) -> ForceField:
    """Resistance against the velocity (N s/m); a negative one pushes."""
    return ForceField(np.zeros((2, 2)), damping * np.eye(2), np.zeros(2), limit)


def curl(strength: float, limit: float) -> ForceField:
    """Force across the velocity, to its right where ``strength`` (N s/m) is positive (Shadmehr & Mussa-Ivaldi 1994)."""
    return ForceField(np.zeros((2, 2)), strength * np.array([[0.0, -1.0], [1.0, 0.0]]), np.zeros(2), limit)


def channel(start: np.ndarray, direction: float, stiffness: float, damping: float, limit: float) -> ForceField:
    """Stiff walls along the line from ``start`` (m) in a direction (rad), free along it (Scheidt et al. 2000)."""
    across = np.array([-np.sin(direction), np.cos(direction)])
    wall = np.outer(across, across)
    return ForceField(stiffness * wall, damping * wall, np.asarray(start, float), limit)


def enable_arguments(calibration: Calibration, limit: float) -> bytes:
    """Of the command ENABLE: the smaller of the limit asked for (N) and the calibration's. The firmware has one of its own."""
    newtons = min(limit, calibration.newtons_limit)
    if not newtons >= 0:
        raise DeviceError(f"expected a force limit from 0 N, got {limit}: correct it")
    return pack_enable(True, min(int(newtons / calibration.newtons_per_step), TORQUE_FULL))


def torque_arguments(calibration: Calibration, force: tuple[float, float]) -> bytes:
    """Of the command TORQUE, for a constant force (N)."""
    steps = np.clip(np.rint(np.divide(force, calibration.newtons_per_step)), -TORQUE_FULL, TORQUE_FULL)
    return pack_torque(int(steps[0]), int(steps[1]))


def field_arguments(calibration: Calibration, field: ForceField) -> bytes:
    """Of the command FIELD, in the firmware's units (see ``codec.h``).

    Raises:
        DeviceError: the field is stronger than the firmware's numbers hold, or of two axes on a lever.
    """
    lever = calibration.mechanics == "lever"
    if lever and (np.any(field.stiffness) or field.damping[0, 1] or field.damping[1, 0]):
        raise DeviceError("a lever has one motor and can only resist its velocity: use a viscous field, or a handle")
    metres = 2 * np.pi * calibration.length / calibration.counts_per_turn if lever else calibration.metres_per_count
    steps_per_metre = metres / calibration.newtons_per_step
    stiffness = np.rint(field.stiffness * steps_per_metre * 2**8)
    damping = np.rint(field.damping * steps_per_metre * 1000 * 2**8)  # from 1/256 counts a ms
    if not max(np.abs(stiffness).max(), np.abs(damping).max()) <= _LARGEST:
        raise DeviceError("the force field is stronger than the firmware can reckon: weaken it")
    centre = np.zeros(2) if lever else np.rint((field.centre - np.asarray(calibration.home)) / metres)
    return pack_field(stiffness.astype(int), damping.astype(int), centre.astype(int))
