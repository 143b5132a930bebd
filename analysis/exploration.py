"""How a policy explores: white, or structured over contexts and over the steps of an action (gSDE, Lattice).

Every form is a Gaussian ``N(0, S)`` a trial, all of it credited:

* **white**: S is the covariance as held by ``analysis.spread``.
* **gsde** (Raffin, Kober & Stulp 2021): an exploration is ``theta f``, with weights theta drawn once a trial and f the features of the
  state. Here the state is the context (its features, or its row of a table) and the step within an action of several steps. So the variance
  in a context is ``sum_j f_j^2 exp(log_var_j)``, and neighbouring steps go together: ``S = B C B^T``, with bumps B over the steps.
* **lattice** (Chiappa, Marin Vargas, Huang & Mathis 2023): ``S = C + W diag(exp latent) W^T``, W the weights that take latents to the
  action's mean. Latents are the rows of the mean, times the bumps where an action has several steps. In the gradient of the log density W
  within S is held fixed; the authors' code lets it move.

An action has steps where its columns end in numbers: ``x1, y1, x2, y2`` is two steps of two coordinates.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis import gaussian
from analysis.policy_gradient_options import Chosen
from analysis.spread import SPREADS


class Shape(NamedTuple):
    """What a covariance is made of, learned by the gradient of the log density."""

    log_var: Float[Array, "..."]  # (action,), or (row, action) with gsde
    mix: Float[Array, "..."]
    latent: Float[Array, "row step"]  # log variances of latents; empty but with lattice


class Setting(NamedTuple):
    """Where the policy explores."""

    weights: Float[Array, " row"]  # how much each row of the mean counts in this context
    rows: Float[Array, "row action"]  # of the mean


def steps_of(action_names: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Each column's step, from 0, and its coordinate's name."""
    stems = tuple(name.rstrip("0123456789") for name in action_names)
    ends = [name[len(stem) :] for name, stem in zip(action_names, stems, strict=True)]
    numbers = sorted({int(end) for end in ends if end})
    return np.array([numbers.index(int(end)) if end else 0 for end in ends]), stems


def bumps(action_names: tuple[str, ...]) -> Float[np.ndarray, "action action"]:
    """Gaussian bumps over the steps, one step wide, each coordinate by itself; their squares sum to 1 at every step."""
    steps, stems = steps_of(action_names)
    near = np.exp(-0.5 * (steps[:, None] - steps[None, :]) ** 2) * np.array([[a == b for b in stems] for a in stems])
    return near / np.linalg.norm(near, axis=1, keepdims=True)


def is_apart(chosen: Chosen) -> bool:
    """Whether the dimensions of an action are explored independently, so that nothing needs a matrix."""
    stepwise = chosen.exploration == "gsde" and steps_of(chosen.action_names)[0].any()
    return chosen.covariance == "diagonal" and chosen.exploration != "lattice" and not stepwise


def started(chosen: Chosen, rows: int, level: Array, latent_sd: Array) -> tuple[Array, Array]:
    """Log variances of an action and of latents at first; ``level`` is the sum of squared weights of a context."""
    n = len(chosen.action_names)
    log_var = jnp.broadcast_to(-jnp.log(level), (rows, n)) if chosen.exploration == "gsde" else jnp.zeros(n)
    latents = (rows, int(steps_of(chosen.action_names)[0].max()) + 1) if chosen.exploration == "lattice" else (0, 0)
    return log_var, jnp.broadcast_to(2 * jnp.log(latent_sd), latents)


def log_var_here(chosen: Chosen, shape: Shape, setting: Setting) -> Float[Array, " action"]:
    """The log variances that hold in this context."""
    if chosen.exploration != "gsde":
        return shape.log_var
    return jnp.log(jnp.sum(setting.weights[:, None] ** 2 * jnp.exp(shape.log_var), axis=0))


def covariance(chosen: Chosen, shape: Shape, setting: Setting) -> Float[Array, "action action"]:
    """Of exploration, normalised."""
    own = SPREADS[chosen.covariance].covariance(log_var_here(chosen, shape, setting), shape.mix)
    if chosen.exploration == "gsde" and not is_apart(chosen):
        own = _bent(jnp.asarray(bumps(chosen.action_names)), own)
    if chosen.exploration == "lattice":
        taken = _taken(chosen, setting)
        own = own + gaussian.product(taken * jnp.exp(shape.latent.ravel()), taken.T)
    return own


def precision(chosen: Chosen, shape: Shape, setting: Setting) -> Float[Array, "action action"]:
    """The inverse of the covariance."""
    if chosen.exploration == "lattice":
        return gaussian.inverse(covariance(chosen, shape, setting))
    own = SPREADS[chosen.covariance].precision(log_var_here(chosen, shape, setting), shape.mix)
    if chosen.exploration == "gsde" and not is_apart(chosen):
        own = _bent(jnp.asarray(np.linalg.inv(bumps(chosen.action_names)).T), own)
    return own


def expected(
    chosen: Chosen, exploration: Float[Array, " action"], unknown: Float[Array, "action action"] | None, shape: Shape, setting: Setting
) -> Float[Array, ""]:
    """Log density of an exploration, expected where it is known up to a covariance."""
    if chosen.exploration == "lattice":
        return gaussian.expected_log_density(exploration, unknown, covariance(chosen, shape, setting))
    log_var, volume = log_var_here(chosen, shape, setting), 0.0
    if chosen.exploration == "gsde" and not is_apart(chosen):
        basis = bumps(chosen.action_names)
        back, volume = jnp.asarray(np.linalg.inv(basis)), np.linalg.slogdet(basis)[1]
        exploration, unknown = gaussian.times(back, exploration), None if unknown is None else _bent(back, unknown)
    return SPREADS[chosen.covariance].expected(exploration, unknown, log_var, shape.mix) - volume


def whites(chosen: Chosen, rows: int) -> int:
    """How many numbers of white noise an exploration is drawn from."""
    n = len(chosen.action_names)
    return n + rows * (int(steps_of(chosen.action_names)[0].max()) + 1) if chosen.exploration == "lattice" else n


def drawn(chosen: Chosen, white: Float[Array, " white"], shape: Shape, setting: Setting) -> Float[Array, " action"]:
    """An exploration from white noise."""
    n = len(chosen.action_names)
    own = SPREADS[chosen.covariance].drawn(white[:n], log_var_here(chosen, shape, setting), shape.mix)
    if chosen.exploration == "gsde" and not is_apart(chosen):
        own = gaussian.times(jnp.asarray(bumps(chosen.action_names)), own)
    if chosen.exploration == "lattice":
        own = own + gaussian.times(_taken(chosen, setting), jnp.exp(shape.latent.ravel() / 2) * white[n:])
    return own


def _bent(basis: Float[Array, "n n"], matrix: Float[Array, "n n"]) -> Float[Array, "n n"]:
    return gaussian.product(gaussian.product(basis, matrix), basis.T)


def _taken(chosen: Chosen, setting: Setting) -> Float[Array, "action latent"]:
    """What latents (rows times steps) do to the action: each row of the mean, as a sum of bumps over the steps."""
    basis, steps = bumps(chosen.action_names), steps_of(chosen.action_names)[0]
    at = np.eye(steps.max() + 1)[steps]  # (action, step): which bump is at which step
    heights = gaussian.times(jnp.asarray(np.linalg.inv(basis)), setting.rows)  # (row, action)
    taken = jnp.einsum("ij,rj,jl->irl", basis, heights, at)
    return taken.reshape(basis.shape[0], -1)
