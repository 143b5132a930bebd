"""The frame that the rivals share: a hidden linear state, seen through exploration, planning noise and motor noise.

    y_t     = sum_c x_tc + e_t + p_t + m_t
    x_t+1,c = a_c x_tc + k_ec e_t + k_pc p_t + k_mc m_t + u_c + w_tc

The gains k and the push u may depend on the trial's result, which is known once the trial is over. So the state is Gaussian given the
record, and Kalman's filter with the covariance between state and action gives it exactly: each likelihood is that of the model.
All is in normalised units, each action dimension by itself. A state has components (slow and fast, say) that add up.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

LEAST_VARIANCE = 1e-12  # of an action that a learner without any noise predicts, in initial variances: keeps its density finite


class Belief(NamedTuple):
    """What is known of the state, for one context; uncertainty is 0 where a learner knows what it did."""

    mean: Float[Array, "component action"]
    uncertainty: Float[Array, "component component action"]


class Step(NamedTuple):
    """What one trial does to the state. Everything but ``retention`` is without effect where there was no action."""

    retention: Float[Array, "component action"]
    gain: Float[Array, "source component action"]  # of exploration, planning noise, motor noise
    push: Float[Array, "component action"]


class Known(NamedTuple):
    """What happened on a trial, from the inside."""

    level: Float[Array, "component action"]  # how far the state was from its mean
    noise: Float[Array, "source action"]


def spread(belief: Belief, noise: Float[Array, "source action"]) -> Float[Array, " action"]:
    """Variance of the next action."""
    return jnp.maximum(jnp.sum(belief.uncertainty, axis=(0, 1)) + jnp.sum(noise, axis=0), LEAST_VARIANCE)


def log_density(deviation: Float[Array, " action"], variance: Float[Array, " action"]) -> Float[Array, ""]:
    """Natural log of a density with independent dimensions."""
    return -0.5 * jnp.sum(deviation**2 / variance + jnp.log(2 * jnp.pi * variance))


def lived(belief: Belief, step: Step, known: Known, acted: Bool[Array, ""]) -> Belief:
    """The state after a trial whose noises are known: nothing is left unknown but the drift, which is the caller's."""
    moved = jnp.sum(step.gain * known.noise[:, None, :], axis=0) + step.push
    mean = step.retention * (belief.mean + known.level) + jnp.where(acted, moved, 0.0)
    return Belief(mean, jnp.zeros_like(belief.uncertainty))


def watched(
    belief: Belief, step: Step, noise: Float[Array, "source action"], deviation: Float[Array, " action"], acted: Bool[Array, ""]
) -> Belief:
    """The state after a trial of which only the action was seen, ``deviation`` from the mean. In Joseph's form, which stays positive."""
    cross = step.retention * jnp.sum(belief.uncertainty, axis=1) + jnp.sum(step.gain * noise[:, None, :], axis=0)
    weight = jnp.where(acted, cross / spread(belief, noise), 0.0)
    gain = jnp.where(acted, step.gain, 0.0)
    mean = step.retention * belief.mean + jnp.where(acted, step.push, 0.0) + weight * deviation
    kept = jnp.eye(weight.shape[0])[:, :, None] * step.retention[:, None, :] - weight[:, None, :]
    left = jnp.einsum("cia,ija,dja->cda", kept, belief.uncertainty, kept)
    unseen = jnp.where(acted, gain - weight, 0.0)
    return Belief(mean, left + jnp.einsum("sca,sda,sa->cda", unseen, unseen, noise))


def faded(retention: Float[Array, "component action"], uncertainty: Float[Array, "... component component action"]) -> Array:
    """Uncertainty about a state that only retention has acted on."""
    return uncertainty * retention[:, None, :] * retention[None, :, :]


def drawn_level(key: Array, uncertainty: Float[Array, "component component action"]) -> Float[Array, "component action"]:
    """How far the state is from its mean, drawn; exactly 0 where nothing is unknown."""
    normal = jax.random.normal(key, uncertainty.shape[1:])
    rows: list[list[Array]] = []  # of the Cholesky factor, for each action
    for i in range(uncertainty.shape[0]):
        row: list[Array] = []
        for j in range(i):
            left = uncertainty[i, j] - sum(row[k] * rows[j][k] for k in range(j))
            row.append(jnp.where(rows[j][j] > 0, left / jnp.where(rows[j][j] > 0, rows[j][j], 1.0), 0.0))
        row.append(jnp.sqrt(jnp.maximum(uncertainty[i, i] - sum(x * x for x in row), 0.0)))
        rows.append(row)
    return jnp.stack([sum((x * normal[j] for j, x in enumerate(row)), jnp.zeros(normal.shape[1])) for row in rows])
