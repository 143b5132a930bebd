"""``twinrig simulate``: a learner practises a protocol, any number of times."""

import argparse
import sys
from pathlib import Path
from typing import Any

from rig.cli import check_least, check_seed, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``simulate``."""
    parser.add_argument("protocol", metavar="PROTOCOL", help="a name in the library (twinrig protocol list), or the path of a file")
    add_learner_arguments(parser)
    parser.add_argument("--trials", type=int, metavar="N", help="trials of each simulation (default: the whole protocol)")
    parser.add_argument("--simulations", type=int, default=1, metavar="K", help="how many (default: 1)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of all randomness (default: 0)")
    parser.add_argument("--condition", metavar="NAME", help="counterbalancing condition (default: the first)")
    parser.add_argument("--session", type=int, default=1, metavar="N", help="session of a study over several (default: 1)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="table to write: .parquet, .tsv (with .json), .csv or .csv.gz"
    )


def add_learner_arguments(parser: argparse.ArgumentParser) -> None:
    """How a learner is chosen."""
    parser.add_argument("--learner", required=True, metavar="NAME", help="learner, as twinrig learners lists them")
    words = "an option or a parameter of the learner, such as initial_mean=85,3.5; may be given many times"
    parser.add_argument("--set", action="extend", nargs="+", default=[], metavar="KEY=VALUE", help=words)


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Simulate and write the table."""
    from protocols.lint import first_condition
    from protocols.load import load_protocol
    from rig.whole_loops import compile_loops_whole

    loaded = load_protocol(options.protocol)
    if loaded.protocol.task.kind != "arc":  # whose matrices are large: XLA's library multiplies them four times as fast
        compile_loops_whole()
    from rig.models.simulation import Order, simulate_to

    check_least(options, simulations=1)
    check_seed(options.seed)
    condition = first_condition(loaded.protocol) if options.condition is None else options.condition
    order = Order(options.learner, options.set, options.trials, options.simulations, options.seed, condition, options.session)
    result = simulate_to(options.out, loaded, order)
    if "trouble" in result:
        print(f"twinrig simulate: {result['trouble']}", file=sys.stderr)
    if not options.json:
        say(options, f"{result['simulations']} x {result['trials']} trials in {options.out} ({result['seconds']:.3g} s of arithmetic)")
    return result
