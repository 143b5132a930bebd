"""What a report is made from: one session out of its journal and, where there is one, its twin's store, as arrays by trial."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.style import Band, Span, band_of
from protocols.errors import BadInput
from protocols.history import Committed
from protocols.load import parse_protocol
from protocols.records import Column, Value, action_columns
from protocols.schema import Protocol
from protocols.task import Task
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig.folder import JOURNAL, PROTOCOL, TWIN, open_session_folder
from rig.inference.store import Inferred, read_inferred
from rig.journal.reader import Presentation, Stored, read_journal
from rig.journal.writer import Event, Frames
from rig.tables.trials import trials_table
from rig.twin.store import TwinRow, read_twin

OVERFLOWING = 1e9  # growth of a shift of the yoked state beyond which its numbers mean nothing, and may not even be finite


@dataclass(frozen=True)
class TwinRecord:
    """What the learners did, by trial; NaN where a trial has no prediction. Units of the action columns."""

    mean: np.ndarray  # (trial, action) yoked, before the trial
    covariance: np.ndarray  # (trial, action, action)
    surprise: np.ndarray  # (trial,)
    shift_growth: np.ndarray  # (trial,)
    free_error: dict[str, Band]  # by kind 'free-person', 'free-own', m
    free_action: tuple[dict[str, Band], ...]  # one for each action dimension
    params: dict[str, Any]  # frozen, of the yoked learner

    @property
    def sd(self) -> np.ndarray:
        """(trial, action), motor noise included."""
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))


@dataclass(frozen=True)
class SessionRecord:
    """Everything that is stored of one session, in memory. Samples are read when they are needed."""

    folder: Path
    kept: dict[str, Any]  # the journal's session table
    protocol: Protocol
    task: Task
    starts: list[dict[str, Any]]
    answers: dict[str, Any]
    events: list[Event]
    frames: dict[int, Frames]
    presentations: list[Presentation]
    columns: tuple[Column, ...]
    rows: list[dict[str, Value]]
    committed: list[Committed]
    stored: list[Stored]
    twin: TwinRecord | None
    twin_note: str  # why there is no twin; "" where there is one
    inferred: Inferred | None = None  # None where nothing was inferred

    def numbers(self, name: str) -> np.ndarray:
        """A column as floats, missing as NaN."""
        return np.array([np.nan if (value := row.get(name)) is None else float(value) for row in self.rows])

    def words(self, name: str) -> np.ndarray:
        """A column of words, missing as ''."""
        return np.array([str(row.get(name) or "") for row in self.rows])

    @property
    def trial(self) -> np.ndarray:
        """Trial numbers."""
        return self.numbers("trial").astype(int)

    @property
    def action_columns(self) -> tuple[Column, ...]:
        """Columns of the action vector, in its order."""
        return action_columns(self.task.name)

    @property
    def actions(self) -> np.ndarray:
        """(trial, action) in the units of the action columns."""
        return np.array([c.action for c in self.committed], float).reshape(len(self.committed), len(self.task.action_names))

    @property
    def workspace(self) -> Workspace:
        """From the device's plane to the workspace."""
        return Workspace(self.task.hand_origin, self.protocol.workspace.hand_scale)

    def spans(self) -> list[Span]:
        """The phases, as they were given."""
        spans: list[Span] = []
        for trial, phase in zip(self.trial, self.words("phase"), strict=True):
            if spans and spans[-1].name == phase:
                spans[-1] = spans[-1]._replace(last=int(trial))
            else:
                spans.append(Span(str(phase), int(trial), int(trial)))
        return spans

    def movement(self, trial: int) -> np.ndarray:
        """(sample, 1 + axis) s from the go cue, and the hand or hands in m of the workspace, to the end; empty where there was none."""
        index = int(np.flatnonzero(self.trial == trial)[0])
        go = self.stored[index].go_time
        duration = self.numbers("reaction_time")[index] + self.numbers("movement_time")[index]
        if np.isnan(go) or np.isnan(duration):
            return np.empty((0, 1 + len(self.task.axes)))
        with read_journal(self.folder / JOURNAL, thorough=False) as journal:
            samples = journal.path_of(trial)
        within = (samples.host_time >= go) & (samples.host_time <= go + duration + 1e-3)
        return np.column_stack([samples.host_time[within] - go, self.workspace.from_device(samples.position[within])])


def read_record(folder: Path) -> SessionRecord:
    """All of a session.

    Raises:
        BadInput: the folder has no journal, or a damaged one.
    """
    with read_journal(open_session_folder(folder) / JOURNAL) as journal:
        kept, starts, answers, events = journal.session(), journal.starts(), journal.answers(), journal.events()
        frames, presentations, committed, stored = journal.frames(), journal.presentations(), journal.committed(), journal.stored()
    columns, rows = trials_table(folder)
    protocol = parse_protocol(kept["protocol_text"], str(folder / PROTOCOL)).for_session(kept["session"])
    task = make_task(protocol)
    twin, note = _read_twin(folder, committed, len(task.action_names))
    return SessionRecord(
        folder=folder,
        kept=kept,
        protocol=protocol,
        task=task,
        starts=starts,
        answers=answers,
        events=events,
        frames=frames,
        presentations=presentations,
        columns=columns,
        rows=rows,
        committed=committed,
        stored=stored,
        twin=twin,
        twin_note=note,
        inferred=read_inferred(folder),
    )


def _read_twin(folder: Path, committed: list[Committed], actions: int) -> tuple[TwinRecord | None, str]:
    file = folder / TWIN
    if not file.is_file():
        return None, "No learner ran beside this session, or what it stored is gone: twin.sqlite is absent."
    try:
        with read_twin(file) as store:
            yoked = store.rows("yoked")
            free = {kind.replace("_", "-"): store.rows(kind) for kind in ("free_person", "free_own")}
            params = store.params("yoked") or {}
    except BadInput as error:
        return None, f"What the learners stored can't be read: {error}"
    if not yoked:
        return None, "The learners stored nothing in this session."
    return twin_record(committed, yoked, free, params, actions), ""


def twin_record(
    committed: list[Committed], yoked: list[TwinRow], free: dict[str, list[TwinRow]], params: dict[str, Any], actions: int
) -> TwinRecord:
    """The rows of a twin's store beside the trials they are of; ``free`` by kind 'free-person' and 'free-own'."""
    count = len(committed)
    place = {c.trial.number: index for index, c in enumerate(committed)}
    acted = [bool(np.isfinite(c.action).all()) for c in committed]
    mean, covariance = np.full((count, actions), np.nan), np.full((count, actions, actions), np.nan)
    surprise, growth = np.full(count, np.nan), np.full(count, np.nan)
    for row in yoked:
        if (index := place.get(row.trial)) is not None:
            if row.shift_growth <= OVERFLOWING:
                mean[index], covariance[index] = row.prediction["mean"], row.prediction["covariance"]
            surprise[index] = row.surprise if acted[index] else np.nan
            growth[index] = row.shift_growth
    present = {kind: rows for kind, rows in free.items() if any("errors" in row.free for row in rows)}
    errors = {kind: band_of(_stacked(rows, place, lambda row: row.free["errors"])) for kind, rows in present.items()}
    action_bands = tuple(
        {kind: band_of(_stacked(rows, place, lambda row, i=i: row.free["actions"][:, i])) for kind, rows in present.items()}
        for i in range(actions)
    )
    return TwinRecord(mean, covariance, surprise, growth, errors, action_bands, params)


def _stacked(rows: list[TwinRow], place: dict[int, int], value) -> np.ndarray:  # type: ignore[no-untyped-def]
    """(learner, trial); NaN where a trial has no row."""
    learners = max(len(value(row)) for row in rows)
    out = np.full((learners, len(place)), np.nan)
    for row in rows:
        if (index := place.get(row.trial)) is not None:
            out[: len(value(row)), index] = value(row)
    return out


def readable(value: Any) -> str:
    """A stored value as words for a person."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
