"""What the twin's process does: read what was committed, predict, learn, store, send. Live and catching up are one path.

It goes on from the last stored states, which come back bit for bit, and each step is one compiled function of state and trial: what it
stores doesn't depend on when it was started, or how often.
"""

import contextlib
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from analysis.company import Company, Practice, begin, predict_next, step
from analysis.twin import NOT_LEARNED_FROM, as_arrays, context_of, seen
from protocols.history import Committed
from protocols.schedule import next_trial
from protocols.task import NO_OUTCOME
from protocols.tasks import make_task
from rig.clock import now
from rig.folder import JOURNAL, TWIN
from rig.journal.reader import Journal, read_journal
from rig.models.learner_choice import Choice, targets_of, thawed, twin_choice
from rig.twin.course import Course
from rig.twin.rows import carried, restored, rows_of, said
from rig.twin.store import TwinStore, open_twin, read_twin
from rig.twin.twin import Answer, Publisher, Ready, TwinPlan

WAKE = 0.5  # s between looks at the journal where no call came


def run_twin(plan: TwinPlan, line: Any, step_back: Callable[[], tuple[str, ...]]) -> None:
    """Live until told to close, or until the session's end of the line is gone.

    ``step_back`` gives way to the window and says how; it is called after compiling, which nobody draws beside.
    """
    with read_journal(plan.session_dir / JOURNAL, thorough=False) as journal, open_twin(plan.session_dir / TWIN) as store:
        twin = Twin(plan, journal, store, plan.publish() if plan.publish else None)
        twin.warm()
        twin.catch_up()
        line.send(Ready(twin.learned, step_back()))
        open_line = True
        while open_line:
            open_line = listen(line)
            answer = twin.catch_up()
            if answer is not None:
                with contextlib.suppress(OSError):
                    line.send(answer)


def listen(line: Any) -> bool:
    """Wait for a word from the session, or for a moment; whether to go on."""
    try:
        words = [line.recv()] if line.poll(WAKE) else []
        while line.poll():
            words.append(line.recv())
    except (OSError, EOFError):
        return False
    return all(word != "close" for word, _ in words)


class Twin:
    """The learners of one session, and where they are in it."""

    def __init__(self, plan: TwinPlan, journal: Journal, store: TwinStore, publisher: Publisher | None) -> None:
        self._plan, self._journal, self._store, self._publisher = plan, journal, store, publisher
        self._task, self._targets = make_task(plan.protocol), targets_of(plan.protocol)
        self._course = Course(plan)
        self._earlier = plan.continue_from / TWIN if plan.continue_from else None
        self._choice, self._first = self._find_choice()
        self._practice = Practice(self._choice.learner, self._task, self._course.window)
        self._history: list[Committed] = []
        self._company: Company | None = None  # None until the parameters are known
        self._predicted_at = math.nan  # when the action of the next trial was predicted
        if not self._choice.first_trials:
            self._begin()

    @property
    def learned(self) -> int:
        """Number of the last trial taken note of."""
        return len(self._history)

    def _find_choice(self) -> tuple[Choice, int]:
        """The learner, and after which trial it begins: as frozen when this session began, else as in the earlier one, else by protocol."""
        if kept := self._store.params("yoked"):
            return thawed(kept, self._task), kept["begins_after"]
        if self._earlier:
            with read_twin(self._earlier) as earlier:
                if kept := earlier.params("yoked"):
                    return thawed(kept, self._task), 0
        return twin_choice(self._plan.protocol, self._task, self._plan.folder), 0

    def _begin(self) -> None:
        """Freeze the parameters, and take up the learners where they were left."""
        self._params = self._choice.params()
        self._store.freeze("yoked", {**self._choice.frozen(), "begins_after": self._first}, now())
        company = self._new_company(self._choice)
        last = self._store.last_trial()
        if last:
            company = restored(company, self._store, last)
        elif self._earlier:
            company = carried(company, self._earlier, self._plan.protocol.study.retention)
        self._first = max(self._first, last)
        self._company = company

    def _new_company(self, choice: Choice) -> Company:
        start = choice.learner.init(choice.params(), len(self._targets))
        return begin(self._practice, self._plan.protocol.twin.free, start)

    def warm(self) -> None:
        """Compile, by a trial that nobody made."""
        names = self._task.action_names
        choice = self._choice.complete(np.array([[0.0], [1.0]]) * np.ones(len(names))) if self._choice.first_trials else self._choice
        params, company, (trial, rule) = choice.params(), self._new_company(choice), self._course.place(1)
        watched = seen(self._targets, Committed(trial, "aborted", np.full(len(names), math.nan), NO_OUTCOME, math.nan, False))
        after, _ = step(self._practice, params, self._targets, self._plan.seed, company, trial, watched, trial, rule)
        jax.block_until_ready(predict_next(choice.learner, params, after.yoked, watched.context))

    def catch_up(self) -> Answer | None:
        """Learn from every trial that was committed since, and predict the next action; None where nothing was new."""
        committed_at = {stored.number: stored.committed_at for stored in self._journal.stored(self.learned)}
        news = [committed for committed in self._journal.committed(self.learned) if committed.trial.number in committed_at]
        message: dict[str, Any] = {}
        for committed in news:
            message = self._learn(committed, committed_at[committed.trial.number]) or message
        if not news and not math.isnan(self._predicted_at):
            return None
        prediction = self._predict()
        if not news:
            return None
        message = {"trial": self.learned, **message, "next": prediction, "predicted_at": self._predicted_at}
        if self._publisher:
            self._publisher.push(message)
        return Answer(self.learned, committed_at[self.learned], self._predicted_at, message)

    def _learn(self, committed: Committed, committed_at: float) -> dict[str, Any]:
        """Take note of a trial; what there is to say of it."""
        self._history.append(committed)
        if self._company is None:
            self._gather()
            return {}
        if committed.trial.number <= self._first:
            return {}
        predicted_at = now() if math.isnan(self._predicted_at) else self._predicted_at
        self._predicted_at = math.nan
        own_trial, own_rule = self._course.place(committed.trial.number)
        trial, watched = as_arrays(committed.trial), seen(self._targets, committed)
        seed, company = self._plan.seed, self._company
        company, result = step(self._practice, self._params, self._targets, seed, company, trial, watched, own_trial, own_rule)
        self._company = company
        rows = rows_of(committed.trial.number, company, result, predicted_at, committed_at)
        self._store.add(rows)
        return said(rows, result, committed_at)

    def _gather(self) -> None:
        """Take initial mean and SD from the first actions, once there are enough."""
        actions = [c.action for c in self._history if c.status not in NOT_LEARNED_FROM and np.all(np.isfinite(c.action))]
        if len(actions) >= self._choice.first_trials:
            self._choice, self._first = self._choice.complete(np.array(actions)), len(self._history)
            self._begin()

    def _predict(self) -> dict[str, Any] | None:
        """What the yoked learner says of the next action; None before it has begun, and after the last trial."""
        plan = self._plan
        trial = next_trial(plan.protocol, plan.condition, plan.seed, self._history, plan.trials)
        if trial is None or self._company is None:
            return None
        context = context_of(self._targets, trial, np)
        policy = jax.tree.map(np.asarray, predict_next(self._choice.learner, self._params, self._company.yoked, context))
        self._predicted_at = now()
        return {"trial": trial.number, "attempt": trial.attempt, **policy._asdict()}
