"""How a page finds the session's process, and proves that it may command it: a file that only the session's user can read."""

import contextlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import NamedTuple

import psutil

from protocols.errors import BadInput

CONTROL = "control.json"


class Control(NamedTuple):
    """What the session of one start says of itself. Whoever knows the token may command it."""

    token: str
    port: int  # UDP, on the loopback interface
    process: int
    born: float  # s since 1970: another process may get the same number later

    def alive(self) -> bool:
        """Whether that process still runs."""
        try:
            return abs(psutil.Process(self.process).create_time() - self.born) < 1.0
        except psutil.NoSuchProcess:
            return False

    def allows(self, token: str) -> bool:
        """Whether it is the token. Takes as long whatever is wrong with it."""
        return hmac.compare_digest(self.token.encode(), token.encode())


def new_control(port: int) -> Control:
    """Of this process, with a token that nobody knows yet."""
    return Control(secrets.token_urlsafe(32), port, os.getpid(), psutil.Process().create_time())


def write_control(folder: Path, control: Control) -> None:
    """Put it into the session's folder, readable for this user alone; an earlier start's is replaced.

    Raises:
        BadInput: the folder can't be written.
    """
    draft = folder / f".{CONTROL}.{os.getpid()}"
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(control._asdict(), file)
        draft.replace(folder / CONTROL)
    except OSError as error:
        raise BadInput(f"{folder}: can't be written ({error.strerror}); correct its rights") from error


def read_control(folder: Path) -> Control | None:
    """What the session says of itself; None where none runs, or this user may not know."""
    try:
        found = json.loads((folder / CONTROL).read_text(encoding="utf-8"))
        return Control(str(found["token"]), int(found["port"]), int(found["process"]), float(found["born"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_control(folder: Path) -> None:
    """Take it away when the session ends."""
    with contextlib.suppress(OSError):
        (folder / CONTROL).unlink()
