"""``twinrig measure``: what is there to measure in trials tables and sessions, as one table with a row for each number."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analysis.measures.by_task import MEASURES as OF_TASK
from analysis.measures.by_task import task_measures
from analysis.measures.hand import Move, tangling_measures
from analysis.measures.measured import Measured, Practice, missing, practice_measures
from analysis.measures.tnc import Settings
from analysis.twin import NOT_LEARNED_FROM
from protocols.columns import MEASURE
from protocols.errors import BadInput
from protocols.load import Loaded
from protocols.records import TASKS, trial_columns
from protocols.schema import Protocol
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig.folder import JOURNAL
from rig.models.learner_choice import targets_of
from rig.session.plan import stored_plan
from rig.session.rejudge import movements
from rig.tables.columns import action_names, numbers
from rig.tables.derive import split_setting
from rig.tables.tables import ParticipantTrials, Source, load_tables
from rig.tables.trials import write_trials

CURVES = ("error", "hit", "reward", "reaction_time", "movement_time")  # of which it is said where they are missing
MORE = (
    "scored_reward", "hand_error_deg", "cursor_error_deg", "peak_speed", "path_length_ratio",
    "inside_share", "radial_sd", "path_length", "mean_speed", "adaptation_index", "advantage",
)  # fmt: skip
DIRECTION, SIZE = "target_angle_deg", "|hand_error_deg|"
UNITS = {column.name: column.unit for task in TASKS for column in trial_columns(task)}


class Person(NamedTuple):
    """One session of one person, and what is known of it beside its trials."""

    trials: ParticipantTrials
    session: int
    practice: Practice
    protocol: Protocol | None


def measure_to(file: Path, source: Source, loaded: Loaded | None, settings: Settings) -> dict[str, Any]:
    """Measure every session of every participant, write the table, and say what could not be computed.

    Raises:
        BadInput: as ``rig.tables.tables.load_tables``; settings that can't be; or a file that can't be written.
    """
    rows = []
    for person in _people(source, loaded.protocol if loaded else None):
        rows += [_row(person, found) for found in _measured(person, settings)]
    write_trials(MEASURE, rows, file)
    done = {(row["measure"], row["of"]) for row in rows if row["value"] is not None}
    never = {f"{row['measure']} of {row['of']}": row["note"] for row in rows if (row["measure"], row["of"]) not in done}
    return {
        "out": str(file),
        "participants": list(dict.fromkeys(row["participant"] for row in rows)),
        "simulated": any(row["simulated"] for row in rows),
        "protocol": loaded.protocol.name if loaded else None,
        "rows": len(rows),
        "computed": sum(row["value"] is not None for row in rows),
        "not_computed": never,
    }


def read_settings(given: list[str]) -> Settings:
    """TNC settings out of ``key=value``.

    Raises:
        BadInput: no such setting, or a value that isn't one.
    """
    values = dict(split_setting("--tnc", setting) for setting in given)
    if unknown := values.keys() - set(Settings._fields):
        raise BadInput(f"--tnc {', '.join(sorted(unknown))}: there is no such setting; choose from {', '.join(Settings._fields)}")
    try:
        return Settings(**{key: type(getattr(Settings(), key))(value) for key, value in values.items()})
    except (ValueError, OverflowError) as error:
        raise BadInput(f"--tnc {' '.join(given)}: expected whole numbers of grid and steps, a number of span, such as grid=201") from error


def _people(source: Source, protocol: Protocol | None) -> Iterator[Person]:
    for file in source.files:
        own = stored_plan(file).protocol if protocol is None and file.is_dir() else protocol
        for part in load_tables([file], own, source.columns, source.derives, source.accept_simulated):
            for session in np.unique(part.session):
                yield _person(part, int(session), own)


def _person(part: ParticipantTrials, session: int, protocol: Protocol | None) -> Person:
    here = part.session == session
    names, actions = action_names(part.table, protocol), np.asarray(part.seen.action)[here]
    columns = _columns(part, here) | {f"action_{name}": actions[:, i] for i, name in enumerate(names)}
    if "hand_error_deg" in columns:
        columns[SIZE] = np.abs(columns["hand_error_deg"])
    units = {name: UNITS.get(name, "deg" if name == SIZE else "") for name in (*CURVES, *columns) if name != DIRECTION}
    return Person(
        part, session, Practice(part.block[here], names, actions, np.asarray(part.seen.context.index)[here], columns, units), protocol
    )


def _columns(part: ParticipantTrials, here: np.ndarray) -> dict[str, np.ndarray]:
    """The columns that are measured, but for actions and for those that may well be empty; missing on trials that were broken off."""
    statuses = part.table.get("status", np.full(len(here), None))
    whole = ~np.isin(statuses.astype(str), NOT_LEARNED_FROM)
    names = [name for name in (*CURVES, *MORE, DIRECTION) if name in part.table]
    columns = {name: np.where(whole, numbers(part.table, name, part.file[0]), np.nan)[here] for name in names}
    return {name: column for name, column in columns.items() if name not in MORE or np.isfinite(column).any()}


def _measured(person: Person, settings: Settings) -> Iterator[Measured]:
    yield from practice_measures(person.practice)
    if person.protocol is None:
        yield from (missing(name, "actions", "what other actions earn is the task's to say; add --protocol") for name in OF_TASK)
    else:
        yield from task_measures(person.practice, make_task(person.protocol), targets_of(person.protocol), settings)
    yield from _of_hands(person)


def _of_hands(person: Person) -> Iterator[Measured]:
    folder = person.trials.file[0]
    if not folder.is_dir():
        yield missing("tangling", "hand", "needs the paths of the hand; name the session's folder instead of a table")
        return
    moves = list(_moves(person, folder))
    yield from tangling_measures(moves) if moves else [missing("tangling", "hand", "no trial has a movement with an onset and an end")]


def _moves(person: Person, folder: Path) -> Iterator[Move]:
    plan = stored_plan(folder)
    workspace = Workspace(make_task(plan.protocol).hand_origin, plan.protocol.workspace.hand_scale)
    practice = person.practice
    onset, duration = practice.numbers["reaction_time"], practice.numbers["movement_time"]
    for i, movement in enumerate(movements(folder / JOURNAL, workspace)):
        if np.isfinite(onset[i] + duration[i]) and len(movement.samples) > 1:
            time = movement.samples.host_time - movement.go_time
            position = workspace.from_device(movement.samples.position)
            yield Move(int(practice.block[i]), int(practice.target[i]), float(onset[i]), float(duration[i]), time, position)


def _row(person: Person, found: Measured) -> dict[str, Any]:
    phases = person.trials.phase[(person.trials.session == person.session) & (person.trials.block == found.block)]
    place = targets_of(person.protocol)[found.target] if person.protocol is not None and found.target is not None else (None, None)
    return {
        "participant": person.trials.participant,
        "session": person.session,
        "phase": phases[0] if len(phases) else None,
        "block": found.block,
        "target_x": place[0],
        "target_y": place[1],
        "measure": found.measure,
        "of": found.of,
        "value": found.value if found.computed else None,
        "unit": found.unit or None,
        "trials": found.trials,
        "note": found.note or None,
        "simulated": person.trials.simulated,
    }
