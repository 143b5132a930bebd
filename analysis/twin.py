"""One trial of the two kinds of twin (docs/explanation/twins.md), as pure functions.

*Yoked*: it sees the person's action and the reward that was delivered, and had predicted the action beforehand. *Free*: it chooses its own
action and earns its own reward. Live twin, catching up, simulation and offline prediction all call these.

A state that has overflowed stays so: what it says is not finite, and ``shift_growth`` is infinite. ``analysis.faults`` finds the trial.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.learner import Context, Learner, Params, Policy, State
from protocols.history import Committed
from protocols.task import TRUTHS, WHOLE, Outcome, Task, Trial
from protocols.threefry import folded_in
from protocols.zone import ZoneRule, zone_of

SHIFT = 1e-9  # normalised units of the mean; how much it grows says whether a yoked state can be trusted
UNRELIABLE = 1e3  # growth of the shift above which it can't
NOT_LEARNED_FROM = ("aborted", "device_fault")


class Seen(NamedTuple):
    """One committed trial as a yoked learner sees it; or many, stacked along a first axis."""

    context: Context
    action: Float[Array, " action"]  # column units; NaN where there was none
    reward: Float[Array, ""]  # as delivered; NaN where there was none
    outcome: Outcome  # what the person earned; its reward is the one delivered


class Prediction(NamedTuple):
    """What a yoked learner said of an action before it, and how that turned out."""

    policy: Policy
    log_prob: Float[Array, ""]  # natural log, density in column units; 0 where there was no action
    advantage: Float[Array, ""]  # delivered reward - baseline; NaN where there was no reward


class Turn(NamedTuple):
    """What a free learner did on one trial, and what it was before."""

    policy: Policy
    action: Float[Array, " action"]  # column units, executed
    intended: Float[Array, " action"]  # before motor noise
    outcome: Outcome
    reward: Float[Array, ""]  # as delivered
    log_prob: Float[Array, ""]  # of its own action
    zone: Float[Array, "2"]  # rad, the reward zone in force


def as_arrays(trial: Trial) -> Trial:
    """A trial whose fields always have the same types, so that ``jit`` compiles once."""
    return Trial(**{name: np.asarray(value, dtype=_dtype(name)) for name, value in trial._asdict().items()})  # type: ignore[arg-type]


def _dtype(name: str) -> type:
    return np.int64 if name in WHOLE else np.bool_ if name in TRUTHS else np.float64


def stack_trials(trials: Sequence[Trial]) -> Trial:
    """Many trials as one Trial of arrays."""
    return Trial(*(np.stack(column) for column in zip(*(as_arrays(trial) for trial in trials), strict=True)))  # type: ignore[arg-type]


def context_of(targets: Any, trial: Trial, xp: Any = jnp) -> Context:
    """Which of the protocol's targets (m, in the file's order) this trial has: the learner's context. ``xp`` is NumPy or ``jax.numpy``."""
    targets, target = xp.asarray(targets), xp.asarray(trial.target)
    return Context(xp.argmin(xp.sum((targets - target) ** 2, axis=-1)), target)


def seen(targets: np.ndarray, committed: Committed) -> Seen:
    """A committed trial as the yoked learner sees it: aborted trials and device faults teach and predict nothing."""
    learned = committed.status not in NOT_LEARNED_FROM
    action = np.asarray(committed.action, dtype=float)
    reward = np.float64(committed.reward if learned else np.nan)
    outcome = Outcome(*(np.float64(value) for value in committed.outcome))._replace(reward=reward)  # type: ignore[arg-type]
    return Seen(context_of(targets, committed.trial, np), action if learned else np.full_like(action, np.nan), reward, outcome)  # type: ignore[arg-type]


def yoked_step(learner: Learner, params: Params, state: State, trial: Seen) -> tuple[State, Prediction]:
    """Predict a person's action, then learn from it and from the reward that was delivered."""
    policy = learner.policy(params, state, trial.context)
    log_prob = learner.log_prob(params, state, trial.context, trial.action)
    baseline = jnp.where(jnp.isnan(policy.reward_baseline), trial.reward, policy.reward_baseline)
    after = learner.update(params, state, trial.context, trial.action, trial.outcome, None)
    return after, Prediction(policy, log_prob, trial.reward - baseline)


def shifted(state: State) -> State:
    """The state with what practice moves (its first field) off by ``SHIFT`` throughout, to be carried beside it."""
    return state._replace(**{state._fields[0]: jax.tree.map(lambda x: x + SHIFT, state[0])})


def shift_growth(state: State, beside: State) -> Float[Array, ""]:
    """By how much the distance between a state and its shifted companion has grown; infinite where either has overflowed."""
    gaps = jax.tree.map(lambda a, b: jnp.max(jnp.abs(b - a)), state[0], beside[0])
    growth = jnp.max(jnp.stack(jax.tree.leaves(gaps))) / SHIFT
    return jnp.where(jnp.isfinite(growth), growth, jnp.inf)


def learner_key(seed: int, number: Any, attempt: Any, index: Any) -> Any:
    """The random key of one free learner on one trial. Nothing random is ever stored."""
    return folded_in(folded_in(folded_in(jax.random.key(seed), number), attempt), index)


def free_step(
    learner: Learner, task: Task, params: Params, targets: Float[Array, "context 2"], state: State, trial: Trial, key: Any
) -> tuple[State, Turn]:
    """Choose an action, earn what the task gives for it, and learn from it if the trial delivers a reward."""
    context = context_of(targets, trial)
    act_key, task_key = folded_in(key, 0), folded_in(key, 1)
    policy = learner.policy(params, state, context)
    action, info = learner.act(act_key, params, state, context)
    outcome = task.score(action / jnp.asarray(task.action_scale), trial, task_key)
    reward = jnp.where(trial.reward_shown, outcome.reward, jnp.nan)
    log_prob = learner.log_prob(params, state, context, action)
    after = learner.update(params, state, context, action, outcome._replace(reward=reward), info)
    return after, Turn(policy, action, getattr(info, "intended", action), outcome, reward, log_prob, jnp.asarray(trial.zone))


class Own(NamedTuple):
    """A free learner on its own course: its state, and what its own reward zone follows."""

    state: State
    recent: Float[Array, " window"]  # rad, hand errors of its last trials, oldest first; NaN in front while there are fewer; or empty


def own_start(state: State, window: int) -> Own:
    """Before the first trial; ``window`` is at least the longest window of the zone rules that follow. 0: none does."""
    return Own(state, jnp.full(window, jnp.nan, dtype=float))  # a weak type would be compiled for twice


def own_step(
    learner: Learner, task: Task, params: Params, targets: Float[Array, "context 2"], own: Own, trial: Trial, rule: ZoneRule, key: Any
) -> tuple[Own, Turn]:
    """A free step in which a following reward zone follows the learner's own actions."""
    zone = jnp.stack(zone_of(own.recent, rule, jnp) if own.recent.size else (rule.low, rule.high))
    state, turn = free_step(learner, task, params, targets, own.state, trial._replace(zone=zone), key)
    if not own.recent.size:
        return Own(state, own.recent), turn
    error = turn.outcome.hand_error
    recent = jnp.where(jnp.isnan(error), own.recent, jnp.append(own.recent[1:], error))
    return Own(state, recent), turn
