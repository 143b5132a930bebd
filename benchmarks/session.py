"""A pilot of ten minutes with everything on, and one of four without the twin: frames, work, samples, and how fast the twin answers.

``python -m benchmarks.session [MINUTES]``. Writes ``benchmarks/results/session.json``. Let nothing else run meanwhile.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.keep import keep
from rig.folder import JOURNAL, TWIN
from rig.journal.reader import Journal, read_journal
from rig.screen.frames import LATE
from rig.twin.store import read_twin
from rig.virtual_screen import virtual_screen

TRIAL = 4.2  # s, about what one throw of the library's skittles takes
SHORTLY = 0.1  # s after a commit in which the twin works


def pilot(root: Path, trials: int, *more: str) -> tuple[Path, dict[str, Any]]:
    """Run a pilot of the library's skittles through the real pointer; its folder, and what it said of itself."""
    words = ["pilot", "skittles", "--trials", str(trials), "--seed", "11", "--data", str(root), "--json", *more]
    done = subprocess.run([sys.executable, "-m", "rig.cli", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    said = json.loads(done.stdout)
    return Path(said["session"]), said


def frame_figures(journal: Journal) -> dict[str, Any]:
    """Of the frames of all trials: share within 1.5 periods of the one before, and the work for one."""
    period = 1 / journal.starts()[0]["window"]["refresh"]
    stored = journal.stored()
    frames = list(journal.frames().values())
    intervals = np.concatenate([np.diff(batch.flip_time) for batch in frames])
    work = np.concatenate([batch.work_time for batch in frames])
    work = work[np.isfinite(work)]
    ends = np.concatenate([batch.flip_time[1:] for batch in frames])
    commits = np.array([trial.committed_at for trial in stored])
    since = ends[:, None] - commits[None, :]
    shortly = ((since >= 0) & (since < SHORTLY)).any(axis=1)
    late = intervals > LATE * period
    return {
        "frames": len(intervals),
        "frames_within_1.5_periods_percent": round(100 * float(np.mean(~late)), 3),
        "late_frames": int(late.sum()),
        "frames_shortly_after_a_commit": int(shortly.sum()),
        "late_frames_shortly_after_a_commit": int(late[shortly].sum()),
        "interval_ms": {f"p{p}": round(1000 * float(np.percentile(intervals, p)), 2) for p in (1, 50, 99, 99.9)},
        "work_ms": {f"p{p}": round(1000 * float(np.percentile(work, p)), 2) for p in (50, 99, 99.9)},
    }


def sample_figures(journal: Journal) -> dict[str, Any]:
    """Of all samples from the first trial to the last: how many, how many lost by the counter, whether in order."""
    chunks = [samples for _, samples in journal.paths()]
    counter = np.concatenate([samples.counter for samples in chunks])
    time = np.concatenate([samples.host_time for samples in chunks])
    lost = int(counter[-1] - counter[0] + 1 - len(counter))
    pointer = journal.starts()[0]["pointer"]
    return {
        "events_injected": pointer["injected"],
        "events_received": pointer["received"],
        "samples": len(counter),
        "samples_lost": lost,
        "in_order": bool(np.all(np.diff(time) > 0) and np.all(np.diff(counter) > 0)),
    }


def answer_times(journal: Journal, twin: Path) -> np.ndarray:
    """From the commit of each trial to the prediction of the next, s."""
    committed = {trial.number: trial.committed_at for trial in journal.stored()}
    with read_twin(twin) as store:
        predicted = {row.trial: row.predicted_at for row in store.rows("yoked")}
    return np.array([predicted[trial] - committed[trial - 1] for trial in predicted if trial - 1 in committed])


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with virtual_screen(), tempfile.TemporaryDirectory() as scratch:
        folder, said = pilot(Path(scratch), round(minutes * 60 / TRIAL))
        with read_journal(folder / JOURNAL) as journal:
            answers = 1000 * answer_times(journal, folder / TWIN)
            result: dict[str, Any] = {
                "trials": said["trials"],
                "first_frame_s": journal.starts()[0]["window"]["first_frame"],
                "recording_matches_journal": said["recording"]["ok"],
                **sample_figures(journal),
                **frame_figures(journal),
                "commit_to_prediction_ms": {f"p{p}": round(float(np.percentile(answers, p)), 1) for p in (50, 99, 100)},
            }
        alone, _ = pilot(Path(scratch), round(minutes * 60 / TRIAL * 0.4), "--no-twin")
        with read_journal(alone / JOURNAL) as journal:
            result["without_twin"] = frame_figures(journal)
    keep("session", result)


if __name__ == "__main__":
    main()
