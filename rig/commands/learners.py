"""``twinrig learners [NAME]``: the learners, their options and parameters."""

import argparse
from typing import Any

from rig.cli import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``learners``."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="say all of this learner")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """List the learners, or the options and parameters of one."""
    from analysis.registry import LEARNERS, build_learner, learner_options

    if options.name is None:
        if not options.json:
            say(options, "\n".join(LEARNERS))
        return {"learners": list(LEARNERS)}
    choices = learner_options(options.name)
    learner = build_learner(options.name, {}, ("release_angle_deg", "release_speed"))
    if not options.json:
        for name, values in choices.items():
            say(options, f"option {name} = {' | '.join(values)}")
        for p in learner.parameters:
            each = ", one for each action" if p.per_action else ""
            say(options, f"{p.name:<18} {p.meaning} [{p.unit or '1'}{each}], default {p.default}, {p.low:g} to {p.high:g} ({p.source})")
    return {"name": options.name, "options": choices, "parameters": [p._asdict() for p in learner.parameters]}
