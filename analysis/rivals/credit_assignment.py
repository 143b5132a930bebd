"""Bayesian credit assignment (after Dam, Koerding & Wei 2013): a belief about which part of the movement the reward hangs on.

    r = w_0 + w . z + N(0, reward_sd^2),   w ~ N(m, C),   C grows by drift_sd^2 each trial,   z = (y - x) in initial SDs
    x' = a x + rate * credit(w)

The belief is updated by the reward as in a Bayesian regression, and the mean moves up the slope that it expects. ``credit = expected``
takes the mean m of w; ``certain`` takes the less of it the less is known: ``m^3 / (m^2 + C_ii)``. The paper's learner chooses among paths
with discrete features; this is the same idea for actions that are numbers, and not its equations. Rewards count from the first delivered
one. The executed action counts, motor noise and all. A trial without a reward moves nothing; the belief still grows less certain.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis import gaussian
from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals import expectation
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, Chosen
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import INF, PLACE, Rival, Seen, assembler, blank, make_learner, share, sources, unit_sd
from protocols.task import Task

NAME = "credit-assignment"
OPTIONS = {"credit": ("expected", "certain"), "context": CONTEXT}
TINY = 1e-12  # keeps a quotient finite at 0


class Params(NamedTuple):
    """SDs of rewards in units of reward; of weights in reward for an initial SD of the action."""

    rate: Float[Array, ""]
    retention: Float[Array, ""]
    reward_sd: Float[Array, ""]
    prior_sd: Float[Array, ""]
    drift_sd: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]


class State(NamedTuple):
    """The frame's state (the mean of actions), and the belief about what reward hangs on; weight 0 is that of the constant."""

    mean: Float[Array, "context component action"]
    uncertainty: Float[Array, "context component component action"]
    weight: Float[Array, "context weight"]  # expected
    weight_covariance: Float[Array, "context weight weight"]
    first_reward: Float[Array, " context"]  # rewards count from it; NaN before there was one


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    source = "after Dam 2013"
    return (
        Parameter("rate", "how far the mean moves up the expected slope", "1/reward", 0.2, 0.0, 1e4, False, source),
        share("retention", "share of the mean that is left a trial later", 1.0, "Smith 2006"),
        Parameter("reward_sd", "SD of rewards about what the action explains", "reward", 0.5, 1e-6, INF, False, source),
        Parameter("prior_sd", "SD of the weights at first", "reward", 0.5, 1e-6, INF, False, source),
        Parameter("drift_sd", "SD by which the weights may change in a trial", "reward", 0.05, 0.0, INF, False, source),
        PLACE,
        unit_sd("SD of an action about the mean"),
    )


def credit_assignment(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there.
    """
    chosen = choose(options, action_names)
    certain, n = chosen.values["credit"] == "certain", len(action_names)

    def start(params: Params, rows: int) -> State:
        covariance = jnp.broadcast_to(params.prior_sd**2 * jnp.eye(n + 1), (rows, n + 1, n + 1))
        return State(*blank(params, rows), jnp.zeros((rows, n + 1)), covariance, jnp.full(rows, jnp.nan))

    def step(params: Params, state: State, seen: Seen) -> Step:
        weight, covariance = posterior(params, state, seen)
        slope, doubt = weight[1:], jnp.diagonal(covariance)[1:]
        credit = slope**3 / (slope**2 + doubt + TINY) if certain else slope
        push = jnp.where(expectation.told(seen), params.rate * credit, 0.0)
        return Step(jnp.full((1, n), params.retention), jnp.zeros((3, 1, n)), push[None])

    def remember(params: Params, state: State, seen: Seen) -> dict[str, Array]:
        weight, covariance = posterior(params, state, seen)
        first = state.first_reward[seen.row]
        return {
            "weight": state.weight.at[seen.row].set(weight),
            "weight_covariance": state.weight_covariance.at[seen.row].set(covariance + params.drift_sd**2 * jnp.eye(n + 1)),
            "first_reward": state.first_reward.at[seen.row].set(
                jnp.where(expectation.told(seen), expectation.expected(first, seen), first)
            ),
        }

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=("reward",),
            assemble=assembler(Params),
            start=start,
            noise=lambda params, state, row: sources(1.0, n=n),
            drift=lambda params: jnp.zeros((1, n)),
            step=step,
            remember=remember,
        )
    )


def posterior(params: Params, state: State, seen: Seen) -> tuple[Float[Array, " weight"], Float[Array, "weight weight"]]:
    """The belief about the weights, this trial's reward included (where there was one)."""
    weight, covariance = state.weight[seen.row], state.weight_covariance[seen.row]
    regressor = jnp.concatenate([jnp.ones(1), seen.deviation])
    spread = gaussian.times(covariance, regressor)
    gain = spread / (jnp.sum(regressor * spread) + params.reward_sd**2)
    surprise = expectation.advantage(state.first_reward[seen.row], seen) - jnp.sum(weight * regressor)
    told = expectation.told(seen)
    kept = jnp.eye(weight.shape[0]) - gain[:, None] * regressor[None, :]  # Joseph's form stays positive
    left = gaussian.product(gaussian.product(kept, covariance), kept.T) + params.reward_sd**2 * gain[:, None] * gain[None, :]
    return weight + jnp.where(told, gain * surprise, 0.0), jnp.where(told, left, covariance)
