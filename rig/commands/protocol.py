"""``twinrig protocol list|show|check``."""

import argparse
from functools import partial
from typing import Any

from protocols.errors import BadInput
from rig.cli import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``protocol``."""
    parser.add_argument("action", choices=("list", "show", "check"), help="list the library, show a protocol's file, or check one")
    parser.add_argument("protocol", nargs="?", metavar="PROTOCOL", help="a name in the library, or the path of a file")
    parser.add_argument("--condition", metavar="NAME", help="check: the counterbalancing condition (default: the first)")
    parser.add_argument("--session", type=int, default=1, metavar="N", help="check: the session of a study over several (default: 1)")
    parser.add_argument("--brief", action="store_true", help="check: leave out the list of all trials")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """List, show or check; the result is also printed as words."""
    from protocols.load import load_protocol
    from rig import protocol_command as command

    if options.action == "list":
        if options.protocol is not None:
            raise BadInput(f"protocol list: it takes no PROTOCOL; type twinrig protocol show {options.protocol}")
        result = command.list_protocols()
        words = command.list_words(result)
    elif options.protocol is None:
        raise BadInput(f"protocol {options.action}: expected a PROTOCOL; name one of twinrig protocol list, or a file")
    elif options.action == "show":
        result = command.show(load_protocol(options.protocol))
        words = command.show_words(result)
    else:
        from rig.models.learner_choice import check_learners
        from rig.models.rehearsal import rehearse

        loaded = load_protocol(options.protocol)
        check_learners(loaded.protocol, loaded.path)
        result = command.check(loaded, options.condition, options.session, simulate=partial(rehearse, loaded.path.parent))
        words = command.check_words(result, every_trial=not options.brief)
    if not options.json:
        say(options, words)
    return result
