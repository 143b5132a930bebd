"""Sessions that the real trial machine ran, by a clock of their own: no window, no streams, no waiting. Journal and devices are real."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from devices.device import Samples
from devices.simulated import SimulatedDevice
from protocols.history import Committed
from protocols.load import load_protocol
from protocols.movement import Limits, limits_of
from protocols.records import Certificate, trial_record
from protocols.schedule import next_trial, should_requeue
from protocols.task import MISSING, NO_OUTCOME, Stage, Timing, Trial
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig.folder import JOURNAL, create_session_folder, keep_protocol
from rig.journal.writer import Frames, JournalWriter, create_journal
from rig.session.participant import SimulatedParticipant
from rig.session.rejudge import judge_of
from rig.session.sampling import joined
from rig.session.trial import Durations, Hand, TrialMachine

FRAME = 1 / 60  # s
CERTIFICATE = Certificate(1000.0, 0.001, 0, 0, 0.01)

Act = Callable[[Trial], np.ndarray | None]  # the action of a trial, in the units of its columns; None: it isn't made


def run_session(root: Path, file: Path, act: Act, silent: bool = False, reaction_time: float = 0.2) -> Path:
    """A whole session of a protocol file; ``silent``: the device gives samples only where the hand moves, as a mouse does."""
    loaded = load_protocol(file)
    protocol = loaded.protocol
    folder = create_session_folder(root, protocol.name, "P01", 1, simulated=True, minimum_free=0)
    keep_protocol(folder, loaded.source)
    kept = {"format": 1, "session_id": "machine", "participant": "P01", "session": 1, "protocol_name": protocol.name, "condition": ""}
    kept |= {"protocol_hash": loaded.hash, "protocol_text": loaded.source, "protocol_file": str(file), "seed": 7, "language": "en"}
    kept |= {"task": protocol.task.name, "device": "simulated", "simulated": True, "trials_limit": None, "continue_from": None}
    create_journal(folder / JOURNAL, {**kept, "replay": None, "windowed": True, "twin": False})
    time = [1000.0]
    task = make_task(protocol)
    with SimulatedDevice(lambda: time[0], axes=task.axes) as device, JournalWriter(folder / JOURNAL, lambda: time[0]) as journal:
        journal.begin_start({})
        _Run(protocol, task, device, journal, act, time, silent, reaction_time).all()
        journal.end_start("finished").wait()
    return folder


class _Run:
    """The loop over trials, as ``rig.session.session`` has it, but for everything that is seen."""

    def __init__(self, protocol, task, device, journal, act, time, silent, reaction_time):
        self.protocol, self.task, self.device, self.journal, self.act, self.time = protocol, task, device, journal, act, time
        self.workspace = Workspace(task.hand_origin, protocol.workspace.hand_scale)
        self.judge, self.hand = judge_of(task), Hand(np.full(len(task.axes), MISSING), 0)
        self.person = SimulatedParticipant(self, task, self.workspace, device, 3, (reaction_time, 0.0))
        self.limits = Limits(*(getattr(protocol.limits, name) for name in Limits._fields))
        self.silent, self.last = silent, None

    def learn(self, committed):
        pass

    def read(self) -> Samples:
        samples = self.device.read()
        if not self.silent or not len(samples):
            return samples
        state = np.column_stack([samples.position, samples.buttons])
        moved = np.any(np.diff(state, axis=0, prepend=state[:1] * 0 + np.nan if self.last is None else self.last[None]) != 0, axis=1)
        self.last = state[-1]
        return Samples(*(column[moved] for column in samples))

    def all(self) -> None:
        history: list[Committed] = []
        while (trial := next_trial(self.protocol, "", 7, history)) is not None:
            history.append(self.give(trial))

    def give(self, trial: Trial) -> Committed:
        timing, action = self.protocol.timing, self.act(trial)
        durations = Durations(timing.hold, timing.foreperiod[0], timing.feedback, MISSING)
        machine = TrialMachine(self.task, trial, durations, limits_of(trial, self.limits), self.workspace, self.judge, self.hand)
        self.journal.begin_trial(trial.number, trial.attempt, trial.slot, self.time[0])
        if action is not None:
            self.person.choose(trial)
        self.person.begin(trial, self.hand.position, self.time[0])
        chunks, flips = [], []
        while machine.stage != Stage.DONE:
            self.time[0] += FRAME
            chunks.append(self.read())
            machine.feed(chunks[-1], self.time[0])
            flips.append(self.time[0] + 0.9 * FRAME)
            before = machine.stage
            machine.flipped(flips[-1])
            if machine.stage == Stage.MOVEMENT != before and action is not None:
                self.person.go(trial, flips[-1])
        self.hand = machine.hand
        return self.commit(machine, joined(chunks, len(self.task.axes)), flips)

    def commit(self, machine: TrialMachine, samples: Samples, flips: list[float]) -> Committed:
        trial, result = machine.trial, machine.result
        assert result is not None
        judgement = result.judgement
        action = judgement.action if judgement else np.full(len(self.task.action_names), MISSING)
        again = should_requeue(self.protocol, trial, result.status, False)
        committed = Committed(trial, result.status, action, judgement.outcome if judgement else NO_OUTCOME, result.reward, again)
        record = trial_record(
            self.task,
            committed,
            start=1,
            phase=self.protocol.phases[trial.phase].name,
            timing=judgement.timing if judgement else Timing(MISSING, MISSING),
            details=judgement.details if judgement else {},
            certificate=CERTIFICATE,
            simulated=True,
            feedback_shown=bool(trial.reward_shown) and judgement is not None,
            go_time=result.go_time,
        )
        frames = Frames(np.array(flips), np.full(len(flips), 0.004))
        self.journal.commit_trial(committed, record, samples, [], frames, result.go_time).wait()
        return committed
