"""A cloud of particles over a learner's parameters: the five compiled steps of an iterated batch importance sampler (Chopin 2002).

Given its parameters, what a yoked learner becomes follows from the record alone, so a particle is a point and the state that the learner
has there. A trial weighs the points by how well each predicted the action. Points that don't move would soon be few, and jittering
them (Liu & West 2001) would change what is believed; here they move by Metropolis steps, whose likelihood is that of the whole record,
replayed. Such steps leave the posterior as it is, whatever the weights.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.fit.space import Coordinate, values_of
from analysis.learner import Learner, Params, State
from analysis.live.prior import log_prior
from analysis.particle_filter import systematic
from analysis.twin import Seen

_TAILS = 5.0  # degrees of freedom of an independent proposal: heavier tails than the cloud's, so that none is out of reach
_STRIDE = 2.38  # over the root of the dimensions: the best walk on a Gaussian (Gelman, Roberts & Gilks 1996)
_SHORTEST = 0.2  # of that stride; strides are drawn between it and 1.5, for surfaces that are no Gaussian


class Model(NamedTuple):
    """What is compiled for: hashable."""

    learner: Learner
    coordinates: tuple[Coordinate, ...]
    contexts: int


class Given(NamedTuple):
    """The prior's numbers, as arrays."""

    centre: Float[Array, " free"]
    width: Float[Array, " free"]
    held: Float[Array, "free 2"]
    fixed: dict[str, Array]


class Cloud(NamedTuple):
    """Points, and the learner at each after the trials so far."""

    x: Float[Array, "particle free"]  # unbounded coordinates
    states: State  # fields begin with the axis (particle,)
    log_density: Float[Array, " particle"]  # log prior (up to a constant) + log likelihood of the trials so far
    log_weight: Float[Array, " particle"]  # normalised


class Moved(NamedTuple):
    """Where each particle may move, with as much of the record as has been replayed there."""

    x: Float[Array, "particle free"]
    states: State
    log_density: Float[Array, " particle"]
    log_ratio: Float[Array, " particle"]  # log q(back) - log q(there), 0 for a walk


@partial(jax.jit, static_argnums=0)
def started(model: Model, given: Given, x: Float[Array, "particle free"]) -> Cloud:
    """A cloud before the first trial, of points drawn from the prior."""
    count = x.shape[0]
    return Cloud(x, _fresh(model, given, x), _prior(given, x), jnp.full(count, -jnp.log(count), dtype=float))


@partial(jax.jit, static_argnums=0)
def weighed(model: Model, given: Given, cloud: Cloud, trial: Seen) -> tuple[Cloud, Float[Array, ""], Float[Array, ""]]:
    """The cloud after one more trial, the log predictive density of its action (column units), and the effective number of particles.

    Where no particle's density is finite, that log density is minus infinity, and the weights stay as they were.
    """
    states, log_probs = jax.vmap(lambda x, state: _step(model, _params(model, given, x), state, trial))(cloud.x, cloud.states)
    log_weight = cloud.log_weight + log_probs
    told = jax.nn.logsumexp(log_weight)
    log_weight = jnp.where(jnp.isfinite(told), log_weight - told, cloud.log_weight)
    effective = jnp.exp(-jax.nn.logsumexp(2 * log_weight))
    return Cloud(cloud.x, states, cloud.log_density + log_probs, log_weight), told, effective


@jax.jit
def resampled(key: Any, cloud: Cloud, moved: Moved) -> tuple[Cloud, Moved]:
    """Particles drawn by weight, each with the move that it was about to make."""
    count = cloud.log_weight.shape[0]
    chosen = systematic(key, cloud.log_weight)
    cloud, moved = jax.tree.map(lambda x: x[chosen], (cloud, moved))
    return cloud._replace(log_weight=jnp.full(count, -jnp.log(count), dtype=float)), moved


@partial(jax.jit, static_argnums=0)
def proposed(model: Model, given: Given, key: Any, cloud: Cloud, walk: Bool[Array, ""]) -> Moved:
    """Where particles may move: a walk from where each is, or anywhere that the cloud's own mean and covariance make likely."""
    far, stride, near = jax.random.split(key, 3)
    count, free = cloud.x.shape
    weight = jnp.exp(cloud.log_weight)
    mean = weight @ cloud.x
    away = cloud.x - mean
    covariance = (away * weight[:, None]).T @ away + 1e-10 * jnp.diag(given.width**2)
    factor = jnp.linalg.cholesky(covariance)
    white = jax.random.normal(far, (count, free))
    lengths = _STRIDE / jnp.sqrt(free) * jnp.exp(jax.random.uniform(stride, (count, 1), minval=jnp.log(_SHORTEST), maxval=jnp.log(1.5)))
    thin = jnp.sqrt(jax.random.chisquare(near, _TAILS, (count, 1)) / _TAILS)
    x = jnp.where(walk, cloud.x + lengths * white @ factor.T, mean + white @ factor.T / thin)
    log_ratio = jnp.where(walk, 0.0, _log_t(factor, cloud.x - mean) - _log_t(factor, x - mean))
    return Moved(x, _fresh(model, given, x), _prior(given, x), log_ratio)


@partial(jax.jit, static_argnums=0)
def replayed(model: Model, given: Given, moved: Moved, trials: Seen, there: Bool[Array, " trial"]) -> Moved:
    """The moves with so many more trials of the record seen; ``there`` says which of them are no padding."""

    def one(x: Array, state: State, log_density: Array) -> tuple[State, Array]:
        params = _params(model, given, x)

        def step(carried: tuple[State, Array], seen: tuple[Seen, Array]) -> tuple[tuple[State, Array], None]:
            (state, total), (trial, real) = carried, seen
            after, log_prob = _step(model, params, state, trial)
            return (jax.tree.map(lambda new, old: jnp.where(real, new, old), after, state), total + jnp.where(real, log_prob, 0.0)), None

        return jax.lax.scan(step, (state, log_density), (trials, there))[0]

    states, log_density = jax.vmap(one)(moved.x, moved.states, moved.log_density)
    return moved._replace(states=states, log_density=log_density)


@jax.jit
def decided(key: Any, cloud: Cloud, moved: Moved) -> tuple[Cloud, Float[Array, ""]]:
    """Each particle there or where it was (Metropolis & Hastings), and the share that moved. Both have seen the same trials."""
    chance = jnp.log(jax.random.uniform(key, cloud.log_weight.shape))
    go = chance < moved.log_density - cloud.log_density + moved.log_ratio
    pick = lambda new, old: jnp.where(go.reshape(go.shape + (1,) * (new.ndim - 1)), new, old)  # noqa: E731
    x, states, log_density = jax.tree.map(pick, (moved.x, moved.states, moved.log_density), cloud[:3])
    return Cloud(x, states, log_density, cloud.log_weight), jnp.exp(cloud.log_weight) @ go


def _step(model: Model, params: Params, state: State, trial: Seen) -> tuple[State, Float[Array, ""]]:
    """One trial of a yoked learner. A density that isn't finite is that of a learner that can't be: its weight is 0."""
    log_prob = model.learner.log_prob(params, state, trial.context, trial.action)
    after = model.learner.update(params, state, trial.context, trial.action, trial.outcome, None)
    return after, jnp.where(jnp.isfinite(log_prob), log_prob, -jnp.inf)


def _params(model: Model, given: Given, x: Float[Array, " free"]) -> Params:
    return model.learner.assemble(values_of(model.coordinates, given.held, given.fixed, x))


def _fresh(model: Model, given: Given, x: Float[Array, "particle free"]) -> State:
    states = jax.vmap(lambda point: model.learner.init(_params(model, given, point), model.contexts))(x)
    return jax.tree.map(lambda y: jax.lax.convert_element_type(y, y.dtype), states)  # a weak type would be compiled for twice


def _prior(given: Given, x: Float[Array, "particle free"]) -> Float[Array, " particle"]:
    return jax.vmap(lambda point: log_prior(given.centre, given.width, point))(x)


def _log_t(factor: Float[Array, "free free"], away: Float[Array, "particle free"]) -> Float[Array, " particle"]:
    """Student's log density up to a constant."""
    white = jax.scipy.linalg.solve_triangular(factor, away.T, lower=True)
    return -0.5 * (_TAILS + factor.shape[0]) * jnp.log1p(jnp.sum(white**2, axis=0) / _TAILS)
