"""``twinrig learners [NAME]``: the learners, which task each fits, their options and parameters."""

import argparse
from typing import Any

from rig.cli import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``learners``."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="say all of this learner")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """List the learners and the tasks that they fit, or the options and parameters of one."""
    return _all(options) if options.name is None else _one(options)


def _all(options: argparse.Namespace) -> dict[str, Any]:
    from rig.models.learner_words import fit_table, library_tasks

    tasks = library_tasks()
    table = fit_table(tasks)
    if not options.json:
        say(options, " " * 20 + "".join(f"{task:<12}" for task in tasks))
        for name, row in table.items():
            say(options, f"{name:<20}" + "".join(f"{'-' if why else 'fits':<12}" for why in row.values()))
        say(options, "\n".join(f"{name} on {task}: {why}" for name, row in table.items() for task, why in row.items() if why))
    return {
        "learners": list(table),
        "tasks": list(tasks),
        "fits": {name: {task: not why for task, why in row.items()} for name, row in table.items()},
        "why_not": {name: {task: why for task, why in row.items() if why} for name, row in table.items() if any(row.values())},
    }


def _one(options: argparse.Namespace) -> dict[str, Any]:
    from rig.models.learner_words import default_of, described, library_tasks, parameter_tables

    learner = described(options.name, library_tasks())
    needs = {task: built.needs for task, built in learner.built.items()}
    if not options.json:
        say(options, f"{learner.name}: {learner.summary}")
        for name, values in learner.options.items():
            say(options, f"option {name} = {' | '.join(values)}")
        for task, columns in needs.items():
            say(options, f"on {task} it learns from {', '.join(columns) or 'actions alone'}")
        for task, why in learner.misfits.items():
            say(options, f"on {task} it can't be used as it is: {why}")
        for table in parameter_tables(learner):
            without = f" (without {', '.join(table.without)})" if table.without else ""
            say(options, f"parameters on {', '.join(table.tasks)}{without}:")
            for p in table.parameters:
                each, fitted = ", one for each action" if p.per_action else "", "" if p.fitted else "; not fitted unless asked"
                words = f"{p.meaning} [{p.unit or '1'}{each}], default {default_of(p)}, {p.low:g} to {p.high:g} ({p.source}){fitted}"
                say(options, f"  {p.name:<18} {words}")
    return {
        "name": learner.name,
        "summary": learner.summary,
        "options": learner.options,
        "needs": needs,
        "why_not": learner.misfits,
        "parameters": [p._asdict() for p in next((built.parameters for built in learner.built.values()), ())],
        "parameters_by_task": {task: [p._asdict() for p in built.parameters] for task, built in learner.built.items()},
    }
