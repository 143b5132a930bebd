"""Where the task's screen lies on the desktop, and how large its pixels are."""

from typing import NamedTuple

import numpy as np


class Geometry(NamedTuple):
    """The part of the desktop that is the task's screen, and its scale."""

    metres_per_pixel: float
    size_px: tuple[int, int]
    corner_px: tuple[int, int] = (0, 0)  # upper left, on a desktop of several screens

    def to_metres(self, x_px: np.ndarray, y_px: np.ndarray) -> np.ndarray:
        """Desktop pixels, y down, to metres from the screen's centre, y up: (n, 2)."""
        x = x_px - self.corner_px[0] - self.size_px[0] / 2
        y = self.size_px[1] / 2 - (y_px - self.corner_px[1])
        return np.stack([x, y], axis=1) * self.metres_per_pixel

    def to_pixels(self, position: np.ndarray) -> np.ndarray:
        """The other way round, to the nearest whole pixels: (n, 2) int64."""
        offset = position / self.metres_per_pixel * (1, -1)
        return np.rint(offset + np.divide(self.size_px, 2) + self.corner_px).astype(np.int64)
