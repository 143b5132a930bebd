"""``twinrig check``: measure the rig before a participant sits down."""

import argparse
from typing import Any

from rig.cli import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``check``."""
    parser.add_argument("protocol", nargs="?", metavar="PROTOCOL", help="check against this protocol too")
    parser.add_argument("--device", default="mouse", metavar="NAME", help="input device (default: mouse)")
    parser.add_argument("--port", metavar="PATH", help="with --device manipulandum: its serial port")
    parser.add_argument("--windowed", action="store_true", help="in a window rather than on the full screen")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print each finding, and keep the answer with the rig's settings, from where sessions take it along."""
    from devices.registry import check_axes, find_device
    from protocols.load import load_protocol
    from protocols.task import ONE_HAND
    from rig.check.check import as_stored, run_check
    from rig.check.kept import keep
    from rig.session.attachment import NAME, check_port, hardware
    from rig.session.input import open_device
    from rig.settings import load_settings

    find_device(options.device)
    check_port(options.device, options.port, simulated=False)
    attachment = hardware(options.port) if options.device == NAME else None
    protocol = load_protocol(options.protocol).protocol if options.protocol else None
    axes = protocol.task.axes if protocol else ONE_HAND
    check_axes(options.device, axes)
    settings = load_settings()
    result = run_check(
        protocol,
        lambda window: open_device(options.device, window, axes=axes, attachment=attachment),
        settings,
        options.windowed,
        say=lambda words: say(options, words),
    )
    stored = as_stored(result, options.device, protocol.name if protocol else None, options.windowed)
    keep(stored)
    say(options, result.text())
    return stored
