"""Exploration whose variance is set by recent reward (after Dhawale 2019; Pekny 2015), while its mean learns from reward.

    s_t^2 = initial_sd^2 (l^2 + (1 - l^2) f(c (R - R_0))),   f(0) = 1,   0 <= f <= 2
    x'    = a x + alpha (r - R) e

R is a running mean of rewards (``recent = average``) or the last one (``last``); R_0 is where the SD is ``initial_sd``; f falls as
``2 / (1 + exp(.))`` (``form = logistic``) or in a straight line from 2 to 0 (``linear``). The papers print other functions: this one is
bounded on both sides, which a fit needs. With alpha = 0 only the variance knows of rewards.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals import expectation
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, Chosen
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import (
    INF,
    NAN,
    PLACE,
    Rival,
    Seen,
    assembler,
    blank,
    make_learner,
    normalised,
    or_else,
    sd,
    share,
    sources,
    unit_sd,
)
from protocols.task import Task

NAME = "reward-variability"
OPTIONS = {"recent": ("average", "last"), "form": ("logistic", "linear"), "context": CONTEXT}


class Params(NamedTuple):
    """SDs in the units of the action columns."""

    alpha_mean: Float[Array, ""]
    retention: Float[Array, ""]
    sensitivity: Float[Array, ""]
    least_exploration: Float[Array, ""]
    reference_reward: Float[Array, ""]
    baseline_decay: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    motor_sd: Float[Array, " action"]


class State(NamedTuple):
    """The frame's state, and the rewards that it goes by."""

    mean: Float[Array, "context component action"]
    uncertainty: Float[Array, "context component component action"]
    reward_baseline: Float[Array, " context"]  # recent reward
    reference: Float[Array, " context"]  # reward at which the SD is initial_sd


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    first = "reward at which the SD is initial_sd; NaN: the first one delivered"
    return (
        Parameter("alpha_mean", "rate of the mean", "1/reward", 0.1, 0.0, 1e4, False, "reward-based learning"),
        share("retention", "share of the state that is left a trial later", 1.0, "Smith 2006"),
        Parameter("sensitivity", "how fast the variance falls with recent reward", "1/reward", 1.0, 0.0, 1e4, False, "Dhawale 2019"),
        share("least_exploration", "least SD of exploration, as a share of initial_sd", 0.2, "Dhawale 2019"),
        Parameter("reference_reward", first, "reward", NAN, -INF, INF, False, "a choice", False),
        *(expectation.MEMORY[:1] if chosen.values["recent"] == "average" else ()),
        PLACE,
        unit_sd("SD of exploration at first"),
        sd("motor_sd", "SD of motor noise; NaN: initial_sd / 4", NAN, "van Beers 2009"),
    )


def reward_variability(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there.
    """
    chosen = choose(options, action_names)
    linear, n = chosen.values["form"] == "linear", len(action_names)

    def start(params: Params, rows: int) -> State:
        return State(*blank(params, rows), jnp.full(rows, jnp.nan), jnp.full(rows, params.reference_reward))

    def noise(params: Params, state: State, row: int) -> Float[Array, "source action"]:
        above = state.reward_baseline[row] - state.reference[row]
        above = params.sensitivity * jnp.where(jnp.isnan(above), 0.0, above)
        fallen = jnp.clip(1.0 - above, 0.0, 2.0) if linear else 2.0 * jax.nn.sigmoid(-above)
        least = params.least_exploration**2
        return sources(least + (1 - least) * fallen, 0.0, normalised(params, params.motor_sd) ** 2, n)

    def step(params: Params, state: State, seen: Seen) -> Step:
        gain = params.alpha_mean * expectation.advantage(state.reward_baseline[seen.row], seen)
        return Step(jnp.full((1, n), params.retention), sources(gain, n=n)[:, None, :], jnp.zeros((1, n)))

    def remember(params: Params, state: State, seen: Seen) -> dict[str, Array]:
        recent, reference = state.reward_baseline[seen.row], state.reference[seen.row]
        first = jnp.where(jnp.isnan(reference) & expectation.told(seen), expectation.reward(seen), reference)
        after = expectation.followed(recent, params.baseline_decay, seen)
        return {"reward_baseline": state.reward_baseline.at[seen.row].set(after), "reference": state.reference.at[seen.row].set(first)}

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=("reward",),
            assemble=assembler(
                Params,
                baseline_decay=lambda given: given.get("baseline_decay", jnp.zeros(())),
                motor_sd=or_else("motor_sd", lambda given: 0.25 * given["initial_sd"]),
            ),
            start=start,
            noise=noise,
            drift=lambda params: jnp.zeros((1, n)),
            step=step,
            remember=remember,
            baseline=lambda state, row: state.reward_baseline[row],
        )
    )
