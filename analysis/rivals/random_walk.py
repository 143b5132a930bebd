"""A floor: each action is the one before it, and a step. It knows no reward and no error."""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, Chosen
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import NAN, PLACE, Plain, Rival, Seen, assembler, blank, make_learner, normalised, or_else, sd, sources, unit_sd
from protocols.task import Task

NAME = "random-walk"
OPTIONS = {"context": CONTEXT}


class Params(NamedTuple):
    """In the units of the action columns."""

    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    step_sd: Float[Array, " action"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    return (
        PLACE,
        unit_sd("SD of the first action"),
        sd("step_sd", "SD of the step from one action to the next; NaN: initial_sd", NAN, "a floor"),
    )


def random_walk(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The floor with its options chosen. A missing action leaves the walk unseen: two steps lie between its neighbours.

    Raises:
        BadInput: an option or value that isn't there.
    """
    chosen = choose(options, action_names)
    n = len(action_names)

    def start(params: Params, rows: int) -> Plain:
        state = blank(params, rows)
        return state._replace(uncertainty=jnp.ones_like(state.uncertainty))

    def step(params: Params, state: Plain, seen: Seen) -> Step:
        return Step(jnp.ones((1, n)), jnp.zeros((3, 1, n)), jnp.zeros((1, n)))

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=(),
            assemble=assembler(Params, step_sd=or_else("step_sd", lambda given: given["initial_sd"])),
            start=start,
            noise=lambda params, state, row: sources(n=n),
            drift=lambda params: normalised(params, params.step_sd)[None] ** 2,
            step=step,
        )
    )
