"""``twinrig export``: sessions as a BIDS dataset."""

import argparse
from pathlib import Path
from typing import Any

from rig.cli import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``export``."""
    parser.add_argument("sessions", type=Path, nargs="+", metavar="SESSION_DIR", help="folders of sessions")
    parser.add_argument("--bids", type=Path, required=True, metavar="DIR", help="folder of the dataset; new, or empty")
    parser.add_argument("--fit", type=Path, metavar="DIR", help="what twinrig fit wrote: adds the learner's latent variables to the events")
    parser.add_argument("--accept-simulated", action="store_true", help="export simulated sessions; the dataset says so")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Write the dataset."""
    from rig.bids.export import export_bids

    result = export_bids(options.sessions, options.bids, options.accept_simulated, options.fit).to_dict()
    if not options.json:
        say(options, f"{result['sessions']} sessions of {result['participants']} participants in {options.bids}")
    return result
