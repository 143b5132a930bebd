"""An actor that reward teaches, beside an estimate that sensory errors teach (after Izawa & Shadmehr 2011).

    x = x_actor + x_estimate
    x_actor'    = a_1 x_actor + alpha (r - V) e,      V <- d V + (1 - d) r
    x_estimate' = a_2 x_estimate + b * error          where an error was seen

Their model estimates a perturbation by a Kalman filter on sensory and reward prediction errors, and picks actions by value. This one keeps
what it was made for, two errors that teach two things, in a form whose likelihood is exact. ``sensory = none`` leaves the actor alone.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter
from analysis.rivals import expectation
from analysis.rivals.errors import ErrorSignal, error_signal
from analysis.rivals.frame import Step
from analysis.rivals.options import CONTEXT, ERROR, Chosen, error_unit
from analysis.rivals.options import choose as choose_from
from analysis.rivals.rival import NAN, PLACE, Rival, Seen, assembler, blank, make_learner, normalised, or_else, sd, share, sources, unit_sd
from protocols.task import Task

NAME = "actor-critic"
OPTIONS = {"sensory": ("error", "none"), "error": ERROR, "context": CONTEXT}


class Params(NamedTuple):
    """SDs in the units of the action columns; the rate of the estimate as with error-based."""

    alpha_mean: Float[Array, ""]
    retention: Float[Array, ""]
    learning_rate: Float[Array, ""]
    estimate_retention: Float[Array, ""]
    baseline_decay: Float[Array, ""]
    initial_baseline: Float[Array, ""]
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    motor_sd: Float[Array, " action"]


class State(NamedTuple):
    """The frame's state with the components actor and estimate, and the critic's value."""

    mean: Float[Array, "context component action"]
    uncertainty: Float[Array, "context component component action"]
    reward_baseline: Float[Array, " context"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read."""
    return choose_from(NAME, OPTIONS, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What is fitted."""
    unit = error_unit(chosen)
    source = "Izawa & Shadmehr 2011"
    sensory = (
        Parameter("learning_rate", "how far the estimate moves for an error", unit, {"": 0.2}.get(unit, 2.0), 0.0, 1e4, False, source),
        share("estimate_retention", "share of the estimate that is left a trial later", 0.98, source),
    )
    return (
        Parameter("alpha_mean", "rate of the actor", "1/reward", 0.1, 0.0, 1e4, False, source),
        share("retention", "share of what the actor has learned that is left a trial later", 1.0, source),
        *(sensory if chosen.values["sensory"] == "error" else ()),
        *expectation.MEMORY,
        PLACE,
        unit_sd("SD of exploration"),
        sd("motor_sd", "SD of motor noise; NaN: initial_sd / 4", NAN, "van Beers 2009"),
    )


def actor_critic(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or value that isn't there or doesn't fit the action, or a slope where the task isn't known.
    """
    chosen = choose(options, action_names)
    signal = error_signal(NAME, chosen, task) if chosen.values["sensory"] == "error" else None
    n = len(action_names)

    def start(params: Params, rows: int) -> State:
        return State(*blank(params, rows, components=2), jnp.full(rows, params.initial_baseline))

    def step(params: Params, state: State, seen: Seen) -> Step:
        gain = params.alpha_mean * expectation.advantage(state.reward_baseline[seen.row], seen)
        retention = jnp.stack([params.retention, params.estimate_retention])[:, None]
        actor = jnp.array([1.0, 0.0])[None, :, None]
        return Step(jnp.broadcast_to(retention, (2, n)), actor * sources(gain, n=n)[:, None, :], _pushed(signal, params, state, seen, n))

    def remember(params: Params, state: State, seen: Seen) -> dict[str, Array]:
        after = expectation.followed(state.reward_baseline[seen.row], params.baseline_decay, seen)
        return {"reward_baseline": state.reward_baseline.at[seen.row].set(after)}

    return make_learner(
        Rival(
            name=NAME,
            parameters=parameters_of(chosen),
            action_names=chosen.action_names,
            table=chosen.table,
            needs=tuple(dict.fromkeys(("reward", *(signal.needs if signal else ())))),
            assemble=assembler(
                Params,
                learning_rate=lambda given: given.get("learning_rate", jnp.zeros(())),
                estimate_retention=lambda given: given.get("estimate_retention", jnp.ones(())),
                motor_sd=or_else("motor_sd", lambda given: 0.25 * given["initial_sd"]),
            ),
            start=start,
            noise=lambda params, state, row: sources(1.0, 0.0, normalised(params, params.motor_sd) ** 2, n),
            drift=lambda params: jnp.zeros((2, n)),
            step=step,
            remember=remember,
            baseline=lambda state, row: state.reward_baseline[row],
        )
    )


def _pushed(signal: ErrorSignal | None, params: Params, state: State, seen: Seen, n: int) -> Float[Array, "component action"]:
    if signal is None:
        return jnp.zeros((2, n))
    return jnp.stack([jnp.zeros(n), params.learning_rate * signal.of(params, state, seen).step])
