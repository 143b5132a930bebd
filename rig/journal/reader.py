"""Reading a journal: while it is written, after it was closed, and after kill -9. Nothing in the session folder is changed."""

import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from devices.device import Samples
from protocols.errors import BadInput
from protocols.history import Committed
from protocols.records import Value
from rig.journal.file import JOURNAL_ID, Connection, open_for_reading, understood
from rig.journal.stored import block_samples, number, read_committed, unpack
from rig.journal.writer import Event, Frames


class Presentation(NamedTuple):
    """A trial that was begun; one that was interrupted has no row among the trials of its start."""

    start: int
    number: int
    attempt: int
    slot: int
    began: float  # s, LSL


class Stored(NamedTuple):
    """What the journal knows of a committed trial beside its record."""

    number: int
    start: int
    go_time: float  # s, LSL; NaN where no go cue was given
    committed_at: float  # s, LSL


@contextlib.contextmanager
def read_journal(path: Path, thorough: bool = True) -> Iterator["Journal"]:
    """A journal to read. What is committed while it is open is seen by the next call; ``thorough`` looks for damage first.

    Raises:
        BadInput: it is missing, damaged, from a newer twinrig, or no journal.
    """
    with open_for_reading(path, JOURNAL_ID, thorough) as connection:
        yield Journal(connection, path)


class Journal:
    """An open journal; made by ``read_journal``. Damage found on the way raises BadInput."""

    def __init__(self, connection: Connection, path: Path):
        self._connection = connection
        self.path = path

    def session(self) -> dict[str, Any]:
        """What is known of the session, by the columns of ``protocols.records.SESSION``."""
        with understood(self.path):
            return {key: json.loads(value) for key, value in self._rows("SELECT key, value FROM session ORDER BY rowid")}

    def starts(self) -> list[dict[str, Any]]:
        """The starts of the program, by the columns of ``protocols.records.START``."""
        with understood(self.path):
            rows = self._rows("SELECT number, info, ended_at, how_ended FROM starts ORDER BY number")
            return [{"start": start, **json.loads(info), "ended_at": ended, "how_ended": how} for start, info, ended, how in rows]

    def answers(self) -> dict[str, Any]:
        """The answers to the protocol's questions."""
        with understood(self.path):
            return {key: json.loads(value) for key, value in self._rows("SELECT key, value FROM answers ORDER BY time, rowid")}

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """All that is read within is of one moment, whatever is committed meanwhile."""
        with understood(self.path):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def presentations(self, after: int = 0) -> list[Presentation]:
        """All trials that were begun, in order, but for the first ``after``."""
        with understood(self.path):
            rows = self._rows("SELECT start, number, attempt, slot, began FROM presentations WHERE id > ? ORDER BY id", after)
            return [Presentation(*row) for row in rows]

    def last_trial(self) -> int:
        """Number of the last committed trial, 0 before the first."""
        with understood(self.path):
            return self._rows("SELECT coalesce(max(number), 0) FROM trials")[0][0]

    def committed(self, after: int = 0) -> list[Committed]:
        """The committed trials with a number above ``after``, in order."""
        with understood(self.path):
            columns = "trial, status, action, outcome, reward, requeue"
            rows = self._rows(f"SELECT {columns} FROM trials WHERE number > ? ORDER BY number", after)
            return [read_committed(*row) for row in rows]

    def stored(self, after: int = 0) -> list[Stored]:
        """When the committed trials were given and stored, in order."""
        with understood(self.path):
            rows = self._rows("SELECT number, start, go_time, committed_at FROM trials WHERE number > ? ORDER BY number", after)
            return [Stored(trial, start, number(go_time), committed_at) for trial, start, go_time, committed_at in rows]

    def records(self, after: int = 0) -> list[dict[str, Value]]:
        """The rows of the trials table as ``protocols.records.trial_record`` made them."""
        with understood(self.path):
            return [
                _row(json.loads(record)) for (record,) in self._rows("SELECT record FROM trials WHERE number > ? ORDER BY number", after)
            ]

    def path_of(self, trial: int) -> Samples:
        """All samples from the end of the trial before to the end of this one.

        Raises:
            BadInput: there is no such trial, or its samples are damaged.
        """
        with understood(self.path):
            found = self._rows("SELECT trial, rows, columns, crc, samples FROM paths WHERE trial = ? AND kind = 'trial'", trial)
            if found:
                return _samples(*found[0])
        raise BadInput(f"{self.path}: no trial {trial}; expected 1 to {self.last_trial()}")

    def paths(self) -> Iterator[tuple[int, Samples]]:
        """Trial number and samples of every committed trial, one at a time, in order."""
        with understood(self.path):
            query = "SELECT trial, rows, columns, crc, samples FROM paths WHERE kind = 'trial' ORDER BY trial"
            for row in self._connection.execute(query):
                yield row[0], _samples(*row)

    def events(self, after: int = 0) -> list[Event]:
        """All events, in the order in which they were stored, but for the first ``after``."""
        with understood(self.path):
            rows = self._rows("SELECT time, name, data, trial, start FROM events WHERE id > ? ORDER BY id", after)
            return [Event(time, name, json.loads(data), trial, start) for time, name, data, trial, start in rows]

    def frames(self) -> dict[int, Frames]:
        """The frames of each trial, by its number."""
        with understood(self.path):
            return {trial: Frames(**unpack(block)) for trial, block in self._rows("SELECT trial, times FROM frames ORDER BY trial")}

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()


def _samples(trial: int, rows: int, columns: int, crc: int, block: bytes) -> Samples:
    if zlib.crc32(block) != crc:
        raise ValueError(f"the samples of trial {trial} are not as they were written")
    return block_samples(rows, columns, block)


def _row(record: dict[str, Value]) -> dict[str, Value]:
    return {name: number(value) if value in ("inf", "-inf") else value for name, value in record.items()}
