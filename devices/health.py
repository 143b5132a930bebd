"""Counting what a device delivered: samples, gaps and losses."""

from devices.device import DeviceStatus, Samples


class Health:
    """Keeps the figures of ``DeviceStatus`` from the samples that pass."""

    def __init__(self) -> None:
        self._samples = 0
        self._lost = 0
        self._largest_gap = 0.0
        self._last: tuple[float, int] | None = None  # host time and counter of the last sample

    def add(self, samples: Samples) -> None:
        """Count samples that were read; they follow the ones before."""
        if not len(samples):
            return
        times, counters = samples.host_time, samples.counter
        largest = float((times[1:] - times[:-1]).max(initial=0.0))
        before = self._last or (float(times[0]), int(counters[0]) - 1)
        self._largest_gap = max(self._largest_gap, largest, float(times[0]) - before[0])
        self._lost += int(counters[-1]) - before[1] - len(samples)
        self._samples += len(samples)
        self._last = (float(times[-1]), int(counters[-1]))

    def status(self, alive: bool, fault: str = "") -> DeviceStatus:
        """The figures so far."""
        return DeviceStatus(self._samples, self._lost, self._largest_gap, alive, fault)
