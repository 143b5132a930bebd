"""Follows a journal as the twin does, and infers after each trial. Live and catching up are one path.

What it stores doesn't depend on when it was started, or how often: particles are kept every ``KEEP`` trials, come back bit for bit, and
what is drawn follows from the session's seed and the trial's number.
"""

from typing import Any

import jax
import numpy as np

from analysis.live.filter import Inference, Live, Record, Told, begin, learn, make_inference, move, warm
from analysis.live.prior import make_prior
from analysis.twin import NOT_LEARNED_FROM, Seen, seen
from protocols.history import Committed
from protocols.schedule import base_schedule
from protocols.task import NO_OUTCOME
from protocols.tasks import make_task
from rig.clock import now
from rig.inference.store import InferredRow, LiveStore, check_learners_of
from rig.journal.reader import Journal
from rig.models.learner_choice import Choice, named_choice, targets_of, thawed, twin_choice
from rig.twin.twin import Answer, Publisher, TwinPlan

KEEP = 20  # trials


class Observer:
    """The particles of all learners that one session asks for."""

    def __init__(self, plan: TwinPlan, journal: Journal, store: LiveStore, publisher: Publisher | None) -> None:
        self._plan, self._journal, self._store, self._publisher = plan, journal, store, publisher
        self._task, self._targets = make_task(plan.protocol), targets_of(plan.protocol)
        self._names = (plan.protocol.twin.learner, *plan.protocol.live.rivals)
        check_learners_of(store, self._names)
        self._choices, self._first = self._find_choices()
        self._history: list[Committed] = []
        self._record = Record()
        self._inferences: dict[str, Inference] = {}  # none until the first trials are there
        self._lives: dict[str, Live] = {}
        if not any(choice.first_trials for choice in self._choices.values()):
            self._begin()

    def catch_up(self) -> Answer | None:
        """Learn from every trial that was committed since; None where nothing was new."""
        committed_at = {stored.number: stored.committed_at for stored in self._journal.stored(len(self._history))}
        news = [one for one in self._journal.committed(len(self._history)) if one.trial.number in committed_at]
        answer = None
        for committed in news:
            answer = self._learn(committed, committed_at[committed.trial.number])
        return answer

    def warm(self) -> None:
        """Compile, by a trial that nobody made."""
        nobody = self._nobody()
        for name, choice in self._choices.items():
            known = choice.complete(np.array([[0.0], [1.0]]) * np.ones(len(self._task.action_names))) if choice.first_trials else choice
            warm(self._inferences.get(name) or self._inference(known), self._plan.protocol.live.particles, nobody)

    def _nobody(self) -> Seen:
        """A trial without action or reward."""
        plan = self._plan
        trial = base_schedule(plan.protocol, plan.condition, plan.seed)[0]
        action = np.full(len(self._task.action_names), np.nan)
        return seen(self._targets, Committed(trial, "aborted", action, NO_OUTCOME, np.nan, False))

    def _find_choices(self) -> tuple[dict[str, Choice], int]:
        """Learners and values as they were frozen when the session began, else by protocol; and after which trial they begin."""
        kept = {name: self._store.prior(name) for name in self._names}
        if all(kept.values()):
            return {name: thawed(prior, self._task) for name, prior in kept.items() if prior}, kept[self._names[0]]["begins_after"]  # type: ignore[index]
        protocol, folder = self._plan.protocol, self._plan.folder
        rivals = {name: named_choice(protocol, self._task, folder, name, ()) for name in self._names[1:]}
        return {self._names[0]: twin_choice(protocol, self._task, folder), **rivals}, 0

    def _begin(self) -> None:
        """Freeze what is believed beforehand, and take up the particles where they were kept."""
        frozen = {name: {**choice.frozen(), "begins_after": self._first} for name, choice in self._choices.items()}
        self._store.freeze(frozen, now())
        self._inferences = {name: self._inference(choice) for name, choice in self._choices.items()}
        self._lives = {name: self._taken_up(name, inference) for name, inference in self._inferences.items()}

    def _inference(self, choice: Choice) -> Inference:
        return make_inference(choice.learner, make_prior(choice.learner, choice.values), len(self._targets), self._plan.seed)

    def _taken_up(self, name: str, inference: Inference) -> Live:
        new = begin(inference, self._plan.protocol.live.particles)
        kept = self._store.cloud(name)
        if kept is None:
            return new
        leaves, structure = jax.tree.flatten(new)
        live = jax.tree.unflatten(structure, [kept[1][str(place)] for place in range(len(leaves))])
        numbers = {"seen": int(live.seen), "due": int(live.due), "trials": int(live.trials), "log_evidence": float(live.log_evidence)}
        return live._replace(**numbers)

    def _learn(self, committed: Committed, at: float) -> Answer | None:
        """Take note of a trial: say what is believed, and only then look after the particles."""
        self._history.append(committed)
        number = committed.trial.number
        if not self._inferences:
            self._gather()
            return None
        if number <= self._first:
            return None
        trial = seen(self._targets, committed)
        self._record.add(trial)
        told = {name: self._weigh(name, trial) for name, live in self._lives.items() if live.trials < len(self._record)}
        if not told:
            return None  # the particles that were kept have seen it
        message = self._tell(number, at, told)
        self._lives = {name: move(self._inferences[name], live, self._record) for name, live in self._lives.items()}
        if len(self._record) % KEEP == 0:
            self._store.keep({name: _arrays(live) for name, live in self._lives.items()}, number)
        return Answer(number, at, message["told_at"], message)

    def _weigh(self, name: str, trial: Seen) -> Told:
        self._lives[name], told = learn(self._inferences[name], self._lives[name], trial)
        return told

    def _tell(self, number: int, at: float, told: dict[str, Told]) -> dict[str, Any]:
        """Store and send what is believed after a trial."""
        told_at = now()
        rows = [self._row(name, number, one, told_at, at) for name, one in told.items()]
        self._store.add(rows)
        learners = {r.learner: {"parameters": r.quantiles, "log_prob": r.log_prob, "log_evidence": r.log_evidence} for r in rows}
        message = {"trial": number, "committed_at": at, "told_at": told_at, "learners": learners}
        if self._publisher:
            self._publisher.push(message)
        return message

    def _row(self, name: str, number: int, told: Told, told_at: float, at: float) -> InferredRow:
        quantiles = dict(zip(self._inferences[name].prior.names, told.quantiles.tolist(), strict=True))
        return InferredRow(name, number, quantiles, told.log_prob, told.log_evidence, told.effective, told_at, at)

    def _gather(self) -> None:
        """Take initial mean and SD from the first actions, once there are enough."""
        actions = [c.action for c in self._history if c.status not in NOT_LEARNED_FROM and np.all(np.isfinite(c.action))]
        if len(actions) >= max(choice.first_trials for choice in self._choices.values()):
            self._choices = {n: c.complete(np.array(actions)) if c.first_trials else c for n, c in self._choices.items()}
            self._first = len(self._history)
            self._begin()


def _arrays(live: Live) -> dict[str, np.ndarray]:
    return {str(place): np.asarray(leaf) for place, leaf in enumerate(jax.tree.leaves(live))}
