"""The policy-gradient learner as one who watches can know it, where motor or process noise hide what was explored.

``analysis.hidden_noise`` has the arithmetic. Here a state becomes a belief over rows and spread, and back. Dimensions that are explored
independently are watched each by itself. A table keeps its rows apart from each other and from the spread.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis import exploration, gaussian, hidden_noise
from analysis.exploration import Shape
from analysis.hidden_noise import Joint, Rule, Seeing
from analysis.policy_gradient_options import Chosen
from analysis.policy_gradient_state import Params, Place, State, here, spread_at


def mean_rate(params: Params, advantage: Float[Array, ""]) -> Float[Array, ""]:
    """Of the mean, times the advantage."""
    return jnp.where(advantage > 0, params.alpha_plus, params.alpha_minus) * advantage


def spread_rates(chosen: Chosen, params: Params, advantage: Float[Array, ""]) -> Shape:
    """Of log variances, mix and latents, times the advantage."""
    rate = params.alpha_log_var * advantage
    return Shape(rate, params.alpha_angle * advantage if chosen.covariance == "angle" else rate, rate)


def capped(chosen: Chosen, step: Float[Array, " action"], slope: Float[Array, " action"]) -> Float[Array, " action"]:
    """What share of a step is taken: no part of it changes the log density by more than the cap."""
    if chosen.step_cap is None:
        return jnp.ones_like(step)
    size = jnp.abs(step * slope)
    return jnp.where(size > chosen.step_cap, chosen.step_cap / jnp.where(size > 0, size, 1.0), 1.0)


def covariance(chosen: Chosen, params: Params, state: State, place: Place) -> Float[Array, "action action"]:
    """Of an action about its mean: exploration, motor noise, and what isn't known of mean and spread. Normalised."""
    of = _covariance_of(chosen, state, place)
    found = _each(chosen, lambda seeing, joint: hidden_noise.covariance_of_action(of, seeing, joint))(
        _seeing(chosen, params, place), _joint(chosen, state, place)
    )
    return jnp.diag(found[:, 0, 0]) if exploration.is_apart(chosen) else found


def log_density(chosen: Chosen, params: Params, state: State, place: Place, seen: Float[Array, " action"]) -> Float[Array, ""]:
    """Of an action at ``seen`` from the mean, normalised."""
    of = _covariance_of(chosen, state, place)
    found = _each(chosen, lambda seeing, joint, seen: hidden_noise.log_density(of, seeing, joint, seen))(
        _seeing(chosen, params, place), _joint(chosen, state, place), _split(chosen, seen)
    )
    return jnp.sum(found)


def learned(
    chosen: Chosen,
    params: Params,
    state: State,
    place: Place,
    seen: Float[Array, " action"],
    acted: Bool[Array, ""],
    advantage: Float[Array, ""],
) -> State:
    """The state after an action that was watched and the learner's step on it."""
    rule = _rule(chosen, params, state, place, advantage)
    after = _each(chosen, lambda seeing, joint, seen: hidden_noise.observed(rule, seeing, joint, seen, acted))(
        _seeing(chosen, params, place), _joint(chosen, state, place), _split(chosen, seen)
    )
    return _state(chosen, params, state, place, after)


def _each(chosen: Chosen, function: Callable[..., Any]) -> Callable[..., Any]:
    """For all dimensions together, or for each by itself."""
    return jax.vmap(function) if exploration.is_apart(chosen) else function


def _split(chosen: Chosen, x: Float[Array, "... action"]) -> Array:
    """Numbers of an action; where dimensions are apart, with an axis for them in front."""
    return jnp.moveaxis(x, -1, 0)[..., None] if exploration.is_apart(chosen) else x


def _joined(chosen: Chosen, x: Array) -> Float[Array, "... action"]:
    return jnp.moveaxis(x[..., 0], 0, -1) if exploration.is_apart(chosen) else x


def _seeing(chosen: Chosen, params: Params, place: Place) -> Seeing:
    variance = (params.motor_sd / params.initial_sd) ** 2
    hidden = jnp.any(variance > 0) | (params.process_sd > 0)
    if not exploration.is_apart(chosen):
        return Seeing(place.weights, jnp.diag(variance), hidden)
    return jax.tree.map(lambda x: jnp.broadcast_to(x, variance.shape + x.shape), Seeing(place.weights, jnp.zeros(()), hidden))._replace(
        motor=variance[:, None, None]
    )


def _joint(chosen: Chosen, state: State, place: Place) -> Joint:
    """What is believed of the rows that count here, and of the spread."""
    rows = state.mean[place.row][None] if chosen.table else state.mean
    theta = jnp.moveaxis(state.log_var, -1, 0).reshape(rows.shape[1], -1)
    if not exploration.is_apart(chosen):
        theta = jnp.concatenate([x.ravel() for x in (state.log_var, state.mix, state.latent)])
    of_rows, tie = state.uncertainty, state.tie
    if chosen.table:
        of_rows = jnp.take(of_rows, place.row, axis=-3)
        tie = jnp.zeros((*of_rows.shape[:-1], theta.shape[-1]))
    return Joint(_split(chosen, rows), theta, of_rows, state.spread_uncertainty, tie)


def _state(chosen: Chosen, params: Params, state: State, place: Place, after: Joint) -> State:
    """The state that holds a belief; rows of a table that don't count here only age."""
    shape = _shape(chosen, state, after.theta)
    mean, uncertainty, tie = _joined(chosen, after.rows), after.of_rows, after.tie
    if chosen.table:
        mean = jnp.where(here(state.mean, place.row), mean, params.retention * state.mean)
        wide = uncertainty.shape[-1]
        aged = params.retention**2 * state.uncertainty + params.process_sd**2 * jnp.eye(wide)
        uncertainty = jnp.where(here(aged[..., 0, 0].T, place.row).reshape(-1, 1, 1), uncertainty[..., None, :, :], aged)
        tie = state.tie
    return state._replace(
        mean=mean,
        log_var=shape.log_var,
        mix=shape.mix,
        latent=shape.latent,
        uncertainty=uncertainty,
        spread_uncertainty=after.of_theta,
        tie=tie,
    )


def _shape(chosen: Chosen, state: State, theta: Array) -> Shape:
    """A spread from its numbers: of the whole action, or (action, number) where dimensions are apart."""
    if exploration.is_apart(chosen):
        return Shape(theta.T.reshape(state.log_var.shape), state.mix, state.latent)
    ends = [state.log_var.size, state.log_var.size + state.mix.size]
    parts = jnp.split(theta, ends)
    return Shape(*(part.reshape(old.shape) for part, old in zip(parts, (state.log_var, state.mix, state.latent), strict=True)))


def _one_shape(chosen: Chosen, state: State, theta: Float[Array, " spread"]) -> Shape:
    """The spread of one problem: of one dimension, or of all together."""
    if exploration.is_apart(chosen):
        return Shape(theta[:, None] if state.log_var.ndim == 2 else theta, state.mix, state.latent)
    return _shape(chosen, state, theta)


def _covariance_of(chosen: Chosen, state: State, place: Place) -> Callable[[Array], Array]:
    setting = spread_at(chosen, state, place)[1]
    return lambda theta: exploration.covariance(chosen, _one_shape(chosen, state, theta), setting)


def _rule(chosen: Chosen, params: Params, state: State, place: Place, advantage: Float[Array, ""]) -> Rule:
    """How this learner learns from this trial."""
    setting, rate = spread_at(chosen, state, place)[1], mean_rate(params, advantage)

    def gain(theta: Array, e: Array) -> Array:
        inverse = exploration.precision(chosen, _one_shape(chosen, state, theta), setting)
        taken = rate * (jnp.eye(e.shape[0]) if chosen.natural else inverse)
        return capped(chosen, gaussian.times(taken, e), gaussian.times(inverse, e))[:, None] * taken

    def expected(e: Array, unknown: Array | None, theta: Array) -> Array:
        return exploration.expected(chosen, e, unknown, _one_shape(chosen, state, theta), setting)

    log_floor = jnp.log(params.variance_floor)
    rates, least = (
        _along(chosen, state, spread_rates(chosen, params, advantage)),
        _along(chosen, state, Shape(log_floor, jnp.asarray(-jnp.inf), log_floor)),
    )
    angle = state.log_var.size if chosen.covariance == "angle" else None
    return Rule(_covariance_of(chosen, state, place), expected, gain, rates, least, angle, params.retention, params.process_sd**2)


def _along(chosen: Chosen, state: State, values: Any) -> Float[Array, " spread"]:
    """One number for each of a spread's, from one for each part of it."""
    if exploration.is_apart(chosen):
        return jnp.full(state.log_var.size // state.log_var.shape[-1], values.log_var)
    return jnp.concatenate([jnp.full(old.size, x) for x, old in zip(values, (state.log_var, state.mix, state.latent), strict=True)])
