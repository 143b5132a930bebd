"""Everything that is open during a session, as one value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocols.task import Task
from protocols.workspace import Workspace
from rig.clock import now
from rig.journal.writer import Event, JournalWriter
from rig.screen.pages import Pages
from rig.screen.pictures import Pictures
from rig.screen.window import Window
from rig.session.input import DeviceSlot
from rig.session.judge import Judge
from rig.session.participant import SimulatedParticipant
from rig.session.plan import Plan
from rig.session.replay import ReplayedParticipant
from rig.streams.outlets import SessionStreams
from rig.streams.recorder import Recorder
from rig.twin.twin import JournalFollower

if TYPE_CHECKING:
    from rig.session.choosing import Choosing
    from rig.session.remote import Remote


@dataclass
class Rig:
    """Everything that is open during a session."""

    plan: Plan
    task: Task
    workspace: Workspace
    judge: Judge
    window: Window
    pages: Pages
    device: DeviceSlot
    journal: JournalWriter
    streams: SessionStreams
    recorder: Recorder | None
    twin: JournalFollower | None
    inference: JournalFollower | None
    participant: SimulatedParticipant | ReplayedParticipant | None
    say: Callable[[str], None]  # to the experimenter's terminal
    choosing: "Choosing | None" = None  # what blocks leave open
    pictures: Pictures | None = None
    remote: "Remote | None" = None  # the experimenter's page

    def event(self, name: str, time: float | None = None, trial: int | None = None, **data: Any) -> None:
        """Keep an event in the journal and send it out; ``time`` is LSL's, None: now."""
        at = now() if time is None else time
        self.journal.event(Event(at, name, data, trial))
        self.streams.events.push({"event": name, "trial": trial, **data}, at)

    def words(self, key: str) -> str:
        """A text of the protocol, in the session's language."""
        return self.plan.protocol.words(key, self.plan.language)
