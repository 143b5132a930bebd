"""How long the rest of many jobs will take, at the pace of those that are done."""

from collections.abc import Callable

_MINUTE, _HOUR = 60.0, 3600.0


class Pace:
    """Counts jobs as they are done. ``clock`` is in s; what an earlier run has done doesn't count for the pace."""

    def __init__(self, total: int, waiting: int, clock: Callable[[], float]) -> None:
        self._total, self._before = total, total - waiting
        self._clock, self._began, self._here = clock, clock(), 0

    def done(self, name: str) -> str:
        """One more is: its name, how many there are, and the time that is left."""
        self._here += 1
        number = self._before + self._here
        left = (self._clock() - self._began) / self._here * (self._total - number)
        rest = f", about {in_words(left)} left" if number < self._total else ""
        return f"{name} ({number} of {self._total}{rest})"


def in_words(seconds: float) -> str:
    """A duration in the unit that suits it."""
    if seconds < 1.5 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 1.5 * _HOUR else f"{seconds / _HOUR:.1f} h"
