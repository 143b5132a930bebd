"""``twinrig rescore``: a session's movements judged by another protocol's rules, as a new table. What was delivered stays as it was."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from protocols.errors import BadInput
from protocols.history import Committed
from protocols.load import Loaded
from protocols.records import RESCORED, Value, columns_of, scored_columns, trial_record
from protocols.schedule import trial_of_slot
from protocols.schema import Protocol
from protocols.task import MISSING, NO_OUTCOME, Timing, Trial
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig.folder import JOURNAL
from rig.session.plan import Plan, stored_plan
from rig.session.rejudge import Movement, Rejudge, movements, same_judgement, was_judged
from rig.session.trial import Result
from rig.tables.trials import trials_table, write_trials

GIVEN = ("target", "rotation", "gain", "clamp", "mapping", "feedback")  # of a Trial: what the participant had before their eyes
RULES = ("reward_rule", "zone", "band")  # and what it is judged by
ADDED = frozenset(column.name for column in RESCORED)

Row = dict[str, Value]


class Again(NamedTuple):
    """One trial, judged again."""

    committed: Committed  # by the new rules, with the reward that was delivered
    result: Result | None
    judged: bool  # whether there was a movement to judge
    reproduced: bool  # whether the session's own protocol gives what is stored


def rescore_to(file: Path, session: Path, loaded: Loaded) -> dict[str, Any]:
    """Judge every movement of a session by a protocol, write the table, and say what changed.

    Raises:
        BadInput: no such session; the protocol is of another task, or would have given other trials; or a file that can't be written.
    """
    plan = stored_plan(session)
    protocol = loaded.protocol.for_session(plan.session)
    _check_task(plan.protocol, protocol, loaded.path)
    rows = trials_table(session).rows
    trials = _judged_again(
        plan, protocol, loaded, [MISSING if row["reaction_time"] is None else float(row["reaction_time"]) for row in rows]
    )
    table = _rows(protocol, loaded, rows, trials)
    columns = (column for column in columns_of(protocol.task.name, table) if column.name not in ADDED)
    write_trials((*columns, *RESCORED), table, file)
    return _summary(session, loaded, rows, table, trials) | {"out": str(file)}


def _check_task(given: Protocol, protocol: Protocol, file: Path) -> None:
    if (asked := protocol.task.name) != given.task.name:
        raise BadInput(f"{file}: is a protocol of the task {asked}, and the session is of {given.task.name}; name one of {given.task.name}")


def _judged_again(plan: Plan, protocol: Protocol, loaded: Loaded, reaction_times: Sequence[float]) -> list[Again]:
    task = make_task(plan.protocol)
    workspace = Workspace(task.hand_origin, plan.protocol.workspace.hand_scale)
    own = Rejudge(plan.protocol, workspace)
    other = own if loaded.hash == plan.loaded.hash else Rejudge(protocol, workspace)
    done: list[Again] = []
    for movement, reaction_time in zip(movements(plan.folder / JOURNAL, workspace), reaction_times, strict=True):
        trial = _trial(plan, protocol, loaded, movement.committed.trial, [again.committed for again in done])
        done.append(_again(own, other, movement, trial, was_judged(movement.committed, reaction_time)))
    return done


def _trial(plan: Plan, protocol: Protocol, loaded: Loaded, given: Trial, history: list[Committed]) -> Trial:
    """The trial that was given, with the rules that the protocol judges it by."""
    as_chosen = lambda run: max(run.candidates.of(given), 0)  # noqa: E731
    asked = trial_of_slot(protocol, plan.condition, plan.seed, given.slot, history, as_chosen)
    for name in GIVEN:
        was, would = getattr(given, name), getattr(asked, name)
        if not np.array_equal(np.asarray(was, float), np.asarray(would, float), equal_nan=True):
            raise BadInput(
                f"{loaded.path}: would have given trial {given.number} with {name} {would}, and it had {was}; name a protocol that differs"
                " from the session's own (protocol.toml in its folder) only in how movements are judged"
            )
    return given._replace(**{name: getattr(asked, name) for name in RULES})


def _again(own: Rejudge, other: Rejudge, movement: Movement, trial: Trial, judged: bool) -> Again:
    stored = movement.committed
    if not judged:
        return Again(stored._replace(trial=trial), None, False, False)
    reproduced = same_judgement(stored, own(movement, stored.trial))
    result = other(movement, trial)
    judgement = result.judgement if result else None
    action = judgement.action if judgement else np.full(len(stored.action), MISSING)
    outcome = judgement.outcome if judgement else NO_OUTCOME
    status = result.status if result else ""
    return Again(Committed(trial, status, action, outcome, stored.reward, stored.requeue), result, True, reproduced)


def _rows(protocol: Protocol, loaded: Loaded, rows: Sequence[Row], trials: Sequence[Again]) -> list[Row]:
    """The stored rows with the columns that judging makes anew."""
    task = make_task(protocol)
    judgements = [again.result.judgement for again in trials if again.result and again.result.judgement]
    details = dict.fromkeys(name for judgement in judgements for name in judgement.details)
    scored = (*scored_columns(task.name), *details)
    by = {"rescored_with": loaded.hash, "rescored_by": version("twinrig")}
    table = []
    for row, again in zip(rows, trials, strict=True):
        judgement = again.result.judgement if again.result else None
        timing = judgement.timing if judgement else Timing(MISSING, MISSING)
        rest = {"start": 0, "phase": "", "certificate": None, "simulated": False, "feedback_shown": False}
        found = trial_record(task, again.committed, timing=timing, details=judgement.details if judgement else {}, **rest)  # type: ignore[arg-type]
        ended = {"rescored_status": again.committed.status or None, "reproduced": again.reproduced if again.judged else None}
        table.append({**row, **{name: found.get(name) for name in scored}, **ended, **by})
    return table


def _summary(session: Path, loaded: Loaded, rows: Sequence[Row], table: Sequence[Row], trials: Sequence[Again]) -> dict[str, Any]:
    numbers = [again.committed.trial.number for again in trials]
    changed = [n for n, row, new in zip(numbers, rows, table, strict=True) if any(_differ(row.get(k), new[k]) for k in new.keys() - ADDED)]
    return {
        "session": str(session),
        "protocol": loaded.protocol.name,
        "protocol_hash": loaded.hash,
        "trials": len(trials),
        "judged": sum(again.judged for again in trials),
        "changed": changed,
        "unfinished": [n for n, again in zip(numbers, trials, strict=True) if again.judged and not again.result],
        "not_reproduced": [n for n, again in zip(numbers, trials, strict=True) if again.judged and not again.reproduced],
        "hits": {"stored": sum(row["hit"] == 1 for row in rows), "rescored": sum(row["hit"] == 1 for row in table)},
    }


def _differ(before: Value, after: Value) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        return not np.isclose(before, after, rtol=1e-9, atol=1e-12)
    return before != after
