"""The samples since the last trial, and how good they were."""

import numpy as np

from devices.device import Samples
from protocols.task import MISSING


class SampleLog:
    """Keeps every sample read since the last commit, and the delay from the newest sample to the flip that showed it."""

    def __init__(self, axes: int = 2) -> None:
        self._axes = axes
        self._chunks: list[Samples] = []
        self._delays: list[float] = []
        self._newest = MISSING
        self._last_counter: int | None = None
        self._lost = 0

    def add(self, samples: Samples) -> None:
        """Keep what a read has given."""
        if len(samples):
            self._chunks.append(samples)
            self._lost += self._missing(samples.counter)
            self._newest = float(samples.host_time[-1])

    def flipped(self, time: float) -> None:
        """A frame appeared that was drawn from all samples so far; only frames with news count."""
        if not np.isnan(self._newest):
            self._delays.append(time - self._newest)
            self._newest = MISSING

    def opened_anew(self) -> None:
        """The device was, and counts anew from any number."""
        self._last_counter = None

    def take(self) -> tuple[Samples, int, float]:
        """All samples since the last call, how many are missing by the counter, and the median delay to the flip.

        The delay is in s, NaN where nothing moved.
        """
        samples = joined(self._chunks, self._axes)
        lost = self._lost
        delay = float(np.median(self._delays)) if self._delays else MISSING
        self._chunks, self._delays, self._lost = [], [], 0
        return samples, lost, delay

    def _missing(self, counter: np.ndarray) -> int:
        before = counter[0] - 1 if self._last_counter is None else self._last_counter
        self._last_counter = int(counter[-1])
        steps = np.diff(counter, prepend=before)
        return int(np.sum(steps[steps > 1] - 1))


def joined(chunks: list[Samples], axes: int = 2) -> Samples:
    """Chunks of samples as one; of no chunks, no samples of ``axes`` axes."""
    if not chunks:
        nothing, none = np.empty(0), np.empty(0, np.int64)
        return Samples(nothing, nothing, np.empty((0, axes)), none, nothing, none)
    return Samples(*(np.concatenate(columns) for columns in zip(*chunks, strict=True)))


def rate_and_gap(time: np.ndarray) -> tuple[float, float]:
    """Samples per second and the largest gap (s) among the sample times of a movement; NaN for fewer than two."""
    if len(time) < 2:
        return MISSING, MISSING
    gaps = np.diff(time)
    return float(len(gaps) / gaps.sum()), float(gaps.max())
