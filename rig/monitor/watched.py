"""One session as all viewers of it share it: what was read, what the streams say, which alarms are acknowledged, and the way back."""

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rig.monitor.alarms import Alarm, acknowledged, alarms
from rig.monitor.channel import Action, send
from rig.monitor.control import Control, read_control
from rig.monitor.follow import Follower
from rig.monitor.live import Live
from rig.monitor.standing import Schedule, Standing, standing
from rig.report.data import SessionRecord

BETWEEN = 0.15  # s, at least, between two looks at the files; however many look on


@dataclass
class Watched:
    """A session that is looked at. Nothing is done where nobody looks."""

    folder: Path
    followed: Follower = field(init=False)
    standing: Standing = field(init=False)
    refused: Counter[str] = field(default_factory=Counter)  # requests from elsewhere, by why
    lost: int = 0  # samples, of all trials
    late: int = 0  # frames
    alive: bool = False  # whether the session's program runs
    _viewers: int = 0
    _alarms: list[Alarm] = field(default_factory=list)
    _acknowledged: set[str] = field(default_factory=set)
    _looked: float = 0.0

    def __post_init__(self) -> None:
        self.followed = Follower(self.folder)
        self.live = Live(self.followed)
        self._schedule = Schedule(self.followed.record)
        self._standing_of: tuple[int, bool] | None = None
        self.look()

    @property
    def control(self) -> Control | None:
        """The session's process, where it runs."""
        control = read_control(self.folder)
        return control if control is not None and control.alive() else None

    def look(self) -> None:
        """Bring everything up to date, unless that was done just now."""
        if time.monotonic() - self._looked < BETWEEN:
            return
        self._looked = time.monotonic()
        self.followed.poll()
        alive = self.control is not None
        if (self.followed.version, alive) != self._standing_of:
            self.standing = standing(self.followed.record, self._schedule, alive)
            self.trial = self._schedule.next(self.followed.record) if alive else None
            self._standing_of = (self.followed.version, alive)
            self._alarms = alarms(self.followed.record, self.standing.state)
            self._acknowledged |= acknowledged(self.followed.record)
            self.lost, self.late = (_sum(self.followed.record, name) for name in ("lost_samples", "late_frames"))
        self.alive = alive

    def entered(self) -> None:
        """Somebody opens a page."""
        self._viewers += 1

    def left(self) -> None:
        """Somebody has closed a page. After the last one the streams are let go, since to hear them costs something, too."""
        self._viewers -= 1
        if self._viewers == 0:
            self.live.close()

    def alarms(self) -> list[Alarm]:
        """Those that nobody has acknowledged."""
        return [alarm for alarm in (*self._alarms, *self._own()) if alarm.key not in self._acknowledged]

    def _own(self) -> list[Alarm]:
        """What the page's server itself has to tell."""
        told = [Alarm(f"refused-{why}-{count}", "warn", f"{count} requests refused: {why}") for why, count in self.refused.items()]
        if self.followed.trouble:
            told.append(Alarm(f"trouble-{self.followed.trouble}", "fail", self.followed.trouble))
        return told

    def acknowledge(self, key: str) -> None:
        """Take an alarm off the page, for all viewers; the session keeps it in its journal, where it runs."""
        self._acknowledged.add(key)
        self.command("acknowledge", key)

    def command(self, action: Action, text: str = "") -> bool:
        """Hand a command to the session; whether there is one to hand it to."""
        control = self.control
        return control is not None and send(control, action, text, time.time())

    def close(self) -> None:
        """Let go of the streams."""
        self.live.close()


def _sum(record: SessionRecord, name: str) -> int:
    return int(np.nansum(record.numbers(name)))
