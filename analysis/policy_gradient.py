"""The core learner: a Gaussian policy whose mean and covariance climb the reward gradient (Williams 1992; Haith 2025).

    step in theta = alpha_theta * (reward - baseline) * d log N(exploration; theta) / d theta

The gradient is the automatic derivative of one log density, taken at the old parameters. The mean is ``weights . rows``: one row for all
targets, one for each (a table), or one for each feature of the target's direction. A learner that chose its own actions knows how much of
each was exploration. One that only watched (yoked) holds a Gaussian belief about exploration and about its own mean, given what was seen
(``analysis.hidden_noise``). With changing variances these take the expected gradient under that belief. Where nothing is hidden,
the rule is 3.1 itself.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.critics import CRITICS
from analysis.features import von_mises
from analysis.gaussian import Algebra
from analysis.hidden_noise import Belief, Noise, believe, filtered, of_mean
from analysis.learner import Context, Learner, Policy
from analysis.policy_gradient_options import NAME, Chosen, choose, parameters_of
from analysis.policy_gradient_options import OPTIONS as OPTIONS
from analysis.spread import SPREADS
from protocols.task import Outcome, Task

WRAPPED = frozenset({"reach_angle_deg"})  # action columns in degrees whose differences go the short way round
WEIGHTS_KEY = 20252  # of the first weights on features: the same for all learners, so that a start is a parameter and no chance


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
    initial_weight_sd: Float[Array, " action"]
    kappa: Float[Array, ""]  # concentration of the features
    motor_sd: Float[Array, " action"]
    process_sd: Float[Array, ""]  # normalised
    retention: Float[Array, ""]
    variance_floor: Float[Array, ""]  # normalised


class State(NamedTuple):
    """Carried from trial to trial, in normalised units ``(action - initial_mean) / initial_sd``."""

    mean: Float[Array, "row action"]  # one row; or one for each target, or for each feature
    log_var: Float[Array, " action"]  # of the exploration
    mix: Float[Array, "..."]  # rad, the angle; or the Cholesky factor's elements under the diagonal; or empty
    reward_baseline: Float[Array, "..."]  # the critic's weights; NaN before the first reward
    uncertainty: Float[Array, "..."]  # covariance of what isn't known of the mean; 0 unless yoked with hidden noise


class Exploration(NamedTuple):
    """What a learner that chose an action knows of it."""

    exploration: Float[Array, " action"]  # normalised
    intended: Float[Array, " action"]  # column units: the action before motor noise
    drift: Float[Array, "row action"] | None = None  # normalised: process noise that the mean gains with this trial


class Density(NamedTuple):
    """What the log density of an action depends on, and is differentiated by."""

    mean: Float[Array, " action"]
    log_var: Float[Array, " action"]
    mix: Float[Array, "..."]


class Place(NamedTuple):
    """What a context comes to."""

    row: Array | int  # of a table; else 0
    weights: Float[Array, " row"]  # of those rows of the mean that count here
    features: Float[Array, " centre"]  # of the target's direction; empty where none are used


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
    """Parameters that the options leave out are set so that they do nothing."""
    rate, sd = values.get("alpha_mean"), values["initial_sd"]
    usual = {"alpha_plus": rate, "alpha_minus": rate, "alpha_angle": 0.0, "initial_angle": 0.0, "kappa": 0.0, "process_sd": 0.0}
    given = {**usual, "initial_weight_sd": 0.0 * sd, "motor_sd": 0.0 * sd, **values}
    given["motor_sd"] = jnp.where(jnp.isnan(given["motor_sd"]), 0.25 * sd, given["motor_sd"])
    return Params(**{name: jnp.asarray(given[name], dtype=float) for name in Params._fields})


def _init(chosen: Chosen, params: Params, contexts: int) -> State:
    n, table = len(chosen.action_names), contexts if chosen.table else 1
    rows = chosen.centres if chosen.context == "features" else table
    mixes = SPREADS[chosen.covariance].mixes(n)
    drawn = jax.random.normal(jax.random.key(WEIGHTS_KEY), (rows, n)) if chosen.context == "features" else jnp.zeros((rows, n))
    return State(
        mean=drawn * params.initial_weight_sd / params.initial_sd,
        log_var=jnp.zeros(n),
        mix=params.initial_angle if mixes is None else jnp.zeros(mixes),
        reward_baseline=CRITICS[chosen.critic].start(params.initial_baseline, table, _critic_size(chosen)),
        uncertainty=jnp.zeros(_unknown_shape(chosen, rows)),
    )


def _critic_size(chosen: Chosen) -> int:
    return chosen.channels if chosen.critic == "distributional" else chosen.centres


def _unknown_shape(chosen: Chosen, rows: int) -> tuple[int, ...]:
    """Rows of a table are unknown apart from each other; those of features are not."""
    if not chosen.hidden:
        return (0,)
    together = (rows, rows) if chosen.context == "features" else (rows,)
    return together + _algebra(chosen).shape(len(chosen.action_names))


def _algebra(chosen: Chosen) -> Algebra:
    return SPREADS[chosen.covariance].algebra


def _place(chosen: Chosen, params: Params, context: Context) -> Place:
    features = jnp.zeros(0)
    if chosen.features:
        target = jnp.asarray(context.target)
        features = von_mises(jnp.arctan2(target[1], target[0]), chosen.centres, params.kappa)  # type: ignore[arg-type]  # an array
    return Place(context.index if chosen.table else 0, features if chosen.context == "features" else jnp.ones(1), features)


def _mean(chosen: Chosen, state: State, place: Place) -> Float[Array, " action"]:
    return place.weights @ state.mean if chosen.context == "features" else state.mean[place.row]


def _unknown(chosen: Chosen, state: State, place: Place) -> Array:
    """Covariance of what isn't known of the rows that count here."""
    return state.uncertainty if chosen.context == "features" else state.uncertainty[place.row][None, None]


def _motor(chosen: Chosen, params: Params) -> Array:
    return _algebra(chosen).diagonal((params.motor_sd / params.initial_sd) ** 2)


def _covariance(chosen: Chosen, params: Params, state: State, place: Place) -> Array:
    """Of an action about its mean: exploration, motor noise, and what isn't known of the mean. Normalised."""
    explored = SPREADS[chosen.covariance].covariance(state.log_var, state.mix)
    if not chosen.hidden:
        return explored
    return explored + _motor(chosen, params) + of_mean(_unknown(chosen, state, place), place.weights)


def _act(chosen: Chosen, key: Any, params: Params, state: State, context: Context) -> tuple[Float[Array, " action"], Exploration]:
    """Mean, exploration and motor noise, drawn together; process noise from a key of its own, where there is any."""
    n = len(chosen.action_names)
    white = jax.random.normal(key, (2 if chosen.hidden else 1, n))
    exploration = SPREADS[chosen.covariance].drawn(white[0], state.log_var, state.mix)
    intended = params.initial_mean + params.initial_sd * (_mean(chosen, state, _place(chosen, params, context)) + exploration)
    if not chosen.hidden:
        return intended, Exploration(exploration, intended)
    drift = jax.lax.cond(
        params.process_sd > 0,
        lambda: params.process_sd * jax.random.normal(jax.random.fold_in(key, 1), state.mean.shape),
        lambda: jnp.zeros(state.mean.shape),
    )
    return intended + params.motor_sd * white[1], Exploration(exploration, intended, drift)


def _deviation(chosen: Chosen, params: Params, mean: Float[Array, " action"], action: Float[Array, " action"]) -> Float[Array, " action"]:
    """The action's distance from the mean, normalised; angles go the short way round."""
    difference = action - params.initial_mean - params.initial_sd * mean
    wraps = np.array([name in WRAPPED for name in chosen.action_names])
    if wraps.any():
        difference = jnp.where(wraps, 180.0 - jnp.mod(180.0 - difference, 360.0), difference)
    return difference / params.initial_sd


def _log_prob(chosen: Chosen, params: Params, state: State, context: Context, action: Float[Array, " action"]) -> Float[Array, ""]:
    """Log density of the executed action, in column units."""
    place = _place(chosen, params, context)
    acted = jnp.all(jnp.isfinite(action))
    deviation = jnp.where(acted, _deviation(chosen, params, _mean(chosen, state, place), action), 0.0)
    if chosen.hidden:
        density = _algebra(chosen).log_density(deviation, _covariance(chosen, params, state, place))
    else:
        density = SPREADS[chosen.covariance].expected(deviation, None, state.log_var, state.mix)
    return jnp.where(acted, density - jnp.sum(jnp.log(params.initial_sd)), 0.0)


def _policy(chosen: Chosen, params: Params, state: State, context: Context) -> Policy:
    place, scale = _place(chosen, params, context), params.initial_sd
    covariance = _algebra(chosen).dense(_covariance(chosen, params, state, place))
    return Policy(
        mean=params.initial_mean + scale * _mean(chosen, state, place),
        covariance=covariance * scale[:, None] * scale[None, :],
        log_var=state.log_var,
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
    place, critic, reward = _place(chosen, params, context), CRITICS[chosen.critic], jnp.asarray(outcome.reward)
    acted = jnp.all(jnp.isfinite(action))
    learned = acted & jnp.isfinite(reward)
    expected = critic.value(state.reward_baseline, place.row, place.features)
    advantage = jnp.where(learned & ~jnp.isnan(expected), reward - expected, 0.0)

    seen = jnp.where(acted, _deviation(chosen, params, _mean(chosen, state, place), action), 0.0)
    belief = _belief(chosen, params, state, place, seen, info)
    slope = jax.grad(_credited, argnums=1)(chosen, Density(jnp.zeros_like(seen), state.log_var, state.mix), belief)
    step, gain = _mean_step(chosen, params, advantage, slope.mean, belief.exploration, state)
    moved = place.weights[:, None] * step
    uncertainty = state.uncertainty
    if info is None and chosen.hidden:
        correction, uncertainty = _filter(chosen, params, state, place, gain, seen, acted)
        moved = moved + correction
    rate = params.alpha_angle if chosen.covariance == "angle" else params.alpha_log_var
    learnt = critic.learn(state.reward_baseline, place.row, place.features, reward, 1 - params.baseline_decay)
    return State(
        mean=_moved(chosen, params.retention * state.mean, place, moved, None if info is None else info.drift),
        log_var=jnp.maximum(state.log_var + params.alpha_log_var * advantage * slope.log_var, jnp.log(params.variance_floor)),
        mix=state.mix + rate * advantage * slope.mix,
        reward_baseline=jnp.where(learned, learnt, state.reward_baseline),
        uncertainty=uncertainty,
    )


def _belief(chosen: Chosen, params: Params, state: State, place: Place, seen: Float[Array, " action"], info: Exploration | None) -> Belief:
    """What is known of an action's exploration: all, where it is the learner's own or nothing hides it."""
    if info is not None:
        return Belief(info.exploration, None)
    if not chosen.hidden:
        return Belief(seen, None)
    noise = _motor(chosen, params) + of_mean(_unknown(chosen, state, place), place.weights)
    return believe(_algebra(chosen), seen, SPREADS[chosen.covariance].covariance(state.log_var, state.mix), noise)


def _credited(chosen: Chosen, at: Density, belief: Belief) -> Float[Array, ""]:
    """Expected log density of an exploration, about a mean that is 0 when it isn't moved."""
    return SPREADS[chosen.covariance].expected(belief.exploration - at.mean, belief.unknown, at.log_var, at.mix)


def _mean_step(
    chosen: Chosen,
    params: Params,
    advantage: Float[Array, ""],
    slope: Float[Array, " action"],
    exploration: Float[Array, " action"],
    state: State,
) -> tuple[Float[Array, " action"], Array]:
    """The mean's step, and the gain that takes exploration to it."""
    algebra = _algebra(chosen)
    rate = jnp.where(advantage > 0, params.alpha_plus, params.alpha_minus) * advantage
    step = rate * (exploration if chosen.natural else slope)
    gain = rate * (
        algebra.diagonal(jnp.ones_like(slope)) if chosen.natural else SPREADS[chosen.covariance].precision(state.log_var, state.mix)
    )
    if chosen.step_cap is not None:  # no step changes the log density by more than the cap (SCIENCE 2.3)
        size = jnp.abs(step * slope)
        share = jnp.where(size > chosen.step_cap, chosen.step_cap / jnp.where(size > 0, size, 1.0), 1.0)
        step, gain = share * step, algebra.product(algebra.diagonal(share), gain)
    return step, gain


def _filter(
    chosen: Chosen, params: Params, state: State, place: Place, gain: Array, seen: Float[Array, " action"], acted: Array
) -> tuple[Float[Array, "row action"], Array]:
    """What the action says of the mean itself, and the uncertainty that is left."""
    explored = SPREADS[chosen.covariance].covariance(state.log_var, state.mix)
    process = params.process_sd**2
    noise = Noise(explored, _motor(chosen, params), process)
    correction, left = filtered(_algebra(chosen), _unknown(chosen, state, place), place.weights, noise, gain, params.retention, seen, acted)
    left = jnp.where(jnp.any(params.motor_sd > 0) | (process > 0), left, 0.0)  # what is known wholly stays so, to the bit
    if chosen.context == "features":
        return correction, left
    others = params.retention**2 * state.uncertainty + _algebra(chosen).diagonal(jnp.full_like(seen, process))
    return correction, jnp.where(_here(state.uncertainty, place.row), left[0], others)


def _moved(chosen: Chosen, kept: Array, place: Place, moved: Array, drift: Array | None) -> Float[Array, "row action"]:
    """All rows after the trial: forgetting, the step of those that count here, process noise."""
    mean = kept + (jnp.where(_here(kept, place.row), moved, 0.0) if chosen.table else moved)
    return mean if drift is None else mean + drift


def _here(rows: Array, row: Array | int) -> Array:
    """Which of the rows is meant, with axes for what a row holds; a comparison, because XLA can't fuse a scatter."""
    return (jnp.arange(rows.shape[0]) == row).reshape(-1, *[1] * (rows.ndim - 1))
