"""The experimenter's commands on their way from the page's server to the session: datagrams on the loopback interface, each with the token.

The session looks once a frame, without waiting, at a few at most; what nobody reads the system drops. So nothing that is sent here, and
however much of it, makes a frame late.
"""

import contextlib
import socket
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rig.monitor.control import Control

LOOPBACK = "127.0.0.1"
LONGEST = 4096  # bytes
AT_ONCE = 8  # datagrams looked at in one frame
LONGEST_NOTE = 500  # characters
ACKNOWLEDGED = "alarm_acknowledged"  # the event by which the session keeps that somebody has seen an alarm

Action = Literal["pause", "resume", "note", "end", "acknowledge"]


class Command(BaseModel):
    """One wish of the experimenter."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    token: str = Field(max_length=128, repr=False)
    action: Action
    text: str = Field("", max_length=LONGEST_NOTE)  # of a note; of an acknowledgement the alarm's key
    written: float = Field(0.0, ge=0, allow_inf_nan=False)  # s since 1970 (UTC), when it was written on the page


class Heard(NamedTuple):
    """What came in since the last look."""

    commands: list[Command]
    refused: list[str]  # why, one for each


class CommandChannel:
    """The session's end, opened by ``with``."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        self._socket.bind((LOOPBACK, 0))
        self._socket.setblocking(False)
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._socket.getsockname()[1]

    def poll(self, control: Control) -> Heard:
        """The next few messages, if any. Never waits."""
        heard = Heard([], [])
        for _ in range(AT_ONCE):
            try:
                message = self._socket.recv(LONGEST + 1)
            except BlockingIOError:
                break
            except OSError:  # Windows reports here what happened to an answer that we never send
                continue
            command = understand(message, control)
            if isinstance(command, Command):
                heard.commands.append(command)
            else:
                heard.refused.append(command)
        return heard


def understand(message: bytes, control: Control) -> Command | str:
    """The command that a message is, or why it is refused."""
    if len(message) > LONGEST:
        return "too long"
    try:
        command = Command.model_validate_json(message)
    except ValidationError as error:
        missing = any(found["loc"] == ("token",) and found["type"] == "missing" for found in error.errors())
        return "no token" if missing else "malformed"
    return command if control.allows(command.token) else "wrong token"


def send(control: Control, action: Action, text: str = "", written: float = 0.0) -> bool:
    """Send a command to the session; whether it was sent. That it was heard shows in the journal."""
    command = Command(token=control.token, action=action, text=text[:LONGEST_NOTE], written=written)
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.sendto(command.model_dump_json().encode(), (LOOPBACK, control.port))
        return True
    return False
