"""From the board's records to samples: numbers and times that don't begin anew, and two samples for each edge of the contact."""

from typing import NamedTuple

import numpy as np

from devices.manipulandum_codec import SEQUENCE, TIME, TIME_STEP, Status


class Moments(NamedTuple):
    """The samples that some records stand for."""

    record: np.ndarray  # (n,) which record each is of
    time: np.ndarray  # (n,) s, the board's clock
    grip: np.ndarray  # (n,) int64, 1 while the contact is closed
    number: np.ndarray  # (n,) int64


class Unroller:
    """Counts on where the board's 16 and 32 bits begin anew. Records follow each other, with gaps of less than a minute."""

    def __init__(self) -> None:
        self.encoder_errors = 0
        self._last: np.void | None = None
        self._time = self._number = 0

    def add(self, records: np.ndarray) -> Moments:
        """The samples that these records stand for."""
        if not len(records):
            return Moments(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))
        before = records[0] if self._last is None else self._last
        if self._last is None:
            self._time, self._number = int(before["time"]), int(before["sequence"])
        time = self._time + _steps(records["time"], before["time"], TIME)
        number = self._number + _steps(records["sequence"], before["sequence"], SEQUENCE)
        self.encoder_errors += int(_steps(records["encoder_errors"], before["encoder_errors"], 256)[-1])
        self._last, self._time, self._number = records[-1], int(time[-1]), int(number[-1])
        return _expand(records["status"], time, number)


def _steps(values: np.ndarray, before: int, modulus: int) -> np.ndarray:
    """How far each value is beyond the one before all, counting on over the modulus."""
    return np.cumsum(np.diff(values.astype(np.int64), prepend=int(before)) % modulus)


def _expand(status: np.ndarray, time: np.ndarray, number: np.ndarray) -> Moments:
    """An edge is the last sample with the contact as it was, a step of the board's clock earlier, and the first as it is now."""
    edge = ((status & Status.EDGE) > 0).astype(np.int64)
    record = np.repeat(np.arange(len(status)), 1 + edge)
    second = np.diff(record, prepend=-1) == 0
    first_of_edge = (edge[record] > 0) & ~second
    grip = ((status[record] & Status.GRIP) > 0) ^ first_of_edge
    return Moments(record, 1e-6 * (time[record] - TIME_STEP * first_of_edge), grip.astype(np.int64), number[record] + second)
