"""A noisy network as a learner: the belief about its noise given an action, and the step that a rule takes from that noise.

A rule says only what chance does in a pass, and what each connection is eligible for after it. A network that chose its own action knows
its noise. One that only watched (yoked) takes the noise that it expects given the action: to first order in the noise the action is
Gaussian, so that is a linear regression. Eligibilities are linear in the noise, so the expected step is the step of the expected noise.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from analysis import gaussian
from analysis.angles import difference
from analysis.learner import Context, Learner, Policy
from analysis.networks.network import Noise, Pass, Weights, first_weights, forward, inputs, silent
from analysis.networks.options import Chosen
from analysis.parameters import Parameter
from protocols.task import Outcome


class Params(NamedTuple):
    """Fixed while a network practises; means and SDs of actions in the units of the action columns."""

    alpha: Float[Array, ""]
    noise_sd: Float[Array, ""]  # of hidden units' drives, or of the weights
    activity_decay: Float[Array, ""]  # of the running mean of a unit's drive
    baseline_decay: Float[Array, ""]
    initial_baseline: Float[Array, ""]  # NaN: the first delivered reward
    initial_mean: Float[Array, " action"]
    initial_sd: Float[Array, " action"]
    motor_sd: Float[Array, " action"]
    retention: Float[Array, ""]


class State(NamedTuple):
    """Carried from trial to trial."""

    weights: Weights
    reward_baseline: Float[Array, " context"]
    usual: Noise  # running mean of the units' drives, by context; NaN before the first pass


class Exploration(NamedTuple):
    """What a network that chose an action knows of it."""

    noise: Any  # as the rule has it
    intended: Float[Array, " action"]  # column units: the action before motor noise


class Rule(NamedTuple):
    """What tells one perturbation rule from another."""

    name: str
    spread: Callable[[Chosen, Params, Weights, Any], Any]  # variances of all noise, in the shape of the noise
    draw: Callable[[Any, Chosen, Any, Weights, Any], Any]  # (key, chosen, variances, weights, features) -> noise
    run: Callable[[Chosen, Weights, Any, Any], Pass]  # (chosen, weights, features, noise)
    eligible: Callable[[Chosen, Pass, Any, Noise], Weights]  # (chosen, pass, noise, usual drives)


class Outlook(NamedTuple):
    """What a network expects of its next action, normalised: its mean, and how noise moves it to first order."""

    mean: Float[Array, " action"]
    slope: Float[Array, "action noise"]
    variance: Float[Array, " noise"]

    def explored(self) -> Float[Array, "action action"]:
        """Covariance of the action, motor noise apart."""
        return (self.slope * self.variance) @ self.slope.T


def network_learner(rule: Rule, chosen: Chosen, parameters: tuple[Parameter, ...]) -> Learner:
    """The learner of a rule on a network."""
    net = _Net(rule, chosen, first_weights(chosen))
    return Learner(
        name=rule.name,
        parameters=parameters,
        action_names=chosen.action_names,
        needs=("reward",),
        assemble=_assemble,
        init=lambda params, contexts: _init(net, params, contexts),
        act=lambda key, params, state, context: _act(net, key, params, state, context),
        log_prob=lambda params, state, context, action: _log_prob(net, params, state, context, action),
        update=lambda params, state, context, action, outcome, info=None: _update(net, params, state, context, action, outcome, info),
        policy=lambda params, state, context: _policy(net, params, state, context),
    )


class _Net(NamedTuple):
    rule: Rule
    chosen: Chosen
    start: Weights


def _assemble(values: Mapping[str, Any]) -> Params:
    motor = jnp.where(jnp.isnan(values["motor_sd"]), 0.25 * values["initial_sd"], values["motor_sd"])
    noise = values.get("node_sd", values.get("weight_sd", 0.0))
    given = {"activity_decay": 0.0, **values, "motor_sd": motor, "noise_sd": noise}
    return Params(**{name: jnp.asarray(given[name], dtype=float) for name in Params._fields})


def _init(net: _Net, params: Params, contexts: int) -> State:
    rows = contexts if net.chosen.features else 1
    usual = jax.tree.map(lambda x: jnp.full((rows, *x.shape), jnp.nan), silent(net.chosen))
    return State(jax.tree.map(jnp.asarray, net.start), jnp.full(rows, params.initial_baseline), usual)


def _row(net: _Net, context: Context) -> Any:
    return context.index if net.chosen.features else 0


def _first(net: _Net, features: Any) -> Float[Array, " action"]:
    """What the network said before practice: it is taken off, so that practice begins at ``initial_mean`` whatever the first weights."""
    return forward(net.chosen, net.start, features, silent(net.chosen)).action


def _outlook(net: _Net, params: Params, state: State, features: Any) -> Outlook:
    variances, unravel = ravel_pytree(net.rule.spread(net.chosen, params, state.weights, features))

    def act(noise: Array) -> Array:
        return net.rule.run(net.chosen, state.weights, features, unravel(noise)).action

    nothing = jnp.zeros_like(variances)
    return Outlook(act(nothing) - _first(net, features), jax.jacrev(act)(nothing), variances)


def _motor(params: Params) -> Float[Array, "action action"]:
    return jnp.diag((params.motor_sd / params.initial_sd) ** 2)


def _act(net: _Net, key: Any, params: Params, state: State, context: Context) -> tuple[Float[Array, " action"], Exploration]:
    """Noise in the network, and motor noise, drawn in that order from two keys."""
    noise_key, motor_key = jax.random.split(key)
    features = inputs(net.chosen, context)
    variances = net.rule.spread(net.chosen, params, state.weights, features)
    noise = net.rule.draw(noise_key, net.chosen, variances, state.weights, features)
    made = net.rule.run(net.chosen, state.weights, features, noise).action - _first(net, features)
    intended = params.initial_mean + params.initial_sd * made
    return intended + params.motor_sd * jax.random.normal(motor_key, made.shape), Exploration(noise, intended)


def _seen(net: _Net, params: Params, outlook: Outlook, action: Float[Array, " action"]) -> tuple[Array, Array]:
    """Whether there was an action, and how far it was from the mean, normalised (0 where there was none)."""
    acted = jnp.all(jnp.isfinite(action))
    gap = difference(net.chosen.action_names, action, params.initial_mean + params.initial_sd * outlook.mean) / params.initial_sd
    return acted, jnp.where(acted, gap, 0.0)


def _log_prob(net: _Net, params: Params, state: State, context: Context, action: Float[Array, " action"]) -> Float[Array, ""]:
    """Log density of the executed action, to first order in the noise."""
    outlook = _outlook(net, params, state, inputs(net.chosen, context))
    acted, gap = _seen(net, params, outlook, action)
    density = gaussian.log_density(gap, outlook.explored() + _motor(params))
    return jnp.where(acted, density - jnp.sum(jnp.log(params.initial_sd)), 0.0)


def _policy(net: _Net, params: Params, state: State, context: Context) -> Policy:
    outlook = _outlook(net, params, state, inputs(net.chosen, context))
    scale, explored = params.initial_sd, outlook.explored()
    return Policy(
        mean=params.initial_mean + scale * outlook.mean,
        covariance=(explored + _motor(params)) * scale[:, None] * scale[None, :],
        log_var=jnp.log(jnp.diagonal(explored)),
        angle=jnp.asarray(jnp.nan),
        reward_baseline=state.reward_baseline[_row(net, context)],
    )


def _update(
    net: _Net,
    params: Params,
    state: State,
    context: Context,
    action: Float[Array, " action"],
    outcome: Outcome,
    info: Exploration | None = None,
) -> State:
    row, features = _row(net, context), inputs(net.chosen, context)
    baseline = state.reward_baseline[row]
    acted = jnp.all(jnp.isfinite(action))
    learned = acted & jnp.isfinite(outcome.reward)
    expected = jnp.where(jnp.isnan(baseline), outcome.reward, baseline)
    advantage = jnp.where(learned, outcome.reward - expected, 0.0)

    noise = info.noise if info else _believed(net, params, state, features, action)
    made = net.rule.run(net.chosen, state.weights, features, noise)
    usual = jax.tree.map(lambda x: x[row], state.usual)
    eligible = net.rule.eligible(net.chosen, made, noise, usual)
    kept = params.baseline_decay * expected + (1 - params.baseline_decay) * outcome.reward
    return State(
        weights=jax.tree.map(
            lambda w, start, step: start + params.retention * (w - start) + params.alpha * advantage * step,
            state.weights,
            net.start,
            eligible,
        ),
        reward_baseline=state.reward_baseline.at[row].set(jnp.where(learned, kept, baseline)),
        usual=jax.tree.map(lambda u, now: u.at[row].set(_running(params, u[row], now, acted)), state.usual, made.drive),
    )


def _believed(net: _Net, params: Params, state: State, features: Any, action: Float[Array, " action"]) -> Any:
    """The noise that is expected given the action."""
    outlook = _outlook(net, params, state, features)
    _, gap = _seen(net, params, outlook, action)
    _, unravel = ravel_pytree(net.rule.spread(net.chosen, params, state.weights, features))
    pulled = gaussian.times(gaussian.inverse(outlook.explored() + _motor(params)), gap)
    return unravel(outlook.variance * (outlook.slope.T @ pulled))


def _running(params: Params, usual: Array, now: Array, acted: Array) -> Array:
    """The running mean of a drive; its first value is the first drive."""
    known = jnp.where(jnp.isnan(usual), now, usual)
    return jnp.where(acted, params.activity_decay * known + (1 - params.activity_decay) * now, usual)
