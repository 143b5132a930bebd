"""Motions waiting to be performed, in the order of their times."""

from collections import deque
from typing import NamedTuple

import numpy as np

from devices.device import Motion


class Part(NamedTuple):
    """The part of a motion that fell due: its times are absolute (s, LSL clock)."""

    motion: Motion
    starts: bool  # whether it begins with the motion's first sample
    ends: bool  # whether it ends with the motion's last one


class Schedule:
    """Motions with absolute times that don't overlap: a new one cuts off what is left of an earlier one when it starts."""

    def __init__(self) -> None:
        self._waiting: deque[Part] = deque()

    def add(self, motion: Motion, at: float) -> None:
        """Perform ``motion`` from time ``at`` on.

        Raises:
            ValueError: the arrays' lengths differ, or the times don't increase.
        """
        placed = Motion(at + np.asarray(motion.time, float), np.asarray(motion.position, float), np.asarray(motion.buttons, np.int64))
        if not len(placed.time) == len(placed.position) == len(placed.buttons):
            raise ValueError(f"a motion needs one position and one button mask a time, got {[len(field) for field in placed]}")
        if not len(placed.time) or np.any(np.diff(placed.time) <= 0):
            raise ValueError("a motion needs at least one time, and times that increase")
        earlier = [_cut(part, placed.time[0]) for part in self._waiting]
        self._waiting = deque([*(part for part in earlier if len(part.motion.time)), Part(placed, True, True)])

    @property
    def next_time(self) -> float:
        """When the next sample falls due; infinite when there is none."""
        return float(self._waiting[0].motion.time[0]) if self._waiting else np.inf

    @property
    def under_way(self) -> bool:
        """Whether a motion has begun and isn't over."""
        return bool(self._waiting) and not self._waiting[0].starts

    def take(self, now: float) -> list[Part]:
        """What falls due until ``now``, that moment included."""
        due = []
        while self.next_time <= now:
            part = self._waiting.popleft()
            count = int(np.searchsorted(part.motion.time, now, side="right"))
            rest = Motion(*(field[count:] for field in part.motion))
            if len(rest.time):
                self._waiting.appendleft(Part(rest, False, part.ends))
            due.append(Part(Motion(*(field[:count] for field in part.motion)), part.starts, part.ends and not len(rest.time)))
        return due


def _cut(part: Part, end: float) -> Part:
    """The part before ``end``."""
    count = int(np.searchsorted(part.motion.time, end, side="left"))
    return Part(Motion(*(field[:count] for field in part.motion)), part.starts, True)
