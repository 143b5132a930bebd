"""What is believed of a participant's parameters before the first trial: independent Gaussians on the scale that each is fitted on.

The centre is what the protocol (its twin, else the learner's default) says; the width is a factor that people are known to differ by. A
prior has to be proper and can't come from the record, since every trial is predicted by it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.fit.space import Coordinate, Scale, make_space, values_of
from analysis.learner import Learner, Params
from analysis.parameters import read_values

RATE, SD, SHARE, PLACE = 1.0, 0.5, 1.0, 1.0  # SD of the log, of the log, of the logit; and in initial SDs


class Prior(NamedTuple):
    """Over a learner's fitted parameters, in unbounded coordinates (``analysis.fit.space``)."""

    coordinates: tuple[Coordinate, ...]
    centre: Float[np.ndarray, " free"]
    width: Float[np.ndarray, " free"]
    held: Float[np.ndarray, "free 2"]  # beyond these a value is held
    fixed: dict[str, np.ndarray]  # by parameter; stand-ins where one is free

    @property
    def names(self) -> tuple[str, ...]:
        """Of the coordinates, in order."""
        return tuple(c.name for c in self.coordinates)

    def natural(self, x: Float[np.ndarray, "point free"]) -> Float[np.ndarray, "point free"]:
        """Coordinates in natural units."""
        held = np.clip(x, *self.held.T)
        return np.stack([np.asarray(c.natural(held[:, i])) for i, c in enumerate(self.coordinates)], axis=1)

    def params(self, learner: Learner, x: Float[np.ndarray, " free"]) -> Params:
        """A point as the learner's parameters."""
        return learner.assemble(values_of(self.coordinates, jnp.asarray(self.held), self.fixed, jnp.asarray(x)))

    def drawn(self, key: Any, count: int) -> Float[Array, "count free"]:
        """Points drawn from the prior."""
        return jnp.asarray(self.centre) + jnp.asarray(self.width) * jax.random.normal(key, (count, len(self.coordinates)))


def make_prior(learner: Learner, values: Mapping[str, Any]) -> Prior:
    """A prior about ``values`` (by parameter name, with ``initial_mean`` and ``initial_sd``; what is missing is at its default).

    Raises:
        BadInput: a value that is missing, of the wrong count or out of bounds.
    """
    read = read_values(learner.name, learner.parameters, learner.action_names, values)
    sd, place = np.atleast_1d(read["initial_sd"]), np.atleast_1d(read["initial_mean"])
    spoken = {p.name: values_here for p in learner.parameters if not p.fitted and np.isfinite(values_here := read[p.name]).all()}
    space = make_space(learner, spoken, Scale(place, sd, 0.0, 1.0))
    centre = [_centre(c, read, sd) for c in space.coordinates]
    width = np.array([_width(c, sd) for c in space.coordinates])
    return Prior(space.coordinates, np.clip(centre, *space.held.T), width, space.held, space.fixed)


def _centre(c: Coordinate, read: Mapping[str, np.ndarray], sd: Float[np.ndarray, " action"]) -> float:
    """Where no number is known, an SD is a quarter of the initial one, as it is for the learners; a reward is 0."""
    value = float(np.atleast_1d(read[c.parameter])[c.place or 0])
    if np.isfinite(value):
        return c.unbounded(value)
    return c.unbounded(sd[c.place or 0] / 4) if c.kind == "log" else 0.0


def _width(c: Coordinate, sd: Float[np.ndarray, " action"]) -> float:
    if c.kind == "linear":
        return PLACE * float(sd[c.place or 0]) if c.unit in ("action", "deg") else PLACE
    return SHARE if c.kind == "logit" else RATE if c.unit == "1/reward" else SD


def log_prior(centre: Float[Array, " free"], width: Float[Array, " free"], x: Float[Array, " free"]) -> Float[Array, ""]:
    """Log density of a point, up to a constant; traceable."""
    return -0.5 * jnp.sum(((x - centre) / width) ** 2)
