"""A session: trials in a row, pages between them, every trial committed before the next begins."""

import gc
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from protocols.errors import Aborted, DeviceError, JournalError, RecorderError, StreamError, TwinrigError
from protocols.history import Committed
from protocols.movement import Limits
from protocols.records import Certificate, trial_record
from protocols.scene import RED, Scene, Text
from protocols.schedule import block_of, foreperiod, next_trial, should_requeue
from protocols.task import MISSING, NO_OUTCOME, Stage, Task, Timing, Trial
from protocols.workspace import Workspace
from rig.clock import now
from rig.frames import FrameBatch
from rig.input import DeviceSlot
from rig.journal import Event, Frames, JournalWriter, Ticket
from rig.judge import Judge
from rig.page_scenes import Page
from rig.pages import Pages
from rig.participant import SimulatedParticipant
from rig.pictures import Pictures
from rig.plan import Plan
from rig.questions import Question
from rig.recorder import Recorder
from rig.sampling import SampleLog, rate_and_gap
from rig.streams import SessionStreams
from rig.trial import Durations, Hand, Result, TrialMachine
from rig.twin import TwinHandle
from rig.window import Window

HOPELESS = 20  # trials without one completed, after which a session that waits for completed ones ends


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
    twin: TwinHandle | None
    participant: SimulatedParticipant | None
    say: Callable[[str], None]  # to the experimenter's terminal
    pictures: Pictures | None = None


@dataclass
class Session:
    """The loop over trials. ``history`` holds what earlier starts have committed."""

    rig: Rig
    history: list[Committed]
    score: int = 0
    _log: SampleLog = field(default_factory=SampleLog)
    _hand: Hand = field(default_factory=lambda: Hand(np.full(2, MISSING), 0))
    _wish: str = ""  # of the experimenter, in the present trial: pause, quit, skip or repeat
    _fault: str = ""  # of the device, in the present trial
    _paged: bool = True  # whether something else than trials was shown since the last one

    def __post_init__(self) -> None:
        self.score = sum(_points(committed) for committed in self.history)
        self._protocol, self._plan = self.rig.plan.protocol, self.rig.plan
        self._limits = Limits(*(getattr(self._protocol.limits, name) for name in Limits._fields))
        self.rig.pages.tick = self._between_page_frames

    def run(self) -> None:
        """Give all trials that are left, with what stands before, between and after them.

        Raises:
            Aborted: a person ended it.
            JournalError: the journal can't be written, and the person gave up.
        """
        self._read()  # what came before the recorder ran isn't kept
        gc.freeze()  # what was made so far stays: collections between trials needn't look at it
        if not self.history:
            self._ask(self._protocol.questions.before)
            self._page("welcome")
        while (trial := self._next()) is not None:
            self._before_block(trial)
            self._give(trial)
        self._ask(self._protocol.questions.after)
        self._page("goodbye", self._bonus())

    def between_frames(self) -> None:
        """Keep samples, and look after the twin, while no trial runs."""
        try:
            self._log.add(self._read())
        except DeviceError as error:
            self._fault = str(error)
        self._look_after_twin()

    def _between_page_frames(self) -> None:
        self._paged = True
        self.between_frames()

    def _next(self) -> Trial | None:
        if self._plan.trials and len(self.history) >= HOPELESS and all(c.status != "completed" for c in self.history):
            raise TwinrigError(f"none of {len(self.history)} trials was completed: see the trials table for why, then pilot again")
        return next_trial(self._protocol, self._plan.condition, self._plan.seed, self.history, self._plan.trials)

    def _give(self, trial: Trial) -> None:
        """One trial from its presentation to its commit."""
        self._wish = ""
        self._mend_device()
        aim = self._ask_aim(trial) if trial.aim_report else MISSING
        started = self.rig.journal.begin_trial(trial.number, trial.attempt, trial.slot, now())
        machine = self._machine(trial)
        if self.rig.participant:
            self.rig.participant.begin(trial, machine.hand.position, now())
        gc.collect()
        gc.disable()  # a collection may take longer than a frame
        if self._paged:  # frames of pages and pauses are no trial's
            self.rig.window.frames.restart()
            self.rig.window.frames.take()
            self._paged = False
        try:
            while machine.stage != Stage.DONE:
                self._frame(machine)
        finally:
            gc.enable()
        self._settle(started)
        self._commit(machine, aim)
        self._fulfil()

    def _machine(self, trial: Trial) -> TrialMachine:
        limits, timing = self._protocol.limits, self._protocol.timing
        durations = Durations(timing.hold, foreperiod(trial, self._protocol, self._plan.seed), timing.feedback, limits.max_home_time)
        return TrialMachine(self.rig.task, trial, durations, self._limits, self.rig.workspace, self.rig.judge, self._hand)

    def _frame(self, machine: TrialMachine) -> None:
        """Read, decide, draw, flip."""
        window, time = self.rig.window, now()
        try:
            samples = self._read()
            self._log.add(samples)
            machine.feed(samples, time)
        except DeviceError as error:
            self._fault = str(error)
            machine.abort(time, "device_fault")
        window.draw(self._scene(machine, time))
        if self.rig.pictures:
            self.rig.pictures(window, machine, time)
        flip = window.flip()
        before = machine.stage
        machine.flipped(flip)
        self._log.flipped(flip)
        self.rig.streams.frames.push(flip, window.frames.last_work, machine.trial.number)
        if machine.stage == Stage.MOVEMENT != before and self.rig.participant:
            self.rig.participant.go(machine.trial, flip)
        self._send_events(machine)
        self._listen(machine)
        self._look_after_twin()

    def _scene(self, machine: TrialMachine, time: float) -> Scene:
        """The task's scene, and in the experiment's language what was wrong with the trial."""
        view = machine.view(time, self.score)
        scene = self.rig.task.scene(view, machine.trial)
        if view.stage != Stage.FEEDBACK or view.status in ("", "completed", "aborted", "device_fault"):
            return scene
        left, bottom, right, top = self.rig.task.extent()
        height = 0.05 * (top - bottom)
        words = Text("status", self._protocol.words(view.status, self._plan.language), ((left + right) / 2, top - 2 * height), height, RED)
        return Scene((*scene.shapes, words), scene.background)

    def _read(self) -> Any:
        samples = self.rig.device.read()
        if len(samples):
            self._hand = Hand(self.rig.workspace.from_device(samples.position[-1]), int(samples.buttons[-1]))
        return samples

    def _send_events(self, machine: TrialMachine) -> None:
        for time, name in machine.events:
            self._event(name, time=time, trial=machine.trial.number)
        machine.events.clear()

    def _event(self, name: str, time: float | None = None, trial: int | None = None, **data: Any) -> None:
        """Keep an event in the journal and send it out."""
        at = now() if time is None else time
        self.rig.journal.event(Event(at, name, data, trial))
        self.rig.streams.events.push({"event": name, "trial": trial, **data}, at)

    def _listen(self, machine: TrialMachine) -> None:
        """The experimenter's keys during a trial: P pause, S skip, R repeat, escape quit."""
        for key in self.rig.window.keys.poll():
            wish = {"p": "pause", "s": "skip", "r": "repeat", "escape": "quit"}.get(key.lower())
            if wish is None:
                continue
            self._wish = wish
            self._event(f"experimenter_{wish}", trial=machine.trial.number)
            if wish != "repeat":
                machine.abort(now())

    def _commit(self, machine: TrialMachine, aim: float) -> None:
        """Store the trial, wait for that, and only then count it."""
        assert machine.result is not None
        trial, result = machine.trial, machine.result
        self._send_events(machine)
        samples, lost, delay = self._log.take()
        frames = self.rig.window.frames.take()
        certificate = self._certificate(result, lost, delay, frames)
        broken = self._broken(certificate)
        again = self._wish == "repeat" or (result.status == "aborted" and self._wish in ("pause", "quit"))
        requeue = should_requeue(self._protocol, trial, result.status, broken, forced=again)
        judgement = result.judgement
        committed = Committed(
            trial,
            result.status,
            judgement.action if judgement else np.full(len(self.rig.task.action_names), MISSING),
            judgement.outcome if judgement else NO_OUTCOME,
            result.reward,
            requeue,
        )
        record = trial_record(
            self.rig.task,
            committed,
            start=self.rig.journal.start,
            phase=self._protocol.phases[trial.phase].name,
            timing=judgement.timing if judgement else Timing(MISSING, MISSING),  # type: ignore[arg-type]
            details=judgement.details if judgement else {},
            certificate=certificate,
            simulated=self._plan.simulated,
            feedback_shown=bool(trial.reward_shown) and judgement is not None,
            flagged=broken,
            go_time=result.go_time,
            aim_report=aim,
            intended_action=self.rig.participant.intended if self.rig.participant else None,
        )
        stored = self.rig.journal.commit_trial(
            committed, record, samples, frames=Frames(frames.flip_times, frames.work_times), go_time=result.go_time
        )
        self._rest(self._protocol.timing.inter_trial)
        self._settle(stored)
        self._count(committed, record)

    def _count(self, committed: Committed, record: dict[str, Any]) -> None:
        self.history.append(committed)
        self.score += _points(committed)
        self.rig.streams.trials.push({"event": "trial", **record})
        if self.rig.participant:
            self.rig.participant.learn(committed)

    def _certificate(self, result: Result, lost: int, delay: float, frames: FrameBatch) -> Certificate:
        """Of the movement itself, where there was one: a mouse is silent while the hand is still."""
        moved = np.empty(0)
        if result.path is not None and result.judgement is not None:
            timing = result.judgement.timing
            time = np.asarray(result.path.time)
            moved = time[(time >= timing.onset) & (time <= timing.end)]
        rate, gap = rate_and_gap(moved)
        return Certificate(rate, gap, lost, frames.late, delay)

    def _broken(self, certificate: Certificate) -> bool:
        limits = self._protocol.certificate
        pairs = (
            (certificate.largest_gap, limits.max_gap),
            (certificate.lost_samples, limits.max_lost),
            (certificate.late_frames, limits.max_late_frames),
        )
        return any(limit is not None and value > limit for value, limit in pairs)

    def _rest(self, seconds: float) -> None:
        """Time between trials, with frames going on so that the next trial begins in step."""
        end = now() + seconds
        while now() < end:
            self._empty_frame()

    def _settle(self, ticket: Ticket) -> None:
        """Wait for the journal, frame by frame; a fault is shown, and tried again when the experimenter says so."""
        while True:
            try:
                while not ticket.done():
                    self._empty_frame()
                return
            except JournalError as error:
                self.rig.say(str(error))
                self._page_of(Page("", f"{error}"))
                self.rig.journal.retry()

    def _empty_frame(self) -> None:
        window = self.rig.window
        window.draw(Scene(()))
        flip = window.flip()
        self.rig.streams.frames.push(flip, window.frames.last_work, 0)
        self.between_frames()

    def _fulfil(self) -> None:
        """What the experimenter wished during the trial, now that it is stored; and what has died meanwhile."""
        if self._wish == "pause":
            self.rig.pages.pause()
            self._event("resumed")
        if self._wish == "quit":
            self.rig.pages.confirm_quit()
        self._look_after_recorder()

    def _mend_device(self) -> None:
        """Wait for a device that works: say what is wrong, and open it anew when the experimenter says so."""
        while self._fault:
            self.rig.say(self._fault)
            self._event("device_fault", message=self._fault)
            fault, self._fault = self._fault, ""
            self._page_of(Page("", fault))
            try:
                self.rig.device.reopen()
                self._fault = ""  # the page's frames have met it again
                self._event("device_reopened")
            except DeviceError as error:
                self._fault = str(error)

    def _look_after_twin(self) -> None:
        twin = self.rig.twin
        if twin is None:
            return
        twin.poll()
        if twin.alive():
            return
        twin.restart()
        if twin.given_up:
            self.rig.say(f"THE TWIN IS GONE, and the session goes on without it: {twin.given_up}")
            self._event("twin_given_up", message=twin.given_up)
            self.rig.twin = None
        else:
            self.rig.say("the twin died and is started again; it catches up from the journal, and the session goes on")
            self._event("twin_restarted")

    def _look_after_recorder(self) -> None:
        recorder = self.rig.recorder
        if recorder is None or recorder.alive():
            return
        self._event("recorder_died")
        self._paged = True  # it takes a second
        try:
            file = recorder.restart()
            recorder.confirm(self.rig.streams)
            self.rig.say(f"THE RECORDER DIED and was started again, into {file.name}; the journal holds everything")
            self._event("recorder_restarted", file=file.name)
        except (RecorderError, StreamError) as error:
            self.rig.recorder = None
            self.rig.say(f"THE RECORDER DIED and could not be started again: {error}")
            self._event("recorder_given_up", message=str(error))

    def _before_block(self, trial: Trial) -> None:
        """Break, and the instructions of phase and block, where a block begins."""
        plan, protocol = self._plan, self._protocol
        planned = block_of(protocol, plan.condition, plan.seed, trial)
        last = self.history[-1].trial if self.history else None
        if last is not None and last.block == trial.block:
            return
        if last is not None and block_of(protocol, plan.condition, plan.seed, last).block.break_after:
            self._event("break")
            self.rig.pages.rest(protocol.breaks.seconds, Page("", self._words(protocol.breaks.text)))
        phase = protocol.phases[trial.phase]
        if phase.instruction and (last is None or last.phase != trial.phase):
            self._page(phase.instruction)
        if planned.block.instruction and planned.repeat == 0:
            self._page(planned.block.instruction)
        self._event("block", block=trial.block, phase=phase.name)

    def _words(self, key: str) -> str:
        return self._protocol.words(key, self._plan.language)

    def _page(self, key: str, more: str = "") -> None:
        self._page_of(Page("", self._words(key) + more))

    def _page_of(self, page: Page) -> None:
        self.rig.pages.show(page)

    def _bonus(self) -> str:
        points = self._protocol.points
        if not points.shown:
            return ""
        sum_of_points = f"\n\n{self._words('points')}: {self.score}"
        if points.bonus is None:
            return sum_of_points
        return f"{sum_of_points}\n{self._words('bonus')}: {points.money(self.score):.2f} {points.bonus.currency}"

    def _ask(self, questions: tuple[Any, ...]) -> None:
        """The protocol's questions; an answer that must be given and isn't ends the session."""
        for question in questions:
            asked = Question(
                question.key,
                self._words(question.text),
                question.kind,
                tuple(self._words(choice) for choice in question.choices),
                -math.inf if question.low is None else question.low,
                math.inf if question.high is None else question.high,
                not question.optional,
                question.choices,
            )
            answer = self.rig.pages.ask([asked])[question.key]
            self.rig.journal.answer(question.key, answer)
            if question.required is not None and answer != question.required:
                raise Aborted(
                    f"question {question.key!r} was answered {answer!r}, and the session may begin only with {question.required!r}"
                )

    def _ask_aim(self, trial: Trial) -> float:
        start, _ = self.rig.task.start_posture(trial)
        view = self._machine(trial).view(now(), self.score)._replace(stage=Stage.FOREPERIOD)  # which shows the target
        target = (float(trial.target[0]), float(trial.target[1]))
        return self.rig.pages.aim(Question("aim", self._words("aim_report"), "aim"), self.rig.task.scene(view, trial), start, target)


def _points(committed: Committed) -> int:
    points = float(committed.outcome.points)
    return 0 if math.isnan(points) or not committed.trial.reward_shown else round(points)
