"""The rows of predicted trials, as arrays: the table's own columns, and what the yoked learner was before each trial."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from analysis.faults import Fault, first_fault
from analysis.predict import Predicted
from analysis.twin import UNRELIABLE
from protocols.columns import Column, Kind
from protocols.policy_columns import policy_columns
from protocols.records import action_columns, trial_columns
from rig.tables.policy_table import Columns, policy_values
from rig.tables.tables import ParticipantTrials


def table_columns(task: str, parts: Sequence[ParticipantTrials]) -> tuple[Column, ...]:
    """The columns of the trials table, then the file's own, then the learner's."""
    added = policy_columns(action_columns(task), simulated=False)
    known = trial_columns(task, simulated=any(name.startswith("intended_action_") for part in parts for name in part.table))
    taken = {column.name for column in (*known, *added)}
    own: dict[str, Kind] = {name: _kind(column) for part in parts for name, column in part.table.items() if name not in taken}
    return (*known, *(Column(name, "", "as in the table that was read", kind=kind) for name, kind in own.items()), *added)


def _kind(column: np.ndarray) -> Kind:
    if column.dtype != object:
        return "number"
    return "truth" if all(cell is None or isinstance(cell, bool) for cell in column) else "text"


class PredictedRows:
    """One participant's trials and predictions; the first ``after`` trials, which parameters came from, have no prediction."""

    def __init__(self, part: ParticipantTrials, found: Predicted, after: int, names: tuple[str, ...]) -> None:
        self._part, self._after, self._names = part, after, names
        self._prediction, self._growth = found.prediction, self._placed(found.shift_growth)
        self._fault = self._first_fault()
        broken_from = after + self._fault.row if self._fault and self._fault.of_state else len(part.trial)
        self._broken = np.arange(len(part.trial)) >= broken_from
        self._unreliable = self._broken | (np.nan_to_num(self._growth, posinf=np.inf) > UNRELIABLE)

    def _first_fault(self) -> Fault | None:
        part, seen = self._part, self._part.seen
        said = jax.tree.map(lambda column: np.asarray(column)[: len(part.trial) - self._after], self._prediction)
        own = slice(self._after, None)
        return first_fault(said.policy, said.log_prob, np.asarray(seen.reward)[own], np.asarray(seen.action)[own], part.trial[own])

    def _placed(self, column: Any) -> np.ndarray:
        """A column of the padded prediction as one of the participant's table; missing before the first prediction."""
        column = np.asarray(column, dtype=float)
        kept = column[: len(self._part.trial) - self._after]
        return np.concatenate([np.full((self._after, *column.shape[1:]), np.nan), kept])

    def columns(self) -> Columns:
        """All columns of the participant's rows."""
        part, seen, prediction = self._part, self._part.seen, self._prediction
        policy = jax.tree.map(self._placed, prediction.policy)
        reward = np.where(np.arange(len(part.trial)) < self._after, np.nan, seen.reward)
        named = {} if part.simulation else {"participant": np.full(len(part.trial), part.participant, dtype=object)}
        return {
            **part.table,
            **named,
            "session": part.session,
            "block": part.block,
            "trial": part.trial,
            **policy_values(self._names, policy, reward, np.asarray(seen.action), self._placed(prediction.log_prob)),
            "shift_growth": self._growth,
            "unreliable": self._unreliable,
        }

    def summary(self) -> dict[str, Any]:
        """What came of it, in a few numbers."""
        known = np.isfinite(self._part.seen.action).all(axis=-1)
        log_prob = self._placed(self._prediction.log_prob)
        first = int(np.argmax(self._unreliable))
        return {
            "participant": self._part.participant,
            "trials": len(self._part.trial),
            "predicted": int((known & ~np.isnan(log_prob)).sum()),
            "log_likelihood": None if self._broken.any() else float(np.nansum(log_prob)),
            "shift_growth": float(self._growth[-1]),
            "reliable": not self._unreliable.any(),
            "unreliable_from": int(self._part.trial[first]) if self._unreliable.any() else None,
            "broken": bool(self._broken.any()),
            "fault": str(self._fault) if self._fault else None,
            "simulated": self._part.simulated,
        }
