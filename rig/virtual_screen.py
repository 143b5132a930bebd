"""A private virtual screen (Xvfb), for pilots and tests on machines without one: ``python -m rig.virtual_screen COMMAND...``."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from devices.process import set_priority
from protocols.errors import TwinrigError


@contextmanager
def virtual_screen(width: int = 1280, height: int = 1024) -> Iterator[str]:
    """Start Xvfb on a free display number, set ``DISPLAY`` to it for the time of the block, and give its name.

    Raises:
        TwinrigError: Xvfb isn't installed, or doesn't start.
    """
    command = ["Xvfb", "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"]
    with screen_of(command, "apt install xvfb, or use a real screen") as display:
        yield display


@contextmanager
def screen_of(command: list[str], remedy: str) -> Iterator[str]:
    """Start this X server on a free display number, set ``DISPLAY`` to it for the time of the block, and give its name.

    Raises:
        TwinrigError: it isn't installed, or doesn't start.
    """
    reader, writer = os.pipe()
    words = [*command, "-displayfd", str(writer)]
    try:
        server = subprocess.Popen(words, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError as error:
        os.close(reader)
        raise TwinrigError(f"{command[0]} isn't installed: {remedy}") from error
    finally:
        os.close(writer)
    with os.fdopen(reader) as stream:
        number = stream.readline().strip()
    set_priority("high", server.pid)  # it stands in for a graphics card, which waits for no other program
    before = os.environ.get("DISPLAY")
    try:
        if not number:
            raise TwinrigError(f"{command[0]} did not start: run it by hand to see why")
        os.environ["DISPLAY"] = f":{number}"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)
        os.environ.pop("DISPLAY", None)
        if before is not None:
            os.environ["DISPLAY"] = before


def main() -> int:
    """Run a command on a private screen and return its exit code; 2 where there can be no such screen."""
    try:
        with virtual_screen():
            return subprocess.run(sys.argv[1:], check=False).returncode
    except TwinrigError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
