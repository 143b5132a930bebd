"""A running session, whole, in which the pointer moves at 1 kHz for a minute: what was injected against what the journal holds.

``python -m benchmarks.sweep [SECONDS]``. Writes ``benchmarks/results/sweep.json``.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.keep import keep
from benchmarks.session import frame_figures, sample_figures
from protocols.release import GRIP
from protocols.task import Path as HandPath
from protocols.workspace import Workspace
from rig.folder import JOURNAL
from rig.journal.reader import Journal, read_journal
from rig.virtual_screen import virtual_screen

SWEEP = Path(__file__).with_name("sweep.toml")
SEED = 5
SWING = 3900  # ms of one trial's movement; with the wait before it, it fits the length that is compiled beforehand
WAY = 300  # px to and fro


def swing(start: np.ndarray, workspace: Workspace, metres_per_pixel: float) -> HandPath:
    """To and fro from a start posture (m, workspace), a pixel each millisecond with the button held, and let go at the end."""
    step = np.arange(SWING)
    pixels = np.where(step // WAY % 2, WAY - step % WAY, step % WAY)
    position = workspace.to_device(np.asarray(start))[None] + np.column_stack([pixels, np.zeros(SWING)]) * metres_per_pixel
    buttons = np.where(step < SWING - 1, GRIP, 0)
    return HandPath(step / 1000, workspace.from_device(position), buttons, SWING)


def run_session(data: Path, trials: int) -> tuple[Path, Any]:
    """A pilot through the real pointer whose participant swings instead of throwing; its folder, and what the recording was found to be."""
    from rig.session.opening import open_session
    from rig.session.plan import new_plan

    plan = new_plan(str(SWEEP), None, 1, "mouse", simulated=True, data=data, seed=SEED, trials=trials)
    with open_session(plan, lambda words: print(words, file=sys.stderr), new=True) as opened:
        rig: Any = opened.session.rig
        start, _ = rig.task.start_posture(None)
        rig.participant.path_of = lambda action, trial: swing(np.asarray(start), rig.workspace, rig.window.metres_per_pixel)
        opened.session.run()
    return plan.folder, opened.verification


def motion_figures(journal: Journal) -> dict[str, Any]:
    """Of the movements themselves: how long, how many samples, and how far apart."""
    times = [
        samples.host_time[samples.host_time > trial.go_time] for trial in journal.stored() for samples in [journal.path_of(trial.number)]
    ]
    gaps = np.concatenate([np.diff(time) for time in times if len(time)])
    return {
        "seconds_of_motion": round(sum(float(time[-1] - time[0]) for time in times), 1),
        "samples_in_motion": sum(map(len, times)),
        "gap_ms": {f"p{p}": round(1000 * float(np.percentile(gaps, p)), 2) for p in (50, 99, 99.9)},
    }


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    trials = int(np.ceil(seconds * 1000 / SWING))
    with virtual_screen(), tempfile.TemporaryDirectory() as scratch:
        folder, verification = run_session(Path(scratch), trials)
        with read_journal(folder / JOURNAL) as journal:
            found = sample_figures(journal) | motion_figures(journal) | frame_figures(journal)
    keep("sweep", {"trials": trials, "recording_matches_journal": bool(verification and verification.ok), **found})


if __name__ == "__main__":
    main()
