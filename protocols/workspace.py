"""From the device's plane to the task's workspace and back: the one place where the two meet."""

from typing import NamedTuple

import numpy as np


class Workspace(NamedTuple):
    """A scale and a shift.

    The device's origin (the screen's centre) lies at ``origin``; ``scale`` is device metres for a workspace metre.
    """

    origin: tuple[float, float]  # m, workspace
    scale: float

    def from_device(self, position: np.ndarray) -> np.ndarray:
        """Positions (..., 2) in m of the device's plane, in m of the workspace."""
        return np.asarray(self.origin) + position / self.scale

    def to_device(self, position: np.ndarray) -> np.ndarray:
        """Positions (..., 2) in m of the workspace, in m of the device's plane."""
        return (position - np.asarray(self.origin)) * self.scale
