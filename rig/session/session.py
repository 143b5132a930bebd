"""A session: trials in a row, pages between them, every trial committed before the next begins."""

import gc
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from devices.process import frame_by_frame
from protocols.choosing import Open
from protocols.errors import Aborted, DeviceError, JournalError, TwinrigError
from protocols.force import force_details, force_of, uses_force
from protocols.history import Committed
from protocols.movement import Limits, limits_of
from protocols.records import trial_record
from protocols.scene import RED, Scene, Text
from protocols.schedule import foreperiod, next_trial, should_requeue
from protocols.task import MISSING, NO_OUTCOME, Stage, Timing, Trial
from rig.clock import now
from rig.journal.writer import Frames, Ticket
from rig.screen.page_scenes import Page
from rig.session import between, upkeep
from rig.session.certificate import breaks, certificate_of
from rig.session.choosing import said
from rig.session.equipment import Rig
from rig.session.forces import TrialForce
from rig.session.sampling import SampleLog
from rig.session.trial import Durations, Hand, TrialMachine

HOPELESS = 20  # trials without one completed, after which a session that waits for completed ones ends
ENDED = "the session was ended from the experimenter's page before its last trial; 'twinrig resume' goes on with the next one"


@dataclass
class Session:
    """The loop over trials. ``history`` holds what earlier starts have committed."""

    rig: Rig
    history: list[Committed]
    score: int = 0
    _log: SampleLog = field(init=False)
    _hand: Hand = field(init=False)
    _wish: str = ""  # of the experimenter, in the present trial: pause, quit, skip, repeat, hold or end
    _asked: str = ""  # from the experimenter's page, and not done yet: hold or end
    _paused: bool = False
    _fault: str = ""  # of the device, in the present trial
    _paged: bool = True  # whether something else than trials was shown since the last one

    def __post_init__(self) -> None:
        self._log = SampleLog(len(self.rig.device.info.axes))
        self._hand = Hand(np.full(len(self.rig.task.axes), MISSING), 0)  # a device that has not moved yet has not said where it is
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
        if self.history:
            self.rig.pages.pause()  # an interrupted session goes on when the participant sits there again
        else:
            between.ask(self.rig, self._protocol.questions.before)
            between.show(self.rig, "welcome")
        with frame_by_frame():
            while (trial := self._next()) is not None:
                between.before_block(self.rig, trial, self.history)
                self._give(trial)
        between.ask(self.rig, self._protocol.questions.after)
        between.show(self.rig, "goodbye", between.earned(self.rig, self.score))

    def between_frames(self) -> None:
        """Keep samples, and look after the twin, while no trial runs."""
        try:
            self._log.add(self._read())
        except DeviceError as error:
            self._fault = str(error)
        self._hear(None)
        upkeep.look_after_twin(self.rig)

    def _between_page_frames(self) -> None:
        self._paged = True
        self.between_frames()
        if self._asked == "end":
            raise Aborted(ENDED)

    def _next(self) -> Trial | None:
        if self._plan.trials and len(self.history) >= HOPELESS and all(c.status != "completed" for c in self.history):
            raise TwinrigError(f"none of {len(self.history)} trials was completed: see the trials table for why, then pilot again")
        return next_trial(self._protocol, self._plan.condition, self._plan.seed, self.history, self._plan.trials, self._choose)

    def _choose(self, run: Open) -> int:
        """Choose what a block leaves open, with frames going on meanwhile; what was found is kept."""
        assert self.rig.choosing is not None
        found = self.rig.choosing.begin(run)
        while not found.done():
            self._empty_frame()
        told = found.result()
        self.rig.event("condition_chosen", **said(run, told))
        return told.index

    def _give(self, trial: Trial) -> None:
        """One trial from its presentation to its commit."""
        self._wish, wish, self._asked = "", self._asked, ""
        self._fulfil(wish)
        if self._fault:
            upkeep.reopen_device(self.rig, self._fault)
            self._fault = ""  # the page's frames have met it again
            self._read()  # what came before the recorder had found it isn't kept
            self._log.opened_anew()
        aim = between.ask_aim(self.rig, trial, self._machine(trial).view(now(), self.score)) if trial.aim_report else MISSING
        started = self.rig.journal.begin_trial(trial.number, trial.attempt, trial.slot, now())
        self._make_ready(trial)
        machine = self._machine(trial)
        force = force_of(self._protocol, self._plan.condition, self._plan.seed, trial)
        self._force = TrialForce(force, trial, self.rig.workspace, self.rig.device)
        if self.rig.participant:
            self.rig.participant.begin(trial, machine.hand.position, now())
        if self._paged:  # frames of pages and pauses are no trial's
            self.rig.window.frames.restart()
            self.rig.window.frames.take()
            self._paged = False
        gc.disable()  # a collection may take longer than a frame
        try:
            while machine.stage != Stage.DONE:
                self._frame(machine)
        finally:
            gc.enable()
        self._let_go()
        self._settle(started)
        self._commit(machine, aim)
        self._fulfil(self._wish)
        if upkeep.look_after_recorder(self.rig):
            self._paged = True

    def _let_go(self) -> None:
        """See that no force is left of a trial, however it ended."""
        try:
            self._force.follow(Stage.DONE)
        except DeviceError as error:
            self._fault = self._fault or str(error)

    def _make_ready(self, trial: Trial) -> None:
        """Do what takes milliseconds, one thing a frame, so that no frame of the trial is late for it."""
        gc.collect()
        gc.freeze()  # what is left stays, so that the next collection takes no longer than this one
        self._empty_frame()
        if self.rig.participant:
            self.rig.participant.choose(trial)
            self._empty_frame()

    def _machine(self, trial: Trial) -> TrialMachine:
        limits, timing = self._protocol.limits, self._protocol.timing
        durations = Durations(timing.hold, foreperiod(trial, self._protocol, self._plan.seed), timing.feedback, limits.max_home_time)
        within = limits_of(trial, self._limits)
        return TrialMachine(self.rig.task, trial, durations, within, self.rig.workspace, self.rig.judge, self._hand)

    def _frame(self, machine: TrialMachine) -> None:
        """Read, decide, draw, flip."""
        window, time = self.rig.window, now()
        try:
            samples = self._read()
            self._log.add(samples)
            machine.feed(samples, time)
            self._force.follow(machine.stage)
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
        self._hear(machine)
        upkeep.look_after_twin(self.rig)

    def _scene(self, machine: TrialMachine, time: float) -> Scene:
        """The task's scene, and in the experiment's language what was wrong with the trial."""
        view = machine.view(time, self.score)
        scene = self.rig.task.scene(view, machine.trial)
        if view.stage != Stage.FEEDBACK or view.status in ("", "completed", "aborted", "device_fault"):
            return scene
        left, bottom, right, top = self.rig.task.extent()
        height = 0.05 * (top - bottom)
        words = Text("status", self.rig.words(view.status), ((left + right) / 2, top - 2 * height), height, RED)
        return Scene((*scene.shapes, words), scene.background)

    def _read(self) -> Any:
        samples = self.rig.device.read()
        if len(samples):
            self._hand = Hand(self.rig.workspace.from_device(samples.position[-1]), int(samples.buttons[-1]))
        return samples

    def _send_events(self, machine: TrialMachine) -> None:
        for time, name in machine.events:
            self.rig.event(name, time=time, trial=machine.trial.number)
        machine.events.clear()

    def _listen(self, machine: TrialMachine) -> None:
        """The experimenter's keys during a trial: P pause, S skip, R repeat, escape quit."""
        for key in self.rig.window.keys.poll():
            wish = {"p": "pause", "s": "skip", "r": "repeat", "escape": "quit"}.get(key.lower())
            if wish is None:
                continue
            self._wish = wish
            self.rig.event(f"experimenter_{wish}", trial=machine.trial.number)
            if wish != "repeat":
                machine.abort(now())

    def _hear(self, machine: TrialMachine | None) -> None:
        """The experimenter's commands from the page: a trial is aborted for them, as for the keys; a page is left at its end."""
        if self.rig.remote is None:
            return
        wish = self.rig.remote.hear(self.rig, machine.trial.number if machine else None)
        if wish == "resume":
            self._asked = ""
            if self._paused:
                self.rig.window.keys.press("resume")
        elif wish:
            self._asked = "hold" if wish == "pause" else wish
        if machine is not None and self._asked:
            self._wish, self._asked = self._asked, ""
            machine.abort(now())

    def _commit(self, machine: TrialMachine, aim: float) -> None:
        """Store the trial, wait for that, and only then count it."""
        assert machine.result is not None
        trial, result = machine.trial, machine.result
        self._send_events(machine)
        samples, lost, delay = self._log.take()
        frames = self.rig.window.frames.take()
        certificate = certificate_of(result, lost, delay, frames)
        broken = breaks(certificate, self._protocol.certificate)
        again = self._wish == "repeat" or (result.status == "aborted" and self._wish in ("pause", "hold", "quit", "end"))
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
        details = judgement.details if judgement else {}
        if uses_force(self._protocol):
            details = details | force_details(self._force.force, result.path if judgement else None, trial, self.rig.workspace.scale)
        record = trial_record(
            self.rig.task,
            committed,
            start=self.rig.journal.start,
            phase=self._protocol.phases[trial.phase].name,
            timing=judgement.timing if judgement else Timing(MISSING, MISSING),  # type: ignore[arg-type]
            details=details,
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
            self._empty_frame()

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
                self.rig.pages.show(Page("", self.rig.words("paused")))
                self.rig.journal.retry()

    def _empty_frame(self) -> None:
        window = self.rig.window
        window.draw(Scene(()))
        flip = window.flip()
        self.rig.streams.frames.push(flip, window.frames.last_work, 0)
        self.between_frames()

    def _fulfil(self, wish: str) -> None:
        """What the experimenter wished, now that all trials are stored."""
        if wish in ("pause", "hold"):
            self._paused = True
            self.rig.journal.flush()
            self.rig.pages.pause(held=wish == "hold")
            self._paused = False
            self.rig.event("resumed")
            self.rig.journal.flush()
        if wish == "quit":
            self.rig.pages.confirm_quit()
        if wish == "end":
            raise Aborted(ENDED)


def _points(committed: Committed) -> int:
    points = float(committed.outcome.points)
    return 0 if math.isnan(points) or not committed.trial.reward_shown else round(points)
