"""Session folders for tests: made by the real journal writer, from throws and reaches that the real tasks executed and judged."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from devices.device import DeviceInfo, Samples
from protocols.bimanual import MAPPINGS
from protocols.history import Committed
from protocols.load import load_protocol, parse_protocol
from protocols.records import Certificate, trial_record
from protocols.schedule import next_trial
from protocols.task import MISSING, Outcome, Task, Timing, Trial
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig.clock import pair
from rig.folder import JOURNAL, PROTOCOL, create_session_folder, keep_protocol
from rig.journal.reader import read_journal
from rig.journal.writer import Event, Frames, JournalWriter, create_journal
from rig.session.judge import Judge
from rig.session.participant import after_waiting

REACTION_TIME = 0.3  # s
DEVICE = DeviceInfo(
    "mouse", "test pointer", ("x", "y"), 0.0, False, {"metres_per_pixel": 0.00025}, ("priority: normal", "pointer acceleration is off")
)
VERIFIED = {"ok": True, "counts": {"twinrig.events": 12, "twinrig.mouse": 34567}, "files": {"start-1.xdf": True}, "findings": []}


@dataclass(frozen=True)
class Recipe:
    """What kind of session to make."""

    protocol: str = "skittles"
    participant: str = "P01"
    session: int = 1
    trials: int = 24
    simulated: bool = False
    starts: int = 1  # the trials are split evenly over them
    twin: bool = False
    xdf: bool = True  # an empty stand-in for the recording
    faults: bool = False  # one trial too slow, one flagged, an interrupted one, a twin restart
    seed: int = 7


def build_session(root: Path, recipe: Recipe = Recipe()) -> Path:
    """Make a finished session under the data root; returns its folder."""
    loaded = load_protocol(recipe.protocol)
    folder = create_session_folder(root, loaded.protocol.name, recipe.participant, recipe.session, recipe.simulated, minimum_free=0)
    keep_protocol(folder, loaded.source)
    protocol = loaded.protocol.for_session(recipe.session)
    condition = next(iter(protocol.counterbalance.conditions)) if protocol.counterbalance else ""
    session = {
        "format": 1,
        "twinrig_version": "0.1.0",
        "session_id": f"test{recipe.participant}{recipe.session}",
        "participant": recipe.participant,
        "session": recipe.session,
        "protocol_name": protocol.name,
        "protocol_hash": loaded.hash,
        "protocol_text": loaded.source,
        "protocol_file": str(loaded.path),
        "condition": condition,
        "seed": recipe.seed,
        "language": "en",
        "task": protocol.task.kind,
        "device": "mouse",
        "port": None,
        "simulated": recipe.simulated,
        "trials_limit": None,
        "continue_from": None,
        "replay": None,
        "windowed": True,
        "twin": recipe.twin,
    }
    create_journal(folder / JOURNAL, session)
    practice = _Practice(make_task(protocol), protocol.workspace.hand_scale, np.random.default_rng(recipe.seed))
    history: list[Committed] = []
    for start in range(recipe.starts):
        _one_start(folder, recipe, protocol, condition, practice, history, recipe.trials * (start + 1) // recipe.starts)
    if recipe.twin:
        add_twin(folder)
    return folder


def _one_start(folder, recipe, protocol, condition, practice, history, until):
    with JournalWriter(folder / JOURNAL, practice.clock) as journal:
        clocks = pair()
        practice.time = max(practice.time, clocks.lsl)
        number = journal.begin_start(
            {
                "utc": clocks.utc + practice.time - clocks.lsl,
                "lsl": practice.time,
                "platform": "Linux, test",
                "versions": {"twinrig": "0.1.0"},
                "device": DEVICE._replace(simulated=recipe.simulated, axes=practice.task.axes),
                "window": {"size_px": (1000, 800), "refresh": 60.0, "paced": True, "calibrated": False, "notes": ()},
                "settings": {},
                "check": None,
                "xdf": f"start-{journal.start + 1}.xdf",
                "verification": VERIFIED,
            }
        )
        if recipe.xdf:
            (folder / f"start-{number}.xdf").write_bytes(b"XDF:")
        if number == 1:
            for key, value in {"consent": True, "age": 27.0, "sex": "female", "handedness": "right"}.items():
                journal.answer(key, value)
        while len(history) < until:
            trial = next_trial(protocol, condition, recipe.seed, history)
            assert trial is not None
            practice.give(journal, trial, protocol, recipe, history)
        journal.end_start("finished")


def add_twin(folder: Path) -> None:
    """Let the real twin catch up with the session, as it does after a crash."""
    from rig.twin.twin import start_twin

    with read_journal(folder / JOURNAL) as journal:
        kept = journal.session()
    protocol = parse_protocol(kept["protocol_text"], PROTOCOL).for_session(kept["session"])
    with start_twin(folder, protocol, kept["condition"], kept["seed"]) as twin:
        twin.wait_ready()


class _Practice:
    """A hand that gets better: executes actions through the task and hands all of it to the journal."""

    def __init__(self, task: Task, hand_scale: float, random: np.random.Generator):
        self.task, self.random = task, random
        self.workspace = Workspace(task.hand_origin, hand_scale)
        self.judge = Judge(task, 4096)
        self.time = 0.0  # s, LSL
        self.counter = 0

    def clock(self) -> float:
        return self.time

    def action(self, trial: Trial, done: int) -> np.ndarray:
        """In the units of the action columns; the spread falls with practice."""
        spread = 0.35 + math.exp(-done / 40)
        if self.task.name == "skittles":
            middle = np.array([120.0, 3.15]) - math.exp(-done / 30) * np.array([20.0, -0.5])
            return middle + spread * self.random.standard_normal(2) * (6.0, 0.3)
        if self.task.name == "bimanual":
            hands = np.linalg.pinv(MAPPINGS[trial.mapping]) @ trial.target
            return hands * (1 - 0.5 * math.exp(-done / 15)) + 0.02 * spread * self.random.standard_normal(4)
        goal = -math.degrees(trial.rotation) * (1 - math.exp(-done / 15))
        return np.array([goal + 4 * spread * self.random.standard_normal()])

    def give(self, journal: JournalWriter, trial: Trial, protocol, recipe: Recipe, history: list[Committed]) -> None:
        task, done = self.task, len(history)
        journal.begin_trial(trial.number, trial.attempt, trial.slot, self.time)
        action = self.action(trial, done)
        path = after_waiting(task.execute(action / np.asarray(task.action_scale), trial), REACTION_TIME)
        end = task.ended(path, trial)
        assert end is not None
        path = path._replace(time=path.time[: end + 1], position=path.position[: end + 1], buttons=path.buttons[: end + 1], count=end + 1)
        judgement = self.judge(path, trial)
        go_time = self.time + 0.5
        slow = recipe.faults and done == 4
        status = "too_slow" if slow else "completed"
        reward = float(judgement.outcome.reward) if trial.reward_shown and not slow else MISSING
        committed = Committed(trial, status, judgement.action, judgement.outcome, reward, False)
        if slow:
            nothing = Outcome(*(np.float64(MISSING) for _ in Outcome._fields))
            committed = committed._replace(action=np.full_like(judgement.action, MISSING), outcome=nothing)
        flagged = recipe.faults and done == 7
        gap = 0.18 if flagged else 0.001 + 0.004 * self.random.random()
        delay = 0.010 + 0.004 * self.random.random()
        certificate = Certificate(990 + 10 * self.random.random(), gap, 0, int(self.random.random() < 0.1), delay)
        record = trial_record(
            task,
            committed,
            start=journal.start,
            phase=protocol.phases[trial.phase].name,
            timing=Timing(MISSING, MISSING) if slow else judgement.timing,
            details={} if slow else judgement.details,
            certificate=certificate,
            simulated=recipe.simulated,
            feedback_shown=bool(trial.reward_shown),
            flagged=flagged,
            go_time=go_time,
            intended_action=action if recipe.simulated else None,
        )
        samples = self._samples(path, go_time)
        events = [Event(go_time, "movement", {}), Event(go_time + float(path.time[-1]), f"trial_{status}", {})]
        if recipe.faults and done == 7:
            events.append(Event(go_time, "twin_restarted", {}))
        flips = self.time + np.arange(60) / 60
        journal.commit_trial(committed, record, samples, events, Frames(flips, np.full(60, 0.004)), go_time).wait()
        self.time = go_time + float(path.time[-1]) + 0.8
        history.append(committed)

    def _samples(self, path, go_time: float) -> Samples:
        """As a mouse gives them: only where the hand moves, or its button."""
        position = self.workspace.to_device(np.asarray(path.position))
        moved = np.any(np.diff(position, axis=0, prepend=position[:1]) != 0, axis=1)
        moved |= np.diff(path.buttons, prepend=0) != 0
        kept = np.flatnonzero(moved)
        counter = self.counter + np.arange(len(kept))
        self.counter += len(kept)
        times = go_time + np.asarray(path.time)[kept]
        buttons, nothing = np.asarray(path.buttons, np.int64)[kept], np.full(len(kept), np.nan)
        return Samples(times, times + 2e-4, position[kept], buttons, nothing, counter.astype(np.int64))
