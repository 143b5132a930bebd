"""The journal: one SQLite file a session, the truth of what happened. One thread writes it; it survives kill -9 and power cuts.

docs/explanation/journal.md says why it is built so. ``rig/journal/reader.py`` reads it.
"""

import contextlib
import threading
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from devices.device import Clock, Samples
from protocols.errors import JournalError
from protocols.history import Committed
from protocols.records import Value
from rig.journal.file import JOURNAL_ID, JOURNAL_TABLES, DatabaseError, close_tidily, create_database, open_for_writing, understood
from rig.journal.stored import pack, samples_block, storable, to_json

_NOW = object()  # stands for the LSL time of storing, which only the writer's thread knows
_Statement = tuple[str, tuple[Any, ...]]


class Event(NamedTuple):
    """Something that happened at one moment; ``data`` holds numbers, words, lists and mappings."""

    time: float  # s, LSL
    name: str
    data: Mapping[str, Any]
    trial: int | None = None  # None: between trials
    start: int = 0  # filled in by the journal


class Frames(NamedTuple):
    """When the frames of a trial were shown, and what they cost."""

    flip_time: np.ndarray  # (frame,) s, LSL
    work_time: np.ndarray  # (frame,) s


def create_journal(path: Path, session: Mapping[str, Any]) -> None:
    """Make the journal of a new session with what is known of it (the columns of ``protocols.records.SESSION``).

    Raises:
        BadInput: it exists already, or can't be made.
    """
    rows = "".join(f"INSERT INTO session VALUES ({_quoted(key)}, {_quoted(to_json(value))});" for key, value in session.items())
    create_database(path, JOURNAL_TABLES + rows, JOURNAL_ID)


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


class Ticket:
    """A promise of the writer: poll ``done`` once a frame, or ``wait``."""

    def __init__(self, writer: "JournalWriter"):
        self._writer = writer
        self.committed_at: float | None = None  # s, LSL, once it is on the disk

    def done(self) -> bool:
        """Whether it is on the disk.

        Raises:
            JournalError: the disk can't be written. Nothing is lost; ``JournalWriter.retry`` tries again.
        """
        return self._writer._look(self, 0.0)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it is on the disk; JournalError as for ``done``, and when ``timeout`` seconds have passed."""
        if not self._writer._look(self, timeout):
            raise JournalError(f"journal {self._writer.path}: not stored within {timeout:g} s; see that the disk answers, then wait again")


class _Job(NamedTuple):
    statements: tuple[_Statement, ...]
    ticket: Ticket
    trial: int | None


class JournalWriter:
    """The one writer of a journal: a thread with a queue, opened by ``with``. Only ``begin_start`` and ``Ticket.wait`` wait for the disk.

    ``on_commit(trial number, LSL time)`` is called from the writer's thread once a trial is on the disk. It has to be quick; an OSError
    from it (a twin that died) is ignored.
    """

    def __init__(self, path: Path, clock: Clock, on_commit: Callable[[int, float], None] | None = None):
        self.path = path
        self.start = 0
        self._clock, self._on_commit = clock, on_commit
        self._jobs: deque[_Job] = deque()
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._info: dict[str, Any] = {}
        self._fault = ""
        self._closing = self._ended = False

    def __enter__(self) -> Self:
        self._connection = open_for_writing(self.path, JOURNAL_ID)
        self._thread = threading.Thread(target=self._run, name="journal")
        self._thread.start()
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        """Store what is still queued, with one more try after a fault.

        Raises:
            JournalError: something could not be stored, and no other error is on its way.
        """
        self.retry()
        self.flush()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        close_tidily(self._connection)
        if self._fault and kind is None:
            raise JournalError(self._fault)

    def begin_start(self, info: Mapping[str, Any]) -> int:
        """Store that the program has started (the columns of ``protocols.records.START``), and wait for it; the start's number, from 1."""
        self._info = dict(info)
        with understood(self.path):
            self.start = 1 + (self._connection.execute("SELECT max(number) FROM starts").fetchone()[0] or 0)
        self._submit(("INSERT INTO starts (number, info) VALUES (?, ?)", (self.start, to_json(info)))).wait()
        return self.start

    def update_start(self, info: Mapping[str, Any]) -> Ticket:
        """Add to what is stored of this start, such as the recording's name once it is known."""
        self._info |= info
        return self._submit(("UPDATE starts SET info = ? WHERE number = ?", (to_json(self._info), self.start)))

    def end_start(self, how: str) -> Ticket:
        """Store how this start ended."""
        return self._submit(("UPDATE starts SET ended_at = ?, how_ended = ? WHERE number = ?", (_NOW, storable(how), self.start)))

    def note(self, key: str, value: Any) -> Ticket:
        """Set one value of the session table, such as the condition once it is drawn."""
        return self._submit(("INSERT OR REPLACE INTO session VALUES (?, ?)", (key, to_json(value))))

    def answer(self, key: str, value: Any) -> Ticket:
        """Store the answer to a question; a later one replaces it."""
        return self._submit(("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, to_json(value), _NOW)))

    def event(self, event: Event) -> None:
        """Keep an event; it is stored with the next trial, or by ``flush``."""
        self._events.append(event)

    def flush(self) -> Ticket:
        """Store the events kept so far."""
        return self._submit(*self._event_rows(self._events))

    def begin_trial(self, number: int, attempt: int, slot: int, began: float) -> Ticket:
        """Store that a trial has begun, at LSL time ``began``, so that one that is interrupted is on record."""
        columns = "(start, number, attempt, slot, began)"
        return self._submit((f"INSERT INTO presentations {columns} VALUES (?, ?, ?, ?, ?)", (self.start, number, attempt, slot, began)))

    def commit_trial(
        self,
        committed: Committed,
        record: Mapping[str, Value],
        samples: Samples,
        events: Sequence[Event] = (),
        frames: Frames | None = None,
        go_time: float = float("nan"),
    ) -> Ticket:
        """Store a trial that is over, in one transaction: its row, all samples since the last trial, events, frames.

        Events that name no trial are given this one.
        """
        trial = int(committed.trial.number)
        texts = (to_json(committed.trial), to_json(committed.action), to_json(committed.outcome), to_json(record))
        row = (trial, self.start, committed.status, float(committed.reward), int(committed.requeue), *texts, float(go_time), _NOW)
        rows, columns, block = samples_block(samples)
        during = [event._replace(trial=trial) if event.trial is None else event for event in events]
        statements = [
            ("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row),
            ("INSERT INTO paths VALUES (?, 'trial', ?, ?, ?, ?)", (trial, rows, columns, zlib.crc32(block), block)),
            *self._event_rows(self._events + during),
        ]
        if frames is not None:
            statements.append(("INSERT INTO frames VALUES (?, ?)", (trial, pack(frames._asdict()))))
        return self._submit(*statements, trial=trial)

    def _event_rows(self, events: Sequence[Event]) -> list[_Statement]:
        insert = "INSERT INTO events (start, trial, time, name, data) VALUES (?, ?, ?, ?, ?)"
        self._events = []
        return [(insert, (self.start, event.trial, event.time, event.name, to_json(event.data))) for event in events]

    @property
    def fault(self) -> str:
        """Why the disk can't be written, or "" while all is well."""
        return self._fault

    def retry(self) -> None:
        """Try again what could not be stored, in its order."""
        with self._changed:
            self._fault = self._fault if self._ended else ""
            self._changed.notify_all()

    def _submit(self, *statements: _Statement, trial: int | None = None) -> Ticket:
        ticket = Ticket(self)
        with self._changed:
            self._jobs.append(_Job(statements, ticket, trial))
            self._changed.notify_all()
        return ticket

    def _look(self, ticket: Ticket, timeout: float | None) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: ticket.committed_at is not None or self._fault, timeout)
            if ticket.committed_at is None and self._fault:
                raise JournalError(self._fault)
            return ticket.committed_at is not None

    def _run(self) -> None:
        try:
            while (job := self._next_job()) is not None:
                fault = self._store(job)
                self._settle(job, fault)
                if not fault:
                    self._tell(job)
        finally:
            self._end()

    def _tell(self, job: _Job) -> None:
        if job.trial is not None and self._on_commit is not None and job.ticket.committed_at is not None:
            with contextlib.suppress(OSError):
                self._on_commit(job.trial, job.ticket.committed_at)

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            if self._jobs or not self._closing:  # nobody is left waiting, whatever ended the thread
                self._fault = self._fault or f"journal {self.path}: its writer has ended; end the program, then run 'twinrig resume'"
            self._changed.notify_all()

    def _next_job(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: (self._jobs and not self._fault) or self._closing)
            return self._jobs[0] if self._jobs and not self._fault else None

    def _store(self, job: _Job) -> str:
        """Store a job whole or not at all, and say what went wrong."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            now = self._clock()
            for statement, values in job.statements:
                self._connection.execute(statement, [now if value is _NOW else value for value in values])
            self._connection.execute("COMMIT")
        except Exception as error:  # whatever it is has to reach the session: a thread that dies unseen would leave it waiting for ever
            if self._connection.in_transaction:
                with contextlib.suppress(DatabaseError):
                    self._connection.execute("ROLLBACK")
            remedy = "nothing is lost while this program runs: free some space or mend the disk, then go on"
            return f"journal {self.path}: can't be written ({error}); {remedy}"
        return ""

    def _settle(self, job: _Job, fault: str) -> None:
        with self._changed:
            self._fault = fault
            if not fault:
                self._jobs.popleft()
                job.ticket.committed_at = self._clock()
            self._changed.notify_all()
