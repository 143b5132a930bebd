"""The coordinates that are drawn, in which a posterior is round: standard normals come close to it, whatever the records say.

People are drawn non-centred. Where a record says nothing of a coordinate, what is drawn is how far a person is from the group's middle,
in SDs between people, so that a small SD makes no funnel. Where it says much, that would make a funnel of its own: what is drawn then is
how far the person is from what record and group together say, in SDs of that. The two are ends of one linear map, exact whatever
curvature it is given. The group's middle and spread are drawn as distances from where they are expected, in SDs of what is left unknown.
A map that fits badly costs time, never truth.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from analysis.bayes.mode import Modes
from analysis.bayes.prior import Prior

_ROUNDS = 50  # of the search for a group's middle and spread
_LEAST = 0.05  # spread in scales of its prior, below which it isn't guessed


class Likely(NamedTuple):
    """What each person's record says, taken for a normal likelihood."""

    share: Float[np.ndarray, "person free"]  # information times the place where the likelihood is largest
    information: Float[np.ndarray, "person free free"]


class Frame(NamedTuple):
    """Where a group's middle and the log of its spread are expected, and how far from there they may be."""

    centre: Float[np.ndarray, " both"]  # the middle's coordinates, then those of the log spread
    scale: Float[np.ndarray, " both"]


def likely(prior: Prior, at: Modes) -> Likely:
    """About the modes of each person's posterior, where the likelihood still rises as steeply as the prior falls."""
    return Likely((at.information @ at.x[..., None])[..., 0] + (at.x - prior.mean) / prior.sd**2, at.information)


def frame(prior: Prior, about: Likely) -> Frame:
    """The likeliest middle and spread, were the likelihoods normal (Dempster, Laird & Rubin 1977)."""
    middle, width, told = prior.mean, prior.between, np.zeros(len(prior.mean))
    for _ in range(_ROUNDS):
        unknown = np.linalg.inv(about.information + np.diag(1 / width**2))
        x = (unknown @ (about.share + middle / width**2)[..., None])[..., 0]
        left = np.diagonal(unknown, axis1=1, axis2=2)
        told = np.clip(1 - left / width**2, 0, 1).sum(axis=0)  # how many people who are known for certain the records are worth
        middle = (x.sum(axis=0) / width**2 + prior.mean / prior.sd**2) / (len(x) / width**2 + 1 / prior.sd**2)
        width = np.maximum(np.sqrt(((x - middle) ** 2 + left).mean(axis=0)), _LEAST * prior.between)
    scale = 1 / np.sqrt(told / width**2 + 1 / prior.sd**2), 1 / np.sqrt(2 * told + 1)
    return Frame(np.concatenate([middle, np.log(width)]), np.concatenate(scale))


def of_group(around: Frame, drawn: Float[Array, " both"]) -> tuple[Float[Array, " free"], Float[Array, " free"]]:
    """A group's middle and the log of its spread from what is drawn of them; the volume of that map is constant."""
    middle, log_width = jnp.split(around.centre + around.scale * drawn, 2)
    return middle, log_width


def of_people(
    about: Likely, middle: Float[Array, " free"], width: Float[Array, " free"], drawn: Float[Array, "person free"]
) -> tuple[Float[Array, "person free"], Float[Array, ""]]:
    """People from what is drawn of them, and the log volume of that map.

    With a normal likelihood, a person's precision is that of his record and of the group together.
    """
    root = jnp.linalg.cholesky(about.information + jnp.diag(1 / width**2))
    lower = solve_triangular(root, (about.share + middle / width**2)[..., None], lower=True)
    x = solve_triangular(root, lower + drawn[..., None], lower=True, trans="T")[..., 0]
    return x, -jnp.log(jnp.diagonal(root, axis1=-2, axis2=-1)).sum()
