"""``twinrig resume``: go on with a session that was interrupted."""

import argparse
from pathlib import Path
from typing import Any

from rig.commands.run import add_watch_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``resume``."""
    parser.add_argument("session", type=Path, metavar="SESSION_DIR", help="folder of the session")
    parser.add_argument("--port", metavar="PATH", help="of the manipulandum, where it is another one by now")
    parser.add_argument("--windowed", action="store_true", help="in a window rather than on the full screen")
    add_watch_argument(parser)


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Give the trials that are left, of the same schedule."""
    from dataclasses import replace

    from rig.commands import session
    from rig.session.attachment import check_port
    from rig.session.plan import resumed_plan

    plan = resumed_plan(options.session)
    plan = replace(plan, windowed=plan.windowed or options.windowed, port=options.port or plan.port)
    check_port(plan.device, plan.port, plan.simulated)
    return session.run(plan, options, new=False)
