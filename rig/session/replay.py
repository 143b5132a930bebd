"""A stored session once more: its hand moves as it did then, on the trials of this one."""

from pathlib import Path

import numpy as np

from devices.device import Motion, Player
from protocols.errors import BadInput
from protocols.history import Committed
from protocols.task import Task, Trial
from protocols.workspace import Workspace
from rig.session.participant import homing
from rig.session.recorded import stored_movements


class ReplayedParticipant:
    """Does on each trial what was done on the trial of that number: the same movement, as long after the go cue.

    ``stored`` is a session's folder, or one of twinrig's recordings (XDF).

    Raises:
        BadInput: it holds no movement, or movements of another task's axes.
    """

    intended = None

    def __init__(self, stored: Path, task: Task, workspace: Workspace, player: Player) -> None:
        self._task, self._workspace, self._player = task, workspace, player
        motions = stored_movements(stored)
        if not motions:
            raise BadInput(f"{stored}: holds no movement to play again; name another session with --replay")
        if (found := next(iter(motions.values())).position.shape[1]) < len(task.axes):
            needed = f"{len(task.axes)} ({', '.join(task.axes)})"
            raise BadInput(f"{stored}: its movements have {found} axes, and this task needs {needed}; name a session of the same task")
        # Of further axes, such as a pen's tilt, nothing.
        self._motions = {n: Motion(m.time, m.position[:, : len(task.axes)], m.buttons) for n, m in motions.items()}

    def choose(self, trial: Trial) -> None:
        """What is done was chosen then."""

    def begin(self, trial: Trial, hand: np.ndarray, now: float) -> None:
        """Bring the hand from where it is (m, workspace) to where that movement began."""
        posture, buttons = self._task.start_posture(trial)
        path = homing(np.where(np.isnan(hand), posture, hand), np.asarray(posture), buttons)
        self._player.play(
            Motion(np.asarray(path.time), self._workspace.to_device(np.asarray(path.position)), np.asarray(path.buttons)), now
        )

    def go(self, trial: Trial, go_time: float) -> None:
        """Move as then; a trial that was not given then has no movement."""
        if (motion := self._motions.get(trial.number)) is not None:
            self._player.play(motion, go_time)

    def learn(self, committed: Committed) -> None:
        """What was done is done."""
