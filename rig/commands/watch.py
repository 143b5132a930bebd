"""``twinrig watch``: a session as a page in the browser, while it runs or afterwards."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``watch``."""
    parser.add_argument("session", type=Path, nargs="?", metavar="SESSION_DIR", help="folder of the session (default: the newest one here)")
    parser.add_argument("--port", type=int, metavar="N", help="port of the page (default: 5106, or the next free one)")
    parser.add_argument("--network", action="store_true", help="let other machines open the page, too; they need its token")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Serve the page until Ctrl+C."""
    from rig.monitor.start import newest_session, serve

    def say(address: str) -> None:
        print(f"open {address}\nCtrl+C ends the page; the session goes on without it", file=sys.stderr, flush=True)

    folder = options.session or newest_session()
    serve(folder, options.port, options.network, say)
    return {"session": str(folder)}
