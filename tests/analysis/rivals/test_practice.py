"""What rivals do when they practise: errors fall; the values that made a record are the likeliest; gradients stay finite."""

import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from analysis.company import fixed_rule
from analysis.learner import Learner
from analysis.parameters import read_values
from analysis.predict import log_likelihood
from analysis.registry import build_learner
from analysis.rivals.errors import jacobian
from analysis.twin import Seen, context_of, learner_key, own_start, own_step, stack_trials
from protocols.reach import Reach
from protocols.skittles import Skittles
from protocols.task import Feedback, RewardRule, Trial
from tests.analysis.rivals.records import REACH, SKITTLES, VALUES, a_record, seen

TRIALS, LEARNERS = 200, 16
TARGET = (0.0, 0.1)
TASKS = {REACH: Reach(), SKITTLES: Skittles()}


def trials(actions: tuple[str, ...], rule: RewardRule) -> Trial:
    """A rotation of 15 degrees, its reward zone about the hand that makes up for it; or throws at one target."""
    zone = (math.radians(-20), math.radians(-10)) if actions == REACH else (math.nan, math.nan)
    place = {"target": TARGET, "rotation": math.radians(15)} if actions == REACH else {"target": (0.38, 0.43)}
    common = {"slot": 1, "block": 1, "phase": 0, "attempt": 1, "feedback": Feedback.ENDPOINT, "reward_rule": rule, "zone": zone}
    return stack_trials([Trial(number=n + 1, **common, **place) for n in range(TRIALS)])


@cache
def practised(name: str, values: tuple[tuple[str, float], ...], actions: tuple[str, ...] = REACH) -> tuple[Learner, Seen]:
    """Free learners' practice as a yoked one would see it; fields begin with (learner, trial)."""
    task, learner = TASKS[actions], build_learner(name, {}, actions, TASKS[actions])
    params = learner.make_params({**PRACTICE[actions], **dict(values)})
    rule = RewardRule.GRADED if actions == SKITTLES else RewardRule.BINARY
    given, targets = trials(actions, rule), np.array([TARGET if actions == REACH else (0.38, 0.43)])

    def step(own, trial, index):
        after, turn = own_step(learner, task, params, targets, own, trial, fixed_rule(trial), learner_key(5, trial.number, 1, index))
        return after, Seen(context_of(targets, trial), turn.action, turn.reward, turn.outcome._replace(reward=turn.reward))

    @jax.jit
    @jax.vmap
    def all_of_them(index):
        return jax.lax.scan(lambda own, trial: step(own, trial, index), own_start(learner.init(params, 1), 1), given)[1]

    return learner, all_of_them(jnp.arange(1, LEARNERS + 1))


PRACTICE = {REACH: {"initial_mean": 0.0, "initial_sd": 6.0}, SKITTLES: {"initial_mean": "85,3.5", "initial_sd": [8.0, 0.6]}}

#: Learner, its values, the action.
CASES = [
    ("error-based", {}, REACH),
    ("error-based", {}, SKITTLES),
    ("two-rate", {}, REACH),
    ("task-outcome", {"update_miss": 1.0}, REACH),
    ("explore-keep", {"keep": 0.6}, REACH),
    ("reward-variability", {"sensitivity": 2.0, "reference_reward": 0.3, "alpha_mean": 0.5}, REACH),
    ("win-stay", {}, REACH),
    ("reward-weighted", {}, REACH),
    ("actor-critic", {"learning_rate": 0.05}, REACH),
    ("credit-assignment", {}, REACH),
    ("trend", {"final_mean": -15.0, "time_constant": 30.0}, REACH),
]
#: Of these, one that goes down a slope, one that outcomes teach, and two that credit noise, one by memory; then a parameter, and a grid
#: that has its value in the middle. The others' practice and likelihood are held to the same equations in ``test_likelihoods``.
RECOVERED = [
    (*CASES[1], "learning_rate", (0.5, 1.0, 2.0, 4.0, 8.0)),
    (*CASES[3], "update_miss", (0.25, 0.5, 1.0, 2.0, 4.0)),
    (*CASES[4], "keep", (0.1, 0.3, 0.6, 0.8, 1.0)),
    (*CASES[7], "memory", (0.5, 0.8, 0.95, 0.99, 1.0)),
]


def case_name(case) -> str:
    return f"{case[0]} {case[2][0]}"


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_practice_lowers_the_error(case):
    name, values, actions = case
    _, practice = practised(name, tuple(values.items()), actions)
    error = np.asarray(practice.outcome.error)
    assert np.isfinite(error).all()
    assert error[:, -50:].mean() < 0.85 * error[:, :10].mean()


@pytest.mark.parametrize("case", RECOVERED, ids=case_name)
def test_a_parameter_is_recovered(case):
    """Of a coarse grid with the truth in its middle, the truth is the likeliest, given all learners' records."""
    name, values, actions, parameter, grid = case
    learner, practice = practised(name, tuple(values.items()), actions)
    given = read_values(name, learner.parameters, actions, {**PRACTICE[actions], **values})

    @jax.jit
    @jax.vmap
    def likelihood(value):
        whole = jnp.full_like(jnp.asarray(given[parameter]), value)
        params = learner.assemble({**given, parameter: whole})
        return jax.vmap(lambda one: log_likelihood(learner, params, 1, one))(practice).sum()

    assert int(np.argmax(likelihood(jnp.array(grid)))) == 2


@pytest.mark.parametrize("name", [*dict.fromkeys(case[0] for case in CASES), "local-level", "random-walk", "past-blocks"])
def test_gradients_are_finite_up_to_the_bounds(name):
    """At the defaults and with everything bounded at one end or the other, through a record with gaps."""
    learner = build_learner(name, {}, REACH, Reach())
    values = read_values(name, learner.parameters, REACH, VALUES[REACH])
    record = seen(a_record(REACH, trials=24))
    slope = jax.jit(jax.value_and_grad(lambda given: log_likelihood(learner, learner.assemble(given), 1, record)))
    ends = [values]
    for end in ("low", "high"):
        bounded = {p.name: getattr(p, end) for p in learner.parameters if not p.name.startswith("initial_")}
        ends.append({k: np.full_like(v, bounded[k]) if abs(bounded.get(k, np.inf)) <= 1 else v for k, v in values.items()})
    for given in ends:
        found, slopes = slope({k: jnp.asarray(v) for k, v in given.items()})
        assert np.isfinite(found), given
        assert all(np.isfinite(v).all() for v in slopes.values()), (given, slopes)


def test_jacobian_is_that_of_the_throw():
    learner = build_learner("error-based", {}, SKITTLES, Skittles())
    params = learner.make_params(VALUES[SKITTLES])
    trial = Trial(number=1, attempt=1, slot=1, block=1, phase=0, target=(0.38, 0.43))

    def miss(normalised):
        action = params.initial_mean + params.initial_sd * normalised
        return Skittles().score(action / jnp.array(Skittles.action_scale), trial).miss_distance

    at = jnp.array([0.4, -0.3])
    exact = jax.jit(jax.grad(miss))(at)
    found = jax.jit(lambda mean: jacobian(Skittles(), params, mean, jnp.array(trial.target)))(at)
    np.testing.assert_allclose(found, exact, rtol=1e-3)
