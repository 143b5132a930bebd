"""Parameters and state of the policy-gradient learner, how they begin, and what a context comes to."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import i0e
from jaxtyping import Array, Float

from analysis import exploration
from analysis.angles import difference
from analysis.critics import CRITICS
from analysis.exploration import Setting, Shape
from analysis.features import von_mises
from analysis.learner import Context
from analysis.policy_gradient_options import Chosen
from analysis.spread import SPREADS

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
    latent_sd: Float[Array, ""]  # of latent exploration, lattice alone
    kappa: Float[Array, ""]  # concentration of the features
    motor_sd: Float[Array, " action"]
    process_sd: Float[Array, ""]  # normalised
    retention: Float[Array, ""]
    variance_floor: Float[Array, ""]  # normalised


class State(NamedTuple):
    """Carried from trial to trial, in normalised units ``(action - initial_mean) / initial_sd``.

    The last three are 0 unless the learner is yoked with hidden noise. Where dimensions are apart they begin with an axis (action,).
    """

    mean: Float[Array, "row action"]  # one row; or one for each target, or for each feature
    log_var: Float[Array, "..."]  # of exploration: (action,), or (row, action) with gsde
    mix: Float[Array, "..."]  # rad, the angle; or the Cholesky factor's elements under the diagonal; or empty
    reward_baseline: Float[Array, "..."]  # the critic's weights; NaN before the first reward
    uncertainty: Float[Array, "..."]  # covariance of what isn't known of the mean's rows (of a table: of each row)
    latent: Float[Array, "row step"]  # log variances of latent exploration; empty but with lattice
    spread_uncertainty: Float[Array, "..."]  # covariance of what isn't known of log_var, mix and latent
    tie: Float[Array, "..."]  # covariance of the two; a table has none


class Exploration(NamedTuple):
    """What a learner that chose an action knows of it."""

    exploration: Float[Array, " action"]  # normalised
    intended: Float[Array, " action"]  # column units: the action before motor noise
    drift: Any = None  # the random key of process noise, which the mean gains with this trial; None: there is none


class Place(NamedTuple):
    """What a context comes to."""

    row: Array | int  # of a table; else 0
    weights: Float[Array, " row"]  # of those rows of the mean that count here
    features: Float[Array, " centre"]  # of the target's direction; empty where none are used


def assemble(values: Mapping[str, Any]) -> Params:
    """Parameters that the options leave out are set so that they do nothing."""
    rate, sd = values.get("alpha_mean"), values["initial_sd"]
    usual = {"alpha_plus": rate, "alpha_minus": rate, "alpha_angle": 0.0, "initial_angle": 0.0, "kappa": 0.0, "process_sd": 0.0}
    given = {**usual, "latent_sd": 1.0, "initial_weight_sd": 0.0 * sd, "motor_sd": 0.0 * sd, **values}
    given["motor_sd"] = jnp.where(jnp.isnan(given["motor_sd"]), 0.25 * sd, given["motor_sd"])
    return Params(**{name: jnp.asarray(given[name], dtype=float) for name in Params._fields})


def initial_state(chosen: Chosen, params: Params, contexts: int) -> State:
    """Before the first trial; ``contexts`` is the number of targets."""
    n, table = len(chosen.action_names), contexts if chosen.table else 1
    rows = chosen.centres if chosen.on_features else table
    mixes = SPREADS[chosen.covariance].mixes(n)
    log_var, latent = exploration.started(chosen, rows, _level(chosen, params), params.latent_sd)
    mix = params.initial_angle if mixes is None else jnp.zeros(mixes)
    drawn = jax.random.normal(jax.random.key(WEIGHTS_KEY), (rows, n)) if chosen.on_features else jnp.zeros((rows, n))
    size = chosen.channels if chosen.critic == "distributional" else chosen.centres
    baseline = CRITICS[chosen.critic].start(params.initial_baseline, table, size)
    return State(
        drawn * params.initial_weight_sd / params.initial_sd, log_var, mix, baseline, *_certain(chosen, rows, log_var, mix, latent)
    )


def knowing(state: State) -> State:
    """Without what only one who watches has to carry: a learner that chooses its actions is never uncertain of its own state."""
    nothing = jnp.zeros(0)
    return state._replace(uncertainty=nothing, spread_uncertainty=nothing, tie=nothing)


def _level(chosen: Chosen, params: Params) -> Float[Array, ""]:
    """Sum of the squares of a context's weights; of features, on average over directions."""
    if not chosen.on_features:
        return jnp.ones(())
    return chosen.centres * i0e(2 * params.kappa) / (2 * jnp.pi * i0e(params.kappa)) ** 2


def _certain(chosen: Chosen, rows: int, log_var: Array, mix: Array, latent: Array) -> tuple[Array, Array, Array, Array]:
    """Uncertainty of the mean, latents, uncertainty of the spread, and their tie."""
    if not chosen.hidden:
        return jnp.zeros(0), latent, jnp.zeros(0), jnp.zeros(0)
    n, apart = len(chosen.action_names), exploration.is_apart(chosen)
    front, wide = ((n,), 1) if apart else ((), n)
    d = (log_var.size // n) if apart else log_var.size + mix.size + latent.size
    flat = (rows, wide, wide) if chosen.table else (rows * wide, rows * wide)
    tied = (0,) if chosen.table else (rows * wide, d)
    return jnp.zeros(front + flat), latent, jnp.zeros((*front, d, d)), jnp.zeros(front + tied)


def place_of(chosen: Chosen, params: Params, context: Context) -> Place:
    """What the context comes to for this learner."""
    features = jnp.zeros(0)
    if chosen.features:
        target = jnp.asarray(context.target)
        features = von_mises(jnp.arctan2(target[1], target[0]), chosen.centres, params.kappa)  # type: ignore[arg-type]  # an array
    return Place(context.index if chosen.table else 0, features if chosen.on_features else jnp.ones(1), features)


def mean_at(chosen: Chosen, state: State, place: Place) -> Float[Array, " action"]:
    """The policy's mean there, normalised."""
    return (place.weights[:, None] * state.mean).sum(axis=0) if chosen.on_features else state.mean[place.row]


def spread_at(chosen: Chosen, state: State, place: Place) -> tuple[Shape, Setting]:
    """What the covariance of exploration is made of, and where."""
    weights = here(state.mean, place.row)[:, 0].astype(float) if chosen.table else place.weights
    return Shape(state.log_var, state.mix, state.latent), Setting(weights, state.mean)


def deviation(chosen: Chosen, params: Params, mean: Float[Array, " action"], action: Float[Array, " action"]) -> Float[Array, " action"]:
    """The action's distance from the mean, normalised; angles go the short way round."""
    return difference(chosen.action_names, action, params.initial_mean + params.initial_sd * mean) / params.initial_sd


def here(rows: Array, row: Array | int) -> Array:
    """Which of the rows is meant, with axes for what a row holds; a comparison, because XLA can't fuse a scatter."""
    return (jnp.arange(rows.shape[0]) == row).reshape(-1, *[1] * (rows.ndim - 1))
