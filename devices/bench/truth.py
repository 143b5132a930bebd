"""What really happened on the bench: the plant's own record, against which the measured samples can be held."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

COLUMNS = 9
FIRST_ROW = 0.00105  # s after the chip was switched on, by its own crystal
CLOCK_BEGINS = 0.000188  # s after it was switched on


class Truth(NamedTuple):
    """A row for each ms, and one more, marked as an edge, at each change of the contact. Arrays share their first axis."""

    time: np.ndarray  # (n,) s, LSL
    position: np.ndarray  # (n, 2) m of a handle; of a lever rad, clockwise from the left, and 0
    velocity: np.ndarray  # (n, 2) the same a second
    force: np.ndarray  # (n, 2) N, of the motors, at the handle or the lever's tip
    contact: np.ndarray  # (n,) bool, closed
    edge: np.ndarray  # (n,) bool

    def on_board(self, drift_ppm: float = 0.0) -> "Truth":
        """The same with the times (s) of the board's clock, as its samples carry them, until it is restarted. However late a busy
        computer runs the bench, the two agree to one step of that clock, 4 us."""
        crystal = (self.time - self.time[0]) * (1 + 1e-6 * drift_ppm) + FIRST_ROW
        return self._replace(time=crystal - CLOCK_BEGINS)

    def releases(self) -> "Truth":
        """Only the rows at which the contact opened."""
        return Truth(*(column[self.edge & ~self.contact] for column in self))


def read_truth(file: Path, offset: float = 0.0) -> Truth:
    """The record that a bench wrote; ``offset`` (s) is added to its times, which are of the system's monotonic clock."""
    values = np.fromfile(file, "<f8")
    table = values[: len(values) // COLUMNS * COLUMNS].reshape(-1, COLUMNS)
    return Truth(table[:, 0] + offset, table[:, 1:3], table[:, 3:5], table[:, 5:7], table[:, 7] > 0, table[:, 8] > 0)
