"""Makes ``docs/reference/learners.md`` from the registry of learners: ``python -m rig.models.learners_page docs/reference/learners.md``."""

import sys
from pathlib import Path

from analysis.parameters import Parameter
from protocols.task import Task
from rig.models.learner_words import Described, ParameterTable, default_of, described, fit_table, library_tasks, parameter_tables

_HEAD = """# The learners: options and parameters

This page is made from the learners themselves (`twinrig learners`); change those, then run
`python -m rig.models.learners_page docs/reference/learners.md`.
What they are and why: [the policy gradient](../explanation/policy-gradient.md), [networks](../explanation/networks.md),
[rivals and floors](../explanation/rivals.md). The floor `reward-shuffled` isn't listed: it is a learner of this list on permuted rewards.

The unit *action* is that of the action's column (degrees, m/s, m), *reward* that of the delivered reward. NaN stands for what the meaning
says. Options have their first value without a word, but for those that follow the action (`covariance`, `error`).
"""


def learners_page() -> str:
    """The page, as Markdown."""
    tasks = library_tasks()
    table = fit_table(tasks)
    return _HEAD + _fits(tasks, table) + "".join(_section(described(name, tasks)) for name in table)


def _fits(tasks: dict[str, Task], table: dict[str, dict[str, str]]) -> str:
    rows = [f"| `{name}` | " + " | ".join("-" if why else "fits" for why in row.values()) + " |" for name, row in table.items()]
    head = ["", "## Learner and task", "| learner | " + " | ".join(tasks) + " |", "|---" * (len(tasks) + 1) + "|"]
    reasons = [f"- `{name}` on {task}: {why}" for name, row in table.items() for task, why in row.items() if why]
    return "\n".join([*head, *rows, *([""] if reasons else []), *reasons]) + "\n"


def _section(learner: Described) -> str:
    parts = [f"\n## `{learner.name}`", learner.summary, ""]
    parts += [f"- option `{name}`: {', '.join(f'`{value}`' for value in values)}" for name, values in learner.options.items()]
    parts += [f"- learns from: {'; '.join(_needs(learner))}"]
    for place, table in enumerate(parameter_tables(learner)):
        parts += ["", _heading(table, first=place == 0)]
        if table.parameters:
            parts += ["", "| parameter | meaning | unit | default | bounds | source |", "|---|---|---|---|---|---|"]
            parts += [_row(parameter) for parameter in table.parameters]
    return "\n".join(parts) + "\n"


def _heading(table: ParameterTable, first: bool) -> str:
    tasks, without = ", ".join(table.tasks), ", ".join(f"`{name}`" for name in table.without)
    if first:
        return f"On {tasks}:"
    words = (f"without {without}" if without else "", "these differ:" if table.parameters else "")
    return f"On {tasks} " + ", and ".join(word for word in words if word) + ("" if table.parameters else ".")


def _needs(learner: Described) -> list[str]:
    by_needs: dict[str, list[str]] = {}
    for task, built in learner.built.items():
        by_needs.setdefault(", ".join(f"`{name}`" for name in built.needs) or "actions alone", []).append(task)
    return list(by_needs) if len(by_needs) == 1 else [f"{needs} ({', '.join(tasks)})" for needs, tasks in by_needs.items()]


def _row(p: Parameter) -> str:
    meaning = p.meaning + (", one for each action" if p.per_action else "") + ("" if p.fitted else "; fitted only if asked")
    cells = (f"`{p.name}`", meaning, p.unit or "1", default_of(p), f"{p.low:g} to {p.high:g}", p.source)
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(learners_page(), encoding="utf-8")
