"""``twin.sqlite``: what the learners predicted, and what they became. All of it can be computed again from the journal."""

import contextlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from protocols.errors import BadInput
from rig.journal.file import (
    TWIN_ID,
    TWIN_TABLES,
    Connection,
    open_for_reading,
    open_or_make,
    transaction,
    understood,
)
from rig.journal.stored import number, numbers, pack, to_json, unpack

KINDS = ("yoked", "free_person", "free_own")


@dataclass(frozen=True)
class TwinRow:
    """What one kind of learner did on one trial. Arrays come back bit for bit."""

    kind: str  # one of KINDS
    trial: int
    prediction: Mapping[str, Any]  # before the trial: mean, covariance, log_var, angle, reward_baseline
    state: Mapping[str, Any]  # after the trial
    log_prob: float = math.nan  # natural log; minus this is the surprise
    free: Mapping[str, Any] = field(default_factory=dict)  # actions (learner, action), rewards (learner,), errors (learner,)
    shift_growth: float = math.nan
    predicted_at: float = math.nan  # s, LSL
    committed_at: float = math.nan  # s, LSL

    @property
    def surprise(self) -> float:
        """Minus the log likelihood of the person's action."""
        return -self.log_prob


@contextlib.contextmanager
def open_twin(path: Path) -> Iterator["TwinStore"]:
    """The store to write to, made where there is none.

    Raises:
        BadInput: the file is damaged, or another kind of database.
    """
    with open_or_make(path, TWIN_TABLES, TWIN_ID) as connection:
        yield TwinStore(connection, path)


@contextlib.contextmanager
def read_twin(path: Path, thorough: bool = True) -> Iterator["TwinStore"]:
    """The store to read from, also while it is written. Raises BadInput as ``open_twin`` does, and where there is none."""
    with open_for_reading(path, TWIN_ID, thorough) as connection:
        yield TwinStore(connection, path)


class TwinStore:
    """An open ``twin.sqlite``; made by ``open_twin`` or ``read_twin``."""

    def __init__(self, connection: Connection, path: Path):
        self._connection = connection
        self.path = path

    def freeze(self, kind: str, params: Mapping[str, Any], now: float) -> None:
        """Store parameters before they predict; the same once more is no error.

        Raises:
            BadInput: other parameters are stored already.
        """
        text = to_json(params)
        with self._transaction():
            self._connection.execute("INSERT OR IGNORE INTO params VALUES (?, ?, ?)", (kind, text, now))
        if (kept := self.params(kind)) != json.loads(text):
            raise BadInput(f"{self.path}: the parameters of '{kind}' are frozen as {kept}, and can't become {text}; begin another session")

    def params(self, kind: str) -> dict[str, Any] | None:
        """The frozen parameters as JSON gives them (NaN is None), or None."""
        with understood(self.path):
            row = self._connection.execute("SELECT params FROM params WHERE kind = ?", (kind,)).fetchone()
            return None if row is None else json.loads(row[0])

    def add(self, rows: Sequence[TwinRow]) -> None:
        """Store what all learners did on a trial, in one transaction.

        Raises:
            JournalError: the disk can't be written, or the trial is stored already.
        """
        values = [
            (
                row.kind,
                int(row.trial),
                to_json(row.prediction),
                float(row.log_prob),
                pack(row.state),
                pack(row.free),
                *map(float, (row.shift_growth, row.predicted_at, row.committed_at)),
            )
            for row in rows
        ]
        with self._transaction():
            self._connection.executemany("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def _transaction(self) -> contextlib.AbstractContextManager[None]:
        return transaction(self._connection, self.path, "free some space; the twin catches up by itself")

    def last_trial(self) -> int:
        """Number of the last trial learned from, 0 before the first."""
        with understood(self.path):
            return self._connection.execute("SELECT coalesce(max(trial), 0) FROM trials").fetchone()[0]

    def row(self, kind: str, trial: int) -> TwinRow | None:
        """One row, or None."""
        return next(iter(self._select("kind = ? AND trial = ?", (kind, trial))), None)

    def rows(self, kind: str, after: int = 0) -> list[TwinRow]:
        """The rows of one kind with a trial number above ``after``, in order."""
        return self._select("kind = ? AND trial > ?", (kind, after))

    def _select(self, where: str, values: tuple[Any, ...]) -> list[TwinRow]:
        columns = "kind, trial, prediction, state, log_prob, free, shift_growth, predicted_at, committed_at"
        with understood(self.path):
            found = self._connection.execute(f"SELECT {columns} FROM trials WHERE {where} ORDER BY trial", values).fetchall()
            return [_row(*row) for row in found]


def _row(kind: str, trial: int, prediction: str, state: bytes, log_prob: Any, free: bytes, *times: Any) -> TwinRow:
    named: dict[str, np.ndarray] = {name: numbers(value) for name, value in json.loads(prediction).items()}
    return TwinRow(kind, trial, named, unpack(state), number(log_prob), unpack(free), *map(number, times))
