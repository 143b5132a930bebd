"""A floor: a random walk seen through noise (local level, Kalman 1960; Harvey 1989). It knows no reward and no error."""

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

NAME = "local-level"
OPTIONS = {"context": CONTEXT}


class Params(NamedTuple):
    """In the units of the action columns."""

    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    level_sd: Float[Array, " action"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    return (
        PLACE,
        unit_sd("SD of an action about the level"),
        sd("level_sd", "SD of the level's step from trial to trial; NaN: initial_sd / 4", NAN, "a floor"),
    )


def local_level(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The floor with its options chosen. The level begins at ``initial_mean``.

    Raises:
        BadInput: an option or value that isn't there.
    """
    chosen = choose(options, action_names)
    n = len(action_names)

    def step(params: Params, state: Plain, seen: Seen) -> Step:
        return Step(jnp.ones((1, n)), jnp.zeros((3, 1, n)), jnp.zeros((1, n)))

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=(),
            assemble=assembler(Params, level_sd=or_else("level_sd", lambda given: 0.25 * given["initial_sd"])),
            start=blank,
            noise=lambda params, state, row: sources(motor=1.0, n=n),
            drift=lambda params: normalised(params, params.level_sd)[None] ** 2,
            step=step,
            open_loop=True,
        )
    )
