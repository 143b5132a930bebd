"""Frames of a skittles-like scene for a minute: intervals, share on time, work per frame.

``python -m benchmarks.frames [SECONDS]``; without a display it starts a virtual one. Writes ``benchmarks/results/frames.json``.
"""

import contextlib
import math
import os
import sys

import numpy as np

from benchmarks.keep import keep
from protocols.scene import BLUE, GREY, RED, WHITE, YELLOW, Circle, Line, Scene, Text
from rig.screen.frames import LATE, FrameBatch
from rig.screen.window import Window, open_window
from rig.settings import Settings
from rig.virtual_screen import virtual_screen

THROW = 120  # frames that one throw takes: half with the lever, half with the ball's growing trace
PERCENTILES = {"min": 0, "p1": 1, "p50": 50, "p99": 99, "max": 100}


def throw(frame: int) -> Scene:
    """A frame of an endless row of throws; the score changes between them."""
    count, step = divmod(frame, THROW)
    angle = math.pi - 0.04 * min(step, THROW // 2)
    tip = (-0.38 * math.cos(angle) - 0.38, -1.2 + 0.4 * math.sin(angle))
    flight = tuple(_ball(tip, 0.02 * index) for index in range(max(0, step - THROW // 2) * 2))
    ball = flight[-1] if flight else tip
    return Scene(
        (
            Circle("post", (0.0, 0.0), 0.25, GREY),
            Circle("target", (0.38, 0.43), 0.05, YELLOW),
            Line("trace", flight, BLUE, 2.0),
            Line("lever", ((-0.38, -1.2), tip), WHITE, 8.0),
            Circle("ball", ball, 0.05, RED),
            Circle("zone", (-0.38, -1.2), 0.06, None, WHITE),
            Text("score", f"{100 + count}", (0.0, 1.3), 0.08),
        )
    )


def _ball(start: tuple[float, float], time: float) -> tuple[float, float]:
    fall = math.exp(-0.5 * time)
    return start[0] * math.cos(3 * time) * fall + 0.5 * math.sin(3 * time), start[1] * math.cos(3 * time) * fall


def frames(window: Window, seconds: float) -> FrameBatch:
    for frame in range(round(seconds * window.refresh)):
        window.draw(throw(frame))
        window.flip()
    return window.frames.take()


def figures(batch: FrameBatch, window: Window) -> dict:
    """Percentiles in ms; the first second warms up and isn't counted."""
    skip = round(window.refresh)
    intervals = np.diff(batch.flip_times[skip:]) * 1e3
    work = batch.work_times[skip:] * 1e3
    return {
        "refresh_hz": window.refresh,
        "paced": window.paced,
        "size_px": window.size_px,
        "frames": len(intervals),
        "interval_ms": {name: round(float(np.percentile(intervals, at)), 3) for name, at in PERCENTILES.items()},
        "within_1.5_periods": round(float((intervals <= LATE * 1e3 / window.refresh).mean()), 5),
        "work_ms": {name: round(float(np.percentile(work, at)), 3) for name, at in PERCENTILES.items()},
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    needs_screen = sys.platform == "linux" and not os.environ.get("DISPLAY")
    settings = Settings()
    with virtual_screen() if needs_screen else contextlib.nullcontext(), open_window(settings, display_scale=0.08) as window:
        result = figures(frames(window, seconds), window)
    keep("frames", result)


if __name__ == "__main__":
    main()
