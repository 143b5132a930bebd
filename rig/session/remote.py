"""The experimenter's page as the session hears it: commands and notes, each kept as an event; what has no token is refused, and counted."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rig.clock import now
from rig.monitor.channel import ACKNOWLEDGED, Command, CommandChannel
from rig.monitor.control import Control, new_control, remove_control, write_control
from rig.session.equipment import Rig

TELLING = 5.0  # s between two events on what was refused, however much it is
FROM = "page"  # who commanded, in the events; keys at the rig say nothing


@contextmanager
def open_remote(folder: Path) -> Iterator["Remote"]:
    """Listen for the page's commands, and say in the session's folder how they have to be sent.

    Raises:
        BadInput: the folder can't be written.
    """
    with CommandChannel() as channel:
        control = new_control(channel.port)
        write_control(folder, control)
        try:
            yield Remote(channel, control)
        finally:
            remove_control(folder)


class Remote:
    """The session's ear; made by ``open_remote``."""

    def __init__(self, channel: CommandChannel, control: Control) -> None:
        self._channel, self._control = channel, control
        self._refused: Counter[str] = Counter()
        self._told = now()

    def hear(self, rig: Rig, trial: int | None) -> str:
        """The last wish among what has come in: pause, resume, end, or "". All of it is kept as events; never waits."""
        heard = self._channel.poll(self._control)
        self._refused.update(heard.refused)
        if self._refused and now() - self._told >= TELLING:
            self.tell(rig)
        wish = ""
        for command in heard.commands:
            wish = self._keep(rig, command, trial) or wish
        if heard.commands:
            rig.journal.flush()
        return wish

    def tell(self, rig: Rig) -> None:
        """Keep as events what was refused since the last time."""
        for why, count in self._refused.items():
            rig.event("command_refused", why=why, count=count)
        self._refused.clear()
        self._told = now()
        rig.journal.flush()

    @staticmethod
    def _keep(rig: Rig, command: Command, trial: int | None) -> str:
        if command.action == "note":
            rig.event("experimenter_note", trial=trial, text=command.text, written=command.written)
        elif command.action == "acknowledge":
            rig.event(ACKNOWLEDGED, key=command.text)
        elif command.action != "resume":  # the session says itself when it goes on
            rig.event(f"experimenter_{command.action}", trial=trial, by=FROM)
        return "" if command.action in ("note", "acknowledge") else command.action
