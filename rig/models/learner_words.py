"""What is said of the learners: which task each fits, its options and parameters. The command and the page of the reference share it."""

from typing import NamedTuple

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.registry import LEARNERS, build_learner, learner_options, misfit, summary
from protocols.load import library, load_protocol
from protocols.records import TASKS
from protocols.task import Task
from protocols.tasks import make_task


class Described(NamedTuple):
    """One learner, as it is on each task that it fits."""

    name: str
    summary: str
    options: dict[str, tuple[str, ...]]
    built: dict[str, Learner]  # by task
    misfits: dict[str, str]  # task -> why not


class ParameterTable(NamedTuple):
    """Parameters of a learner on some tasks."""

    tasks: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    without: tuple[str, ...]  # parameters of the first table that these tasks have no use for


def library_tasks() -> dict[str, Task]:
    """One task of each kind, in the order of the records, with the constants of the first protocol in the library that has it."""
    protocols = [load_protocol(name).protocol for name in library()]
    made = {protocol.task.name: make_task(protocol) for protocol in reversed(protocols)}
    return {task: made[task] for task in TASKS}


def described(name: str, tasks: dict[str, Task]) -> Described:
    """All that is said of a learner.

    Raises:
        BadInput: there is no such learner.
    """
    options, why = learner_options(name), {task: misfit(name, made) for task, made in tasks.items()}
    built = {task: build_learner(name, {}, made.action_names, made) for task, made in tasks.items() if not why[task]}
    return Described(name, summary(name), options, built, {task: reason for task, reason in why.items() if reason})


def fit_table(tasks: dict[str, Task]) -> dict[str, dict[str, str]]:
    """For each learner and task why they don't fit together; nothing where they do."""
    return {name: {task: misfit(name, made) for task, made in tasks.items()} for name in LEARNERS}


def parameter_tables(learner: Described) -> list[ParameterTable]:
    """All parameters on the first task; for other tasks those that differ from it, and those that it has no use for."""
    tables: list[ParameterTable] = []
    first: tuple[Parameter, ...] = ()
    for task, built in learner.built.items():
        first = first or built.parameters
        spelled, names = {repr(p) for p in first}, {p.name for p in built.parameters}  # by repr: NaN differs from NaN
        differ = tuple(p for p in built.parameters if repr(p) not in spelled) if tables else first
        without = tuple(p.name for p in first if p.name not in names)
        alike = next((i for i, t in enumerate(tables) if repr((t.parameters, t.without)) == repr((differ, without))), None)
        alike = 0 if tables and not differ and not without else alike
        if alike is None:
            tables.append(ParameterTable((task,), differ, without))
        else:
            tables[alike] = tables[alike]._replace(tasks=(*tables[alike].tasks, task))
    return tables


def default_of(parameter: Parameter) -> str:
    """Its default in a word; one that has to be given says so."""
    return "to be given" if parameter.default is None else str(parameter.default).replace("nan", "NaN")
