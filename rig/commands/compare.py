"""``twinrig compare``: which learner predicts the record, and does it look like the person?"""

import argparse
from typing import Any

from rig.cli import check_least, check_seed, say
from rig.commands.fit import add_record_arguments, add_work_arguments, progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``compare``."""
    add_record_arguments(parser)
    parser.add_argument("--learners", required=True, metavar="A,B,...", help="learners; the floors come in by themselves")
    parser.add_argument("--starts", type=int, default=20, metavar="N", help="local searches of each fit (default: 20)")
    parser.add_argument("--no-simulation", action="store_true", help="leave out free practice")
    add_work_arguments(parser)


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Compare, and say in words what has to be said."""
    from protocols.errors import BadInput
    from rig.arithmetic import work_without_idle_threads

    work_without_idle_threads()
    from rig.models.compare import Asked, compare_tables

    learners = options.learners.split(",")
    if len(set(learners)) < len(learners):
        raise BadInput(f"--learners {options.learners}: a learner is named twice")
    check_seed(options.seed)
    check_least(options, starts=1, workers=1)
    asked = Asked(
        options.trials,
        options.protocol,
        learners,
        options.starts,
        options.seed,
        options.column,
        options.derive,
        options.accept_simulated,
        not options.no_simulation,
    )
    result = compare_tables(asked, options.out, progress, options.workers, options.scheduler)
    if not options.json:
        say(options, words(result))
    return result


def words(result: dict[str, Any]) -> str:
    """The comparison for a person's eyes."""
    lines = []
    for person in result["participants"]:
        lines.append(f"{person['participant']}, {person['n_trials']} trials; gain: bits a trial over the best floor, blocks not fitted")
        lines += [_line(name, row) for name, row in sorted(person["learners"].items(), key=lambda item: item[1]["bic"])]
        lines += [f"  {sentence}" for sentence in person["verdict"]]
    if result["group"]:
        lines.append(f"all people: probability that all learners are equally frequent {result['group']['omnibus_risk']:.3g}")
        for name, row in result["group"]["learners"].items():
            lines.append(
                f"  {name:<36} share {row['frequency']:.2f}  protected exceedance {row['protected_exceedance']:.3f}"
                f"  best for {row['best_for']}  gain {row['gain']['mean']:+.3f} ({row['gain']['low']:+.3f} to {row['gain']['high']:+.3f})"
            )
    return "\n".join(lines)


def _line(name: str, row: dict[str, Any]) -> str:
    gain = {key: float("nan") if value is None else value for key, value in row["gain"].items()}
    return (
        f"  {name:<36} BIC {row['bic']:10.1f}  log-likelihood {row['log_likelihood']:10.2f}"
        f"  gain {gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"
    )
