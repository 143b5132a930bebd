"""Error-based learning at one rate: ``x' = a x + b e`` on the signed error, or down the slope of the error."""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals.errors import error_signal
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, DESCENDS, ERROR, Chosen, error_unit
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import PLACE, Plain, Rival, Seen, assembler, blank, make_learner, normalised, sd, share, sources, unit_sd
from protocols.task import Task

NAME = "error-based"
OPTIONS = {"error": ERROR, "descends": DESCENDS, "context": CONTEXT}


class Params(NamedTuple):
    """Units of the action columns; the rate is a share of the signed error, or 1/m^2 (1/m: absolute) down a slope."""

    learning_rate: Float[Array, ""]
    retention: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    process_sd: Float[Array, " action"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    unit = error_unit(chosen)
    default = {"": 0.2, "action": 1.0, "1/m2": 2.0, "1/m": 0.5}[unit]
    return (
        Parameter("learning_rate", "how far the state moves for an error", unit, default, 0.0, 1e4, False, "Thoroughman 2000"),
        share("retention", "share of the state that is left a trial later", 0.98, "Smith 2006"),
        PLACE,
        unit_sd("SD of motor noise, which is added to the state"),
        sd("process_sd", "SD of the state's own noise", 0.0, "Cheng & Sabes 2006"),
    )


def error_based(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there or doesn't fit the action, or a slope where the task isn't known.
    """
    chosen = choose(options, action_names)
    signal = error_signal(NAME, chosen, task)
    n = len(action_names)

    def step(params: Params, state: Plain, seen: Seen) -> Step:
        push = params.learning_rate * signal.of(params, state, seen).step
        return Step(jnp.full((1, n), params.retention), jnp.zeros((3, 1, n)), push[None])

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=signal.needs,
            assemble=assembler(Params),
            start=blank,
            noise=lambda params, state, row: sources(motor=1.0, n=n),
            drift=lambda params: normalised(params, params.process_sd)[None] ** 2,
            step=step,
            open_loop=chosen.values["error"] == "signed",
        )
    )
