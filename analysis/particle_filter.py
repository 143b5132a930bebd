"""The likelihood of a policy-gradient learner's actions by brute force: the referee of the moment-matched one (``analysis.hidden_noise``).

Each particle is a learner that knows what it explored. Given the next action, a particle weighs as much as it predicted that action;
particles are drawn by weight, and each then draws what it explored from what the action leaves open. Nothing is approximated but the
number of particles.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from analysis import gaussian
from analysis.angles import difference
from analysis.learner import Context, Learner, Params, State
from analysis.policy_gradient_state import Exploration
from protocols.task import Outcome


@partial(jax.jit, static_argnums=(0, 2, 3))
def particle_log_likelihood(
    learner: Learner,
    params: Params,
    contexts: int,
    particles: int,
    seen: tuple[Context, Float[Array, "trial action"], Outcome],
    key: Any,
) -> Float[Array, " trial"]:
    """Log density of each action, column units, given those before it; 0 where there was none.

    ``params`` must have motor noise in every dimension.
    """

    def step(states: State, given: Any) -> tuple[State, Array]:
        (context, action, outcome), key = given
        draw, explore, drift = jax.random.split(key, 3)
        log_weights = jax.vmap(lambda state: learner.log_prob(params, state, context, action))(states)
        states = jax.tree.map(lambda x: x[systematic(draw, log_weights)], states)

        def moved(state: State, white: Array, drift: Any) -> State:
            explored = _explored(learner, params, state, context, action, white)
            return learner.update(params, state, context, action, outcome, Exploration(explored, action, drift))

        whites = jax.random.normal(explore, (particles, action.shape[0]))
        return jax.vmap(moved)(states, whites, jax.random.split(drift, particles)), jax.nn.logsumexp(log_weights) - jnp.log(particles)

    start = jax.tree.map(lambda x: jnp.repeat(x[None], particles, axis=0), learner.knowing(learner.init(params, contexts)))
    return jax.lax.scan(step, start, (seen, jax.random.split(key, seen[1].shape[0])))[1]


def systematic(key: Any, log_weights: Float[Array, " particle"]) -> Array:
    """Indices drawn by weight, evenly spaced, which adds the least chance."""
    cumulated = jnp.cumsum(jax.nn.softmax(log_weights))
    count = log_weights.shape[0]
    places = (jnp.arange(count) + jax.random.uniform(key)) / count
    return jnp.minimum(jnp.searchsorted(cumulated, places), count - 1)


def _explored(learner: Learner, params: Params, state: State, context: Context, action: Array, white: Array) -> Float[Array, " action"]:
    """An exploration drawn from those that this learner may have had, given the action; 0 where there was none. Normalised."""
    policy, scale = learner.policy(params, state, context), params.initial_sd
    motor = jnp.diag((params.motor_sd / scale) ** 2)
    total = policy.covariance / (scale[:, None] * scale[None, :])
    share = gaussian.product(motor, gaussian.inverse(total))
    seen = difference(learner.action_names, action, policy.mean) / scale
    left = motor - gaussian.product(share, motor)
    drawn = seen - gaussian.times(share, seen) + gaussian.times(gaussian.cholesky(left), white)
    return jnp.where(jnp.all(jnp.isfinite(action)), drawn, 0.0)
