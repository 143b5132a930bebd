"""``twinrig recover``: are a learner's parameters, or the learners themselves, told apart on this protocol?"""

import argparse
from pathlib import Path
from typing import Any

from rig.cli import check_least, check_seed, say
from rig.commands.progress import shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``recover``."""
    parser.add_argument("protocol", metavar="PROTOCOL", help="a name in the library, or the path of a file")
    parser.add_argument("--learner", required=True, metavar="NAME[,NAME...]", help="one: parameters; several: also who is taken for whom")
    parser.add_argument("--trials", metavar="N[,N...]", help="trials of each data set (default: the whole protocol)")
    parser.add_argument("--simulations", type=int, default=50, metavar="K", help="data sets of each learner (default: 50)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of all randomness (default: 0)")
    parser.add_argument(
        "--fix", action="append", default=[], metavar="KEY=VALUE", help="an option, or a parameter that is known (one learner)"
    )
    parser.add_argument(
        "--range",
        action="append",
        default=[],
        dest="ranges",
        metavar="NAME=LOW,HIGH",
        help="where true values of a parameter lie (default: a factor of 3 either way of the usual one)",
    )
    parser.add_argument("--starts", type=int, default=20, metavar="N", help="local searches of each fit (default: 20)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: 2); no result depends on it")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler's address or file, or a file with a [slurm] table")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results; new, or of the same run, cut short")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Simulate and fit what isn't there yet, then sum up."""
    from rig.arithmetic import work_without_idle_threads

    work_without_idle_threads()
    from rig.models.recovery import Asked, check_asked, compute, conclude, jobs_of, open_folder
    from rig.models.scheduler import check

    asked = Asked(
        options.protocol,
        tuple(options.learner.split(",")),
        _trials(options),
        options.simulations,
        options.seed,
        tuple(options.fix),
        options.starts,
        tuple(options.ranges),
    )
    _check(options, asked)
    check_asked(asked)
    check(options.scheduler)
    done = open_folder(asked, options.out)
    waiting = [job for job in jobs_of(asked) if job not in done]
    found = [*done.values(), *shown(compute(asked, waiting, options.out, options.workers, options.scheduler), len(waiting), "fitting")]
    result = conclude(asked, found, options.out)
    if not options.json:
        say(options, words(result))
    return result


def _trials(options: argparse.Namespace) -> tuple[int, ...]:
    from protocols.errors import BadInput
    from protocols.lint import first_condition
    from protocols.load import load_protocol
    from protocols.schedule import trial_count

    if options.trials is None:
        protocol = load_protocol(options.protocol).protocol
        return (trial_count(protocol, first_condition(protocol)),)
    if not all(word.isdecimal() and int(word) > 0 for word in options.trials.split(",")):
        raise BadInput(f"--trials {options.trials}: expected whole numbers above 0, such as 200,600")
    return tuple(int(word) for word in options.trials.split(","))


def _check(options: argparse.Namespace, asked: Any) -> None:
    from protocols.errors import BadInput

    check_seed(options.seed)
    check_least(options, simulations=1, starts=1, workers=1)
    if asked.fix and len(asked.learners) > 1:
        raise BadInput("--fix is for one learner; leave it out, or name one --learner")
    if len(set(asked.learners)) < len(asked.learners):
        raise BadInput(f"--learner {options.learner}: a learner is named twice")


def words(result: dict[str, Any]) -> str:
    """The summary for a person's eyes."""
    lines = []
    for trials, found in result["results"].items():
        for name, summary in found["parameters"].items():
            lines.append(f"{name}, {trials} trials, {summary['sets']} data sets; best optimum found in {summary['best_found']:.0%}")
            lines += [_line(parameter, values) for parameter, values in summary["parameters"].items()]
        if "confusion" in found:
            lines.append(f"p(fit | simulated), {trials} trials: " + ", ".join(result["learners"]))
            lines += [
                f"  {name:<20} " + " ".join(f"{p:5.2f}" for p in row)
                for name, row in zip(result["learners"], found["confusion"], strict=True)
            ]
    return "\n".join(lines)


def _line(parameter: str, values: dict[str, Any]) -> str:
    r, median, coverage = ("n/a" if values[key] is None else f"{values[key]:.2f}" for key in ("r", "r_median", "coverage"))
    return (
        f"  {parameter:<32} r {r:>5} (medians {median:>5})  bias {values['bias']:+.2f}  rmse {values['rmse']:.2f} ({values['scale']})"
        f"  coverage {coverage} ({values['closed']:.0%} closed)  told in {values['identifiable']:.0%}"
    )
