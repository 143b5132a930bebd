"""A device that performs motions by itself: no process, no screen, and the same samples each time."""

from typing import Self

import numpy as np

from devices.device import Clock, DeviceInfo, DeviceStatus, Motion, Samples
from devices.health import Health
from devices.sampler import Outlet, Publish
from devices.schedule import Part, Schedule
from protocols.errors import DeviceError


class SimulatedDevice:
    """Device and Player in one. Open it by ``with``.

    It samples at a fixed rate. While a motion is performed, the samples are the motion's own, at exactly ``at + motion.time``;
    before, between and after motions it holds the last position. Whatever of a motion lies before the samples that were already
    read is left out, so plan motions ahead. Nothing depends on when, or how often, it is read.
    """

    def __init__(
        self,
        clock: Clock,
        axes: tuple[str, ...] = ("x", "y"),
        rate: float = 1000.0,
        start: tuple[float, ...] | None = None,
        publish: Publish | None = None,
    ):
        self.info = DeviceInfo("simulated", "simulated device", axes, rate, simulated=True, calibration={})
        self._clock, self._period, self._publish = clock, 1 / rate, publish
        self._position = np.array(start if start is not None else [0.0] * len(axes))
        self._buttons = 0
        self._made = 0
        self._schedule = Schedule()
        self._health = Health()
        self._outlet: Outlet | None = None
        self._open = False

    def __enter__(self) -> Self:
        self._origin = self._clock()
        self._time = self._anchor = self._origin  # of the last sample; of the grid on which positions are held
        self._outlet = self._publish(self.info) if self._publish else None
        self._open = True
        return self

    def __exit__(self, *exc: object) -> None:
        if self._open and self._outlet:
            self._outlet.close()
        self._open = False

    def play(self, motion: Motion, at: float) -> None:
        """Perform the motion from time ``at`` on; what is left of the last one by then is dropped.

        Raises:
            ValueError: the motion's arrays don't fit each other or the device's axes.
        """
        if np.shape(motion.position)[1:] != (len(self.info.axes),):
            raise ValueError(f"expected positions of {len(self.info.axes)} axes, got an array of shape {np.shape(motion.position)}")
        self._schedule.add(motion, at)

    def read(self) -> Samples:
        """All samples up to now since the last call."""
        if not self._open:
            raise DeviceError("simulated device: expected an open device, but it was closed; open it again to read on")
        now = self._clock()
        pieces = []
        for part in self._schedule.take(now):
            if part.starts:
                pieces.append(self._hold(before=float(part.motion.time[0]), until=now))
            pieces.append(self._perform(part))
        if not self._schedule.under_way:
            pieces.append(self._hold(before=self._schedule.next_time, until=now))
        samples = self._join(pieces)
        self._health.add(samples)
        if self._outlet and len(samples):
            self._outlet.push(samples)
        return samples

    def heard(self) -> bool:
        """As ``Device.heard``."""
        return self._outlet is None or self._outlet.heard()

    def status(self) -> DeviceStatus:
        """Health since opening."""
        return self._health.status(alive=self._open)

    def _perform(self, part: Part) -> Motion:
        new = part.motion.time > self._time
        motion = Motion(*(field[new] for field in part.motion))
        if len(motion.time):
            self._position, self._buttons = motion.position[-1], int(motion.buttons[-1])
            self._time = self._anchor = float(motion.time[-1])
        return motion

    def _hold(self, before: float, until: float) -> Motion:
        """The last position, on the grid that goes on from the last motion, until now or until just before the next motion."""
        end = min(until, before - self._period / 2)
        first, last = (int(np.floor((time - self._anchor) / self._period + 1e-6)) for time in (self._time, end))
        times = self._anchor + self._period * np.arange(first + 1, last + 1)
        times = times[times <= until]  # one that rounding puts after now is for the next read
        self._time = float(times[-1]) if len(times) else self._time
        return Motion(times, np.tile(self._position, (len(times), 1)), np.full(len(times), self._buttons))

    def _join(self, pieces: list[Motion]) -> Samples:
        empty = Motion(np.zeros(0), np.zeros((0, len(self.info.axes))), np.zeros(0, np.int64))
        time, position, buttons = (np.concatenate(fields) for fields in zip(empty, *pieces, strict=True))
        counter = np.arange(self._made, self._made + len(time))
        self._made += len(time)
        return Samples(time - self._origin, time, position, buttons, np.full(len(time), np.nan), counter)
