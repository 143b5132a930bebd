"""``twinrig predict``: the yoked twin offline, over a trials table of ours or of someone else's."""

import argparse
import sys
from pathlib import Path
from typing import Any

from rig.cli import say
from rig.commands.simulate import add_learner_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``predict``."""
    parser.add_argument("trials", type=Path, nargs="+", metavar="TRIALS", help="trials tables: .tsv, .csv, .csv.gz or .parquet")
    parser.add_argument("--protocol", required=True, metavar="PROTOCOL", help="the protocol that they follow")
    add_learner_arguments(parser)
    add_table_arguments(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="table to write: .parquet, .tsv (with .json), .csv or .csv.gz"
    )


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """How tables are read."""
    words = "call a column by the name it has here, such as action_reach_angle_deg=hand_theta"
    parser.add_argument("--column", action="append", default=[], metavar="NEW=OLD", help=words)
    parser.add_argument("--derive", action="append", default=[], metavar="NEW=EXPRESSION", help='make a column, such as "hit=tgtsize>10"')
    parser.add_argument("--accept-simulated", action="store_true", help="take simulated trials too; the result says so")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Predict and write the table."""
    from rig.arithmetic import work_without_idle_threads

    work_without_idle_threads()
    from protocols.load import load_protocol
    from rig.models.prediction import predict_to
    from rig.tables.tables import Source

    loaded = load_protocol(options.protocol)
    source = Source(options.trials, options.column, options.derive, options.accept_simulated)
    result = predict_to(options.out, loaded, source, options.learner, options.set)
    if "trouble" in result:
        print(f"twinrig predict: {result['trouble']}", file=sys.stderr)
    if not options.json:
        for one in result["participants"]:
            say(options, _words(one))
        say(options, str(options.out))
    return result


def _words(one: dict[str, Any]) -> str:
    if one["log_likelihood"] is None:
        return f"{one['participant']}: no likelihood; {one['fault']}"
    said = f"log-likelihood {one['log_likelihood']:.2f} over {one['predicted']} trials, growth of a shift {one['shift_growth']:.3g}"
    return f"{one['participant']}: {said}" + ("" if one["reliable"] else ": unreliable")
