"""The judge: the task's own functions on padded paths, compiled once."""

from functools import cache

import jax
import numpy as np
import pytest

from protocols.reach import Reach
from protocols.skittles import Skittles
from protocols.task import Feedback, Path, Trial
from rig.session.judge import Judge, pad
from rig.session.participant import after_waiting

THROW = Trial(1, 1, 1, 1, 0, (0.38, 0.43))
SHOT = Trial(1, 1, 1, 1, 0, (0.0, 0.1), feedback=Feedback.ENDPOINT, rotation=0.1)


@cache
def compiled(task):
    return jax.jit(task.execute)


def path_of(task, trial: Trial, action, wait: float) -> Path:
    return after_waiting(compiled(task)(np.array(action), trial), wait)


CASES = [(Skittles(), THROW, (2.0, 3.2)), (Reach(), SHOT, (0.05,))]


@pytest.mark.parametrize(("task", "trial", "action"), CASES, ids=["skittles", "reach"])
def test_judgement_is_what_the_task_says_in_the_columns_units(task, trial, action):
    path = path_of(task, trial, action, 0.3)
    judgement = Judge(task, 4096)(path, trial)
    said = jax.jit(lambda path: (task.observe(path, trial), task.outcome(path, trial), task.timing(path, trial), task.details(path, trial)))
    observed, outcome, timing, details = said(path)
    np.testing.assert_allclose(judgement.action, np.asarray(observed) * task.action_scale)
    np.testing.assert_allclose(judgement.action, np.asarray(action) * task.action_scale, rtol=2e-3)
    np.testing.assert_allclose(judgement.outcome, [float(value) for value in outcome], rtol=1e-9)
    np.testing.assert_allclose(judgement.timing, [float(value) for value in timing], rtol=1e-9)
    assert judgement.details == pytest.approx({name: float(value) for name, value in details.items()}, rel=1e-9)
    assert all(type(value) is float for value in (*judgement.outcome, *judgement.timing, *judgement.details.values()))


def test_a_session_compiles_once(monkeypatch):
    task = Reach()
    traced = []
    monkeypatch.setattr(Reach, "details", lambda *_: traced.append(1) or {})
    judge = Judge(task, 1400)
    waits = (0.1, 0.2, 0.35)
    judgements = [judge(path_of(task, SHOT, (wait,), wait), SHOT._replace(number=round(100 * wait))) for wait in waits]
    assert len(traced) == 1
    longer = judge(path_of(task, SHOT, (0.1,), 0.8), SHOT)  # longer than was planned for: the next size
    assert len(traced) == 2
    np.testing.assert_allclose(longer.action, judgements[0].action, rtol=1e-9)
    assert longer.timing.end == pytest.approx(judgements[0].timing.end + 0.7)


def test_a_path_without_a_throw_has_no_action():
    still = Path(np.array([0.0, 0.5]), np.tile(Skittles().start_posture(THROW)[0], (2, 1)), np.array([1, 1]), 2)
    judgement = Judge(Skittles(), 64)(still, THROW)
    assert np.all(np.isnan(judgement.action))
    assert np.isnan(judgement.outcome.reward) and np.isnan(judgement.timing.end)


def test_padding_repeats_the_last_sample():
    path = pad(Path(np.array([0.0, 1.0]), np.array([[0.0, 0.0], [2.0, 3.0]]), np.array([1, 0]), 2), 5)
    assert path.time.tolist() == [0.0, 1.0, 1.0, 1.0, 1.0]
    assert path.position[-1].tolist() == [2.0, 3.0]
    assert path.buttons.tolist() == [1, 0, 0, 0, 0]
    assert path.count == 2
