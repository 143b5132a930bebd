"""A stored movement once more through the machine that ran its trial, by the rules of any protocol of that task."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from devices.device import Samples
from protocols.history import Committed
from protocols.movement import Limits, limits_of
from protocols.schema import Protocol
from protocols.task import MISSING, Task, Trial
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig.journal.reader import read_journal
from rig.journal.writer import Frames
from rig.session.judge import Judge
from rig.session.trial import Durations, Hand, Result, TrialMachine

LONGEST_PATH = 4096  # samples; a longer movement compiles once more
AT_ONCE = Durations(0.0, 0.0, 0.0, MISSING)  # what comes before and after the movement is not lived through again


class Movement(NamedTuple):
    """What a trial's machine was given after the go cue."""

    committed: Committed
    go_time: float  # s, LSL; NaN where no go cue was given
    samples: Samples  # from the end of the trial before to the end of this one
    hand: Hand  # before the first of them, in the workspace; NaN where it isn't known
    frames: np.ndarray  # (frame,) s, LSL: when the machine looked at what had come


def movements(journal: Path, workspace: Workspace) -> Iterator[Movement]:
    """The movements of a session's trials, in order.

    The hand is where the last sample of an earlier trial left it: a mouse is silent while it is still. A new start of the program knows
    nothing of it.
    """
    with read_journal(journal) as reader:
        frames, committed, start = reader.frames(), reader.committed(), 0
        for trial, stored in zip(committed, reader.stored(), strict=True):
            if stored.start != start:
                start, hand = stored.start, Hand(np.full(len(workspace.origin), MISSING), 0)
            samples = reader.path_of(stored.number)
            yield Movement(trial, stored.go_time, samples, hand, _looks(frames.get(stored.number), samples))
            hand = _at(samples, len(samples) - 1, workspace, hand)


def _looks(frames: Frames | None, samples: Samples) -> np.ndarray:
    """A frame begins as the flip before it returns. The last look takes whatever was stored after the last flip."""
    flips = np.empty(0) if frames is None else frames.flip_time
    return np.append(flips, max([*flips[-1:], *samples.host_time[-1:]], default=0.0))


def _at(samples: Samples, index: int, workspace: Workspace, otherwise: Hand) -> Hand:
    if index < 0:
        return otherwise
    return Hand(workspace.from_device(samples.position[index]), int(samples.buttons[index]))


@cache
def judge_of(task: Task) -> Judge:
    """The judge of a task, compiled once for all protocols that have it alike."""
    return Judge(task, LONGEST_PATH)


class Rejudge:
    """Judges stored movements by a protocol's task, limits and points."""

    def __init__(self, protocol: Protocol, workspace: Workspace) -> None:
        self.task = make_task(protocol)
        self._limits = Limits(*(getattr(protocol.limits, name) for name in Limits._fields))
        self._judge = judge_of(self.task)
        self._workspace = workspace  # the hand's own scale is what it was, whatever the protocol says

    def __call__(self, movement: Movement, trial: Trial) -> Result | None:
        """What the movement would have been as this trial; None where it wasn't over by the end of what is stored."""
        samples, go_time = movement.samples, movement.go_time
        first = int(np.searchsorted(np.round(samples.host_time - go_time, 9), 0.0, side="right"))
        hand = _at(samples, first - 1, self._workspace, movement.hand)
        if np.isnan(hand.position).any() and len(samples):
            hand = _at(samples, 0, self._workspace, hand)  # it lay still from before the recording until now
        machine = TrialMachine(self.task, trial, AT_ONCE, limits_of(trial, self._limits), self._workspace, self._judge, hand)
        machine.cue(go_time)
        for now in movement.frames[movement.frames > go_time]:
            until = max(first, int(np.searchsorted(samples.host_time, now, side="right")))
            machine.feed(Samples(*(column[first:until] for column in samples)), float(now))
            first = until
            if machine.result is not None:
                return machine.result
        return None


def was_judged(committed: Committed, reaction_time: float) -> bool:
    """Whether a trial had a movement that was over: only then is there something to judge again."""
    return bool(np.isfinite(committed.action).any() or np.isfinite(reaction_time))


def same_judgement(committed: Committed, result: Result | None) -> bool:
    """Whether a movement was judged as it is stored, but for the last bits, which another processor may round differently."""
    if result is None or result.judgement is None:
        return False
    found, stored = result.judgement, committed
    pairs = ((found.action, stored.action), (np.array(found.outcome, float), np.array(stored.outcome, float)))
    return result.status == stored.status and all(np.allclose(*pair, rtol=1e-9, atol=1e-12, equal_nan=True) for pair in pairs)
