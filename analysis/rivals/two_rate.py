"""Error-based learning at two rates (Smith, Ghazizadeh & Shadmehr 2006): a state that learns fast and forgets fast, and a slow one.

``x = x_f + x_s``, each ``x' = a x + b e``, with ``a_s > a_f`` and ``b_f > b_s``: the fast retention is a share of the slow one, and the
slow rate a share of the fast one, so that no value that can be fitted breaks the order.
"""

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

NAME = "two-rate"
OPTIONS = {"error": ERROR, "descends": DESCENDS, "context": CONTEXT}


class Params(NamedTuple):
    """``retention_fast`` is ``retention_slow * fast_retention``, ``rate_slow`` is ``rate_fast * slow_rate``."""

    rate_fast: Float[Array, ""]
    rate_slow: Float[Array, ""]
    retention_fast: Float[Array, ""]
    retention_slow: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    process_sd: Float[Array, " action"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted. Defaults for a signed error come to retentions of 0.59 and 0.992 and rates of 0.21 and 0.02: what the field quotes
    from Smith et al.
    """
    unit = error_unit(chosen)
    default = {"": 0.21, "action": 1.0, "1/m2": 2.0, "1/m": 0.5}[unit]
    return (
        Parameter("rate_fast", "how far the fast state moves for an error", unit, default, 0.0, 1e4, False, "Smith 2006"),
        share("slow_rate", "rate of the slow state, as a share of rate_fast", 0.0952, "Smith 2006"),
        share("retention_slow", "share of the slow state that is left a trial later", 0.992, "Smith 2006"),
        share("fast_retention", "retention of the fast state, as a share of retention_slow", 0.5948, "Smith 2006"),
        PLACE,
        unit_sd("SD of motor noise, which is added to the two states"),
        sd("process_sd", "SD of each state's own noise", 0.0, "Cheng & Sabes 2006"),
    )


def two_rate(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there or doesn't fit the action, or a slope where the task isn't known.
    """
    chosen = choose(options, action_names)
    signal = error_signal(NAME, chosen, task)
    n = len(action_names)

    def step(params: Params, state: Plain, seen: Seen) -> Step:
        error = signal.of(params, state, seen).step
        retention = jnp.stack([params.retention_fast, params.retention_slow])[:, None]
        rate = jnp.stack([params.rate_fast, params.rate_slow])[:, None]
        return Step(jnp.broadcast_to(retention, (2, n)), jnp.zeros((3, 2, n)), rate * error)

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=signal.needs,
            assemble=assembler(
                Params,
                rate_slow=lambda given: given["rate_fast"] * given["slow_rate"],
                retention_fast=lambda given: given["retention_slow"] * given["fast_retention"],
            ),
            start=lambda params, rows: blank(params, rows, components=2),
            noise=lambda params, state, row: sources(motor=1.0, n=n),
            drift=lambda params: jnp.broadcast_to(normalised(params, params.process_sd) ** 2, (2, n)),
            step=step,
        )
    )
