"""A floor: mean and spread go exponentially from first to last values, as a function of nothing but the number of trials given.

    mean_t = final_mean + (initial_mean - final_mean) exp(-t / time_constant),   t = 0, 1, 2, ... over all trials, missing ones too

and the variance likewise, from initial_sd^2 to final_sd^2. It knows no reward, no error, and no action either.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals.frame import Step
from analysis.rivals.options import Chosen
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import INF, NAN, PLACE, Rival, Seen, assembler, blank, make_learner, normalised, or_else, sources, unit_sd
from protocols.task import Task

NAME = "trend"
OPTIONS: dict[str, tuple[str, ...]] = {}


class Params(NamedTuple):
    """Means and SDs in the units of the action columns."""

    time_constant: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    final_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    final_sd: Float[Array, " action"]


class State(NamedTuple):
    """The frame's state, of two components: where the trend ends (from initial_mean), and what is left of the way."""

    mean: Float[Array, "context component action"]
    uncertainty: Float[Array, "context component component action"]
    left: Float[Array, ""]  # exp(-t / time_constant)


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    return (
        Parameter("time_constant", "trials in which the distance to the end falls to 1/e", "trials", 100.0, 0.1, 1e6, False, "a floor"),
        PLACE,
        Parameter("final_mean", "mean that is tended to; NaN: initial_mean", "action", NAN, -INF, INF, True, "a floor"),
        unit_sd("SD of the first action"),
        Parameter("final_sd", "SD that is tended to; NaN: initial_sd", "action", NAN, 1e-12, INF, True, "a floor"),
    )


def trend(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The floor.

    Raises:
        BadInput: an option; it has none.
    """
    chosen = choose(options, action_names)
    n = len(action_names)

    def start(params: Params, rows: int) -> State:
        state = blank(params, rows, components=2)
        way = normalised(params, params.final_mean - params.initial_mean)
        return State(state.mean + jnp.stack([way, -way]), state.uncertainty, jnp.ones(()))

    def noise(params: Params, state: State, row: int) -> Float[Array, "source action"]:
        final = normalised(params, params.final_sd) ** 2
        return sources(motor=final + (1.0 - final) * state.left, n=n)

    def step(params: Params, state: State, seen: Seen) -> Step:
        retention = jnp.stack([jnp.ones(()), jnp.exp(-1.0 / params.time_constant)])[:, None]
        return Step(jnp.broadcast_to(retention, (2, n)), jnp.zeros((3, 2, n)), jnp.zeros((2, n)))

    def remember(params: Params, state: State, seen: Seen) -> dict[str, Array]:
        return {"left": state.left * jnp.exp(-1.0 / params.time_constant)}

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=False,
            needs=(),
            assemble=assembler(
                Params,
                final_mean=or_else("final_mean", lambda given: given["initial_mean"]),
                final_sd=or_else("final_sd", lambda given: given["initial_sd"]),
            ),
            start=start,
            noise=noise,
            drift=lambda params: jnp.zeros((2, n)),
            step=step,
            remember=remember,
        )
    )
