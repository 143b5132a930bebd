"""Where a session stands: running or over, which trial and block, how long it will still take."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from protocols.outline import block_line, trial_seconds
from protocols.schedule import next_trial, planned_blocks
from protocols.task import Trial
from rig.report.data import SessionRecord

LEAST = 5  # trials from which the pace is known
PACE = (0.3, 4.0)  # of a participant, against what the protocol expects
WAITING = ("experimenter_pause", "break", "device_fault")
GOING_ON = ("resumed", "block", "device_reopened")


class Standing(NamedTuple):
    """What the head of the page says."""

    state: str  # running, paused, break, device_fault; finished, aborted, failed; interrupted
    done: int  # trials committed
    completed: int
    of: int  # trials that the session is to have, those to be given again included
    block: int
    blocks: int
    phase: str
    seconds_left: float  # NaN once it is over
    points: int
    hits: float  # share of the last trials; NaN before the first


@dataclass
class Schedule:
    """The plan of a session, laid out once."""

    record: SessionRecord  # as it stood when it was first seen
    _seconds: np.ndarray = field(init=False)  # by slot
    blocks: int = field(init=False)

    def __post_init__(self) -> None:
        kept, protocol = self.record.kept, self.record.protocol
        blocks = planned_blocks(protocol, kept["condition"], kept["seed"])
        self.blocks = len(blocks)
        seconds = [np.full(len(block.trials), block_line(protocol, block).seconds / len(block.trials)) for block in blocks]
        self._seconds = np.concatenate(seconds)

    def next(self, record: SessionRecord) -> Trial | None:
        """The trial that is given now, or None when the schedule is at its end."""
        kept = record.kept
        return next_trial(record.protocol, kept["condition"], kept["seed"], record.committed, kept.get("trials_limit"))

    def left(self, record: SessionRecord) -> tuple[int, float]:
        """Trials still to give, and seconds they take at the participant's pace; breaks included."""
        limit, pace = record.kept.get("trials_limit"), _pace(record)
        if limit is not None:
            count = max(0, limit - int((record.words("status") == "completed").sum()))
            return count, count * float(self._seconds.mean()) * pace
        slots = [c.trial.slot for c in record.committed]
        ahead = self._seconds[max(slots, default=0) :]
        again = _waiting(record)
        return len(ahead) + again, (float(ahead.sum()) + again * float(self._seconds.mean())) * pace


def standing(record: SessionRecord, schedule: Schedule, alive: bool) -> Standing:
    """Where it stands; ``alive`` says whether the session's process runs."""
    state = _state(record, alive)
    trial = schedule.next(record) if state not in ("finished",) else None
    shown = trial or (record.committed[-1].trial if record.committed else None)
    left, seconds = schedule.left(record)
    over = state in ("finished", "aborted", "failed", "interrupted")
    hit, points = record.numbers("hit"), record.numbers("points")
    given = np.array([bool(row.get("feedback_shown")) for row in record.rows], bool)
    recent = hit[np.isfinite(hit)][-20:]
    return Standing(
        state=state,
        done=len(record.rows),
        completed=int((record.words("status") == "completed").sum()),
        of=len(record.rows) + (0 if state == "finished" else left),
        block=shown.block if shown else 0,
        blocks=schedule.blocks,
        phase=record.protocol.phases[shown.phase].name if shown else "",
        seconds_left=float("nan") if over else seconds,
        points=int(np.nansum(points[given])) if len(points) else 0,
        hits=float(recent.mean()) if len(recent) else float("nan"),
    )


def _state(record: SessionRecord, alive: bool) -> str:
    if not record.starts:
        return "starting" if alive else "interrupted"
    how = record.starts[-1].get("how_ended")
    if how is not None:
        return how if how in ("finished", "aborted") else "failed"
    if not alive:
        return "interrupted"
    for event in reversed(record.events):
        if event.name in WAITING:
            return event.name.removeprefix("experimenter_").replace("pause", "paused")
        if event.name in GOING_ON or event.name == "movement":
            break
    return "running"


def _waiting(record: SessionRecord) -> int:
    """Slots that are still to be given again."""
    again: set[int] = set()
    for one in record.committed:
        again.discard(one.trial.slot)
        if one.requeue:
            again.add(one.trial.slot)
    return len(again)


def _pace(record: SessionRecord) -> float:
    """The participant's seconds for one of the protocol's, over the last trials."""
    recent = [stored for stored in record.stored[-50:] if stored.start == record.stored[-1].start]
    if len(recent) < LEAST:
        return 1.0
    taken = float(np.median(np.diff([stored.committed_at for stored in recent])))
    expected = float(np.median([trial_seconds(record.protocol, one.trial) for one in record.committed[-len(recent) :]]))
    return float(np.clip(taken / max(expected, 1e-3), *PACE))
