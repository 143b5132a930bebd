"""The core learner: a Gaussian policy whose mean and covariance climb the reward gradient (SCIENCE 3.1; Williams 1992; Haith 2025).

    step in theta = alpha_theta * (reward - baseline) * d log N(exploration; theta) / d theta

The gradient is the automatic derivative of one log density, taken at the old parameters. A learner that chose its own actions knows how
much of each was exploration. One that only watched (yoked) holds a Gaussian belief about exploration and about its own mean, given
what was seen: a Kalman filter that is exact for fixed variances (SCIENCE 3.2). With changing ones the log variances take the expected
gradient under that belief. Where ``motor_sd`` is 0 nothing is hidden, and the rule is 3.1 itself.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from analysis import gaussian
from analysis.learner import Context, Learner, Policy
from analysis.policy_gradient_options import NAME, Chosen, choose, parameters_of
from analysis.policy_gradient_options import OPTIONS as OPTIONS
from protocols.task import Outcome, Task

WRAPPED = frozenset({"reach_angle_deg"})  # action columns in degrees whose differences go the short way round

_COVARIANCES = {"angle": gaussian.from_angle, "cholesky": gaussian.from_factor, "diagonal": gaussian.from_diagonal}


class Params(NamedTuple):
    """Fixed while a learner practises; means and SDs in the units of the action columns."""

    alpha_plus: Float[Array, ""]  # rate of the mean where reward exceeds the baseline
    alpha_minus: Float[Array, ""]  # and where it doesn't; equal to alpha_plus unless asymmetry is on
    alpha_log_var: Float[Array, ""]
    alpha_angle: Float[Array, ""]
    baseline_decay: Float[Array, ""]
    initial_baseline: Float[Array, ""]  # NaN: the first delivered reward
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    initial_angle: Float[Array, ""]  # rad
    motor_sd: Float[Array, " action"]
    retention: Float[Array, ""]
    variance_floor: Float[Array, ""]  # normalised


class State(NamedTuple):
    """Carried from trial to trial, in normalised units ``(action - initial_mean) / initial_sd``."""

    mean: Float[Array, "context action"]
    log_var: Float[Array, " action"]  # of the exploration
    mix: Float[Array, "..."]  # rad, the angle; or the Cholesky factor's elements under the diagonal; or empty
    reward_baseline: Float[Array, " context"]
    uncertainty: Float[Array, "context action action"]  # covariance of what isn't known of the mean; 0 unless yoked with motor noise


class Exploration(NamedTuple):
    """What a learner that chose an action knows of it."""

    exploration: Float[Array, " action"]  # normalised
    intended: Float[Array, " action"]  # column units: the action before motor noise


class Density(NamedTuple):
    """What the log density of an action depends on, and is differentiated by."""

    mean: Float[Array, " action"]
    log_var: Float[Array, " action"]
    mix: Float[Array, "..."]


class Belief(NamedTuple):
    """What is known of one action's exploration."""

    exploration: Float[Array, " action"]
    covariance: Float[Array, "action action"]


def policy_gradient(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen (``OPTIONS`` lists them; the first of each is what it is without a word).

    Raises:
        BadInput: an option or a value of one that isn't there, or an angle where the action hasn't two dimensions.
    """
    chosen = choose(options, action_names)
    parameters = parameters_of(chosen)
    return Learner(
        name=NAME,
        parameters=parameters,
        action_names=tuple(action_names),
        needs=("reward",),
        assemble=_assemble,
        init=lambda params, contexts: _init(chosen, params, contexts),
        act=lambda key, params, state, context: _act(chosen, key, params, state, context),
        log_prob=lambda params, state, context, action: _log_prob(chosen, params, state, context, action),
        update=lambda params, state, context, action, outcome, info=None: _update(chosen, params, state, context, action, outcome, info),
        policy=lambda params, state, context: _policy(chosen, params, state, context),
    )


def _assemble(values: Mapping[str, Any]) -> Params:
    rate = values.get("alpha_mean")
    usual = {"alpha_plus": rate, "alpha_minus": rate, "alpha_angle": 0.0, "initial_angle": 0.0}
    motor = jnp.where(jnp.isnan(values["motor_sd"]), 0.25 * values["initial_sd"], values["motor_sd"])
    given = {**usual, **values, "motor_sd": motor}
    return Params(**{name: jnp.asarray(given[name], dtype=float) for name in Params._fields})


def _init(chosen: Chosen, params: Params, contexts: int) -> State:
    n, rows = len(chosen.action_names), contexts if chosen.table else 1
    mixes = {"angle": params.initial_angle, "cholesky": jnp.zeros(n * (n - 1) // 2), "diagonal": jnp.zeros(0)}
    return State(
        mean=jnp.zeros((rows, n)),
        log_var=jnp.zeros(n),
        mix=mixes[chosen.covariance],
        reward_baseline=jnp.full(rows, params.initial_baseline),
        uncertainty=jnp.zeros((rows, n, n)),
    )


def _row(chosen: Chosen, context: Context) -> Any:
    return context.index if chosen.table else 0


def _motor(params: Params) -> Float[Array, "action action"]:
    return jnp.diag((params.motor_sd / params.initial_sd) ** 2)


def _act(chosen: Chosen, key: Any, params: Params, state: State, context: Context) -> tuple[Float[Array, " action"], Exploration]:
    """Mean, exploration and motor noise, drawn in that order from two keys."""
    explore_key, motor_key = jax.random.split(key)
    n = len(chosen.action_names)
    factor = gaussian.cholesky(_COVARIANCES[chosen.covariance](state.log_var, state.mix))
    exploration = gaussian.times(factor, jax.random.normal(explore_key, (n,)))
    intended = params.initial_mean + params.initial_sd * (state.mean[_row(chosen, context)] + exploration)
    action = intended + params.motor_sd * jax.random.normal(motor_key, (n,))
    return action, Exploration(exploration, intended)


def _deviation(chosen: Chosen, params: Params, mean: Float[Array, " action"], action: Float[Array, " action"]) -> Float[Array, " action"]:
    """The action's distance from the mean, normalised; angles go the short way round."""
    difference = action - params.initial_mean - params.initial_sd * mean
    wraps = np.array([name in WRAPPED for name in chosen.action_names])
    if wraps.any():
        difference = jnp.where(wraps, 180.0 - jnp.mod(180.0 - difference, 360.0), difference)
    return difference / params.initial_sd


def _log_prob(chosen: Chosen, params: Params, state: State, context: Context, action: Float[Array, " action"]) -> Float[Array, ""]:
    """Log density of the executed action: exploration, motor noise, and what isn't known of the mean."""
    row = _row(chosen, context)
    acted = jnp.all(jnp.isfinite(action))
    deviation = jnp.where(acted, _deviation(chosen, params, state.mean[row], action), 0.0)
    explored = _COVARIANCES[chosen.covariance](state.log_var, state.mix)
    density = gaussian.log_density(deviation, explored + state.uncertainty[row] + _motor(params))
    return jnp.where(acted, density - jnp.sum(jnp.log(params.initial_sd)), 0.0)


def _policy(chosen: Chosen, params: Params, state: State, context: Context) -> Policy:
    row = _row(chosen, context)
    explored = _COVARIANCES[chosen.covariance](state.log_var, state.mix)
    scale = params.initial_sd
    return Policy(
        mean=params.initial_mean + scale * state.mean[row],
        covariance=(explored + state.uncertainty[row] + _motor(params)) * scale[:, None] * scale[None, :],
        log_var=state.log_var,
        angle=jnp.asarray(state.mix if chosen.covariance == "angle" else jnp.nan),
        reward_baseline=state.reward_baseline[row],
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
    row = _row(chosen, context)
    mean, baseline, motor = state.mean[row], state.reward_baseline[row], _motor(params)
    explored = _COVARIANCES[chosen.covariance](state.log_var, state.mix)
    acted = jnp.all(jnp.isfinite(action))
    learned = acted & jnp.isfinite(outcome.reward)
    expected = jnp.where(jnp.isnan(baseline), outcome.reward, baseline)
    advantage = jnp.where(learned, outcome.reward - expected, 0.0)

    seen = jnp.where(acted, _deviation(chosen, params, mean, action), 0.0)
    belief = Belief(info.exploration, jnp.zeros_like(motor)) if info else _believe(seen, explored, motor + state.uncertainty[row])
    slope = jax.grad(_credited, argnums=1)(chosen, Density(mean, state.log_var, state.mix), mean + belief.exploration, belief.covariance)
    step, gain = _mean_step(chosen, params, advantage, slope.mean, explored)
    if info:
        correction, uncertainty = jnp.zeros_like(mean), params.retention**2 * state.uncertainty[row]
    else:
        correction, uncertainty = _filter(params.retention, gain, seen, acted, explored, motor, state.uncertainty[row])
    rate = params.alpha_angle if chosen.covariance == "angle" else params.alpha_log_var
    kept = params.baseline_decay * expected + (1 - params.baseline_decay) * outcome.reward
    return State(
        mean=(params.retention * state.mean).at[row].add(step + correction),
        log_var=jnp.maximum(state.log_var + params.alpha_log_var * advantage * slope.log_var, jnp.log(params.variance_floor)),
        mix=state.mix + rate * advantage * slope.mix,
        reward_baseline=state.reward_baseline.at[row].set(jnp.where(learned, kept, baseline)),
        uncertainty=(params.retention**2 * state.uncertainty).at[row].set(uncertainty),
    )


def _credited(chosen: Chosen, at: Density, action: Float[Array, " action"], unknown: Float[Array, "action action"]) -> Float[Array, ""]:
    """Expected log density of an action that is known up to the covariance ``unknown``; the log density itself where that is 0."""
    explored = _COVARIANCES[chosen.covariance](at.log_var, at.mix)
    return gaussian.log_density(action - at.mean, explored) - 0.5 * jnp.sum(gaussian.inverse(explored) * unknown)


def _mean_step(
    chosen: Chosen, params: Params, advantage: Float[Array, ""], slope: Float[Array, " action"], explored: Float[Array, "action action"]
) -> tuple[Float[Array, " action"], Float[Array, "action action"]]:
    """The mean's step, and the matrix that takes exploration to it."""
    rate = jnp.where(advantage > 0, params.alpha_plus, params.alpha_minus) * advantage
    step = rate * (gaussian.times(explored, slope) if chosen.natural else slope)
    gain = rate * (jnp.eye(slope.shape[0]) if chosen.natural else gaussian.inverse(explored))
    if chosen.step_cap is not None:  # no step changes the log density by more than the cap (SCIENCE 2.3)
        size = jnp.abs(step * slope)
        share = jnp.where(size > chosen.step_cap, chosen.step_cap / jnp.where(size > 0, size, 1.0), 1.0)
        step, gain = share * step, share[:, None] * gain
    return step, gain


def _believe(seen: Float[Array, " action"], explored: Float[Array, "action action"], noise: Float[Array, "action action"]) -> Belief:
    """Exploration given its sum with noise: the noise's expected part is taken off what was seen."""
    share = gaussian.product(noise, gaussian.inverse(explored + noise))
    return Belief(seen - gaussian.times(share, seen), noise - gaussian.product(share, noise))


def _filter(
    retention: Float[Array, ""],
    gain: Float[Array, "action action"],
    seen: Float[Array, " action"],
    acted: Bool[Array, ""],
    explored: Float[Array, "action action"],
    motor: Float[Array, "action action"],
    unknown: Float[Array, "action action"],
) -> tuple[Float[Array, " action"], Float[Array, "action action"]]:
    """What the action says of the mean itself, and what is left unknown of it: Kalman's filter in Joseph's form, which stays positive."""
    inverse = gaussian.inverse(explored + motor + unknown)
    about_mean = jnp.where(acted, retention * gaussian.product(unknown, inverse), 0.0)
    weight = about_mean + jnp.where(acted, gaussian.product(gaussian.product(gain, explored), inverse), 0.0)
    kept = retention * jnp.eye(seen.shape[0]) - weight
    left = sum(gaussian.product(gaussian.product(a, s), a.T) for a, s in ((kept, unknown), (gain - weight, explored), (weight, motor)))
    return gaussian.times(about_mean, seen), jnp.where(jnp.any(motor > 0), left, 0.0)
