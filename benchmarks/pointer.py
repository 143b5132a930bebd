"""Moves the real pointer at 1 kHz for a minute and counts what the mouse device gave back, and how late its stamps were.

``python -m benchmarks.pointer [SECONDS]``; without a display it starts a virtual one. Writes ``benchmarks/results/pointer.json``.
"""

import contextlib
import os
import sys
import time

import numpy as np

from benchmarks.keep import keep
from devices.device import Motion, Samples
from devices.geometry import Geometry
from devices.mouse import open_mouse
from devices.pointer import XPointer
from rig.clock import now
from rig.virtual_screen import virtual_screen

SCALE, SIZE = 0.00025, (1280, 1024)  # m per pixel, px
PERCENTILES = {"min": 0, "p50": 50, "p99": 99, "p99.9": 99.9, "max": 100}


def sweep(seconds: float) -> Motion:
    """To and fro at 1 kHz, a pixel each millisecond, with a press of 100 ms every half second."""
    step = np.arange(round(seconds * 1000))
    x = 200 + np.where(step // 800 % 2, 800 - step % 800, step % 800)
    position = Geometry(SCALE, SIZE).to_metres(x, 500 + step % 3)
    return Motion(step / 1000, position, (step % 500 >= 400).astype(np.int64))


def measure(seconds: float) -> dict:
    """Injected and received events, matched one by one."""
    started = now()
    with open_mouse(now, SCALE, SIZE) as mouse, XPointer(now, SCALE, SIZE, keep_log=True) as pointer:
        opening, chunks, end = now() - started, [], now() + seconds + 1.0
        pointer.play(sweep(seconds), end - seconds - 0.8)
        while now() < end:
            time.sleep(1 / 60)
            chunks.append(mouse.read())
        samples = Samples(*(np.concatenate(fields) for fields in zip(*chunks, strict=True)))
        return figures(samples, pointer.log()) | {"opening_s": round(opening, 2), "notes": mouse.info.notes}


def figures(samples: Samples, injected: Samples) -> dict:
    same = len(samples) == len(injected)
    late = (samples.host_time - injected.host_time) * 1e3 if same else np.full(1, np.nan)
    return {
        "injected": len(injected),
        "received": len(samples),
        "same_positions": same and bool(np.allclose(samples.position, injected.position)),
        "same_buttons": same and bool(np.array_equal(samples.buttons, injected.buttons)),
        "stamp_after_injection_ms": {name: round(float(np.percentile(late, at)), 3) for name, at in PERCENTILES.items()},
        "largest_gap_ms": round(float(np.diff(samples.host_time).max()) * 1e3, 3),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    needs_screen = sys.platform == "linux" and not os.environ.get("DISPLAY")
    with virtual_screen(*SIZE) if needs_screen else contextlib.nullcontext():
        result = {"seconds": seconds} | measure(seconds)
    keep("pointer", result)


if __name__ == "__main__":
    main()
