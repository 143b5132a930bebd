"""Whether a screen has a vertical blank, and a stand-in for one where it has none.

A virtual screen flips as fast as it is asked to. Frames are then let go at absolute deadlines, like those of a real screen: one that
comes too late waits for the next.
"""

import math
from collections.abc import Callable

import numpy as np

from rig.clock import now, wait_until

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader")  # renderers that no screen's blank holds back
FASTEST_SCREEN = 250.0  # Hz, unless the settings name a faster one
STEADY = 0.7  # share of intervals that must lie near the median


def blank_period(intervals: np.ndarray, renderer: str, refresh: float) -> float | None:
    """Period of the vertical blank in s, or None where flips aren't held back by one.

    Args:
        intervals: s between successive flips of a window that did nothing else.
        renderer: what OpenGL calls its renderer.
        refresh: Hz, that the settings state.
    """
    if any(name in renderer.lower() for name in SOFTWARE):
        return None
    median = float(np.median(intervals))
    near = intervals[np.abs(intervals - median) < 0.15 * median]
    if median < 1 / max(FASTEST_SCREEN, 1.25 * refresh) or len(near) < STEADY * len(intervals):
        return None
    return float(near.mean())


class Pacer:
    """Lets frames go at ``start + i * period``; deadlines that were missed are skipped."""

    def __init__(self, period: float, clock: Callable[[], float] = now, wait: Callable[[float], None] = wait_until):
        self._period = period  # s
        self._clock = clock
        self._wait = wait
        self._start = clock()
        self._last = 0

    def wait(self) -> float:
        """Wait for the next deadline; returns it, in s of the clock."""
        behind = (self._clock() - self._start) / self._period
        self._last = max(self._last + 1, math.ceil(behind))
        deadline = self._start + self._last * self._period
        self._wait(deadline)
        return deadline
