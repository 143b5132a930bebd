"""Explore, and keep what was explored when it succeeds (after Therrien 2016, 2018; Cashaback 2019; Roth 2023).

    x' = a x + success * keep * (e [+ p] [+ m])

The papers' forms differ, and this is none of them to the letter. ``credit`` says which of the noises is kept: exploration, planning noise
with it, or all that was executed. ``explores`` says when: less after success, only after failure, or always the same. ``success`` is a
hit, or a reward above the running mean. A trial without a reward keeps nothing, and leaves what is explored next as it was.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals import success
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, Chosen
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import NAN, PLACE, Rival, Seen, assembler, make_learner, normalised, or_else, sd, share, sources, unit_sd
from protocols.task import Task

NAME = "explore-keep"
OPTIONS = {
    "credit": ("exploration", "planning", "all"),
    "explores": ("less-after-success", "after-failure", "always"),
    "success": success.KINDS,
    "context": CONTEXT,
}
_KEPT = {"exploration": (1.0, 0.0, 0.0), "planning": (1.0, 1.0, 0.0), "all": (1.0, 1.0, 1.0)}  # of exploration, planning, motor noise
_SURE = {"after-failure": 0.0, "always": 1.0}  # exploration after success, where it is no parameter


class Params(NamedTuple):
    """SDs in the units of the action columns."""

    keep: Float[Array, ""]
    retention: Float[Array, ""]
    success_exploration: Float[Array, ""]
    baseline_decay: Float[Array, ""]
    initial_baseline: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    planning_sd: Float[Array, " action"]
    motor_sd: Float[Array, " action"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    less = share("success_exploration", "SD of exploration after success, as a share of initial_sd", 0.5, "Cashaback 2019")
    return (
        share("keep", "share of what was credited that a success keeps", 1.0, "Therrien 2016"),
        share("retention", "share of the state that is left a trial later", 1.0, "Therrien 2016"),
        *(() if chosen.values["explores"] in _SURE else (less,)),
        *success.parameters(chosen.values["success"]),
        PLACE,
        unit_sd("SD of exploration, at first and after failure"),
        sd("planning_sd", "SD of planning noise, which is always there", 0.0, "Roth 2023", False),
        sd("motor_sd", "SD of motor noise; NaN: initial_sd / 4", NAN, "van Beers 2009"),
    )


def explore_keep(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there.
    """
    chosen = choose(options, action_names)
    by, n = chosen.values["success"], len(action_names)
    sure = _SURE.get(chosen.values["explores"], jnp.nan)
    kept = jnp.array(_KEPT[chosen.values["credit"]])[:, None, None]

    def noise(params: Params, state: success.State, row: int) -> Float[Array, "source action"]:
        explored = jnp.where(state.success[row] > 0, params.success_exploration**2, 1.0)
        planning, motor = normalised(params, params.planning_sd) ** 2, normalised(params, params.motor_sd) ** 2
        return sources(explored, planning, motor, n)

    def step(params: Params, state: success.State, seen: Seen) -> Step:
        won = success.succeeded(by, state, seen)
        gain = jnp.broadcast_to(jnp.where(won, params.keep, 0.0) * kept, (3, 1, n))
        return Step(jnp.full((1, n), params.retention), gain, jnp.zeros((1, n)))

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=success.needs(by),
            assemble=assembler(
                Params,
                success_exploration=lambda given: given.get("success_exploration", jnp.asarray(sure, dtype=float)),
                **success.ASSUMED,
                motor_sd=or_else("motor_sd", lambda given: 0.25 * given["initial_sd"]),
            ),
            start=success.start,
            noise=noise,
            drift=lambda params: jnp.zeros((1, n)),
            step=step,
            remember=partial(success.remembered, by),
            baseline=success.baseline,
        )
    )
