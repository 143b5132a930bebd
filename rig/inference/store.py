"""``live.sqlite``: what was believed of the participant's parameters after each trial. All of it can be computed again from the journal."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from protocols.errors import BadInput
from rig.folder import LIVE
from rig.journal.file import (
    LIVE_ID,
    LIVE_TABLES,
    Connection,
    open_for_reading,
    open_or_make,
    transaction,
    understood,
)
from rig.journal.stored import number, pack, to_json, unpack


@dataclass(frozen=True)
class InferredRow:
    """What one learner's particles say after one trial."""

    learner: str
    trial: int
    quantiles: Mapping[str, Sequence[float]]  # by parameter: 5th, 50th and 95th percentile, natural units
    log_prob: float  # log predictive density of the trial's action, column units; 0 where there was none
    log_evidence: float  # of all actions so far
    effective: float  # number of particles
    told_at: float  # s, LSL
    committed_at: float  # s, LSL


class Inferred(NamedTuple):
    """The rows of a session as arrays, for a figure."""

    learner: str  # whose parameters these are: the twin's
    trial: Int[np.ndarray, " trial"]
    quantiles: dict[str, Float[np.ndarray, "trial 3"]]  # by parameter, natural units
    evidence: dict[str, Float[np.ndarray, " trial"]]  # by learner: log evidence of all actions so far; NaN where it hasn't come so far


def read_inferred(folder: Path, after: int = 0) -> Inferred | None:
    """What has been inferred in a session, of trials above ``after``; None where nothing was. Also while it is written.

    Raises:
        BadInput: the file is damaged, or another kind of database.
    """
    if not (folder / LIVE).is_file():
        return None
    with open_for_reading(folder / LIVE, LIVE_ID, thorough=False) as connection:
        store = LiveStore(connection, folder / LIVE)
        learners = store.learners()
        rows = {learner: store.rows(learner, after) for learner in learners}
    if not learners or not rows[learners[0]]:
        return None
    main = rows[learners[0]]
    trial = np.array([row.trial for row in main])
    quantiles = {name: np.array([row.quantiles[name] for row in main], dtype=float) for name in main[0].quantiles}
    return Inferred(learners[0], trial, quantiles, {name: _evidence(trial, rows[name]) for name in learners})


def _evidence(trial: np.ndarray, rows: list[InferredRow]) -> np.ndarray:
    by_trial = {row.trial: row.log_evidence for row in rows}
    return np.array([by_trial.get(int(one), np.nan) for one in trial])


@contextlib.contextmanager
def open_live(path: Path) -> Iterator["LiveStore"]:
    """The store to write to, made where there is none.

    Raises:
        BadInput: the file is damaged, or another kind of database.
    """
    with open_or_make(path, LIVE_TABLES, LIVE_ID) as connection:
        yield LiveStore(connection, path)


class LiveStore:
    """An open ``live.sqlite``; made by ``open_live``."""

    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def freeze(self, priors: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """Store what is believed before the first trial, by learner; the twin's comes first. What is stored already stays."""
        with self._transaction():
            rows = [(place, name, to_json(prior), now) for place, (name, prior) in enumerate(priors.items())]
            self._connection.executemany("INSERT OR IGNORE INTO priors VALUES (?, ?, ?, ?)", rows)

    def learners(self) -> list[str]:
        """Those that are inferred, the twin's first."""
        with understood(self.path):
            return [name for (name,) in self._connection.execute("SELECT learner FROM priors ORDER BY place")]

    def prior(self, learner: str) -> dict[str, Any] | None:
        """What ``freeze`` stored, as JSON gives it (NaN is None), or None."""
        with understood(self.path):
            row = self._connection.execute("SELECT prior FROM priors WHERE learner = ?", (learner,)).fetchone()
            return None if row is None else json.loads(row[0])

    def add(self, rows: Sequence[InferredRow]) -> None:
        """Store what is believed after a trial. A trial that is stored already was the same, and stays.

        Raises:
            JournalError: the disk can't be written.
        """
        values = [
            (r.learner, r.trial, to_json(r.quantiles), r.log_prob, r.log_evidence, r.effective, r.told_at, r.committed_at) for r in rows
        ]
        with self._transaction():
            self._connection.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def keep(self, clouds: Mapping[str, Mapping[str, Any]], trial: int) -> None:
        """Store the particles of all learners after a trial, in place of older ones.

        Raises:
            JournalError: the disk can't be written.
        """
        with self._transaction():
            rows = [(name, trial, pack(arrays)) for name, arrays in clouds.items()]
            self._connection.executemany("INSERT OR REPLACE INTO clouds VALUES (?, ?, ?)", rows)

    def cloud(self, learner: str) -> tuple[int, dict[str, np.ndarray]] | None:
        """The last particles that were kept, bit for bit, and the trial that they have learned from; None before any were."""
        with understood(self.path):
            row = self._connection.execute("SELECT trial, cloud FROM clouds WHERE learner = ?", (learner,)).fetchone()
            return None if row is None else (row[0], unpack(row[1]))

    def last_trial(self) -> int:
        """Number of the last trial that something is told of; 0 before the first."""
        with understood(self.path):
            return self._connection.execute("SELECT MAX(trial) FROM trials").fetchone()[0] or 0

    def rows(self, learner: str, after: int = 0) -> list[InferredRow]:
        """A learner's rows with a trial number above ``after``, in order."""
        columns = "trial, quantiles, log_prob, log_evidence, effective, told_at, committed_at"
        query = f"SELECT {columns} FROM trials WHERE learner = ? AND trial > ? ORDER BY trial"
        with understood(self.path):
            return [
                InferredRow(learner, trial, {k: [number(x) for x in v] for k, v in json.loads(quantiles).items()}, *map(number, numbers))
                for trial, quantiles, *numbers in self._connection.execute(query, (learner, after))
            ]

    def _transaction(self) -> contextlib.AbstractContextManager[None]:
        return transaction(self._connection, self.path, "free some space; what is missing is inferred again")


def check_learners_of(store: LiveStore, learners: Sequence[str]) -> None:
    """Raise BadInput where a session was begun with other learners than these."""
    kept = store.learners()
    if kept and kept != list(learners):
        raise BadInput(f"{store.path}: inferred for {', '.join(kept)}, not {', '.join(learners)}; move it away to infer anew")
