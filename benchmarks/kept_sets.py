"""Data sets of a recovery study, kept one by one in ``benchmarks/sets``, so that one that was cut short, or is to be larger, goes on."""

from pathlib import Path
from typing import Any

from rig.models.recovery import Asked, compute, jobs_of, open_folder

FOLDER = Path(__file__).parent / "sets"


def gathered(asked: Asked, sets: int, name: str) -> list[dict[str, Any]]:
    """The first ``sets`` data sets of each learner, computed where they aren't there yet: the first of all learners first."""
    done = open_folder(asked, FOLDER / name)
    waiting = [job for job in sorted(jobs_of(asked), key=lambda job: job.index) if job.index < sets and job not in done]
    found = [one for job, one in done.items() if job.index < sets]
    for one in compute(asked, waiting, FOLDER / name, 1):
        found.append(one)
        print(f"{name}: {len(found)} of {sets * len(asked.learners)}", flush=True)
    return found
