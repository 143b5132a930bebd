"""A private virtual screen (Xvfb), for pilots and tests on machines without one: ``python -m rig.virtual_screen COMMAND...``."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from devices.process import set_priority
from protocols.errors import TwinrigError

#: Starts a command that the kernel ends with the thread that started it: a killed session or test leaves no server behind.
_TIED = ("setpriv", "--pdeathsig", "TERM")


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
    if not shutil.which(command[0]):
        raise TwinrigError(f"{command[0]} isn't installed: {remedy}")
    reader, writer = os.pipe()
    words = [*_TIED, *command, "-displayfd", str(writer)] if shutil.which(_TIED[0]) else [*command, "-displayfd", str(writer)]
    try:
        server = subprocess.Popen(words, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
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
