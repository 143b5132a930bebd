"""Win-stay, lose-shift on continuous actions: repeat, nearly, what won; shift far after a loss.

After a win the next action is drawn about the last one with ``stay_sd``, after a loss with ``initial_sd``: about the last action that won
(``lose = return``) or about the last action (``lose = go-on``). The executed action counts, whoever made its noise. A trial without a
reward changes nothing.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals import success
from analysis.rivals.expectation import told
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, Chosen
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import NAN, PLACE, Rival, Seen, assembler, make_learner, normalised, or_else, sd, sources, unit_sd
from protocols.task import Task

NAME = "win-stay"
OPTIONS = {"lose": ("return", "go-on"), "success": success.KINDS, "context": CONTEXT}


class Params(NamedTuple):
    """SDs in the units of the action columns."""

    baseline_decay: Float[Array, ""]
    initial_baseline: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    stay_sd: Float[Array, " action"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    return (
        *success.parameters(chosen.values["success"]),
        PLACE,
        unit_sd("SD of an action at first and after a loss"),
        sd("stay_sd", "SD of an action about the one that won; NaN: initial_sd / 4", NAN, "win-stay, lose-shift"),
    )


def win_stay(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there.
    """
    chosen = choose(options, action_names)
    by, goes_on, n = chosen.values["success"], chosen.values["lose"] == "go-on", len(action_names)

    def noise(params: Params, state: success.State, row: int) -> Float[Array, "source action"]:
        return sources(jnp.where(state.success[row] > 0, normalised(params, params.stay_sd) ** 2, 1.0), n=n)

    def step(params: Params, state: success.State, seen: Seen) -> Step:
        won = success.succeeded(by, state, seen)
        taken = jnp.where(won | (goes_on & told(seen)), 1.0, 0.0)
        return Step(jnp.ones((1, n)), jnp.full((3, 1, n), taken), jnp.zeros((1, n)))

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=success.needs(by),
            assemble=assembler(
                Params,
                **success.ASSUMED,
                stay_sd=or_else("stay_sd", lambda given: 0.25 * given["initial_sd"]),
            ),
            start=success.start,
            noise=noise,
            drift=lambda params: jnp.zeros((1, n)),
            step=step,
            remember=partial(success.remembered, by),
            baseline=success.baseline,
        )
    )
