"""A pilot on the simulated bench with everything on, at 1 kHz: what was lost, how true the clock, and each release against the plant's.

``python -m benchmarks.bench_soak [MINUTES]`` (10). Writes ``benchmarks/results/bench_soak.json``. The bench keeps real time only
where a core is free.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.keep import keep
from devices.bench.truth import Truth, read_truth
from devices.device import Samples
from rig.folder import JOURNAL
from rig.journal.reader import Journal, read_journal
from rig.virtual_screen import virtual_screen

TRIAL = 4.2  # s, about what one throw of the library's skittles takes
COUNT = 360 / 10_000  # deg, of the bench's lever
WINDOW = 0.02  # s before the release, on which speeds are fitted
LEVER = 0.4  # m


def noise_of_slope(degree: int) -> float:
    """SD of the slope at the release, of a polynomial through the window's samples, for each SD of a sample (1/s)."""
    times = np.arange(-WINDOW, -1e-9, 0.001) + 0.001
    return float(np.linalg.norm(np.linalg.pinv(np.vander(times, degree + 1))[-2]))


def pilot(root: Path, trials: int) -> Path:
    """The folder of a new session on the bench."""
    words = ["pilot", "skittles", "--device", "manipulandum", "--trials", str(trials), "--seed", "11", "--data", str(root), "--json"]
    done = subprocess.run([sys.executable, "-m", "rig.cli", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Path(json.loads(done.stdout)["session"])


def packet_figures(journal: Journal) -> dict[str, Any]:
    """Packets, losses by sequence number, spacing in device time, and the driver's own report."""
    chunks = [samples for _, samples in journal.paths()]
    counter, device_time = (np.concatenate([getattr(samples, name) for samples in chunks]) for name in ("counter", "device_time"))
    report = journal.starts()[0]["manipulandum"]
    return {
        "minutes": round(float(device_time[-1] - device_time[0]) / 60, 2),
        "samples": len(counter),
        "lost": int(counter[-1] - counter[0] + 1 - len(counter)),
        "largest_step_ms": round(1e3 * float(np.diff(device_time).max()), 4),
        "crc_errors": report["crc_errors"],
        "encoder_errors": report["encoder_errors"],
        "clock_residual_p99_ms": round(1e3 * report["clock_residual_p99"], 3),
    }


def release_figures(journal: Journal, truth: Truth) -> dict[str, Any]:
    """Each release as measured against where, when and how fast the plant let go."""
    records = [record for record in journal.records() if np.isfinite(record["action_release_speed"] or np.nan)]
    late, stamped, angle, quadratic, strictly, linear = np.abs(
        [_errors(record, journal.path_of(int(record["trial"])), truth) for record in records]
    ).T
    return {
        "throws": len(records),
        "release_time_off_by_ms": {f"p{p}": round(1e3 * float(np.percentile(late, p)), 3) for p in (50, 99, 100)},
        "release_stamped_by_the_board_off_by_us_at_most": round(1e6 * float(stamped.max()), 1),
        "angle_off_by_deg_at_most": round(float(angle.max()), 4),
        "encoder_step_deg": COUNT,
        "angles_within_a_step": int(np.sum(angle < COUNT)),
        "resolution_of_quadratic_speeds_in_counts": round(noise_of_slope(2) / noise_of_slope(1), 2),
        "quadratic_speeds_within_resolution_and_1_percent": int(np.sum(quadratic < 1)),
        "quadratic_speeds_within_one_count_and_1_percent": int(np.sum(strictly < 1)),
        "linear_speeds_within_resolution_of_the_20_ms_mean": int(np.sum(linear < 1)),
    }


def _errors(record: dict[str, Any], path: Samples, truth: Truth) -> tuple[float, ...]:
    """What a release is off by: its time (s), the board's stamp of it (s), its angle (deg), its speeds as shares of what is allowed."""
    time = record["go_time"] + record["release_time"]
    stamp = path.device_time[np.argmin(np.abs(path.host_time - time))]
    releases, on_board = truth.releases(), truth.on_board().releases().time
    nearest = int(np.argmin(np.abs(on_board - stamp)))
    when, angle, speed = releases.time[nearest], np.degrees(releases.position[nearest, 0]), LEVER * releases.velocity[nearest, 0]
    before = (truth.time > when - WINDOW) & (truth.time <= when)
    mean = LEVER * np.polyfit(truth.time[before] - when, truth.position[before, 0], 1)[0]
    resolution = LEVER * np.radians(COUNT) / WINDOW  # of the linear slope: a count in 20 ms
    noisier = noise_of_slope(2) / noise_of_slope(1)  # as rounding to counts is, at the end of a parabola
    off = record["action_release_speed_quadratic"] - speed
    return (
        time - when,
        stamp - on_board[nearest],
        (record["action_release_angle_deg"] - angle + 180) % 360 - 180,
        off / (noisier * resolution + 0.01 * abs(speed)),
        off / (resolution + 0.01 * abs(speed)),
        (record["action_release_speed"] - mean) / resolution,
    )


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with virtual_screen(), tempfile.TemporaryDirectory() as scratch:
        folder = pilot(Path(scratch), max(round(minutes * 60 / TRIAL), 2))
        with read_journal(folder / JOURNAL) as journal:
            result = packet_figures(journal) | release_figures(journal, read_truth(folder / "truth-1.f64"))
    keep("bench_soak", result)


if __name__ == "__main__":
    main()
