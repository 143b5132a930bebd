"""Puts a device's own clock on ours, from when its packets arrive.

A packet arrives as late as the system pleases, but never before it is sent. So of each tenth of a second the quickest packet
counts, and the line is the one that lies below all of these and as close to them as can be: an edge of their lower convex hull,
the one over the middle of their time (Moon, Skelly & Towsley 1999, IEEE INFOCOM, section IV). However many packets are late, a
few quick ones are enough.

A new fit isn't jumped to but approached until the next: a step of a tenth of a millisecond within the 20 ms from which a release's speed is
found would be 0.5 % of it.
"""

from collections import deque

import numpy as np

WINDOW = 0.1  # s, of which the quickest packet counts
WINDOWS = 128  # that are kept: 12.8 s, in which a clock's rate hardly changes
ENOUGH = 8  # of them, before which every packet is fitted anew, and believed at once
REFIT = 0.5  # s between two fits
LARGEST_DRIFT = 0.006  # of a board with a ceramic resonator (0.5 %); a steeper line is an accident of a short time


class DeviceClock:
    """The map from device time to host time. ``wire`` (s) is how long a packet takes at least, once its time is taken."""

    def __init__(self, wire: float) -> None:
        self._wire = wire
        self._points: deque[tuple[float, float]] = deque(maxlen=WINDOWS)  # device time, and what the host's clock is ahead
        self._window: tuple[float, float] | None = None
        self._window_end = self._next_fit = -np.inf
        self._centre = self._offset = self._slope = 0.0
        self._bend = self._rate = self._level = 0.0  # what is told: ``level`` at ``bend``, rising by ``rate``

    def add(self, device_time: float, arrival: float) -> None:
        """Take note that a packet of that device time (s) has arrived at that host time (s)."""
        if device_time >= self._window_end:
            if self._window is not None:
                self._points.append(self._window)
            self._window, self._window_end = None, device_time + WINDOW
        ahead = arrival - self._wire - device_time
        if self._window is None or ahead < self._window[1]:
            self._window = (device_time, ahead)
        if device_time >= self._next_fit or len(self._points) < ENOUGH:
            self._fit()
            self._approach(device_time)
            self._next_fit = device_time + REFIT

    def to_host(self, device_time: np.ndarray) -> np.ndarray:
        """Host times (s) of device times (s)."""
        return device_time + self._level + self._rate * (device_time - self._bend)

    @property
    def offset(self) -> float:
        """What the host's clock is ahead of the device's (s), at the latest fit."""
        return self._offset

    @property
    def drift(self) -> float:
        """By how much the device's clock goes too slow, relative to the host's."""
        return self._slope

    def residual(self, quantile: float = 0.99) -> float:
        """Quantile of the distances (s) of the quickest packets from the line; NaN before there are any."""
        if not self._points:
            return np.nan
        time, ahead = np.array(self._points).T
        return float(np.quantile(np.abs(ahead - self._offset - self._slope * (time - self._centre)), quantile))

    def _approach(self, device_time: float) -> None:
        """From what has been told so far, be on the new line by the time of the next fit."""
        there = self._offset + self._slope * (device_time + REFIT - self._centre)
        told = self._level + self._rate * (device_time - self._bend)
        self._level = told if len(self._points) >= ENOUGH else there - self._slope * REFIT
        self._rate, self._bend = (there - self._level) / REFIT, device_time

    def _fit(self) -> None:
        points: list[tuple[float, float]] = list(self._points)
        if self._window is not None:
            points.append(self._window)
        (left, low), (right, high) = _edge_at_middle(_lower_hull(points))
        slope = (high - low) / (right - left) if right > left else 0.0
        self._slope = float(np.clip(slope, -LARGEST_DRIFT, LARGEST_DRIFT))
        self._centre = points[-1][0]
        time, ahead = np.array(points).T
        self._offset = float(np.min(ahead - self._slope * (time - self._centre)))


def _lower_hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of points in the order of their times, those that a string pulled tight from below would touch (Andrew 1979)."""
    hull: list[tuple[float, float]] = []
    for time, ahead in points:
        while len(hull) > 1:
            (first, low), (second, middle) = hull[-2:]
            if (middle - low) * (time - second) < (ahead - middle) * (second - first):
                break
            hull.pop()
        hull.append((time, ahead))
    return hull


def _edge_at_middle(hull: list[tuple[float, float]]) -> tuple[tuple[float, float], tuple[float, float]]:
    """The edge of the hull over the middle of its time."""
    middle = (hull[0][0] + hull[-1][0]) / 2
    after = next((i for i, (time, _) in enumerate(hull) if time >= middle and i > 0), 0)
    return hull[max(after - 1, 0)], hull[after]


def increasing(times: np.ndarray, last: float, step: float = 1e-6) -> np.ndarray:
    """The times, moved up where one isn't later by ``step`` (s) than the one before, of which ``last`` was the last."""
    steps = step * np.arange(1, len(times) + 1)
    return np.maximum.accumulate(np.maximum(times - steps, last)) + steps
