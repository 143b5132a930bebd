"""``twinrig pilot``: a session with a simulated participant, through the real input path."""

import argparse
from typing import Any

from rig.commands.run import add_session_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``pilot``."""
    parser.add_argument("protocol", metavar="PROTOCOL", help="a name in the library (twinrig protocol list), or the path of a file")
    parser.add_argument("--trials", type=int, metavar="N", help="end after N completed trials (default: the whole protocol)")
    add_session_arguments(parser, "mouse")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Take the next free pilot code, run the session, and write its report beside the data."""
    from rig.commands import session
    from rig.session.plan import new_plan

    plan = new_plan(
        options.protocol,
        None,
        1,
        options.device,
        simulated=True,
        data=options.data,
        seed=options.seed,
        trials=options.trials,
        windowed=options.windowed,
        twin=not options.no_twin,
        infer=options.infer,
        replay=options.replay,
        port=options.port,
    )
    return session.run(plan, options, new=True)
