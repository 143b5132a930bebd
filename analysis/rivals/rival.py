"""From a rival's few lines to a Learner: how it acts, predicts and learns within the frame, yoked and on its own."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis import angles
from analysis.learner import Context, Learner, Params, Policy, State
from analysis.parameters import Parameter
from analysis.rivals import frame
from analysis.rivals.frame import Belief, Known, Step
from analysis.rivals.open_loop import Motion, Record, at_each_trial, log_densities, turns
from protocols.task import Outcome

INF, NAN = float("inf"), float("nan")

#: Every rival has these two: the place that its state is measured from, and the unit that it is measured in.
PLACE = Parameter("initial_mean", "mean of the first action", "action", None, -INF, INF, True, "protocol or first trials")


def unit_sd(meaning: str) -> Parameter:
    """The parameter ``initial_sd``; ``meaning`` says of what it is the SD."""
    return Parameter("initial_sd", meaning, "action", None, 1e-12, INF, True, "protocol or first trials")


def share(name: str, meaning: str, default: float, source: str, fitted: bool = True) -> Parameter:
    """A parameter between 0 and 1."""
    return Parameter(name, meaning, "", default, 0.0, 1.0, False, source, fitted)


def sd(name: str, meaning: str, default: float, source: str, fitted: bool = True) -> Parameter:
    """A standard deviation for each action, in units of the action columns."""
    return Parameter(name, meaning, "action", default, 0.0, INF, True, source, fitted)


class Plain(NamedTuple):
    """The state of a rival that remembers nothing beside what the frame asks for; the others add fields to these."""

    mean: Float[Array, "context component action"]  # of what is believed of the state; normalised, from ``initial_mean``
    uncertainty: Float[Array, "context component component action"]


class Seen(NamedTuple):
    """One trial as a rival's step sees it. Numbers that are missing are NaN, but for ``deviation``, which is 0 then."""

    row: Any  # of the state
    context: Context
    deviation: Float[Array, " action"]  # of the action from the mean, normalised
    acted: Bool[Array, ""]
    outcome: Outcome


class Drawn(NamedTuple):
    """What a rival that chose an action knows of it; normalised units but for ``intended``."""

    level: Float[Array, "component action"]
    exploration: Float[Array, " action"]
    planning: Float[Array, " action"]
    drift: Float[Array, "context component action"]  # of the state, until the next trial
    intended: Float[Array, " action"]  # column units: the action before motor noise


def _nothing(*_: Any) -> dict[str, Any]:
    return {}


def _no_baseline(*_: Any) -> Any:
    return jnp.asarray(jnp.nan)


class Rival(NamedTuple):
    """All that one rival says. ``noise`` has the variances of exploration, planning and motor noise; ``drift`` that of the state."""

    name: str
    parameters: tuple[Parameter, ...]
    action_names: tuple[str, ...]
    table: bool  # one state for each target
    needs: tuple[str, ...]
    assemble: Callable[[Mapping[str, Any]], Params]
    start: Callable[[Params, int], State]
    noise: Callable[[Params, State, Any], Float[Array, "source action"]]  # (params, state, row)
    drift: Callable[[Params], Float[Array, "component action"]]
    step: Callable[[Params, State, Seen], Step]
    remember: Callable[[Params, State, Seen], dict[str, Any]] = _nothing  # further fields of the state after the trial
    baseline: Callable[[State, Any], Float[Array, ""]] = _no_baseline
    open_loop: bool = False  # step and noise ask nothing of the state, which has one component; nothing is remembered, no noise credited


def make_learner(rival: Rival) -> Learner:
    """The Learner of a rival."""
    return Learner(
        name=rival.name,
        parameters=rival.parameters,
        action_names=rival.action_names,
        needs=rival.needs,
        assemble=rival.assemble,
        init=lambda params, contexts: rival.start(params, contexts if rival.table else 1),
        act=lambda key, params, state, context: _act(rival, key, params, state, context),
        log_prob=lambda params, state, context, action: _log_prob(rival, params, state, context, action),
        update=lambda params, state, context, action, outcome, info=None: _update(rival, params, state, context, action, outcome, info),
        policy=lambda params, state, context: _policy(rival, params, state, context),
        at_once=(lambda params, trials: _at_once(rival, params, trials)) if rival.open_loop and not rival.table else None,
    )


def assembler(kind: type, **derived: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Params]:
    """To the NamedTuple ``kind`` from values by name; ``derived`` gives the fields that are made from others."""

    def assemble(values: Mapping[str, Any]) -> Params:
        given = {name: jnp.asarray(value, dtype=float) for name, value in values.items()}
        given |= {name: make(given) for name, make in derived.items()}
        return kind(**{name: given[name] for name in kind._fields})  # type: ignore[attr-defined]

    return assemble


def or_else(name: str, otherwise: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """The value of a parameter whose default is NaN: ``otherwise`` where it isn't given."""
    return lambda given: jnp.where(jnp.isnan(given[name]), otherwise(given), given[name])


def blank(params: Params, rows: int, components: int = 1) -> Plain:
    """At ``initial_mean``, for certain."""
    n = params.initial_mean.shape[0]
    return Plain(jnp.zeros((rows, components, n)), jnp.zeros((rows, components, components, n)))


def normalised(params: Params, value: Float[Array, " action"]) -> Float[Array, " action"]:
    """A difference or an SD in column units as one in initial SDs."""
    return value / params.initial_sd


def sources(
    exploration: Float[Array, " action"] | float = 0.0,
    planning: Float[Array, " action"] | float = 0.0,
    motor: Float[Array, " action"] | float = 0.0,
    n: int = 1,
) -> Float[Array, "source action"]:
    """Three variances (or gains), in the frame's order, for ``n`` action dimensions."""
    return jnp.stack([jnp.broadcast_to(jnp.asarray(x, dtype=float), (n,)) for x in (exploration, planning, motor)])


def missing_to_zero(value: Array, there: Bool[Array, ""]) -> Array:
    """``value`` where it is there, else 0; a NaN reaches neither the result nor its gradient."""
    return jnp.where(there, value, 0.0)


def deviation(names: Sequence[str], params: Params, mean: Float[Array, " action"], action: Float[Array, " action"]) -> Array:
    """The action's distance from a mean, normalised; directions go the short way round."""
    return normalised(params, angles.difference(names, action, params.initial_mean + params.initial_sd * mean))


def _row(rival: Rival, context: Context) -> Any:
    return context.index if rival.table else 0


def _belief(state: State, row: Any) -> Belief:
    return Belief(state.mean[row], state.uncertainty[row])


def _seen(rival: Rival, params: Params, state: State, context: Context, action: Float[Array, " action"], outcome: Outcome) -> Seen:
    row = _row(rival, context)
    acted = jnp.all(jnp.isfinite(action))
    away = deviation(rival.action_names, params, state.mean[row].sum(axis=0), jnp.where(acted, action, params.initial_mean))
    return Seen(row, context, jnp.where(acted, away, 0.0), acted, outcome)


def _act(rival: Rival, key: Any, params: Params, state: State, context: Context) -> tuple[Float[Array, " action"], Drawn]:
    """State, exploration and planning, then motor noise; the state's drift until the next trial is drawn with them."""
    level_key, noise_key, drift_key = jax.random.split(key, 3)
    row = _row(rival, context)
    belief = _belief(state, row)
    level = frame.drawn_level(level_key, belief.uncertainty)
    variances = rival.noise(params, state, row)
    exploration, planning, motor = jnp.sqrt(variances) * jax.random.normal(noise_key, variances.shape)
    drift = jnp.sqrt(rival.drift(params)) * jax.random.normal(drift_key, state.mean.shape)
    meant = (belief.mean + level).sum(axis=0) + exploration + planning
    intended = params.initial_mean + params.initial_sd * meant
    return intended + params.initial_sd * motor, Drawn(level, exploration, planning, drift, intended)


def _log_prob(rival: Rival, params: Params, state: State, context: Context, action: Float[Array, " action"]) -> Float[Array, ""]:
    row = _row(rival, context)
    acted = jnp.all(jnp.isfinite(action))
    away = deviation(rival.action_names, params, state.mean[row].sum(axis=0), jnp.where(acted, action, params.initial_mean))
    density = frame.log_density(away, frame.spread(_belief(state, row), rival.noise(params, state, row)))
    return jnp.where(acted, density - jnp.sum(jnp.log(params.initial_sd)), 0.0)


def _policy(rival: Rival, params: Params, state: State, context: Context) -> Policy:
    """``log_var`` is that of the noises together, without what isn't known of the state."""
    row = _row(rival, context)
    belief, noise = _belief(state, row), rival.noise(params, state, row)
    return Policy(
        mean=params.initial_mean + params.initial_sd * belief.mean.sum(axis=0),
        covariance=jnp.diag(frame.spread(belief, noise) * params.initial_sd**2),
        log_var=jnp.log(jnp.maximum(noise.sum(axis=0), frame.LEAST_VARIANCE)),
        angle=jnp.asarray(jnp.nan),
        reward_baseline=rival.baseline(state, row),
    )


def _update(
    rival: Rival, params: Params, state: State, context: Context, action: Float[Array, " action"], outcome: Outcome, info: Drawn | None
) -> State:
    seen = _seen(rival, params, state, context, action, outcome)
    belief, step, noise = _belief(state, seen.row), rival.step(params, state, seen), rival.noise(params, state, seen.row)
    drift = rival.drift(params)
    if info:
        after = frame.lived(belief, step, _known(rival, params, info, action, seen.acted), seen.acted)
        wandered, unknown = info.drift, jnp.zeros(())
    else:
        after = frame.watched(belief, step, noise, seen.deviation, seen.acted)
        wandered, unknown = jnp.zeros(()), jnp.eye(drift.shape[0])[:, :, None] * drift[None, :, :]
    mean = (step.retention * state.mean).at[seen.row].set(after.mean) + wandered
    uncertainty = frame.faded(step.retention, state.uncertainty).at[seen.row].set(after.uncertainty) + unknown
    return state._replace(mean=mean, uncertainty=uncertainty, **rival.remember(params, state, seen))


def _at_once(rival: Rival, params: Params, trials: Any) -> Float[Array, "trial chain person"]:
    """Log densities by the filter that has whole records before it; ``trials``: ``analysis.twin.Seen`` (person, trial). Trials come first
    throughout, for that is how the filter reads them."""

    def still(params: Params) -> tuple[Array, Array]:
        return rival.noise(params, rival.start(params, 1), 0) * params.initial_sd**2, rival.drift(params)[0] * params.initial_sd**2

    def step(params: Params, context: Context, action: Array, outcome: Outcome) -> tuple[Step, Array]:
        start = rival.start(params, 1)
        return rival.step(params, start, _seen(rival, params, start, context, action, outcome)), action - params.initial_mean

    by_trial = jax.tree.map(lambda x: jnp.swapaxes(jnp.asarray(x), 0, 1), (trials.context, trials.action, trials.outcome))
    many = jax.tree.map(partial(at_each_trial, by_trial[1].shape[0]), params)
    steps, away = jax.vmap(jax.vmap(jax.vmap(step), in_axes=(0, None, None, None)))(many, *by_trial)
    noise, drift = jax.vmap(jax.vmap(still))(params)  # (chain, person, source, action), (chain, person, action)
    acted = jnp.isfinite(by_trial[1]).all(axis=-1)[:, None, :, None]
    push = jnp.where(acted, steps.push[..., 0, :] * many.initial_sd, 0.0)
    motion = Motion(steps.retention[..., 0, :], push, noise.sum(axis=-2), drift)
    return log_densities(motion, Record(jnp.where(acted, away, 0.0), acted, jnp.asarray(turns(rival.action_names)))).sum(axis=-1)


def _known(rival: Rival, params: Params, info: Drawn, action: Float[Array, " action"], acted: Bool[Array, ""]) -> Known:
    """Motor noise is what was executed beyond what was intended, whoever added it."""
    beyond = normalised(params, angles.difference(rival.action_names, jnp.where(acted, action, info.intended), info.intended))
    return Known(info.level, jnp.stack([info.exploration, info.planning, beyond]))
