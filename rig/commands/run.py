"""``twinrig run``: a participant's session."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``run``."""
    parser.add_argument("protocol", metavar="PROTOCOL", help="a name in the library (twinrig protocol list), or the path of a file")
    parser.add_argument("--participant", required=True, metavar="CODE", help="code of the participant: letters and digits, never a name")
    parser.add_argument("--session", type=int, metavar="N", help="number of the session (default: 1, or the one after --continue-from)")
    parser.add_argument("--continue-from", type=Path, metavar="SESSION_DIR", help="go on from an earlier session: its condition, its twin")
    parser.add_argument("--language", metavar="CODE", help="language of the texts, such as de (default: the protocol's first)")
    add_session_arguments(parser, "mouse")


def add_session_arguments(parser: argparse.ArgumentParser, device: str) -> None:
    """What ``run`` and ``pilot`` share."""
    parser.add_argument("--device", default=device, metavar="NAME", help=f"input device, as twinrig devices lists them (default: {device})")
    parser.add_argument("--port", metavar="PATH", help="with --device manipulandum: its serial port, by a name that stays")
    parser.add_argument(
        "--replay", type=Path, metavar="SESSION_DIR", help="with --device replay: the session to play again, or its XDF file"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (default: as the rig's settings say; pilots/ for simulations)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of all randomness (default: drawn, and kept)")
    parser.add_argument("--windowed", action="store_true", help="in a window rather than on the full screen")
    parser.add_argument("--no-twin", action="store_true", help="without learners beside the session")
    parser.add_argument("--infer", action="store_true", help="infer the participant's learning rates and noise after each trial")
    add_watch_argument(parser)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="save a picture of each stage of the second trial there")


def add_watch_argument(parser: argparse.ArgumentParser) -> None:
    """What every start of a session takes."""
    parser.add_argument("--watch", action="store_true", help="with a page in the browser, as of twinrig watch; its address is printed")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Make the session's folder and run all of its trials."""
    from devices.registry import WITHOUT_HARDWARE
    from rig.commands import session
    from rig.session.plan import new_plan

    plan = new_plan(
        options.protocol,
        options.participant,
        options.session,
        options.device,
        simulated=options.device in WITHOUT_HARDWARE,
        data=options.data,
        seed=options.seed,
        language=options.language,
        windowed=options.windowed,
        twin=not options.no_twin,
        infer=options.infer,
        continue_from=options.continue_from,
        replay=options.replay,
        port=options.port,
    )
    return session.run(plan, options, new=True)
