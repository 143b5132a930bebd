"""Pilots through a virtual pen and through two virtual mice: does each event arrive, in order, in journal and recording?

``python -m benchmarks.pens_and_mice [TRIALS]``. Writes ``benchmarks/results/pens_and_mice.json``. Each pilot brings its own X server.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.keep import keep
from benchmarks.session import sample_figures
from rig.folder import JOURNAL
from rig.journal.reader import read_journal

PILOTS = {"tablet": "reach-rotation", "two-pointers": "bimanual"}


def pilot(root: Path, device: str, trials: int) -> dict[str, Any]:
    """What became of the samples of a pilot with this device."""
    words = ("pilot", PILOTS[device], "--device", device, "--trials", str(trials), "--seed", "3", "--data", str(root), "--json")
    done = subprocess.run([sys.executable, "-m", "rig.cli", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    said = json.loads(done.stdout)
    with read_journal(Path(said["session"]) / JOURNAL) as journal:
        return {"trials": said["completed"], **sample_figures(journal), "recording_matches_journal": said["recording"]["ok"]}


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as scratch:
        for device in PILOTS:
            keep("pens_and_mice", pilot(Path(scratch), device, trials), device)


if __name__ == "__main__":
    main()
