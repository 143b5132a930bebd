"""The core learner: a Gaussian policy whose mean and covariance climb the reward gradient (Williams 1992; Haith 2025).

    step in theta = alpha_theta * (reward - baseline) * d log N(exploration; theta) / d theta

The gradient is the automatic derivative of one log density, taken at the old parameters. The mean is ``weights . rows``: one row for all
targets, one for each (a table), or one for each feature of the target's direction. A learner that chose its own actions knows how much of
each was exploration. One that only watched (yoked) knows it only where nothing is hidden; else it holds a belief
(``analysis.policy_gradient_watched``).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis import exploration, gaussian
from analysis import policy_gradient_plane as written_out
from analysis import policy_gradient_watched as watched
from analysis.critics import CRITICS
from analysis.exploration import Shape
from analysis.learner import Context, Learner, Policy
from analysis.policy_gradient_options import NAME, Chosen, choose, parameters_of
from analysis.policy_gradient_options import OPTIONS as OPTIONS
from analysis.policy_gradient_state import (
    Exploration,
    Params,
    Place,
    State,
    assemble,
    deviation,
    here,
    initial_state,
    knowing,
    mean_at,
    place_of,
    spread_at,
)
from protocols.normal import normal
from protocols.task import Outcome, Task
from protocols.threefry import folded_in


def policy_gradient(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen (``OPTIONS`` lists them; the first of each is what it is without a word).

    Raises:
        BadInput: an option or a value of one that isn't there, or an angle where the action hasn't two dimensions.
    """
    chosen = choose(options, action_names)
    parameters = parameters_of(chosen)
    compiled = {
        name: jax.jit(partial(function, chosen)) for name, function in _FUNCTIONS.items()
    }  # plain calls would compile each operation
    return Learner(
        name=NAME,
        parameters=parameters,
        action_names=tuple(action_names),
        needs=("reward",),
        assemble=assemble,
        init=partial(initial_state, chosen),
        knowing=knowing,
        matched=chosen.hidden,
        **compiled,
        walk=written_out.walk_of(chosen) if written_out.is_written_out(chosen) else None,
    )


def _covariance(chosen: Chosen, params: Params, state: State, place: Place) -> Float[Array, "action action"]:
    """Of an action about its mean: exploration, and where there is hidden noise, that and what isn't known. Normalised."""
    if chosen.hidden and state.uncertainty.size:
        return watched.covariance(chosen, params, state, place)
    explored = exploration.covariance(chosen, *spread_at(chosen, state, place))
    return explored + jnp.diag((params.motor_sd / params.initial_sd) ** 2) if chosen.hidden else explored


def _act(chosen: Chosen, key: Any, params: Params, state: State, context: Context) -> tuple[Float[Array, " action"], Exploration]:
    """Mean, exploration and motor noise, drawn together; process noise joins the update, from a key of its own."""
    n, place = len(chosen.action_names), place_of(chosen, params, context)
    explored = exploration.whites(chosen, state.mean.shape[0])
    white = normal(key, (explored + n if chosen.hidden else explored,))
    own = exploration.drawn(chosen, white[:explored], *spread_at(chosen, state, place))
    intended = params.initial_mean + params.initial_sd * (mean_at(chosen, state, place) + own)
    if not chosen.hidden:
        return intended, Exploration(own, intended)
    return intended + params.motor_sd * white[explored:], Exploration(own, intended, key)


def _seen(chosen: Chosen, params: Params, state: State, place: Place, action: Float[Array, " action"]) -> tuple[Array, Array]:
    """The action's distance from the mean, normalised (0 where there is none), and whether there is one."""
    acted = jnp.all(jnp.isfinite(action))
    return jnp.where(acted, deviation(chosen, params, mean_at(chosen, state, place), action), 0.0), acted


def _log_prob(chosen: Chosen, params: Params, state: State, context: Context, action: Float[Array, " action"]) -> Float[Array, ""]:
    """Log density of the executed action, in column units."""
    place = place_of(chosen, params, context)
    seen, acted = _seen(chosen, params, state, place, action)
    if chosen.hidden and state.uncertainty.size:
        density = watched.log_density(chosen, params, state, place, seen)
    elif chosen.hidden and exploration.is_apart(chosen):
        density = gaussian.log_density_independent(seen, jnp.diagonal(_covariance(chosen, params, state, place)))
    elif chosen.hidden:
        density = gaussian.log_density(seen, _covariance(chosen, params, state, place))
    else:
        density = exploration.expected(chosen, seen, None, *spread_at(chosen, state, place))
    return jnp.where(acted, density - jnp.sum(jnp.log(params.initial_sd)), 0.0)


def _policy(chosen: Chosen, params: Params, state: State, context: Context) -> Policy:
    place, scale = place_of(chosen, params, context), params.initial_sd
    shape, setting = spread_at(chosen, state, place)
    return Policy(
        mean=params.initial_mean + scale * mean_at(chosen, state, place),
        covariance=_covariance(chosen, params, state, place) * scale[:, None] * scale[None, :],
        log_var=exploration.log_var_here(chosen, shape, setting),
        angle=jnp.asarray(state.mix if chosen.covariance == "angle" else jnp.nan),
        reward_baseline=CRITICS[chosen.critic].value(state.reward_baseline, place.row, place.features),
    )


def _update(
    chosen: Chosen,
    params: Params,
    state: State,
    context: Context,
    action: Float[Array, " action"],
    outcome: Outcome,
    info: Exploration | None = None,
) -> State:
    place, critic, reward = place_of(chosen, params, context), CRITICS[chosen.critic], jnp.asarray(outcome.reward)
    seen, acted = _seen(chosen, params, state, place, action)
    learned = acted & jnp.isfinite(reward)
    expected = critic.value(state.reward_baseline, place.row, place.features)
    advantage = jnp.where(learned & ~jnp.isnan(expected), reward - expected, 0.0)
    if info is None and chosen.hidden:
        state = watched.learned(chosen, params, state, place, seen, acted, advantage)
    else:
        explored, drift = (seen, None) if info is None else (info.exploration, info.drift)
        state = _learned(chosen, params, state, place, explored, advantage, drift)
    learnt = critic.learn(state.reward_baseline, place.row, place.features, reward, 1 - params.baseline_decay)
    return state._replace(reward_baseline=jnp.where(learned, learnt, state.reward_baseline))


def _learned(
    chosen: Chosen, params: Params, state: State, place: Place, explored: Float[Array, " action"], advantage: Float[Array, ""], drift: Any
) -> State:
    """The step of a learner whose exploration is known; ``drift`` is the key of its process noise, or None."""
    shape, setting = spread_at(chosen, state, place)
    density = lambda mean, shape: exploration.expected(chosen, explored - mean, None, shape, setting)  # noqa: E731
    slope, bent = jax.grad(density, argnums=(0, 1))(jnp.zeros_like(explored), shape)
    rate = watched.mean_rate(params, advantage)
    step = rate * (explored if chosen.natural else slope)
    step = watched.capped(chosen, step, slope) * step
    rates = watched.spread_rates(chosen, params, advantage)
    turned = Shape(*(old + rate * up for old, rate, up in zip(shape, rates, bent, strict=True)))
    least = jnp.log(params.variance_floor)
    return state._replace(
        mean=_moved(chosen, params, state.mean, place, step, drift),
        log_var=jnp.maximum(turned.log_var, least),
        mix=turned.mix,
        latent=jnp.maximum(turned.latent, least),
    )


def _moved(
    chosen: Chosen, params: Params, mean: Float[Array, "row action"], place: Place, step: Float[Array, " action"], drift: Any
) -> Float[Array, "row action"]:
    """The mean after a step, with process noise where there is any. The branch also keeps XLA from working out the step for each row."""

    def still(mean: Array, step: Array) -> Array:
        moved = jnp.where(here(mean, place.row), step, 0.0) if chosen.table else place.weights[:, None] * step
        return params.retention * mean + moved

    def drifting(mean: Array, step: Array) -> Array:
        return still(mean, step) + params.process_sd * normal(folded_in(drift, 1), mean.shape)

    return still(mean, step) if drift is None else jax.lax.cond(params.process_sd > 0, drifting, still, mean, step)


_FUNCTIONS = {"act": _act, "log_prob": _log_prob, "update": _update, "policy": _policy}
