"""Everyone who practises beside a person: the yoked learner, and the free ones on the person's trials and on their own course."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Context, Learner, Params, Policy, State
from analysis.twin import Own, Prediction, Seen, Turn, learner_key, own_start, own_step, shift_growth, shifted, yoked_step
from protocols.task import Task, Trial
from protocols.zone import ZoneRule


class Company(NamedTuple):
    """All that is carried from trial to trial."""

    yoked: State
    beside: State  # the yoked learner's companion, which began a small shift away
    free: Own  # first those on the person's trials, then as many on their own course


class Practice(NamedTuple):
    """What is fixed: who learns what, and where. ``learner``, ``task`` and ``window`` are no arrays."""

    learner: Learner
    task: Task
    window: int  # longest window of a zone rule


class Result(NamedTuple):
    """What happened on one trial. The turns' fields begin with the axis (learner,)."""

    prediction: Prediction
    shift_growth: Float[Array, ""]
    person: Turn
    own: Turn  # NaN where their course is over


def begin(practice: Practice, free: int, yoked: State) -> Company:
    """The company before its first trial: the yoked learner, and ``free`` of each kind of free ones like it."""
    one = own_start(yoked, practice.window)
    return Company(yoked, shifted(yoked), jax.tree.map(lambda x: jnp.repeat(x[None], 2 * free, axis=0), one))


@partial(jax.jit, static_argnums=0)
def step(
    practice: Practice,
    params: Params,
    targets: Float[Array, "context 2"],
    seed: Any,
    company: Company,
    trial: Trial,
    watched: Seen,
    own_trial: Trial,
    own_rule: ZoneRule,
) -> tuple[Company, Result]:
    """One trial of everyone. ``own_trial`` is what the free-own learners' course has in this place; a number of 0 says that it is over."""
    learner, task, _ = practice
    yoked, prediction = yoked_step(learner, params, company.yoked, watched)
    beside = learner.update(params, company.beside, watched.context, watched.action, watched.outcome, None)
    given = fixed_rule(trial)
    half = company.free.recent.shape[0] // 2

    def act(free: Own, index: Array) -> tuple[Own, Turn]:
        its_own = index > half
        its_trial, its_rule = jax.tree.map(lambda own, persons: jnp.where(its_own, own, persons), (own_trial, own_rule), (trial, given))
        key = learner_key(seed, its_trial.number, its_trial.attempt, index)
        after, turn = own_step(learner, task, params, targets, free, its_trial, its_rule, key)
        going = its_trial.number > 0
        return jax.tree.map(lambda new, old: jnp.where(going, new, old), after, free), jax.tree.map(
            lambda x: jnp.where(going, x, jnp.nan), turn
        )

    free, turns = jax.vmap(act)(company.free, jnp.arange(1, 2 * half + 1))
    persons, own = (jax.tree.map(lambda x, part=part: x[part], turns) for part in (slice(None, half), slice(half, None)))
    return Company(yoked, beside, free), Result(prediction, shift_growth(yoked, beside), persons, own)


def fixed_rule(trial: Trial) -> ZoneRule:
    """The rule of a zone that is as the trial says."""
    return ZoneRule(False, trial.zone[0], trial.zone[1], 1, False, 0.0, 0, 0.0)  # type: ignore[arg-type]  # arrays under jit


@partial(jax.jit, static_argnums=0)
def predict_next(learner: Learner, params: Params, state: State, context: Context) -> Policy:
    """What the yoked learner says of the next action."""
    return learner.policy(params, state, context)


def carry_over(start: State, last: State, retention: float) -> State:
    """The state in which a learner begins a new session: what it had learned, shrunk towards its start. A baseline is kept whole."""
    return jax.tree.map(lambda a, b: jnp.where(jnp.isnan(a), b, a + retention * (b - a)), start, last)
