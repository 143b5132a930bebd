"""``twinrig design``: how many trials, on which protocol, from how many people, tell learners apart?"""

import argparse
from pathlib import Path
from typing import Any

from rig.cli import check_least, check_seed, say
from rig.commands.progress import shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``design``."""
    parser.add_argument("protocols", nargs="+", metavar="PROTOCOL", help="schedules to choose from: names in the library, or paths")
    parser.add_argument("--learners", required=True, metavar="A,B[,...]", help="learners that are to be told apart")
    parser.add_argument("--trials", required=True, metavar="N[,N...]", help="trials of each person")
    parser.add_argument("--simulations", type=int, default=50, metavar="K", help="simulated people of each kind (default: 50)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of all randomness (default: 0)")
    parser.add_argument("--starts", type=int, default=10, metavar="N", help="local searches of each fit (default: 10)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: 2); no result depends on it")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler's address or file, or a file with a [slurm] table")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results; new, or of the same run, cut short")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Simulate and fit, then say what it takes."""
    from protocols.errors import BadInput
    from rig.models.design import Asked, design

    learners = tuple(options.learners.split(","))
    if len(learners) < 2 or len(set(learners)) < len(learners):
        raise BadInput(f"--learners {options.learners}: expected at least two different learners, such as error-based,local-level")
    if not all(word.isdecimal() and int(word) > 0 for word in options.trials.split(",")):
        raise BadInput(f"--trials {options.trials}: expected whole numbers above 0, such as 200,600")
    check_seed(options.seed)
    check_least(options, simulations=1, starts=1, workers=1)
    trials = tuple(int(word) for word in options.trials.split(","))
    asked = Asked(tuple(options.protocols), learners, trials, options.simulations, options.seed, options.starts)
    result = design(asked, options.out, options.workers, options.scheduler, shown)
    if not options.json:
        say(options, words(result))
    return result


def words(result: dict[str, Any]) -> str:
    """What it takes, for a person's eyes."""
    return "\n".join(
        f"{one['protocol']}, {one['trials']} trials, {' against '.join(one['learners'])}: "
        + (f"{one['people']} people decide rightly in 90 % of studies" if one["people"] else "not told by 48 people")
        for one in result["fewest_people"]
    )
