"""Follows a session by its files, as far as they have grown since the last look. It holds nothing open."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from protocols.errors import BadInput
from protocols.load import parse_protocol
from protocols.records import columns_of
from protocols.tasks import make_task
from rig.folder import JOURNAL, LIVE, PROTOCOL, TWIN, open_session_folder
from rig.inference.store import read_inferred
from rig.journal.reader import Journal, read_journal
from rig.report.data import SessionRecord, twin_record
from rig.report.policy import ExpectedErrors
from rig.twin.store import TwinRow, TwinStore, read_twin

FREE = ("free_person", "free_own")
LATEST = 10  # trials of which what was inferred is kept: only the last is shown, and inference may be behind


@dataclass
class Follower:
    """One session as it goes on; ``poll`` looks for what is new. ``version`` grows with each change.

    ``record`` is what a report is made from, but for the frames and answers, which nobody watches, and for what was
    inferred after earlier trials.

    Raises:
        BadInput: there is no journal in the folder, or a damaged one.
    """

    folder: Path
    record: SessionRecord = field(init=False)
    expected: np.ndarray = field(init=False)  # (trial,) m, the error that the yoked learner expected
    version: int = 0
    trouble: str = ""  # why the files can't be read just now
    _yoked: list[TwinRow] = field(default_factory=list)
    _free: dict[str, list[TwinRow]] = field(default_factory=lambda: {kind: [] for kind in FREE})
    _params: Mapping[str, Any] | None = None
    _seen: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        with read_journal(open_session_folder(self.folder) / JOURNAL, thorough=False) as journal:
            kept = journal.session()
        protocol = parse_protocol(kept["protocol_text"], str(self.folder / PROTOCOL)).for_session(kept["session"])
        task = make_task(protocol)
        nothing: dict[str, Any] = {"answers": {}, "frames": {}, "columns": (), "twin": None, "twin_note": ""}
        lists: dict[str, Any] = {name: [] for name in ("starts", "events", "presentations", "rows", "committed", "stored")}
        self.record = SessionRecord(folder=self.folder, kept=kept, protocol=protocol, task=task, **nothing, **lists)
        self.expected = np.empty(0)
        self._errors = ExpectedErrors(task)
        self.poll()

    def poll(self) -> bool:
        """Read what is new, if anything; whether there was. A file that can't be read just now is trouble, not an end."""
        try:
            changed = self._poll()
            changed, self.trouble = changed or bool(self.trouble), ""
        except BadInput as error:
            changed, self.trouble = str(error) != self.trouble, str(error)
        self.version += changed
        return changed

    def _poll(self) -> bool:
        marks = _marks(self.folder)
        if marks == self._seen:
            return False
        with read_journal(self.folder / JOURNAL, thorough=False) as journal, journal.at_once():
            grown = self._grow(journal)
        learned = (self.folder / TWIN).is_file() and self._learn()
        inferred = self._infer()
        self._seen = marks  # taken before the look: what came in meanwhile is looked for again
        if grown or learned:
            self._compare()
        return grown or learned or inferred

    def _grow(self, journal: Journal) -> bool:
        """Add the journal's new rows; the starts, which change, are read anew."""
        record, who = self.record, {key: self.record.kept.get(key) for key in ("participant", "session")}
        last = record.committed[-1].trial.number if record.committed else 0
        starts = journal.starts()
        rows = [{**who, "simulation": None, **row} for row in journal.records(last)]
        events, begun = journal.events(len(record.events)), journal.presentations(len(record.presentations))
        if not (rows or events or begun) and starts == record.starts:
            return False
        self.record = replace(
            record,
            starts=starts,
            events=record.events + events,
            presentations=record.presentations + begun,
            rows=record.rows + rows,
            committed=record.committed + journal.committed(last),
            stored=record.stored + journal.stored(last),
            columns=columns_of(record.kept.get("task", ""), record.rows + rows),
        )
        return True

    def _learn(self) -> bool:
        """Add the twin's new rows, without the states, which are large."""
        with read_twin(self.folder / TWIN, thorough=False) as store:
            self._params = self._params or store.params("yoked")
            new = [self._take(store, kind, rows) for kind, rows in (("yoked", self._yoked), *self._free.items())]
        return any(new)

    def _infer(self) -> bool:
        """Take what was inferred after the last trials, where anything is."""
        committed, before = self.record.committed, self.record.inferred
        now = read_inferred(self.folder, max(committed[-1].trial.number - LATEST, 0) if committed else 0)
        if now is None or (before is not None and before.trial[-1] == now.trial[-1]):
            return False
        self.record = replace(self.record, inferred=now)
        return True

    @staticmethod
    def _take(store: TwinStore, kind: str, rows: list[TwinRow]) -> bool:
        new = store.rows(kind, rows[-1].trial if rows else 0)
        rows += [replace(row, state={}) for row in new]
        return bool(new)

    def _compare(self) -> None:
        """Set the learners beside the trials."""
        if not self._yoked:
            return
        free = {kind.replace("_", "-"): rows for kind, rows in self._free.items()}
        committed = self.record.committed
        twin = twin_record(committed, self._yoked, free, dict(self._params or {}), len(self.record.task.action_names))
        self.record = replace(self.record, twin=twin)
        self.expected = self._errors(committed, twin.mean, twin.covariance)


def _marks(folder: Path) -> tuple[Any, ...]:
    """What changes when a file of the session is written to."""
    names = (JOURNAL, f"{JOURNAL}-wal", TWIN, f"{TWIN}-wal", LIVE, f"{LIVE}-wal")
    return tuple(_mark(folder / name) for name in names)


def _mark(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
