"""Chooses what blocks leave open, in a thread of its own while frames go on between two trials. It may take its time: no trial runs."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np

from analysis.telling_apart import Observers, Pair, Sides, Told
from protocols.choosing import Open
from protocols.history import Committed
from protocols.schedule import first_choice, planned_blocks
from protocols.task import NO_OUTCOME, Task
from rig.models.learner_choice import rival_choice, targets_of, twin_choice
from rig.session.plan import Plan


class Choosing:
    """The learners that are told apart, along one session; made by ``open_choosing``."""

    def __init__(self, plan: Plan, task: Task, worker: ThreadPoolExecutor) -> None:
        self._plan, self._task, self._worker = plan, task, worker
        self._runs = _first_runs(plan)
        self._window = max(run.rule.window for run in self._runs)
        self._observers = {_rival(run): self._observers_of(run) for run in self._runs}

    def begin(self, run: Open) -> "Future[Told]":
        """Begin to find out which candidate tells most."""
        return self._worker.submit(self._observers[_rival(run)].choose, run)

    def warm(self) -> None:
        """Compile, before a participant waits for it."""
        for run in self._runs:
            action = np.full(len(self._task.action_names), np.nan)
            self._observers[_rival(run)].warm(run, Committed(run.trials[0], "aborted", action, NO_OUTCOME, np.nan, False))

    def _observers_of(self, run: Open) -> Observers:
        plan, folder = self._plan, self._plan.loaded.path.parent
        own, rival = twin_choice(plan.protocol, self._task, folder), rival_choice(plan.protocol, self._task, folder, run.asked)
        pair, params = Pair(own.learner, rival.learner, self._task), Sides(own.params(), rival.params())
        return Observers(pair, params, targets_of(plan.protocol), plan.seed, self._window)


@contextmanager
def open_choosing(plan: Plan, task: Task) -> Iterator[Choosing | None]:
    """What chooses in this session; None where nothing is left open.

    Raises:
        BadInput: the twin's learner or the rival can't be used.
    """
    if not _first_runs(plan):
        yield None
        return
    with ThreadPoolExecutor(1, "twinrig-choosing") as worker:
        yield Choosing(plan, task, worker)


def said(run: Open, told: Told) -> dict[str, Any]:
    """What is kept of a choice, beside its time."""
    what, value = run.candidates.what.replace("_", " "), np.rad2deg(run.candidates.values[told.index])
    return {
        "text": f"{what} {value:g} deg",
        "slot": run.trials[0].slot,
        "what": run.candidates.what,
        "candidates_deg": np.rad2deg(run.candidates.values).tolist(),
        "chosen": told.index,
        "gain": told.gain.tolist(),
        "log_bayes": told.log_bayes,
    }


def _first_runs(plan: Plan) -> list[Open]:
    """The first choice of each block that leaves something open."""
    blocks = planned_blocks(plan.protocol, plan.condition, plan.seed)
    return [run for block in blocks if (run := first_choice(plan.protocol, plan.condition, block)) is not None]


def _rival(run: Open) -> str:
    """Who the twin's learner is told apart from, as a key."""
    return run.asked.model_dump_json(include={"rival", "options", "parameters"})
