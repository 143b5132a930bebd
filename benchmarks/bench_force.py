"""What a force command costs a frame: handed to the device's process, as sessions do, and as a way to the board and back would.

``python -m benchmarks.bench_force``. Writes ``benchmarks/results/bench_force.json``. Takes a quarter of a minute.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.keep import keep
from devices.bench.bench import Bench
from devices.force_field import curl
from devices.manipulandum import open_manipulandum
from devices.manipulandum_calibration import bench_calibration
from devices.process import frame_by_frame
from rig.clock import now

TIMES = 400
FRAME = 1 / 60  # s


def spent(say: Callable[..., object], read: Callable[[], object]) -> dict[str, float]:
    """Time in ms that a frame is held up by turning a field on, or off again."""
    field, took = curl(15.0, 8.0), []
    for number in range(TIMES):
        begin = now()
        say("relax") if number % 2 else say("field", field)
        took.append(1e3 * (now() - begin))
        time.sleep(FRAME)
        read()
    return {f"p{p}": round(float(np.percentile(took, p)), 3) for p in (50, 99, 100)}


def main() -> None:
    calibration = bench_calibration("handle")
    with (
        tempfile.TemporaryDirectory() as folder,
        Bench(now, calibration, Path(folder) / "truth.f64") as bench,
        open_manipulandum(now, str(bench.port), calibration, simulated=True) as device,
        frame_by_frame(),
    ):
        handed, round_trip = spent(device.order, device.read), spent(device.command, device.read)
    keep("bench_force", {"times": TIMES, "handed_over_ms": handed, "round_trip_ms": round_trip})


if __name__ == "__main__":
    main()
