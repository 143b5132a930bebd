"""Short sessions for the twin to live beside: a real journal, a real task, and a learner that throws or reaches."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from analysis.simulate import LearnerActor
from analysis.twin import as_arrays
from protocols.history import Committed
from protocols.load import parse_protocol
from protocols.schedule import next_trial
from protocols.schema import Protocol
from protocols.task import Outcome
from protocols.tasks import make_task
from rig.clock import now
from rig.journal.writer import JournalWriter, create_journal
from rig.models.learner_choice import participant_choice, targets_of
from tests.rig.journal.journal_examples import SESSION, samples

SKITTLES = """
name = "throws"
title = "Throws"
version = "1"
[workspace]
display_scale = 0.1
[task]
kind = "skittles"
[targets]
near = { x = 0.38, y = 0.43 }
[twin]
free = 4
options.covariance = "angle"
parameters = { initial_mean = [60.0, 3.0], initial_sd = [8.0, 0.6] }
[[phases]]
name = "practice"
kind = "training"
blocks = [{ trials = 700 }]
"""

REACH = """
name = "reaches"
title = "Reaches"
version = "1"
[task]
kind = "reach"
[targets]
right = { angle_deg = 0.0, distance = 0.1 }
up = { angle_deg = 90.0, distance = 0.1 }
[twin]
free = 3
options.context = "table"
parameters = { initial_mean = 0.0, initial_sd = 6.0, motor_sd = 0.0 }
[[phases]]
name = "follow"
kind = "training"
blocks = [{ trials = 40, reward = { rule = "binary", zone = { kind = "following", window = 5, direction = "clockwise" } } }]
"""


def protocol(text: str, **twin) -> Protocol:
    """A protocol from its text, with entries of ``[twin]`` replaced."""
    parsed = parse_protocol(text, "test.toml")
    return parsed.model_copy(update={"twin": parsed.twin.model_copy(update=twin)}) if twin else parsed


def play(study: Protocol, trials: int, seed: int = 5, before: tuple[Committed, ...] = ()) -> Iterator[Committed]:
    """Trials as a learner makes them; every tenth is aborted, every seventh gives no reward, and one slot is given again."""
    task, history = make_task(study), list(before)
    choice = participant_choice(study, task, Path())
    score = jax.jit(task.score)
    actor = LearnerActor(choice.learner, choice.params(), targets_of(study), seed)
    for committed in history:
        actor.act(committed.trial)
        actor.learn(committed)
    while len(history) < trials:
        trial = next_trial(study, "", seed, history)
        assert trial is not None
        action = actor.act(trial)
        outcome = Outcome(*map(np.float64, score(action / np.asarray(task.action_scale), as_arrays(trial))))
        status = "aborted" if trial.number % 10 == 0 else "completed"
        reward = np.nan if trial.number % 7 == 0 or status == "aborted" else float(outcome.reward)
        committed = Committed(trial, status, action, outcome, reward, requeue=trial.number == 3)
        actor.learn(committed)
        history.append(committed)
        yield committed


def new_session(folder: Path, **more: Any) -> Path:
    """A session folder with an empty journal, which says ``more`` of the session."""
    folder.mkdir()
    create_journal(folder / "journal.sqlite", SESSION | more)
    return folder


def commit_all(folder: Path, committed: list[Committed], notify=None, between: Callable[[], object] = lambda: None) -> None:
    """Write trials into the folder's journal, one after another, each on the disk before the next."""
    with JournalWriter(folder / "journal.sqlite", now, notify) as journal:
        journal.begin_start({"utc": 1.5, "lsl": 0.25})
        for one in committed:
            number = one.trial.number
            journal.begin_trial(number, one.trial.attempt, one.trial.slot, now())
            journal.commit_trial(one, {"trial": number}, samples(number, 10)).wait()
            between()
