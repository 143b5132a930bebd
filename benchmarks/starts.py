"""How fast the command line answers: ``twinrig --help``, and the first frame of ``twinrig run``.

``python -m benchmarks.starts``. Writes ``benchmarks/results/starts.json``.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.keep import keep
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from rig.virtual_screen import virtual_screen


def help_seconds(tries: int = 11) -> list[float]:
    """Wall time of ``twinrig --help``, sorted."""
    twinrig = Path(sys.executable).with_name("twinrig")
    times = []
    for _ in range(tries):
        began = time.perf_counter()
        subprocess.run([twinrig, "--help"], capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    return sorted(times)


def first_frame(root: Path, session: int) -> float:
    """From the start of ``twinrig run`` to its first frame, as it keeps it itself; it is ended then."""
    words = ["run", "skittles", "--participant", "P1", "--session", str(session), "--device", "simulated", "--data", str(root)]
    program = subprocess.Popen([sys.executable, "-m", "rig.cli", *words], stderr=subprocess.DEVNULL)
    journal, deadline = root / "skittles" / "P1" / f"session-{session}" / JOURNAL, time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            time.sleep(0.5)
            if journal.exists():
                with read_journal(journal) as reader:
                    starts = reader.starts()
                if starts and "window" in starts[0]:
                    return starts[0]["window"]["first_frame"]
    finally:
        for process in [*psutil.Process(program.pid).children(recursive=True), program]:
            process.kill()
        program.wait()
    raise RuntimeError("no first frame within a minute")


def main() -> None:
    times = help_seconds()
    with virtual_screen(), tempfile.TemporaryDirectory() as scratch:
        frames = [first_frame(Path(scratch) / str(number), 1) for number in range(3)]
    result = {
        "help_s": {"median": round(times[len(times) // 2], 3), "max": round(times[-1], 3)},
        "first_frame_s": {"median": sorted(frames)[1], "max": max(frames)},
    }
    keep("starts", result)


if __name__ == "__main__":
    main()
