"""``twinrig measure``: learning curves, TNC costs, bias and variance, lag 1, speed and accuracy, tangling."""

import argparse
from pathlib import Path
from typing import Any

from rig.cli import say
from rig.commands.predict import add_table_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``measure``."""
    words = "trials tables (.tsv, .csv, .csv.gz or .parquet), or folders of sessions, which hold the hand's paths too"
    parser.add_argument("trials", type=Path, nargs="+", metavar="TRIALS", help=words)
    parser.add_argument("--protocol", metavar="PROTOCOL", help="the protocol that they follow (default: a session's own; tables: none)")
    words = "how TNC costs are found: centre (mean or median), grid, span (SDs) or steps; may be given many times"
    parser.add_argument("--tnc", action="append", default=[], metavar="KEY=VALUE", help=words)
    add_table_arguments(parser)
    words = "table to write: .tsv (with .json), .csv, .csv.gz or .parquet; must not exist yet"
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=words)


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, write the table, and say what could not be computed, and why."""
    from protocols.load import load_protocol
    from rig.tables.measure import measure_to, read_settings
    from rig.tables.tables import Source

    loaded = load_protocol(options.protocol) if options.protocol else None
    source = Source(options.trials, options.column, options.derive, options.accept_simulated)
    result = measure_to(options.out, source, loaded, read_settings(options.tnc))
    if not options.json:
        say(options, f"{result['computed']} numbers of {len(result['participants'])} participants in {options.out}")
        for what, why in result["not_computed"].items():
            say(options, f"  {what}: {why}")
    return result
