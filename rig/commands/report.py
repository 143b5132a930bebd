"""``twinrig report``: a session, all sessions below a folder, or what was fitted, as HTML."""

import argparse
from pathlib import Path
from typing import Any

from rig.cli import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``report``."""
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="a session's folder, one with sessions below it, or the --out of fit, compare, recover, design",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="file to write; it must not exist yet")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Write the report."""
    from rig.report.report import report

    result = report(options.folder, options.out)
    if not options.json:
        say(options, str(options.out))
    return result
