"""``twinrig rescore``: judge the movements of a finished session by another protocol's rules, into a new table."""

import argparse
import sys
from pathlib import Path
from typing import Any

from rig.cli import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``rescore``."""
    parser.add_argument("session", type=Path, metavar="SESSION_DIR", help="folder of the session")
    words = "what to judge by: the session's own protocol with other rules; a name in the library, or the path of a file"
    parser.add_argument("--protocol", required=True, metavar="PROTOCOL", help=words)
    words = "table to write: .tsv (with .json), .csv, .csv.gz or .parquet; must not exist yet"
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=words)


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Judge again, write the table, and say what changed and what can't be trusted."""
    from protocols.load import load_protocol
    from rig.tables.rescore import rescore_to

    result = rescore_to(options.out, options.session, load_protocol(options.protocol))
    if lost := result["not_reproduced"]:
        print(
            f"twinrig rescore: {_listed(lost)}: the session's own protocol doesn't give what is stored, see 'reproduced'", file=sys.stderr
        )
    if open_ := result["unfinished"]:
        print(f"twinrig rescore: {_listed(open_)}: by these rules not over when the record of the trial ends", file=sys.stderr)
    if not options.json:
        hits = result["hits"]
        say(options, f"{result['judged']} of {result['trials']} trials judged again, {len(result['changed'])} changed; {options.out}")
        say(options, f"hits: {hits['stored']} as they were scored then, {hits['rescored']} now")
    return result


def _listed(trials: list[int], most: int = 10) -> str:
    more = f" and {len(trials) - most} more" if len(trials) > most else ""
    return f"trial{'s' * (len(trials) > 1)} {', '.join(map(str, trials[:most]))}{more}"
