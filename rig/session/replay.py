"""A stored session once more: its hand moves as it did then, on the trials of this one."""

from pathlib import Path

import numpy as np

from devices.device import Motion, Player, Samples
from protocols.errors import BadInput
from protocols.history import Committed
from protocols.task import Task, Trial
from protocols.workspace import Workspace
from rig import folder as folders
from rig.journal.reader import read_journal
from rig.session.participant import homing


class ReplayedParticipant:
    """Does on each trial what was done on the trial of that number: the same movement, as long after the go cue.

    Raises:
        BadInput: the session holds no movement.
    """

    intended = None

    def __init__(self, session: Path, task: Task, workspace: Workspace, player: Player) -> None:
        self._task, self._workspace, self._player = task, workspace, player
        with read_journal(folders.open_session_folder(session) / folders.JOURNAL) as journal:
            stored = {trial.number: trial.go_time for trial in journal.stored() if np.isfinite(trial.go_time)}
            self._motions = {number: since_go(journal.path_of(number), go_time, len(task.axes)) for number, go_time in stored.items()}
        if not self._motions:
            raise BadInput(f"{session}: holds no movement to play again; name another session with --replay")
        if (found := next(iter(self._motions.values())).position.shape[1]) < len(task.axes):
            needed = f"{len(task.axes)} ({', '.join(task.axes)})"
            raise BadInput(f"{session}: its movements have {found} axes, and this task needs {needed}; name a session of the same task")

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


def since_go(samples: Samples, go_time: float, axes: int) -> Motion:
    """The samples from a go cue on (LSL s), beginning with where the hand was at it; of further axes, such as a pen's tilt, nothing."""
    first = int(np.searchsorted(samples.host_time, go_time, side="right"))
    held = max(first - 1, 0)
    return Motion(
        np.concatenate([[0.0], samples.host_time[first:] - go_time]),
        np.concatenate([samples.position[held : held + 1], samples.position[first:]])[:, :axes],
        np.concatenate([samples.buttons[held : held + 1], samples.buttons[first:]]),
    )
