"""Posterior predictive checks: would the fitted learner, one step ahead, have been as surprised as it was?

For some draws of the posterior every action is predicted from those before it, and replicated. Residuals in predicted SDs should be
independent standard normals: their numbers are compared with those of the replicates (posterior predictive p, Gelman, Meng & Stern 1996).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.stats import norm

from analysis import angles
from analysis.bayes.people import People
from analysis.bayes.sampling import Posterior
from analysis.twin import Seen

DRAWS = 100
EXTREME = 0.01  # p below which, or above 1 - which, something is said


class Ahead(NamedTuple):
    """One step ahead, column units."""

    mean: Float[np.ndarray, "draw person trial action"]
    sd: Float[np.ndarray, "draw person trial action"]
    residual: Float[np.ndarray, "draw person trial action"]  # in SDs; NaN where there was no action
    replicate: Float[np.ndarray, "draw person trial action"]  # an action as predicted


class Check(NamedTuple):
    """One number of one person's residuals, against the same of replicates."""

    name: str
    observed: float  # mean over draws
    replicated: float
    p: float  # share of draws in which the replicate's is at least as large
    words: str  # "" where nothing has to be said


def ahead(people: People, posterior: Posterior, draws: int = DRAWS, seed: int = 0) -> Ahead:
    """Predictions by ``draws`` draws, evenly out of all."""
    drawn = posterior.x.reshape(-1, *posterior.x.shape[2:])
    some = drawn[np.linspace(0, len(drawn) - 1, draws).astype(int)]

    def one(x: Float[Array, " free"], own: Any, trials: Seen) -> tuple[Array, Array]:
        params = people.params(x, own)

        def step(state: Any, trial: Seen) -> tuple[Any, tuple[Array, Array]]:
            policy = people.learner.policy(params, state, trial.context)
            after = people.learner.update(params, state, trial.context, trial.action, trial.outcome, None)
            return after, (policy.mean, jnp.sqrt(jnp.diagonal(policy.covariance)))

        return jax.lax.scan(step, people.learner.init(params, people.contexts), trials)[1]

    mean, sd = map(np.asarray, jax.jit(jax.vmap(jax.vmap(one), in_axes=(0, None, None)))(some, people.own, people.trials))
    action = np.asarray(people.trials.action)
    gap = np.asarray(angles.difference(people.learner.action_names, jnp.asarray(action), jnp.asarray(mean)))
    replicate = mean + sd * np.random.default_rng([seed, 5]).normal(size=mean.shape)
    return Ahead(mean, sd, gap / sd, np.where(np.isnan(action), np.nan, replicate))


def coverage(found: Ahead, person: int, share: float) -> float:
    """How many of a person's actions lay within the middle ``share`` of their predictive distribution."""
    place = norm.cdf(found.residual[:, person]).mean(axis=0)
    known = place[np.isfinite(place)]
    return float(np.mean(np.abs(known - 0.5) < share / 2))


def checks(people: People, found: Ahead, person: int) -> list[Check]:
    """The numbers of one person, each action dimension by itself."""
    said = []
    for i, name in enumerate(people.learner.action_names):
        there = np.isfinite(people.trials.action[person, :, i])
        seen = found.residual[:, person, there, i]
        copy = (found.replicate[:, person, there, i] - found.mean[:, person, there, i]) / found.sd[:, person, there, i]
        said += [_check(f"{name}: {what}", measure, words, seen, copy) for what, measure, words in _NUMBERS]
    return said


def _check(name: str, measure: Callable[[np.ndarray], np.ndarray], words: tuple[str, str], seen: np.ndarray, copy: np.ndarray) -> Check:
    one, other = measure(seen), measure(copy)
    p = float(np.mean(other >= one))
    said = words[0] if p < EXTREME else words[1] if p > 1 - EXTREME else ""
    return Check(name, float(one.mean()), float(other.mean()), p, said)


def _lag_one(r: np.ndarray) -> np.ndarray:
    centred = r - r.mean(axis=1, keepdims=True)
    return (centred[:, 1:] * centred[:, :-1]).mean(axis=1) / np.maximum(centred.var(axis=1), 1e-300)


_NUMBERS: tuple[tuple[str, Callable[[np.ndarray], np.ndarray], tuple[str, str]], ...] = (
    (
        "lag-1 autocorrelation",
        _lag_one,
        ("neighbours are more alike than predicted", "neighbours alternate more than predicted"),
    ),
    ("spread", lambda r: r.std(axis=1), ("actions scatter more than predicted", "actions scatter less than predicted")),
    (
        "furthest action",
        lambda r: np.abs(r).max(axis=1),
        ("single actions lie further out than predicted", "no action lies that far out"),
    ),
    (
        "shift late",
        lambda r: r[:, -max(1, r.shape[1] // 3) :].mean(axis=1),
        ("late actions lie above what is predicted", "late actions lie below what is predicted"),
    ),
)
