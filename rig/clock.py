"""The one clock: LSL's ``local_clock``, in seconds since some point that a reboot moves."""

import time
from typing import NamedTuple

from pylsl import local_clock as now

__all__ = ["ClockPair", "now", "pair", "wait_until"]


class ClockPair(NamedTuple):
    """UTC and LSL time of one instant, so that stamps of several starts can be put on one line."""

    utc: float  # s since 1970
    lsl: float  # s


def pair() -> ClockPair:
    """Both clocks at this instant, good to a few microseconds: the tightest of several tries."""
    tries = []
    for _ in range(9):
        before, utc, after = now(), time.time(), now()
        tries.append((after - before, ClockPair(utc, (before + after) / 2)))
    return min(tries)[1]


def wait_until(deadline: float) -> None:
    """Sleep until LSL time ``deadline``, the last half millisecond by spinning."""
    while (left := deadline - now()) > 0:
        time.sleep(left - 0.0005) if left > 0.0005 else time.sleep(0)
