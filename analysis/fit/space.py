"""The space in which a learner's parameters are fitted: unbounded coordinates on the scale that each parameter varies on.

Rates and SDs go by their log, shares between 0 and 1 (and other closed ranges) by the logit, places as they are. Each coordinate has two
ranges: where the global stage looks, and beyond which a value is held, for there the likelihood is flat or overflows. Both follow from the
units and from the first trials, never from the whole session.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.parameters import Parameter, read_values
from protocols.errors import BadInput

FIRST = 20  # trials that say what sizes actions and rewards have

_LARGEST_CLOSED = 100.0  # a range that is wider is open, for all that practice can tell

# Where a value may be expected: the range in which a search looks first, and which holds 95 % of the prior (``analysis.bayes.prior``).
_SIZES = {  # of what goes by its log, in typical sizes; by parameter, or by unit
    "initial_sd": (0.2, 5.0),  # the first actions show it, with motor noise and a little learning
    "final_sd": (0.05, 5.0),
    "1/reward": (1e-3, 2.0),
    "trials": (1.0, 1000.0),
}
_PART = 0.01, 3.0  # what else there is, noise and single steps, is a part of a typical size
_SHARES, _LONG, _CLOSED = (-3.0, 5.0), (-1.0, 7.0), (-3.0, 3.0)  # logits: of shares, of one that is an average over 1 to 1000 trials


class Scale(NamedTuple):
    """What the first trials say of sizes."""

    action_mean: Float[np.ndarray, " action"]  # column units
    action_sd: Float[np.ndarray, " action"]
    reward_mean: float
    reward_sd: float  # over the whole record: rates are per reward, whose size is no secret of the learner's


class Coordinate(NamedTuple):
    """One number that is fitted, and the scale that it is fitted on. Hashable: the same for all participants."""

    name: str  # as in results: ``alpha_mean``, ``initial_sd.release_speed``
    parameter: str
    place: int | None  # which action; None: the parameter is one number
    kind: Literal["log", "logit", "linear"]
    low: float  # of a logit's closed range, natural units
    high: float
    unit: str

    def natural(self, x: Any) -> Any:
        """The value in natural units; traceable."""
        if self.kind == "log":
            return jnp.exp(x)
        return self.low + (self.high - self.low) * jax.nn.sigmoid(x) if self.kind == "logit" else x

    def unbounded(self, value: float) -> float:
        """The inverse of ``natural``; infinite at the ends of a range."""
        share = (value - self.low) / (self.high - self.low) if self.kind == "logit" else value
        with np.errstate(divide="ignore"):
            if self.kind == "logit":
                return float(np.log(share) - np.log1p(-share))
            return float(np.log(value)) if self.kind == "log" else float(value)

    def slope(self, value: float) -> float:
        """d natural / d unbounded at a natural value, for the delta method."""
        if self.kind == "logit":
            return (value - self.low) * (self.high - value) / (self.high - self.low)
        return value if self.kind == "log" else 1.0


class Space(NamedTuple):
    """What is fitted of one record, where it is looked for, and the values of all that is not fitted."""

    coordinates: tuple[Coordinate, ...]
    search: Float[np.ndarray, "free 2"]  # where the global stage looks, unbounded units
    held: Float[np.ndarray, "free 2"]  # beyond these a value is held
    fixed: dict[str, np.ndarray]  # by parameter; stand-ins where one is fitted

    @property
    def names(self) -> tuple[str, ...]:
        """Of the coordinates, in order."""
        return tuple(c.name for c in self.coordinates)

    def natural(self, x: Float[np.ndarray, " free"]) -> Float[np.ndarray, " free"]:
        """Coordinates in natural units."""
        held = np.clip(x, *self.held.T)
        return np.array([float(c.natural(value)) for c, value in zip(self.coordinates, held, strict=True)])

    def unbounded(self, natural: Sequence[float]) -> Float[np.ndarray, " free"]:
        """Natural values as coordinates, moved into the ranges that are held."""
        return np.clip([c.unbounded(value) for c, value in zip(self.coordinates, natural, strict=True)], *self.held.T)

    def values(self, x: Float[np.ndarray, " free"]) -> dict[str, Any]:
        """All parameters by name."""
        return {name: np.asarray(v) for name, v in values_of(self.coordinates, jnp.asarray(self.held), self.fixed, jnp.asarray(x)).items()}


def values_of(
    coordinates: tuple[Coordinate, ...], held: Float[Array, "free 2"], fixed: Mapping[str, Any], x: Float[Array, " free"]
) -> dict[str, Array]:
    """All parameters by name, for ``Learner.assemble``; traceable."""
    values = {name: jnp.asarray(value, dtype=float) for name, value in fixed.items()}
    for c, value in zip(coordinates, jnp.clip(x, held[:, 0], held[:, 1]), strict=True):
        natural = c.natural(value)
        values[c.parameter] = natural if c.place is None else values[c.parameter].at[c.place].set(natural)
    return values


def scale_of(actions: Float[np.ndarray, "trial action"], rewards: Float[np.ndarray, " trial"]) -> Scale:
    """Sizes from the first ``FIRST`` actions and rewards that there are. A spread of nothing counts as 1."""
    acted = actions[np.isfinite(actions).all(axis=1)][:FIRST]
    told = rewards[np.isfinite(rewards)]
    spread = acted.std(axis=0, ddof=1) if len(acted) > 1 else np.ones(actions.shape[1])
    reward_sd = float(told.std()) if len(told) > 1 else 1.0
    return Scale(
        acted.mean(axis=0) if len(acted) else np.zeros(actions.shape[1]),
        np.where(spread > 0, spread, 1.0),
        float(told[:FIRST].mean()) if len(told) else 0.0,
        reward_sd if reward_sd > 0 else 1.0,
    )


def make_space(learner: Learner, fixed: Mapping[str, Any], scale: Scale, free: Sequence[str] = ()) -> Space:
    """What is fitted of a learner: every parameter that isn't ``fixed`` by value, nor by the learner's own say unless ``free`` names it.

    Raises:
        BadInput: a name that is unknown, a value out of bounds, or a parameter that is both fixed and free.
    """
    known = {p.name for p in learner.parameters}
    for name in free:
        if name not in known:
            raise BadInput(f"learner '{learner.name}' has no parameter '{name}': choose from {', '.join(sorted(known))}")
        if name in fixed:
            raise BadInput(f"parameter '{name}' is to be fixed and fitted: leave one of the two out")
    stand_in = {p.name: _anything(p, scale) for p in learner.parameters if p.name not in fixed and not _in_parts(p.name, fixed)}
    parts = {name: value for name, value in fixed.items() if name not in known}
    filled = _filled(learner, parts, scale)
    values = read_values(learner.name, learner.parameters, learner.action_names, {**stand_in, **filled, **fixed})
    found = [c for p in learner.parameters if p.fitted or p.name in free for c in _coordinates(p, learner, fixed)]
    ranges = np.array([_ranges(c, scale) for c in found]).reshape(-1, 2, 2)
    return Space(tuple(found), ranges[:, 0], ranges[:, 1], values)


def first_trials(learner: Learner, actions: Float[np.ndarray, "trial action"], count: int) -> dict[str, list[float]]:
    """Initial mean and SD from the first ``count`` actions, to be fixed.

    Raises:
        BadInput: the learner has no such parameters, or there are fewer than two actions.
    """
    acted = actions[np.isfinite(actions).all(axis=1)][:count]
    names = {p.name for p in learner.parameters}
    if not {"initial_mean", "initial_sd"} <= names:
        raise BadInput(f"learner '{learner.name}' has no initial_mean and initial_sd to take from the first trials")
    if len(acted) < 2:
        raise BadInput(f"the first trials have {len(acted)} actions, and a mean and SD need at least 2")
    return {"initial_mean": acted.mean(axis=0).tolist(), "initial_sd": acted.std(axis=0, ddof=1).tolist()}


def _in_parts(name: str, fixed: Mapping[str, Any]) -> bool:
    return any(key.startswith(f"{name}.") for key in fixed)


def _filled(learner: Learner, parts: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Stand-ins for the other parts of parameters that are fixed in part."""
    whole = {p.name: p for p in learner.parameters if p.per_action}
    names = {f"{name}.{action}": whole[name] for name in whole for action in learner.action_names}
    touched = {names[key].name for key in parts if key in names}
    return {
        f"{name}.{action}": np.broadcast_to(_anything(whole[name], scale), len(learner.action_names))[i]
        for name in touched
        for i, action in enumerate(learner.action_names)
    }


def _anything(parameter: Parameter, scale: Scale) -> Any:
    """The default; where there is none, what the first trials give."""
    if parameter.default is not None:
        return parameter.default
    return scale.action_mean if parameter.low == -np.inf else scale.action_sd


def _coordinates(parameter: Parameter, learner: Learner, fixed: Mapping[str, Any]) -> list[Coordinate]:
    name = parameter.name
    if name in fixed:
        return []
    places = [(i, f"{name}.{action}") for i, action in enumerate(learner.action_names)] if parameter.per_action else [(None, name)]
    bounds = parameter.low, parameter.high, parameter.unit
    return [Coordinate(full, name, place, _kind(parameter), *bounds) for place, full in places if full not in fixed]


def _kind(parameter: Parameter) -> Literal["log", "logit", "linear"]:
    if parameter.high - parameter.low <= _LARGEST_CLOSED:
        return "logit"
    return "log" if parameter.low >= 0 else "linear"


def _ranges(c: Coordinate, scale: Scale) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where to look, and beyond what a value is held."""
    size, centre = _size(c, scale)
    if c.kind == "linear":
        return (centre - 2 * size, centre + 2 * size), (centre - 50 * size, centre + 50 * size)
    if c.kind == "logit":
        shares = _LONG if c.parameter == "baseline_decay" else _SHARES
        return (shares if (c.low, c.high) == (0.0, 1.0) else _CLOSED), (-9.0, 9.0)
    least, most = _SIZES.get(c.parameter, _SIZES.get(c.unit, _PART))
    ends = max(1e-5 * size, c.low), min(300 * size, c.high)
    return (np.log(least * size), np.log(most * size)), (np.log(ends[0]), np.log(ends[1]))


def _size(c: Coordinate, scale: Scale) -> tuple[float, float]:
    """A typical size, and a typical place, of a parameter with this unit."""
    if c.unit in ("action", "deg"):
        at = c.place or 0
        return float(scale.action_sd[at]), float(scale.action_mean[at]) if c.kind == "linear" else 0.0
    if c.unit == "reward":
        return scale.reward_sd, scale.reward_mean
    return (1 / scale.reward_sd, 0.0) if c.unit == "1/reward" else (1.0, 0.0)
