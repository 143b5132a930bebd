"""``twinrig trials``: the trials table out of a journal, also of one that a kill -9 left behind."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``trials``."""
    parser.add_argument("session", type=Path, metavar="SESSION_DIR", help="folder of the session")
    parser.add_argument("--out", type=Path, metavar="FILE", help="file to write: .tsv (with .json), .csv, .csv.gz or .parquet")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Write the table to a file, or print it as tab-separated values."""
    from rig.tables.trials import trials_table, write_text, write_trials

    columns, rows = trials_table(options.session)
    if options.out:
        write_trials(columns, rows, options.out)
    elif not options.json:
        write_text(columns, rows, sys.stdout, "\t")
    result: dict[str, Any] = {"session": str(options.session), "trials": len(rows)}
    return result | ({"out": str(options.out)} if options.out else {"rows": rows})
