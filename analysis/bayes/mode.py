"""Where each person's posterior has its mode, and how his record's likelihood is curved there: what sampling is made easy with.

A damped Newton search (Levenberg-Marquardt), all people and several starts at once. Its curvature is the summed products of the trials'
scores, as in ``analysis.fit.likelihood``. Nothing that is drawn depends on how good the mode is, only how fast it is drawn.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.bayes.people import People
from analysis.bayes.prior import Prior
from analysis.predict import log_probs
from analysis.twin import Seen

STARTS = 4
STEPS = 40
_EASED, _DAMPED = 0.3, 5.0  # factors of the damping after a step that was taken, and one that wasn't


class Modes(NamedTuple):
    """Of each person, unbounded coordinates."""

    x: Float[np.ndarray, "person free"]
    information: Float[np.ndarray, "person free free"]  # of the likelihood alone; never negative


class _At(NamedTuple):
    """A point of the search: minus infinity and 0 where anything has overflowed."""

    x: Float[Array, " free"]
    density: Float[Array, ""]
    gradient: Float[Array, " free"]
    information: Float[Array, "free free"]
    damping: Float[Array, ""]


def modes(people: People, prior: Prior, seed: int = 0) -> Modes:
    """The best of ``STARTS`` searches for each person, the first from the prior's middle."""
    count, free = len(people.counts), len(prior.mean)
    away = np.random.default_rng([seed, 3]).normal(size=(STARTS, count, free)) * (np.arange(STARTS) > 0)[:, None, None]

    def search(x: Float[Array, " free"], own: Any, trials: Seen) -> _At:
        begun = _at(people, prior, own, trials, x)._replace(damping=jnp.asarray(1.0))
        return jax.lax.fori_loop(0, STEPS, lambda _, at: _step(people, prior, own, trials, at), begun)

    every = jax.jit(jax.vmap(jax.vmap(search), in_axes=(0, None, None)))
    ends = every(prior.mean + 0.7 * prior.sd * away, people.own, people.trials)
    best, who = np.argmax(np.asarray(ends.density), axis=0), np.arange(count)
    information = np.asarray(ends.information)[best, who]
    return Modes(np.asarray(ends.x)[best, who], np.where(np.isfinite(information), information, 0.0))


def _at(people: People, prior: Prior, own: Any, trials: Seen, x: Float[Array, " free"]) -> _At:
    def densities(y: Float[Array, " free"]) -> Float[Array, " trial"]:
        return log_probs(people.learner, people.params(y, own), people.contexts, trials)

    values, scores = jax.vmap(lambda d: jax.jvp(densities, (x,), (d,)), out_axes=(None, 0))(jnp.eye(x.shape[0]))
    away = (x - prior.mean) / prior.sd
    density = values.sum() - 0.5 * (away**2).sum()
    good = jnp.isfinite(density) & jnp.isfinite(scores).all()
    scores = jnp.where(good, scores, 0.0)
    return _At(x, jnp.where(good, density, -jnp.inf), scores.sum(axis=1) - away / prior.sd, scores @ scores.T, jnp.asarray(0.0))


def _step(people: People, prior: Prior, own: Any, trials: Seen, at: _At) -> _At:
    curvature = at.information + jnp.diag(1 / prior.sd**2)
    damped = curvature + at.damping * jnp.diag(jnp.diagonal(curvature))
    there = _at(people, prior, own, trials, at.x + jnp.linalg.solve(damped, at.gradient))
    better = there.density > at.density
    kept = jax.tree.map(lambda new, old: jnp.where(better, new, old), there, at)
    return kept._replace(damping=at.damping * jnp.where(better, _EASED, _DAMPED))
