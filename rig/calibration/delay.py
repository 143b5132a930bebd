"""From a flip to light: a patch in a corner of the screen flashes, a photodiode sees it, and both times are on the LSL clock."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from protocols.errors import BadInput
from protocols.scene import BLACK, GREY, WHITE, Circle, Scene, Text
from rig.calibration.kept import Calibration, new_calibration
from rig.clock import now, wait_until
from rig.screen.window import Window

#: What the photodiode gave since the last call: LSL times (s) and readings (any unit).
Sensor = Callable[[], tuple[np.ndarray, np.ndarray]]

FLASHES = 60
BRIGHT, DARK = 6, (6, 14)  # frames of a flash; least and most frames between two, so that no delay hides in a rhythm
LATEST = 0.25  # s after its flip: a later edge belongs to nothing
EARLIEST = -0.02  # s: a clock that is that wrong is shown, not hidden
CONTRAST = 5.0  # between light and dark / their noise: less is no photodiode on the patch
FOUND = 0.9  # of the flashes must be seen
SEED = 1
REMEDY = "put the photodiode on the patch in the lower left corner, shade it, and see that its stream runs"


class Flash(NamedTuple):
    """When it was asked for."""

    bright: float  # LSL time of the flip that showed it, s
    dark: float  # of the flip that ended it


def measure_delay(window: Window, sensor: Sensor, of: str, flashes: int = FLASHES) -> Calibration:
    """Flash the patch, and compare when it was flipped with when it was seen.

    Args:
        window: open on the screen that is measured.
        sensor: the photodiode.
        of: the screen's name, as ``screen_name`` gives it.
        flashes: how many.

    Raises:
        BadInput: the sensor did not see the patch.
    """
    sensor()
    shown, read = [], []
    for gap in np.random.default_rng(SEED).integers(*DARK, size=flashes, endpoint=True):
        dark = _show(window, False, int(gap))
        if shown:
            shown[-1] = shown[-1]._replace(dark=dark)
        shown.append(Flash(_show(window, True, BRIGHT), np.inf))
        read.append(sensor())
    shown[-1] = shown[-1]._replace(dark=_show(window, False, 1))
    wait_until(now() + LATEST)
    read.append(sensor())
    times, values = (np.concatenate(part) for part in zip(*read, strict=True))
    return new_calibration("delay", of, delays(shown, times, values))


def delays(shown: list[Flash], times: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """The delay from flip to light, as figures in s.

    The edge is where the reading, drawn as a straight line between samples, passes the middle between dark and light.

    Raises:
        BadInput: there are no readings, light and dark don't differ, or too many flashes were not seen.
    """
    if len(times) < 2:
        raise BadInput(f"the photodiode gave {len(times)} readings while the patch flashed; {REMEDY}")
    light, dark = _levels(shown, times, values)
    if not (len(light) and len(dark)) or abs(np.median(light) - np.median(dark)) <= CONTRAST * max(_noise(light), _noise(dark)):
        raise BadInput(f"the photodiode can't tell the patch bright from dark; {REMEDY}")
    sign = np.sign(np.median(light) - np.median(dark))
    edges = _rises(times, sign * values, sign * (np.median(light) + np.median(dark)) / 2)
    seen = np.array([edge - flash.bright for flash in shown if (edge := _first(edges, flash.bright)) is not None])
    if len(seen) < FOUND * len(shown):
        raise BadInput(f"the photodiode saw {len(seen)} of {len(shown)} flashes; {REMEDY}")
    low, middle, high = np.quantile(seen, [0.05, 0.5, 0.95])
    rate = (len(times) - 1) / (times[-1] - times[0])
    return {"delay": middle, "p5": low, "p95": high, "sd": seen.std(), "flashes": len(shown), "seen": len(seen), "sensor_rate": rate}


def _levels(shown: list[Flash], times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Readings of the last third of each flash, when the light has come, and of the time just before the flip."""
    light, dark = np.zeros(len(times), bool), np.zeros(len(times), bool)
    for flash in shown:
        light |= (times > flash.bright + 2 * (flash.dark - flash.bright) / 3) & (times < flash.dark)
        dark |= (times > flash.bright - 0.02) & (times < flash.bright)
    return values[light], values[dark]


def _noise(values: np.ndarray) -> float:
    """Standard deviation, by the median deviation: some flashes may have been missed."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _rises(times: np.ndarray, values: np.ndarray, level: float) -> np.ndarray:
    """Times at which the readings come up through a level."""
    before = np.flatnonzero((values[:-1] < level) & (values[1:] >= level))
    share = (level - values[before]) / (values[before + 1] - values[before])
    return times[before] + share * (times[before + 1] - times[before])


def _first(edges: np.ndarray, flip: float) -> float | None:
    after = edges[(edges > flip + EARLIEST) & (edges < flip + LATEST)]
    return float(after[0]) if len(after) else None


def _show(window: Window, bright: bool, frames: int) -> float:
    """Show the patch for some frames; the first one's flip."""
    flips = []
    for _ in range(frames):
        window.draw(patch_scene(window, bright))
        flips.append(window.flip())
    return flips[0]


def patch_scene(window: Window, bright: bool) -> Scene:
    """The patch in the lower left corner, and words that don't change."""
    left, bottom, right, top = window.extent
    radius = 0.05 * (top - bottom)
    words = "The patch in the lower left corner flashes for the photodiode."
    return Scene(
        (
            Text("page words", words, ((left + right) / 2, (bottom + top) / 2), (top - bottom) / 30, GREY),
            Circle("patch", (left + radius, bottom + radius), radius, WHITE if bright else BLACK),
        )
    )
