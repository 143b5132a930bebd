"""``twinrig devices``: what can be named after ``--device``."""

import argparse
from typing import Any

from rig.cli import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has no options of its own."""


def main(options: argparse.Namespace) -> dict[str, Any]:
    """List the devices; of the mouse, whether its pointer is accelerated."""
    from devices.acceleration import find_acceleration
    from devices.registry import WORDS

    result: dict[str, Any] = {"devices": WORDS, "pointer_acceleration": find_acceleration()._asdict()}
    if not options.json:
        for name, words in WORDS.items():
            say(options, f"{name:<12} {words}")
        say(options, f"pointer acceleration: {result['pointer_acceleration']['words']}")
    return result
