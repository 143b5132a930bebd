"""Time by what it was spent on."""

import time


class Stopwatch:
    """Seconds, added up by name; each lap ends what began with the one before."""

    def __init__(self, *names: str) -> None:
        self.laps = dict.fromkeys(names, 0.0)
        self._last = time.perf_counter()

    def lap(self, spent_on: str) -> None:
        """Count the time since the last lap for ``spent_on``."""
        now = time.perf_counter()
        self.laps[spent_on] = self.laps.get(spent_on, 0.0) + now - self._last
        self._last = now
