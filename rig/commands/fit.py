"""``twinrig fit``: a learner fitted to the record, with how sure that is."""

import argparse
import sys
from pathlib import Path
from typing import Any

from rig.cli import check_least, check_seed, say
from rig.commands.predict import add_table_arguments


def add_record_arguments(parser: argparse.ArgumentParser) -> None:
    """What every command that fits trials tables takes."""
    parser.add_argument("trials", type=Path, nargs="+", metavar="TRIALS", help="trials tables: .tsv, .csv, .csv.gz or .parquet")
    parser.add_argument("--protocol", required=True, metavar="PROTOCOL", help="a name in the library, or the path of a file")
    add_table_arguments(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of all randomness (default: 0)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``fit``."""
    add_record_arguments(parser)
    parser.add_argument("--learner", required=True, metavar="NAME", help="one of twinrig learners")
    parser.add_argument("--method", choices=("ml", "bayes"), default="ml", help="ml: maximum likelihood; bayes: draws from the posterior")
    parser.add_argument("--fix", action="append", default=[], metavar="KEY=VALUE", help="an option, or a parameter that isn't fitted")
    parser.add_argument("--free", action="append", default=[], metavar="NAME", help="fit a parameter that usually isn't, such as retention")
    parser.add_argument("--first-trials", type=int, default=0, metavar="N", help="initial mean and SD are those of the first N actions")
    parser.add_argument("--starts", type=int, default=20, metavar="N", help="local searches (default: 20)")
    parser.add_argument("--hierarchical", action="store_true", help="bayes: all participants as one group")
    parser.add_argument("--prior", action="append", default=[], metavar="NAME=MIDDLE,SD", help="bayes: a prior; SD on the fitted scale")
    for name, count, meaning in (("draws", 1000, "kept of each chain"), ("warmup", 500, "before them"), ("chains", 4, "side by side")):
        parser.add_argument(f"--{name}", type=int, default=count, metavar="N", help=f"bayes: {meaning} (default: {count})")
    add_work_arguments(parser)


def add_work_arguments(parser: argparse.ArgumentParser) -> None:
    """Who computes many participants, and where results go."""
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1); no result depends on it")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler's address or file, or a file with a [slurm] table")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results; new, or of the same run, cut short")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Fit every participant, and say of each parameter how sure it is."""
    from rig.arithmetic import work_without_idle_threads

    if options.method == "ml":
        work_without_idle_threads()
    from rig.models.fits import Asked, fit_tables

    check_seed(options.seed)
    check_least(options, starts=1, workers=1, first_trials=0)
    asked = Asked(
        options.trials,
        options.protocol,
        options.learner,
        options.fix,
        options.free,
        options.first_trials,
        options.starts,
        options.seed,
        options.column,
        options.derive,
        options.accept_simulated,
    )
    bayes = options.method == "bayes"
    results = _bayes(options, asked) if bayes else fit_tables(asked, options.out, progress, options.workers, options.scheduler)
    if not options.json:
        for result in results:
            say(options, words(result))
    return {"out": str(options.out), "fits": results}


def _bayes(options: argparse.Namespace, asked: Any) -> list[dict[str, Any]]:
    from analysis.bayes.sampling import Sampling
    from protocols.errors import BadInput
    from rig.models.bayes_fits import Manner, bayes_tables

    if options.scheduler is not None or options.workers > 1:
        raise BadInput("--scheduler and --workers hand out fits by maximum likelihood; leave them out with --method bayes")
    check_least(options, draws=100, warmup=100, chains=1)
    sampling = Sampling(options.warmup, options.draws, options.chains, options.seed)
    return bayes_tables(asked, Manner(sampling, options.hierarchical, options.prior, sys.stderr.isatty()), options.out, progress)


def progress(words: str) -> None:
    """How far a run is, on standard error."""
    print(words, file=sys.stderr, flush=True)


def words(result: dict[str, Any]) -> str:
    """A fit for a person's eyes."""
    how = f"{result['starts_at_best']} of {len(result['reached'])} searches reached the best" if "reached" in result else result["verdict"]
    head = (
        f"{result['participant']}: {result['learner']}, {result['n_trials']} trials, log-likelihood {result['log_likelihood']:.2f}, "
        f"BIC {result['bic']:.1f}; {how}"
    )
    lines = [_line(name, found) for name, found in result["parameters"].items() if not found.get("fixed")]
    floors = [f"  floor {name}: log-likelihood {value:.2f}" for name, value in result["log_likelihood_floors"].items()]
    return "\n".join([head, *lines, *floors, *(f"  beware: {doubt}" for doubt in result["doubts"])])


def _line(name: str, found: dict[str, Any]) -> str:
    low, high = ("open" if end is None else f"{end:.4g}" for end in found["interval"])
    told = "" if found["identifiable"] else f"   NOT TOLD: {found['why']}"
    middle = f"median {found['median']:.4g}, " if "median" in found else ""
    return f"  {name:<32} {found['estimate']:.4g}   ({middle}95 %: {low} to {high}){told}"
