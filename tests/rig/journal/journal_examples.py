"""Trials to store: recognisable by their number, so that a reader can tell whether each came back whole."""

import math
import time
from pathlib import Path

import numpy as np

from devices.device import Samples
from protocols.history import Committed
from protocols.task import Outcome, Trial
from rig.journal.writer import Event, Frames, JournalWriter, Ticket, create_journal

SESSION = {"participant": "P01", "session": 2, "task": "skittles", "protocol_name": "skittles", "seed": 3, "simulated": True}


def samples(number: int, count: int = 3000) -> Samples:
    """Samples that only trial ``number`` has: 1 kHz, no device time, no force."""
    random = np.random.default_rng(number)
    nothing = np.full(count, math.nan)
    first = (number - 1) * count
    return Samples(
        device_time=nothing,
        host_time=(first + np.arange(count)) / 1000,
        position=random.normal(size=(count, 2)),
        buttons=random.integers(0, 2, count),
        force=nothing,
        counter=np.arange(first, first + count),
    )


def committed(number: int) -> Committed:
    """A trial with numbers that have no short decimal form, and with missing ones."""
    third = number / 3
    trial = Trial(number, 1, number, 1, 0, (0.38, third), rotation=third)
    outcome = Outcome(*[np.float64(third + i) for i in range(7)], np.float64(math.nan))  # type: ignore[arg-type]
    return Committed(trial, "completed", np.array([third, math.nan]), outcome, -third, requeue=number % 2 == 0)


def record(number: int) -> dict:
    """A row of the trials table for ``committed(number)``."""
    return {"start": 1, "phase": "training", "trial": number, "reward": -number / 3, "hit": None, "simulated": True}


def frames(number: int) -> Frames:
    """Flip times of one trial."""
    return Frames(number + np.arange(120) / 60, np.full(120, 0.002))


def commit(journal: JournalWriter, number: int, count: int = 3000) -> Ticket:
    """Begin and commit trial ``number``, with its go cue."""
    journal.begin_trial(number, 1, number, began=number - 0.5)
    go = [Event(float(number), "go_cue", {"number": number})]
    return journal.commit_trial(committed(number), record(number), samples(number, count), go, frames(number), go_time=float(number))


def new_journal(folder: Path, trials: int = 0, count: int = 300) -> Path:
    """A closed journal with so many trials."""
    path = folder / "journal.sqlite"
    create_journal(path, SESSION)
    with JournalWriter(path, time.perf_counter) as journal:
        journal.begin_start({"utc": 1.5, "lsl": 0.25})
        for number in range(1, trials + 1):
            commit(journal, number, count)
        journal.end_start("finished")
    return path


def write_for_ever(path: str, pipe) -> None:
    """In a child: commit trial after trial, and tell each one only once it is on the disk."""
    with JournalWriter(Path(path), time.perf_counter) as journal:
        journal.begin_start({"utc": 1.5, "lsl": 0.25})
        number = 0
        while True:
            number += 1
            commit(journal, number).wait()
            pipe.send(number)
