"""Learning from errors that the task's outcome modulates (Kim, Parvin & Ivry 2019).

``x' = A_hit x + U_hit`` on a hit, ``x' = A_miss x + U_miss`` on a miss.

U has the size of a parameter and the sign of the error, and is 0 where no error was seen. Down a slope, U is a step of that size in each
action dimension, in the direction in which the error falls. A trial whose outcome is missing forgets as after a miss.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals.errors import error_signal
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, ERROR, Chosen
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import PLACE, Plain, Rival, Seen, assembler, blank, make_learner, normalised, sd, share, sources, unit_sd
from protocols.task import Task

NAME = "task-outcome"
OPTIONS = {"error": ERROR, "context": CONTEXT}


class Params(NamedTuple):
    """Updates in the units of the action columns."""

    retention_hit: Float[Array, ""]
    retention_miss: Float[Array, ""]
    update_hit: Float[Array, " action"]
    update_miss: Float[Array, " action"]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    process_sd: Float[Array, " action"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    return (
        share("retention_hit", "share of the state that is left after a hit", 0.98, "Kim 2019"),
        share("retention_miss", "share of the state that is left after a miss", 0.98, "Kim 2019"),
        sd("update_hit", "size of the update after a hit", 0.1, "Kim 2019"),
        sd("update_miss", "size of the update after a miss", 0.2, "Kim 2019"),
        PLACE,
        unit_sd("SD of motor noise, which is added to the state"),
        sd("process_sd", "SD of the state's own noise", 0.0, "Cheng & Sabes 2006"),
    )


def task_outcome(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there or doesn't fit the action, or a slope where the task isn't known.
    """
    chosen = choose(options, action_names)
    signal = error_signal(NAME, chosen, task)
    n = len(action_names)

    def step(params: Params, state: Plain, seen: Seen) -> Step:
        hit = jnp.asarray(seen.outcome.hit) > 0  # NaN isn't
        retention = jnp.where(hit & seen.acted, params.retention_hit, params.retention_miss)
        size = normalised(params, jnp.where(hit, params.update_hit, params.update_miss))
        push = size * jnp.sign(signal.of(params, state, seen).step)
        return Step(jnp.full((1, n), retention), jnp.zeros((3, 1, n)), push[None])

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=("hit", *signal.needs),
            assemble=assembler(Params),
            start=blank,
            noise=lambda params, state, row: sources(motor=1.0, n=n),
            drift=lambda params: normalised(params, params.process_sd)[None] ** 2,
            step=step,
            open_loop=chosen.values["error"] == "signed",
        )
    )
