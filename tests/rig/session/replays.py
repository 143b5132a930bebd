"""A stored session's movements through the trial machine once more, from its journal or its recording; for tests."""

from pathlib import Path

import numpy as np

from devices.device import Motion, Samples
from protocols.workspace import Workspace
from rig.session.plan import stored_plan
from rig.session.recorded import stored_movements
from rig.session.rejudge import Movement, Rejudge, movements, same_judgement
from rig.session.trial import Hand

FRAME = 1 / 60  # s


def differing(folder: Path, stored: Path) -> tuple[int, list[int]]:
    """How many completed trials there were, and which of them ``stored`` (the folder, or an XDF file) gives another action or outcome."""
    protocol = stored_plan(folder).protocol
    rejudge, played = Rejudge(protocol, workspace := workspace_of(protocol)), stored_movements(stored)
    completed = [m.committed for m in movements(folder / "journal.sqlite", workspace) if m.committed.status == "completed"]
    wrong = [c.trial.number for c in completed if not same_judgement(c, rejudge(_movement(c, played[c.trial.number]), c.trial))]
    return len(completed), wrong


def workspace_of(protocol) -> Workspace:
    from protocols.tasks import make_task

    return Workspace(make_task(protocol).hand_origin, protocol.workspace.hand_scale)


def _movement(committed, motion: Motion) -> Movement:
    count = len(motion.time)
    samples = Samples(motion.time, motion.time, motion.position, motion.buttons, np.full(count, np.nan), np.arange(count))
    frames = np.arange(FRAME, motion.time[-1] + 1, FRAME)
    return Movement(committed, 0.0, samples, Hand(np.full(motion.position.shape[1], np.nan), 0), frames)
