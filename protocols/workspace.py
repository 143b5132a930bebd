"""From the device's plane to the task's workspace and back: the one place where the two meet."""

from typing import NamedTuple

import numpy as np


class Workspace(NamedTuple):
    """A scale and a shift.

    The device's origin (the screen's centre) lies at ``origin``; ``scale`` is device metres for a workspace metre. Further axes of a
    device, behind those that the task needs, are recorded, but no part of the workspace.
    """

    origin: tuple[float, ...]  # m, workspace, one for each axis
    scale: float

    def from_device(self, position: np.ndarray) -> np.ndarray:
        """Positions (..., axis) in m of the device's plane, in m of the workspace."""
        return np.asarray(self.origin) + position[..., : len(self.origin)] / self.scale

    def to_device(self, position: np.ndarray) -> np.ndarray:
        """Positions (..., axis) in m of the workspace, in m of the device's plane."""
        return (position - np.asarray(self.origin)) * self.scale
