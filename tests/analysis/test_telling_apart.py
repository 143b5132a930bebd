"""What a condition tells of two learners: against a closed form, as densities have to be, and the same from the same record."""

import math
from functools import cache

import jax
import numpy as np
import pytest

from analysis.registry import build_learner
from analysis.telling_apart import Observers, Pair, Sides, course_of_candidates, gains
from analysis.twin import as_arrays
from protocols.history import Committed
from protocols.load import parse_protocol
from protocols.schedule import first_choice, next_trial, planned_blocks
from protocols.task import Outcome
from protocols.tasks import make_task
from tests.protocols.test_choosing import TEXT

FUTURES, SEED = 200, 3
START = {"initial_mean": 0.0, "initial_sd": 4.0}


@cache
def study():
    text = TEXT.replace("half_width_deg = [2.0, 8.0, 4.0]", f"half_width_deg = [2.0, 8.0, 4.0], futures = {FUTURES}")
    return parse_protocol(text.replace("trials = 6", "trials = 12"), "x")


@cache
def pair():
    """A policy gradient, and a learner that stays where it won."""
    task = make_task(study())
    return Pair(*(build_learner(name, {}, task.action_names, task) for name in ("policy-gradient", "win-stay")), task)


def sides(own=4.0, rival=4.0):
    """Their parameters, with these SDs."""
    given = ({**START, "initial_sd": own, "motor_sd": 0.0}, {**START, "initial_sd": rival})
    return Sides(*(learner.make_params(values) for learner, values in zip(pair()[:2], given, strict=True)))


def observers(seed=SEED):
    return Observers(pair(), sides(), np.array([[0.0, 0.1]]), seed, 3)


def run():
    return first_choice(study(), "plain", planned_blocks(study(), "plain", 1)[0])


def test_where_nothing_is_told_it_is_the_divergence_of_two_normal_distributions():
    params, targets = sides(4.0, 3.0), np.array([[0.0, 0.1]])
    states = Sides(*(learner.init(one, 1) for learner, one in zip(pair()[:2], params, strict=True)))
    silent = run()._replace(trials=tuple(trial._replace(reward_shown=False) for trial in run().trials))
    gain = gains(pair(), FUTURES, params, states, targets, np.full(3, np.nan), course_of_candidates(silent), jax.random.key(1))
    exact = [3 * (math.log(b / a) + (a / b) ** 2 / 2 - 0.5) for a, b in ((4.0, 3.0), (3.0, 4.0))]
    spread = 3 * max(abs((4 / 3) ** 2 - 1), abs((3 / 4) ** 2 - 1)) * math.sqrt(3 / 2 / FUTURES)
    np.testing.assert_allclose(gain, [exact] * 3, atol=spread)
    assert np.ptp(gain, axis=0) == pytest.approx(0, abs=1e-9), "the same random numbers"


def test_a_zone_that_is_told_of_tells_more():
    """One that stays where it won and one that doesn't part where there is something to win."""
    told = observers().choose(run())
    assert told.gain.shape == (3, 2) and (told.gain[1] > told.gain[0]).all(), "8 deg against 2 deg"
    assert told.index == 1 and told.log_bayes == 0


def practised(history, trials=12):
    """A person who does the same every time, with the choices of new observers."""
    looking, history = observers(), list(history)
    task = make_task(study())
    score = jax.jit(task.score)
    while len(history) < trials:
        trial = next_trial(study(), "plain", SEED, history, choose=lambda run: looking.choose(run).index)
        action = np.array([5 * math.sin(trial.number)])
        outcome = Outcome(*map(float, score(action / np.asarray(task.action_scale), as_arrays(trial))))
        history.append(Committed(trial, "completed", action, outcome, float(outcome.reward), False))
    return history


def test_all_choices_can_be_computed_again_from_what_was_committed():
    history = practised([])
    for cut in (2, 3, 7, 9):
        assert repr(practised(history[:cut])) == repr(history)
