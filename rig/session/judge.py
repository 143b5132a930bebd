"""What a finished movement was and earned: the task's own functions, compiled once for a session."""

from typing import NamedTuple

import jax
import numpy as np

from analysis.twin import as_arrays
from protocols.task import Outcome, Path, Task, Timing, Trial


class Judgement(NamedTuple):
    """All that a path says, as floats."""

    action: np.ndarray  # (action,) in the units of the action columns
    outcome: Outcome
    timing: Timing
    details: dict[str, float]


class Judge:
    """Observe and score paths of up to ``capacity`` samples without compiling again; longer ones compile a larger size once."""

    def __init__(self, task: Task, capacity: int) -> None:
        self._scale = np.asarray(task.action_scale)
        self._capacity = capacity

        def everything(path: Path, trial: Trial) -> tuple:
            return task.observe(path, trial), task.outcome(path, trial), task.timing(path, trial), task.details(path, trial)

        self._everything = jax.jit(everything)

    def __call__(self, path: Path, trial: Trial) -> Judgement:
        """Action, outcome, timing and further columns of one movement."""
        padded = pad(path, self._size(len(path.time)))
        action, outcome, timing, details = jax.device_get(self._everything(padded, as_arrays(trial)))
        return Judgement(
            np.asarray(action) * self._scale,
            Outcome(*map(float, outcome)),
            Timing(*map(float, timing)),
            {name: float(value) for name, value in details.items()},
        )

    def _size(self, samples: int) -> int:
        size = self._capacity
        while size < samples:
            size *= 2
        return size


def pad(path: Path, size: int) -> Path:
    """The path with its last sample repeated up to ``size`` samples; ``count`` stays."""
    extra = size - len(path.time)
    return Path(
        np.pad(path.time, (0, extra), mode="edge"),
        np.pad(path.position, ((0, extra), (0, 0)), mode="edge"),
        np.pad(path.buttons, (0, extra), mode="edge"),
        np.asarray(path.count),
    )
