"""The parts of a session that come after its window: device, streams, recorder, simulated participant, and the loop itself."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from analysis.simulate import LearnerActor
from devices.device import Player
from devices.player import PlayerProcess
from protocols.errors import DeviceError, RecorderError
from protocols.history import Committed
from protocols.schedule import base_schedule
from protocols.task import Outcome, Task
from protocols.task import Path as HandPath
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig import folder as folders
from rig.calibration.in_force import in_force
from rig.clock import now, wait_until
from rig.journal.reader import read_journal
from rig.journal.writer import JournalWriter
from rig.models.learner_choice import participant_choice, targets_of
from rig.screen.page_words import page_words
from rig.screen.pages import Pages, Person, SimulatedResponder
from rig.screen.pictures import Pictures
from rig.screen.window import Window
from rig.session import attachment as attachments
from rig.session.attachment import Attachment, VirtualPointers
from rig.session.choosing import Choosing, open_choosing
from rig.session.equipment import Rig
from rig.session.input import DeviceSlot, open_player
from rig.session.judge import Judge
from rig.session.opening import Opened
from rig.session.participant import SimulatedParticipant, homing
from rig.session.plan import Plan
from rig.session.remote import open_remote
from rig.session.replay import ReplayedParticipant
from rig.session.session import Session
from rig.streams.outlets import MotionPublisher, SessionStreams, check_loopback
from rig.streams.recorder import Recorder
from rig.twin.twin import JournalFollower

LONGEST_PATH = 4096  # samples; a longer movement compiles once more

_RECORDERS = 3  # that are tried before the first trial


@contextmanager
def open_parts(
    opened: Opened,
    window: Window,
    twin: JournalFollower | None,
    inference: JournalFollower | None,
    journal: JournalWriter,
    say: Callable[[str], None],
    pictures: Path | None,
) -> Iterator[Session]:
    """Device, streams and recorder of a session that has its window, and the session itself.

    The judge compiles while the device opens. The recorder is last to open and first to close, so that it loses nothing.

    Raises:
        DeviceError, StreamError, RecorderError: a part did not open.
        BadInput: the twin's or the participant's learner can't be used.
    """
    plan, origin = opened.plan, opened.origin
    with ExitStack() as stack:
        check_loopback()
        task = make_task(plan.protocol)
        left, bottom, right, top = task.extent()
        window.look_at(((left + right) / 2, (bottom + top) / 2), plan.protocol.workspace.display_scale)
        judge = Judge(task, LONGEST_PATH)
        choosing = stack.enter_context(open_choosing(plan, task))
        warm = threading.Thread(target=_warm, args=(judge, choosing, plan, task))
        warm.start()
        workspace = Workspace(task.hand_origin, plan.protocol.workspace.hand_scale)
        attachment = _attach(opened, journal.start, stack)
        device = stack.enter_context(DeviceSlot(plan.device, window, MotionPublisher(origin), task.axes, attachment))
        player = stack.enter_context(open_player(plan.device, window, device)) if plan.simulated else None
        calibrated = in_force(plan.protocol, plan.settings, window.screen_size_px, device.info, refusing=not plan.simulated)
        streams = stack.enter_context(SessionStreams(origin))
        history = _history(plan)
        participant = _find_participant(plan, task, workspace, player, history) if player else None
        warm.join()
        others = [device.info.kind]
        if twin is not None:
            twin.wait_ready()
            others.append("twin")
        if inference is not None:
            inference.wait_ready()
            others.append("live")
        sources = (*streams.source_ids, *map(origin.source_id, others))
        opened.recorder = recorder = stack.enter_context(Recorder(plan.folder / f"start-{journal.start}.xdf", sources))
        _confirm(recorder, streams)
        opened.device = device.info.kind
        journal.update_start({"device": device.info._asdict(), "calibrations": calibrated.stored(), "xdf": recorder.files[0].name})
        responder = SimulatedResponder(window, _answers(plan)) if participant else Person(window)
        pages = Pages(window, responder, words=page_words(plan.language, plan.protocol.texts.get(plan.language)))
        rig = Rig(plan, task, workspace, judge, window, pages, device, journal, streams, recorder, twin, inference, participant, say)
        rig.choosing, rig.pictures = choosing, Pictures(pictures) if pictures else None
        for note in (*window.notes, *device.info.notes, *calibrated.complaints):
            say(note)
        rig.remote = stack.enter_context(open_remote(plan.folder))
        session = Session(rig, history)
        try:
            yield session
        finally:
            rig.remote.tell(rig)
            for follower in (rig.twin, rig.inference):
                if follower is not None:
                    _let_finish(follower, len(session.history))
            recorder.catch_up(streams)
            opened.events = streams.events.counter
            if isinstance(attachment, Attachment):
                with suppress(DeviceError):
                    journal.update_start({"manipulandum": device.command("report")})
            if isinstance(player, PlayerProcess):
                with suppress(DeviceError):  # one that failed has said so already
                    device.read()
                    journal.update_start({"pointer": {"injected": player.injected(), "received": device.status().samples}})


def _attach(opened: Opened, start: int, stack: ExitStack) -> Attachment | VirtualPointers | None:
    """What the manipulandum is attached to, or the virtual pointers; None with other devices."""
    plan = opened.plan
    if opened.sockets is not None:
        return VirtualPointers(opened.sockets)
    if plan.device != attachments.NAME:
        return None
    if plan.simulated:
        return stack.enter_context(attachments.on_bench(plan.protocol.task.kind, (plan.folder / f"truth-{start}.f64")))
    return attachments.hardware(plan.port)


def _confirm(recorder: Recorder, streams: SessionStreams) -> None:
    """See that it records; under load LabRecorder may miss a stream that is there, so it is tried again."""
    for _ in range(_RECORDERS - 1):
        with suppress(RecorderError):
            recorder.confirm(streams)
            return
        recorder.restart()
    recorder.confirm(streams)


def _let_finish(follower: JournalFollower, trials: int, patience: float = 5.0) -> None:
    """Give it time to learn from the last trial, so that the recording has its answer."""
    deadline = now() + patience
    while follower.alive() and follower.trial < trials and now() < deadline:
        follower.poll()
        wait_until(now() + 0.01)


def _warm(judge: Judge, choosing: Choosing | None, plan: Plan, task: Task) -> None:
    """Compile what a trial calls, before a participant waits for it."""
    if choosing is not None:
        choosing.warm()
    trial = base_schedule(plan.protocol, plan.condition, plan.seed)[0]
    posture, buttons = task.start_posture(trial)
    still = HandPath(np.array([0.0, 0.001]), np.array([posture, posture], float), np.array([buttons, buttons]), 2)
    judge(still, trial)


def _history(plan: Plan) -> list[Committed]:
    with read_journal(plan.folder / folders.JOURNAL) as journal:
        return journal.committed()


def _find_participant(
    plan: Plan, task: Task, workspace: Workspace, player: Player, history: list[Committed]
) -> SimulatedParticipant | ReplayedParticipant:
    if plan.replay is not None:
        return ReplayedParticipant(plan.replay, task, workspace, player)
    return _participant(plan, task, workspace, player, history)


def _participant(plan: Plan, task: Task, workspace: Workspace, player: Player, history: list[Committed]) -> SimulatedParticipant:
    given = plan.protocol.participant
    choice = participant_choice(plan.protocol, task, plan.loaded.path.parent)
    actor = LearnerActor(choice.learner, choice.params(), targets_of(plan.protocol), plan.seed)
    participant = SimulatedParticipant(
        actor, task, workspace, player, plan.seed, (given.reaction_time, given.reaction_time_sd), given.motor_sd
    )
    participant.catch_up(history)
    _rehearse(participant, LearnerActor(choice.learner, choice.params(), targets_of(plan.protocol), plan.seed), plan, task)
    return participant


def _rehearse(participant: SimulatedParticipant, double: LearnerActor, plan: Plan, task: Task) -> None:
    """Compile what a simulated participant needs within a trial. A double learns, so that the participant stays as it is."""
    trial = base_schedule(plan.protocol, plan.condition, plan.seed)[0]
    action = double.act(trial)
    participant.path_of(action, trial)
    posture, buttons = task.start_posture(trial)
    homing(np.asarray(posture), np.asarray(posture), buttons)
    zero = Outcome(*(np.float64(0.0) for _ in Outcome._fields))
    double.learn(Committed(trial, "completed", action, zero, 0.0, False))


def _answers(plan: Plan) -> dict[str, Any]:
    """What a simulated participant answers: what has to be answered so that the session may begin."""
    questions = (*plan.protocol.questions.before, *plan.protocol.questions.after)
    return {question.key: question.required for question in questions if question.required is not None}
