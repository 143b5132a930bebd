"""A floor: the next action is drawn as the last ``window`` actions were. It knows no reward and no error.

Mean and covariance (n - 1) are those of the window, the covariance inflated by 1 + 1/n as for a new draw: what
``analysis.measures.practice.past_surprise`` is minus the log of. Before 10 actions (or one more than the action has numbers) it is
the initial mean and SD. A window of 60 is a block of the skittles norm.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis import gaussian
from analysis.learner import Context, Learner, Policy
from analysis.parameters import Parameter
from analysis.rivals.rival import PLACE, assembler, deviation, unit_sd
from protocols.errors import BadInput
from protocols.task import Outcome, Task

NAME = "past-blocks"
OPTIONS = {"window": ("60", "a whole number of 10 or more")}
FIRST = 10  # actions before the past is believed
LEAST_VARIANCE = 1e-9  # in initial variances, added: actions that are all the same have a density still


class Chosen(NamedTuple):
    """The options, read."""

    window: int
    action_names: tuple[str, ...]

    @property
    def first(self) -> int:
        """How many actions are needed."""
        return max(FIRST, len(self.action_names) + 1)


class Params(NamedTuple):
    """In the units of the action columns."""

    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]


class State(NamedTuple):
    """The past."""

    recent: Float[Array, "window action"]  # normalised, from initial_mean; the latest last, 0 in front while there are fewer
    count: Float[Array, ""]


class Intended(NamedTuple):
    """What this floor knows of its own action: it has no noise beside."""

    intended: Float[Array, " action"]


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options, read.

    Raises:
        BadInput: an option that isn't there, or a window that is no whole number, or too small.
    """
    for name in options:
        if name not in OPTIONS:
            raise BadInput(f"learner '{NAME}' has no option '{name}': choose from {', '.join(OPTIONS)}")
    text = str(options.get("window", OPTIONS["window"][0]))
    window = int(text) if text.isdecimal() else 0
    first = max(FIRST, len(action_names) + 1)
    if window < first:
        raise BadInput(f"option 'window' of learner '{NAME}' is '{text}': choose a whole number of {first} or more (60 is usual)")
    return Chosen(window, tuple(action_names))


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """What there is to set; no trial after the first ten depends on it."""
    return (PLACE, unit_sd("SD of the first actions"))


def past_blocks(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The floor with its window chosen.

    Raises:
        BadInput: as ``choose`` does.
    """
    chosen = choose(options, action_names)
    n = len(action_names)
    return Learner(
        name=NAME,
        parameters=parameters_of(chosen),
        action_names=chosen.action_names,
        needs=(),
        assemble=assembler(Params),
        init=lambda params, contexts: State(jnp.zeros((chosen.window, n)), jnp.zeros(())),
        act=lambda key, params, state, context: _act(chosen, key, params, state),
        log_prob=lambda params, state, context, action: _log_prob(chosen, params, state, action),
        update=lambda params, state, context, action, outcome, info=None: _update(chosen, params, state, context, action, outcome),
        policy=lambda params, state, context: _policy(chosen, params, state),
    )


def _past(chosen: Chosen, state: State) -> tuple[Float[Array, " action"], Float[Array, "action action"]]:
    """Mean and covariance of the next action, normalised."""
    n = len(chosen.action_names)
    kept = jnp.minimum(state.count, chosen.window)
    there = (jnp.arange(chosen.window) >= chosen.window - kept)[:, None]
    many = jnp.maximum(kept, 2.0)
    mean = jnp.sum(jnp.where(there, state.recent, 0.0), axis=0) / many
    away = jnp.where(there, state.recent - mean, 0.0)
    covariance = away.T @ away / (many - 1) * (1 + 1 / many) + LEAST_VARIANCE * jnp.eye(n)
    known = state.count >= chosen.first
    return jnp.where(known, mean, 0.0), jnp.where(known, covariance, jnp.eye(n))


def _act(chosen: Chosen, key: Any, params: Params, state: State) -> tuple[Float[Array, " action"], Intended]:
    mean, covariance = _past(chosen, state)
    drawn = mean + gaussian.times(gaussian.cholesky(covariance), jax.random.normal(key, mean.shape))
    action = params.initial_mean + params.initial_sd * drawn
    return action, Intended(action)


def _log_prob(chosen: Chosen, params: Params, state: State, action: Float[Array, " action"]) -> Float[Array, ""]:
    mean, covariance = _past(chosen, state)
    acted = jnp.all(jnp.isfinite(action))
    away = deviation(chosen.action_names, params, mean, jnp.where(acted, action, params.initial_mean))
    return jnp.where(acted, gaussian.log_density(away, covariance) - jnp.sum(jnp.log(params.initial_sd)), 0.0)


def _policy(chosen: Chosen, params: Params, state: State) -> Policy:
    mean, covariance = _past(chosen, state)
    return Policy(
        mean=params.initial_mean + params.initial_sd * mean,
        covariance=covariance * params.initial_sd[:, None] * params.initial_sd[None, :],
        log_var=jnp.log(jnp.diagonal(covariance)),
        angle=jnp.asarray(jnp.nan),
        reward_baseline=jnp.asarray(jnp.nan),
    )


def _update(chosen: Chosen, params: Params, state: State, context: Context, action: Float[Array, " action"], outcome: Outcome) -> State:
    acted = jnp.all(jnp.isfinite(action))
    at = deviation(chosen.action_names, params, jnp.zeros_like(params.initial_mean), jnp.where(acted, action, params.initial_mean))
    later = State(jnp.concatenate([state.recent[1:], at[None]]), state.count + 1.0)
    return jax.tree.map(lambda new, old: jnp.where(acted, new, old), later, state)
