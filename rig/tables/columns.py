"""Columns of a trials table as numbers, and its trials as a yoked learner sees them; all that is wrong is said with its row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from analysis.learner import Context
from analysis.twin import NOT_LEARNED_FROM, Seen
from protocols.errors import BadInput
from protocols.history import STATUSES
from protocols.records import action_columns
from protocols.schema import Protocol
from protocols.task import Outcome
from protocols.tasks import make_task
from rig.models.learner_choice import targets_of

Table = dict[str, np.ndarray]

NEAR = 1e-3  # m: a target this near to one of the protocol's is that one
COLUMN_OF = {"cursor_error": "cursor_error_deg", "hand_error": "hand_error_deg"}  # fields of an Outcome whose columns are in degrees


def numbers(table: Table, name: str, file: Path) -> Float[np.ndarray, " trial"]:
    """A column of numbers: truths as 1 and 0, missing as NaN.

    Raises:
        BadInput: it holds words, or an infinite number.
    """
    column = table[name]
    if column.dtype == object:
        column = np.array([_number(cell, f"{file}: row {row}: column '{name}'") for row, cell in enumerate(column, 1)])
    if np.isinf(column).any():
        row = int(np.argmax(np.isinf(column)))
        raise BadInput(f"{file}: row {row + 1}: column '{name}' is {column[row]}; correct it, or write n/a")
    return column


def _number(cell: Any, where: str) -> float:
    try:
        return np.nan if cell is None else float(cell)
    except ValueError:
        raise BadInput(f"{where} holds '{cell}', expected a number; correct it, or name another column") from None


def counts(table: Table, name: str, file: Path, otherwise: np.ndarray) -> Int[np.ndarray, " trial"]:
    """A column of whole numbers, or ``otherwise`` where the table has none.

    Raises:
        BadInput: it holds anything else; trials have to be numbered throughout.
    """
    if name not in table:
        return otherwise
    column = numbers(table, name, file)
    column = np.where(np.isnan(column), otherwise, column) if name != "trial" else column
    wrong = ~(column == np.floor(column))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadInput(f"{file}: row {row + 1}: column '{name}' is {column[row]}, expected a whole number; correct it")
    return column.astype(int)


def action_names(table: Table, protocol: Protocol | None) -> tuple[str, ...]:
    """The actions of a protocol's task; without a protocol those of the table's task, or of all its columns that are called so."""
    if protocol is not None:
        return make_task(protocol).action_names
    tasks = {task for task in table.get("task", ()) if task is not None}
    known = [column.name for task in sorted(tasks) for column in action_columns(task) if column.name in table]
    return tuple(name.removeprefix("action_") for name in known or table if name.startswith("action_"))


def seen_of(table: Table, file: Path, protocol: Protocol | None, needs: Sequence[str]) -> Seen:
    """The trials of a table as a yoked learner sees them, stacked; ``needs`` are the fields of the Outcome that it can't do without.

    Without a protocol all trials have one context, whose place isn't known.

    Raises:
        BadInput: a column that is missing or holds what it shouldn't, or a target that the protocol hasn't.
    """
    actions = [f"action_{name}" for name in action_names(table, protocol)]
    needed = [*actions, *(COLUMN_OF.get(name, name) for name in needs)]
    missing = [name for name in dict.fromkeys(needed) if name not in table]
    if missing:
        raise BadInput(
            f"{file}: has no column {', '.join(map(repr, missing))}; name it with --column {missing[0]}=NAME or make it with --derive"
            f' "{missing[0]}=EXPRESSION". The columns are {", ".join(table)}'
        )
    learned = _learned_from(table, file)
    action = np.full((len(learned), len(actions)), np.nan)
    for i, name in enumerate(actions):
        action[learned, i] = numbers(table, name, file)[learned]
    outcome = _outcome(table, file, len(learned))
    outcome = outcome._replace(reward=np.where(learned, outcome.reward, np.nan))
    return Seen(_context(table, file, protocol, len(learned)), action, outcome.reward, outcome)  # type: ignore[arg-type]


def _outcome(table: Table, file: Path, rows: int) -> Outcome:
    """What was earned, its reward being the one delivered; NaN where the table has no such column."""

    def field(name: str) -> np.ndarray:
        column = COLUMN_OF.get(name, name)
        if column not in table:
            return np.full(rows, np.nan)
        values = numbers(table, column, file)
        return np.deg2rad(values) if column.endswith("_deg") else values

    return Outcome(*(field(name) for name in Outcome._fields))


def _learned_from(table: Table, file: Path) -> np.ndarray:
    """Which trials a learner sees: not those that the experimenter or the device ended."""
    statuses = table.get("status")
    if statuses is None:
        return np.ones(len(next(iter(table.values()))), bool)
    for row, status in enumerate(statuses, 1):
        if status is not None and status not in STATUSES:
            raise BadInput(f"{file}: row {row}: status '{status}': expected one of {', '.join(STATUSES)}; correct it")
    return np.array([status not in NOT_LEARNED_FROM for status in statuses])


def _context(table: Table, file: Path, protocol: Protocol | None, rows: int) -> Context:
    """Index and place of each trial's target among the protocol's."""
    if protocol is None:
        return Context(np.zeros(rows, int), np.full((rows, 2), np.nan))  # type: ignore[arg-type]
    targets = targets_of(protocol)
    if "target_x" in table and "target_y" in table:
        found = np.column_stack([numbers(table, name, file) for name in ("target_x", "target_y")])
        away = np.linalg.norm(targets - found[:, None], axis=-1)
    elif "target_angle_deg" in table:
        found = numbers(table, "target_angle_deg", file)
        turn = np.deg2rad(found)[:, None] - np.arctan2(targets[:, 1], targets[:, 0])
        away = np.abs(2 * np.sin(turn / 2)) * np.linalg.norm(targets, axis=1)
    elif len(targets) == 1:
        return Context(np.zeros(rows, int), np.repeat(targets, rows, axis=0))  # type: ignore[arg-type]
    else:
        raise BadInput(
            f"{file}: has no column 'target_x', and protocol '{protocol.name}' has {len(targets)} targets; name target_x and target_y"
            " (m), or target_angle_deg, with --column"
        )
    index = np.argmin(np.where(np.isnan(away), np.inf, away), axis=1)
    wrong = ~(away[np.arange(rows), index] <= NEAR)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadInput(
            f"{file}: row {row + 1}: target {found[row]} is none of protocol '{protocol.name}' (or is missing); name the protocol that the"
            " trials were recorded with, or add the target to it"
        )
    return Context(index, targets[index])  # type: ignore[arg-type]
