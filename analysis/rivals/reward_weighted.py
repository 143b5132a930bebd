"""The mean of past actions, weighted by their rewards (PoWER, Kober & Peters 2009, trial by trial instead of rollout by rollout).

    w_t = exp((r_t - r_1) / T),   W' = g W + w_t,   x' = x + (w_t / W') (y - x)

``memory`` g forgets old weights, ``temperature`` T says how steep weights are, and the initial mean counts as ``prior_weight`` actions
with the first delivered reward r_1. With ``spread = weighted`` the variance is the mean of squared distances under the same weights. The
executed action counts, motor noise and all. A trial without a reward only lets weights fade.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals import expectation
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, Chosen
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import INF, PLACE, Rival, Seen, assembler, blank, make_learner, share, sources, unit_sd
from protocols.task import Task

NAME = "reward-weighted"
OPTIONS = {"spread": ("fixed", "weighted"), "context": CONTEXT}
LEAST_MEMORY = 1e-12  # whose log is finite


class Params(NamedTuple):
    """The temperature in units of reward; the floor in initial variances."""

    temperature: Float[Array, ""]
    memory: Float[Array, ""]
    prior_weight: Float[Array, ""]
    variance_floor: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]


class State(NamedTuple):
    """The frame's state (the weighted mean), and the weights so far."""

    mean: Float[Array, "context component action"]
    uncertainty: Float[Array, "context component component action"]
    log_weight: Float[Array, " context"]  # log of the sum W
    first_reward: Float[Array, " context"]  # NaN before there was one
    variance: Float[Array, "context action"]  # normalised


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    floor = share("variance_floor", "least variance of exploration, in initial variances", 0.01, "keeps densities finite", False)
    return (
        Parameter(
            "temperature", "gain in reward that makes a weight e times as large", "reward", 0.2, 1e-6, INF, False, "Kober & Peters 2009"
        ),
        share("memory", "share of a weight that is left a trial later", 0.95, "in sequence"),
        Parameter("prior_weight", "actions that the initial mean counts as", "", 1.0, 1e-6, 1e6, False, "in sequence"),
        *((floor,) if chosen.values["spread"] == "weighted" else ()),
        PLACE,
        unit_sd("SD of an action about the mean at first"),
    )


def reward_weighted(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there.
    """
    chosen = choose(options, action_names)
    weighted, n = chosen.values["spread"] == "weighted", len(action_names)

    def start(params: Params, rows: int) -> State:
        log_weight = jnp.full(rows, jnp.log(params.prior_weight))
        return State(*blank(params, rows), log_weight, jnp.full(rows, jnp.nan), jnp.ones((rows, n)))

    def step(params: Params, state: State, seen: Seen) -> Step:
        gain = _weighed(params, state, seen)[0]
        return Step(jnp.ones((1, n)), jnp.full((3, 1, n), gain), jnp.zeros((1, n)))

    def remember(params: Params, state: State, seen: Seen) -> dict[str, Array]:
        gain, log_weight = _weighed(params, state, seen)
        row, variance = seen.row, state.variance[seen.row]
        first = jnp.where(expectation.told(seen), expectation.expected(state.first_reward[row], seen), state.first_reward[row])
        if weighted:
            variance = jnp.maximum((1 - gain) * variance + gain * seen.deviation**2, params.variance_floor)
        return {
            "log_weight": state.log_weight.at[row].set(log_weight),
            "first_reward": state.first_reward.at[row].set(first),
            "variance": state.variance.at[row].set(variance),
        }

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=("reward",),
            assemble=assembler(Params, variance_floor=lambda given: given.get("variance_floor", jnp.zeros(()))),
            start=start,
            noise=lambda params, state, row: sources(state.variance[row], n=n),
            drift=lambda params: jnp.zeros((1, n)),
            step=step,
            remember=remember,
        )
    )


def _weighed(params: Params, state: State, seen: Seen) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """This action's share of all weight, and the log of the sum of weights with it."""
    told = expectation.told(seen)
    old = jnp.log(jnp.maximum(params.memory, LEAST_MEMORY)) + state.log_weight[seen.row]
    own = expectation.advantage(state.first_reward[seen.row], seen) / params.temperature
    total = jnp.logaddexp(old, own)
    return jnp.where(told, jnp.exp(own - total), 0.0), jnp.where(told, total, old)
