"""What the experimenter must know of: it stays on the page until somebody has acknowledged it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from analysis.twin import UNRELIABLE
from rig.monitor.channel import ACKNOWLEDGED
from rig.report.data import SessionRecord
from rig.report.rig import ALARMING

BEHIND = 5  # trials that the twin may be behind


class Alarm(NamedTuple):
    """One thing that went wrong."""

    key: str  # names it for good, in the journal and after a reload
    verdict: str  # 'fail' or 'warn'
    words: str
    trial: int | None = None


def alarms(record: SessionRecord, state: str) -> list[Alarm]:
    """All alarms of a session in order, acknowledged or not; ``state`` as in ``Standing``."""
    return [*_of_events(record), *_of_trials(record), *_of_twin(record, state), *_of_starts(record, state)]


def acknowledged(record: SessionRecord) -> set[str]:
    """Keys that the journal knows as acknowledged."""
    return {str(event.data.get("key")) for event in record.events if event.name == ACKNOWLEDGED}


def _of_events(record: SessionRecord) -> Iterator[Alarm]:
    for place, event in enumerate(record.events):
        if any(word in event.name for word in ALARMING) and not event.name.startswith("trial_"):
            mended = "restarted" in event.name or "reopened" in event.name
            words = " ".join(filter(None, [event.name.replace("_", " "), str(event.data.get("message", ""))]))
            yield Alarm(f"event-{place}", "warn" if mended else "fail", words, event.trial)
        if event.name == "command_refused":
            count, why = event.data.get("count", 1), event.data.get("why", "")
            yield Alarm(f"event-{place}", "warn", f"{count} command{'s' if count != 1 else ''} refused: {why}")


def _of_trials(record: SessionRecord) -> Iterator[Alarm]:
    for row in record.rows:
        trial, lost = int(row["trial"]), row.get("lost_samples") or 0  # type: ignore[arg-type]
        if row.get("status") == "device_fault":
            yield Alarm(f"device-{trial}", "fail", "the device failed in this trial", trial)
        elif lost:
            yield Alarm(f"lost-{trial}", "fail", f"{lost:g} samples lost", trial)
        elif row.get("flagged"):
            gap, late = 1e3 * float(row.get("largest_gap") or np.nan), row.get("late_frames")
            yield Alarm(f"flagged-{trial}", "warn", f"timing beyond the protocol's limits: gap {gap:.0f} ms, {late} late frames", trial)


def _of_twin(record: SessionRecord, state: str) -> Iterator[Alarm]:
    twin = record.twin
    if twin is None:
        return
    unreliable = np.flatnonzero(twin.shift_growth >= UNRELIABLE)
    if len(unreliable):
        trial = int(record.trial[unreliable[0]])
        yield Alarm(f"unreliable-{trial}", "warn", "the yoked learner's state is unreliable from here on", trial)
    behind = len(record.rows) - 1 - max(np.flatnonzero(np.isfinite(twin.shift_growth)), default=-1)
    if state == "running" and behind >= BEHIND:
        yield Alarm(f"behind-{len(record.rows) // 20}", "warn", f"the twin is {behind} trials behind")


def _of_starts(record: SessionRecord, state: str) -> Iterator[Alarm]:
    for start in record.starts:
        number, how, kept = start["start"], start.get("how_ended"), start.get("verification")
        if how not in (None, "finished", "aborted"):
            yield Alarm(f"ended-{number}", "fail", f"start {number} ended with {how}")
        if isinstance(kept, dict) and not kept.get("ok"):
            yield Alarm(f"recording-{number}", "fail", f"the recording of start {number} does not match the journal")
    for start in record.starts[:-1]:
        if start.get("how_ended") is None:
            yield Alarm(f"killed-{start['start']}", "warn", f"start {start['start']} was not closed: it was killed")
    if state == "interrupted" and record.starts:
        number = record.starts[-1]["start"]
        yield Alarm(f"killed-{number}", "fail", "the session's program is gone and did not close it: 'twinrig resume' goes on with it")
