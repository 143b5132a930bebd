"""What is believed of a learner's parameters before a record is looked at, on the scale that each is fitted on.

Weakly informative: the range that the maximum-likelihood search looks over (units, and the sizes of the first actions, settle it) is two
SDs either way. A group has such a prior for its middle, and a half-normal one for the SD between people, half as wide.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.fit.space import Coordinate, Space
from protocols.errors import BadInput

BETWEEN = 0.5  # scale of the SD between people, in SDs of the prior of their middle


class Prior(NamedTuple):
    """Normal on the fitted scale, coordinates independent."""

    mean: Float[np.ndarray, " free"]
    sd: Float[np.ndarray, " free"]

    @property
    def between(self) -> Float[np.ndarray, " free"]:
        """Scale of the half-normal prior of the SD between people."""
        return BETWEEN * self.sd


def prior_of(space: Space, given: Mapping[str, Sequence[float]] = {}) -> Prior:
    """The prior of a space; ``given`` has, by coordinate or by parameter, a middle in natural units and an SD on the fitted scale.

    Raises:
        BadInput: a name that isn't fitted, not two numbers, a middle out of bounds or an SD that isn't above 0.
    """
    low, high = space.search.T
    mean, sd = (low + high) / 2, (high - low) / 4
    for name, numbers in given.items():
        at = [i for i, c in enumerate(space.coordinates) if name in (c.name, c.parameter)]
        if not at:
            raise BadInput(f"--prior {name}: isn't fitted; the parameters that are: {', '.join(space.names)}")
        for i in at:
            mean[i], sd[i] = _told(space.coordinates[i], numbers)
    return Prior(mean, sd)


def _told(c: Coordinate, numbers: Sequence[float]) -> tuple[float, float]:
    if len(numbers) != 2 or not (np.isfinite(numbers).all() and numbers[1] > 0):
        raise BadInput(f"--prior {c.name}: expected a middle and an SD above 0 on the {c.kind} scale, such as {c.name}=0.9,1")
    with np.errstate(all="ignore"):
        middle = c.unbounded(numbers[0])
    if not np.isfinite(middle):
        raise BadInput(f"--prior {c.name}: the middle has to lie between {c.low:g} and {c.high:g}, not be {numbers[0]:g}")
    return middle, float(numbers[1])


def words(c: Coordinate, mean: float, sd: float) -> str:
    """A prior for a person's eyes: its middle 95 % in natural units, and the form."""
    low, middle, high = (float(c.natural(np.float64(mean + side * sd))) for side in (-1.96, 0, 1.96))
    form = {"log": "log-normal", "logit": "logit-normal", "linear": "normal"}[c.kind]
    unit = f" {c.unit}" if c.unit not in ("", "action") else ""
    return f"{form}, {middle:.3g}{unit} (95 %: {low:.3g} to {high:.3g})"
