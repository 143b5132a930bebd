"""``twinrig simulate``: a learner practises a protocol by arithmetic alone, and every trial becomes a row of a table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from analysis.simulate import compile_batches, in_batches, stack_course
from analysis.twin import Turn
from protocols.course import course_of
from protocols.load import Loaded
from protocols.policy_columns import policy_columns
from protocols.records import action_columns, trial_columns
from protocols.tasks import make_task
from rig.journal.stored import simple
from rig.models.learner_choice import Choice, named_choice, targets_of
from rig.stopwatch import Stopwatch
from rig.tables.file import open_table
from rig.tables.simulated_rows import SimulatedRows, first_broken


class Order(NamedTuple):
    """What is asked for."""

    learner: str
    settings: Sequence[str]  # ``name=value``, of options and parameters
    trials: int | None  # None: the protocol's
    simulations: int
    seed: int
    condition: str
    session: int


def simulate_to(file: Path, loaded: Loaded, order: Order) -> dict[str, Any]:
    """Simulate, write the table, and say how long each took (s) and what went wrong.

    Raises:
        BadInput: no such learner, setting, condition or session, an impossible number, or a file that can't be written.
    """
    protocol = loaded.protocol.for_session(order.session)
    task = make_task(protocol)
    choice = named_choice(protocol, task, loaded.path.parent, order.learner, order.settings)
    course = course_of(protocol, order.condition, order.seed, order.trials)
    columns = (*trial_columns(task.name, simulated=True), *policy_columns(action_columns(task.name), simulated=True))
    about = _about(loaded, choice, order, len(course))
    watch, trouble = Stopwatch("seconds", "seconds_compiling", "seconds_writing"), ""
    with open_table(columns, file, about) as table:
        lanes = stack_course([slot.trial for slot in course], [slot.rule for slot in course])
        run = compile_batches(task, choice.learner, choice.params(), targets_of(protocol), lanes, order.seed)
        watch.lap("seconds_compiling")
        rows, first = SimulatedRows(task, course, order.session), 1
        for turn in _timed(watch, in_batches(run, order.simulations)):
            table.write(rows.columns(turn, first), turn.reward.size)
            trouble = trouble or first_broken(turn, first)
            first += len(turn.reward)
    watch.lap("seconds_writing")
    return about | watch.laps | {"out": str(file)} | ({"trouble": trouble, "verdict": "fail"} if trouble else {})


def _about(loaded: Loaded, choice: Choice, order: Order, trials: int) -> dict[str, Any]:
    return {
        "protocol": loaded.protocol.name,
        "protocol_hash": loaded.hash,
        **simple(choice.frozen()),
        "trials": trials,
        "simulations": order.simulations,
        "seed": order.seed,
        "condition": order.condition,
        "simulated": True,
    }


def _timed(watch: Stopwatch, turns: Iterator[Turn]) -> Iterator[Turn]:
    """The same turns; computing them is arithmetic, what is done with them is writing."""
    watch.lap("seconds_writing")
    for turn in turns:
        watch.lap("seconds")
        yield turn
        watch.lap("seconds_writing")
