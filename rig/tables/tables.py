"""Trials tables, from here or elsewhere, as learners see them: one ``ParticipantTrials`` for each participant or simulation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from analysis.twin import Seen
from protocols.errors import BadInput
from protocols.schema import Protocol
from rig.tables.columns import Table, counts, seen_of
from rig.tables.derive import derive, split_setting
from rig.tables.trials import read_trials


class Source(NamedTuple):
    """Which trials, and how their columns are called."""

    files: Sequence[Path]
    columns: Sequence[str]
    derives: Sequence[str]
    accept_simulated: bool


class ParticipantTrials(NamedTuple):
    """All trials of one participant, or of one simulation, in order; arrays have one entry a trial."""

    participant: str  # code; "simulation<n>" where the table has simulations
    seen: Seen  # stacked; the context is the protocol's target
    session: Int[np.ndarray, " trial"]
    block: Int[np.ndarray, " trial"]
    phase: np.ndarray  # words; None where the table has none
    trial: Int[np.ndarray, " trial"]
    row: Int[np.ndarray, " trial"]  # row in its file, from 1 below the header
    file: np.ndarray  # Path of each trial
    simulated: bool
    simulation: int  # its number; 0: none, as for people
    table: Table  # the columns, new names included, of these trials


def load_tables(
    files: Sequence[Path],
    protocol: Protocol | None,
    columns: Sequence[str] = (),
    derives: Sequence[str] = (),
    accept_simulated: bool = False,
    needs: Sequence[str] = (),
) -> list[ParticipantTrials]:
    """Tables as learners see them, in the order of first appearance; a participant may have trials in several files.

    ``columns`` are ``new=old`` names, ``derives`` are ``new=expression`` (``rig.tables.derive``), in the order given. ``needs`` are the
    fields of the Outcome that the learner learns from (``Learner.needs``). A session's folder serves as its table. Without a protocol
    actions are those that the table has, and nothing is known of targets.

    Raises:
        BadInput: a file that is no table, a missing column, words where numbers belong, an infinite number, another task's trials, trials
            out of order, targets that the protocol hasn't, or simulated trials without ``accept_simulated``; says where and what to do.
    """
    parts = [part for file in files for part in _of_file(file, protocol, columns, derives, accept_simulated, needs)]
    names = dict.fromkeys(part.participant for part in parts)
    return [_in_order(_joined([part for part in parts if part.participant == name])) for name in names]


def read_table(file: Path, columns: Sequence[str] = (), derives: Sequence[str] = ()) -> Table:
    """A table with further columns by new names and by expressions.

    Raises:
        BadInput: as ``load_tables``.
    """
    table = read_trials(file)
    for given in columns:
        new, old = split_setting("--column", given)
        if old not in table:
            raise BadInput(f"{file}: --column {given}: there is no column '{old}'; choose from {', '.join(table)}")
        table[new] = table[old]
    for given in derives:
        new, expression = split_setting("--derive", given)
        table[new] = derive(expression, table)
    if not table or not len(next(iter(table.values()))):
        raise BadInput(f"{file}: has no trials; name a table with one row a trial")
    return table


def refuse_simulated(table: Table, file: Path, accept_simulated: bool) -> bool:
    """Whether trials in the table are simulated.

    Raises:
        BadInput: they are, and weren't asked for.
    """
    simulated = any(cell is True or cell == 1 for cell in table.get("simulated", ()))
    if simulated and not accept_simulated:
        raise BadInput(f"{file}: these trials are simulated; to take them nevertheless, add --accept-simulated, which the result then says")
    return simulated


def _of_file(
    file: Path, protocol: Protocol | None, columns: Sequence[str], derives: Sequence[str], accept_simulated: bool, needs: Sequence[str]
) -> list[ParticipantTrials]:
    table = read_table(file, columns, derives)
    simulated = refuse_simulated(table, file, accept_simulated)
    rows = len(next(iter(table.values())))
    if protocol is not None:
        _check_task(table, file, protocol)
    seen = seen_of(table, file, protocol, needs)
    whole = ParticipantTrials(
        participant="",
        seen=seen,
        session=counts(table, "session", file, np.ones(rows, int)),
        block=counts(table, "block", file, np.ones(rows, int)),
        phase=table.get("phase", np.full(rows, None)),
        trial=counts(table, "trial", file, np.zeros(rows, int)),
        row=np.arange(1, rows + 1),
        file=np.full(rows, file, dtype=object),
        simulated=simulated,
        simulation=0,
        table=table,
    )
    who = _participants(table, file, rows)
    names, first, place = np.unique(who, return_index=True, return_inverse=True)
    grouped = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    return [_part(whole, str(names[i]), grouped[i], "trial" in table) for i in np.argsort(first)]


def _part(whole: ParticipantTrials, name: str, at: np.ndarray, numbered: bool) -> ParticipantTrials:
    taken = _map(lambda x: x[at], whole)
    simulation = taken.table.get("simulation", np.zeros(1))[0]
    return taken._replace(
        participant=name, simulation=int(np.nan_to_num(simulation)), trial=taken.trial if numbered else np.arange(1, len(at) + 1)
    )


def _joined(parts: list[ParticipantTrials]) -> ParticipantTrials:
    """A participant's trials of several files, one after the other; columns that not all of them have are left out."""
    if len(parts) == 1:
        return parts[0]
    shared = [name for name in parts[0].table if all(name in part.table for part in parts)]
    parts = [part._replace(table={name: part.table[name] for name in shared}) for part in parts]
    return _map(lambda *x: np.concatenate(x), *parts)._replace(simulated=any(p.simulated for p in parts))


def _map(change: Any, *parts: ParticipantTrials) -> ParticipantTrials:
    """Every array of a participant's trials changed alike."""

    def each(*values: Any) -> Any:
        if isinstance(values[0], np.ndarray):
            return change(*values)
        if isinstance(values[0], dict):
            return {name: each(*(value[name] for value in values)) for name in values[0]}
        if isinstance(values[0], tuple):
            return type(values[0])(*(each(*fields) for fields in zip(*values, strict=True)))
        return values[0]

    return each(*parts)


def _in_order(part: ParticipantTrials) -> ParticipantTrials:
    later = (np.diff(part.session) > 0) | ((np.diff(part.session) == 0) & (np.diff(part.trial) > 0))
    if later.all():
        return part
    at = int(np.argmin(later)) + 1
    raise BadInput(
        f"{part.file[at]}: row {part.row[at]}: trial {part.trial[at]} of participant '{part.participant}' comes after trial"
        f" {part.trial[at - 1]} (of the same session, or a later one); sort the rows, and name the column of participants with"
        " --column participant=NAME"
    )


def _check_task(table: Table, file: Path, protocol: Protocol) -> None:
    for row, task in enumerate(table.get("task", ()), 1):
        if task is not None and task != protocol.task.kind:
            raise BadInput(
                f"{file}: row {row}: task '{task}', but protocol '{protocol.name}' has '{protocol.task.kind}'; split the file, or name its"
                " protocol"
            )


def _participants(table: Table, file: Path, rows: int) -> np.ndarray:
    """The participant of each row: its code, else the simulation, else the file's name."""
    codes = table.get("participant", np.full(rows, None))
    simulations = table.get("simulation", np.full(rows, np.nan))
    named = np.array([_code(code, file) for code in codes], dtype=object)
    numbered = np.array(["" if number != number else f"simulation{int(number)}" for number in simulations], dtype=object)
    names = np.where(named != "", named + np.where((named != "") & (numbered != ""), "-", "") + numbered, numbered)
    return np.where(names == "", file.name.partition(".")[0], names).astype(str)


def _code(value: Any, file: Path) -> str:
    if value is None or value != value:
        return ""
    code = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if not code.replace("-", "").replace("_", "").isalnum():
        raise BadInput(f"{file}: participant '{code}': expected a code of letters and digits (- and _ are taken too); rename it")
    return code
