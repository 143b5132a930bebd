"""Pictures of each stage of a trial, for documentation and for looking at a rig from afar."""

from pathlib import Path

from protocols.task import Stage
from rig.screen.window import Window
from rig.session.trial import TrialMachine

WAIT = {Stage.MOVEMENT: 0.45, Stage.OUTCOME: 0.6}  # s into the stage, when there is most to see


class Pictures:
    """Saves one picture of each stage of a trial into a folder. Saving one takes far longer than a frame: never with a participant."""

    def __init__(self, folder: Path, trial: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._trial = folder, trial
        self._taken: set[Stage] = set()

    def __call__(self, window: Window, machine: TrialMachine, now: float) -> None:
        """Called once a frame, after drawing and before the flip."""
        view = machine.view(now, 0)
        if machine.trial.number != self._trial or view.stage in self._taken or view.stage_time < WAIT.get(view.stage, 0.05):
            return
        self._taken.add(view.stage)
        window.screenshot(self._folder / f"{len(self._taken)}-{view.stage.name.lower()}.png")
