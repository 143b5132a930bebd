"""What each frame took: the record behind "late frames" in the timing certificate."""

from typing import NamedTuple

import numpy as np

LATE = 1.5  # periods; longer than this, the screen showed the previous frame a second time


class FrameBatch(NamedTuple):
    """The frames since the last ``take``."""

    flip_times: np.ndarray  # (frame,), s on the LSL clock
    work_times: np.ndarray  # (frame,), s, from the previous flip's return to the end of drawing; NaN where there was no previous flip
    late: int  # frames that came more than 1.5 periods after the one before


class FrameLog:
    """Collects flip times and work times. The interval between two batches counts in the later one."""

    def __init__(self, period: float):
        self.period = period  # s
        self._previous: float | None = None  # return of the last flip
        self._flips: list[float] = []
        self._works: list[float] = []
        self._late = 0

    def add(self, drawn: float, flipped: float, returned: float) -> None:
        """One frame: drawing ended at ``drawn``, the flip happened at ``flipped``, the program went on at ``returned`` (s, one clock)."""
        if self._previous is None:
            work = float("nan")
        else:
            work = drawn - self._previous
            self._late += flipped - self._last_flip > LATE * self.period
        self._flips.append(flipped)
        self._works.append(work)
        self._previous, self._last_flip = returned, flipped

    @property
    def last_work(self) -> float:
        """Work time of the latest frame, s; NaN before the first."""
        return self._works[-1] if self._works else float("nan")

    def restart(self) -> None:
        """Forget the last flip: the time up to the next one isn't a frame (the program was busy on purpose, between trials)."""
        self._previous = None

    def take(self) -> FrameBatch:
        """The frames so far; the log is empty afterwards."""
        batch = FrameBatch(np.array(self._flips, float), np.array(self._works, float), self._late)
        self._flips, self._works, self._late = [], [], 0
        return batch
