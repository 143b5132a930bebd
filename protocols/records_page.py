"""Makes ``docs/reference/records.md`` from the tables of columns: ``python -m protocols.records_page docs/reference/records.md``."""

import sys
from collections.abc import Sequence
from pathlib import Path

from protocols.policy_columns import policy_columns
from protocols.records import (
    EVENT,
    FORCE,
    FRAME,
    MEASURE,
    RESCORED,
    SAMPLE,
    SESSION,
    START,
    TASKS,
    TWIN,
    Column,
    action_columns,
    trial_columns,
)

_HEAD = """# What is stored: every column

This page is made from `protocols/records.py` and `protocols/columns.py`; change those, then run
`python -m protocols.records_page docs/reference/records.md`.
Missing is `n/a` in files. Numbers keep full precision. LSL time is in seconds on the clock of Lab Streaming Layer.
"""
_TRIALS = "One row a trial, in order (`twinrig trials`)."
_ADDED = "Added to the trials table by `twinrig simulate` (but for `shift_growth`) and `twinrig predict`: the learner before each trial."


def records_page() -> str:
    """The page, as Markdown."""
    tables = [
        *((f"Trials table, {task}", _TRIALS, trial_columns(task, simulated=True)) for task in TASKS),
        *((f"Simulated and predicted trials, {task}", _ADDED, policy_columns(action_columns(task), simulated=False)) for task in TASKS),
        ("Trials table, further columns with force fields", "Only for protocols that have them.", FORCE),
        ("Rescored trials", "Added to the trials table by `twinrig rescore`.", RESCORED),
        ("Measures", "One row for each number, written by `twinrig measure`.", MEASURE),
        ("Session", "One value of each, in the journal's table `session`.", SESSION),
        ("Starts", "One row each time the program was started on the session.", START),
        ("Samples", "All samples from the end of the trial before to the end of this one, in the journal's table `paths`.", SAMPLE),
        ("Events", "One row for each thing that happened at one moment.", EVENT),
        ("Frames", "Two numbers for each frame of a trial.", FRAME),
        ("Twin", "In `twin.sqlite`: one row for each trial and kind of learner.", TWIN),
    ]
    return _HEAD + "".join(f"\n## {title}\n{words}\n\n{_table(columns)}" for title, words, columns in tables)


def _table(columns: Sequence[Column]) -> str:
    rows = [f"| `{column.name}` | {column.unit} | {_meaning(column)} |" for column in columns]
    return "\n".join(["| column | unit | meaning |", "|---|---|---|", *rows]) + "\n"


def _meaning(column: Column) -> str:
    if column.kind == "truth" or not column.levels:
        return column.meaning
    return f"{column.meaning}: " + "; ".join(f"*{word}*: {meaning}" for word, meaning in column.levels.items())


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(records_page(), encoding="utf-8")
