"""The likelihood of a learner on a record, with its derivatives, for many values of the parameters at once.

One step ahead: each action's density given all that came before it. Exact derivatives go forward beside the trials, because parameters
are few: nothing is stored on the way, and the score of every single trial comes out of it, whose products estimate the information
(Berndt, Hall, Hall & Hausman 1974). On the way to an optimum differences of values do as well, for less.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from analysis.compiled import compiled, side_by_side
from analysis.fit.space import Coordinate, Space, values_of
from analysis.lanes.code import DOUBLE, SINGLE, Precision
from analysis.lanes.loop import Loop, numbers
from analysis.learner import Learner
from analysis.predict import log_probs
from analysis.twin import Seen

CHUNK = 32  # points that are valued together
_BEGUN = 64  # points from which walks begin together
_SLOPES = 10  # points of which exact derivatives are taken together
_SHIFTS = {DOUBLE: 1e-6, SINGLE: 3e-3}  # of a coordinate, for differences
_LENGTH = 100  # records are padded to a multiple of it, so that people with about as many trials share what was compiled
_LARGEST = 1e14  # products of scores above which a search's own arithmetic would overflow


class Problem(NamedTuple):
    """What is fitted to what."""

    learner: Learner
    space: Space
    contexts: int
    trials: Seen  # padded
    count: int  # trials that have an action and count
    weights: Float[np.ndarray, " trial"]  # 1 where a trial's action counts, 0 where it is only learned from
    length: int  # trials that are gone through
    precision: Precision = DOUBLE  # of a walk; all else is computed in double

    def log_likelihoods(self, points: Float[np.ndarray, "point free"]) -> Float[np.ndarray, " point"]:
        """The log-likelihood at each point; minus infinity where it isn't finite."""
        values = self._trial_by_trial(points).sum(axis=0)
        return np.where(np.isfinite(values), values, -np.inf)

    def densities(self, points: Float[np.ndarray, "point free"]) -> Float[np.ndarray, "point trial"]:
        """The log density of each trial that counts at each point, 0 for the others; minus infinity where it isn't finite."""
        found = self._trial_by_trial(points).T
        return np.where(np.isfinite(found), found, -np.inf)

    def slopes(self, points: Float[np.ndarray, "point free"]) -> "Slopes":
        """Log-likelihoods, their gradients and the summed products of the trials' scores; exact."""
        if self.learner.walk is None:
            return _tidy(Slopes(*_in_chunks(lambda part: _slopes(*self._static, *self._arrays, part), points, _SLOPES)))
        values, scores = self._walked(points, sloping=True).transpose(1, 2, 0).reshape(2, len(points), -1, self.length)
        return _tidy(Slopes(values[:, 0].sum(axis=1), scores.sum(axis=2), scores @ scores.transpose(0, 2, 1)))

    def differences(self, points: Float[np.ndarray, "point free"]) -> "Slopes":
        """The same by differences of values: cheaper, and enough to search by. A gradient is off by the square of the shift; in single
        precision by rounding too, a tenth of a standard error at most near a peak."""
        count, free = points.shape
        shift = _SHIFTS[self.precision]
        inward = np.where(points + shift > self.space.held[:, 1], -shift, shift)
        around = np.repeat(points[:, None], free + 1, axis=1)
        around[:, np.arange(1, free + 1), np.arange(free)] += inward
        trials = self._trial_by_trial(around.reshape(count * (free + 1), free)).T.reshape(count, free + 1, -1)
        with np.errstate(invalid="ignore", over="ignore"):
            scores = (trials[:, 1:] - trials[:, :1]) / inward[..., None]
            information = scores @ scores.transpose(0, 2, 1)
            gradient = scores.sum(axis=2) + inward / 2 * np.diagonal(information, axis1=1, axis2=2)  # less what the curvature adds
            return _tidy(Slopes(trials[:, 0].sum(axis=1), gradient, information))

    def beginning(self, trials: int) -> "Problem":
        """The same problem of the first trials alone; what is compiled serves both."""
        acted = np.isfinite(np.asarray(self.trials.action)).all(axis=1) & (self.weights > 0)
        return self._replace(count=int(acted[:trials].sum()), length=trials)

    def in_single_precision(self) -> "Problem":
        """The same problem in single precision, twice as fast, where there is code for it; else this one."""
        return self._replace(precision=SINGLE) if self.learner.walk is not None else self

    def _trial_by_trial(self, points: Float[np.ndarray, "point free"]) -> Float[np.ndarray, "trial point"]:
        if self.learner.walk is not None:
            return self._walked(points)[:, 0]

        def valued(part: np.ndarray) -> tuple[np.ndarray]:
            values = (*self._arrays, part)
            return (np.asarray(compiled(_log_probs, self._static, values, wide=True)(*values))[: self.length].T,)

        return _in_chunks(valued, points, CHUNK)[0].T

    def _walked(self, points: Float[np.ndarray, "point free"], sloping: bool = False) -> Float[np.ndarray, "trial told walk"]:
        """What the walks from each point tell of each trial that counts, and 0 of the others: one from each, which tells the log density;
        or one along each coordinate, which tells its slope too."""
        given = self.space.held, self.space.fixed
        holds, state = _in_chunks(lambda part: _begun(sloping, *self._static, *given, part), points, _BEGUN)
        trial = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), self.trials)
        loop = _loop(self.learner, self.contexts, sloping, self.precision, trial)
        told = loop(holds.reshape(-1, holds.shape[-1]).T, state.reshape(-1, state.shape[-1]).T, numbers(self.trials, 1, np)[: self.length])
        return told * self.weights[: self.length, None, None]

    @property
    def _static(self) -> tuple[Learner, tuple[Coordinate, ...], int]:
        return self.learner, self.space.coordinates, self.contexts

    @property
    def _arrays(self) -> tuple[np.ndarray, dict[str, np.ndarray], Seen, np.ndarray, np.ndarray]:
        return self.space.held, self.space.fixed, self.trials, self.weights, np.asarray(self.length)

    @property
    def chunk(self) -> int:
        """Points that are valued together: fewer cost as much."""
        return CHUNK if self.learner.walk is None else self.precision.lanes


class Slopes(NamedTuple):
    """At each point; all 0 and minus infinity where anything has overflowed."""

    value: Float[np.ndarray, " point"]
    gradient: Float[np.ndarray, "point free"]
    information: Float[np.ndarray, "point free free"]


def make_problem(learner: Learner, space: Space, contexts: int, trials: Seen, counts: Bool[np.ndarray, " trial"] | None = None) -> Problem:
    """The problem, its record padded with trials that nobody made; they have no likelihood and teach nothing.

    ``counts``: the trials whose likelihood is asked for (None: all); every trial is learned from.
    """
    count = len(trials.reward)
    counts = np.ones(count, bool) if counts is None else counts
    missing = -count % _LENGTH
    padded = jax.tree.map(lambda x: np.concatenate([x, np.repeat(_blank(np.asarray(x)), missing, axis=0)]), trials)
    acted = np.isfinite(np.asarray(trials.action)).all(axis=1) & counts
    return Problem(learner, space, contexts, padded, int(acted.sum()), np.pad(counts.astype(float), (0, missing)), count)


def _blank(x: np.ndarray) -> np.ndarray:
    return np.zeros_like(x[:1]) if x.dtype.kind in "iub" else np.full_like(x[:1], np.nan)


def _in_chunks(function: Callable[[np.ndarray], tuple[Any, ...]], points: np.ndarray, size: int) -> tuple[np.ndarray, ...]:
    """The function of all points, so many at a time; the last chunk is filled up, so that one size is compiled."""
    filled = np.concatenate([points, np.repeat(points[-1:], -len(points) % size, axis=0)])
    parts = side_by_side(lambda part: jax.tree.map(np.asarray, function(part)), np.split(filled, len(filled) // size))
    return tuple(np.concatenate(field)[: len(points)] for field in zip(*parts, strict=True))


def _log_probs(
    learner: Learner,
    coordinates: tuple[Coordinate, ...],
    contexts: int,
    held: Float[Array, "free 2"],
    fixed: dict[str, Array],
    trials: Seen,
    weights: Float[Array, " trial"],
    length: Int[Array, ""],
    points: Float[Array, "point free"],
) -> Float[Array, "trial point"]:
    """Of each trial that counts, at each point; 0 for the others."""
    params = jax.vmap(lambda x: learner.assemble(values_of(coordinates, held, fixed, x)), out_axes=-1)(points)
    return jax.vmap(lambda one: log_probs(learner, one, contexts, trials, length), in_axes=-1, out_axes=-1)(params) * weights[:, None]


@cache
def _loop(learner: Learner, contexts: int, sloping: bool, precision: Precision, trial: Any) -> Loop:
    """The compiled walk over trials of these shapes and types."""
    walk, assemble = learner.walk, learner.assemble
    assert walk is not None
    many = (len(learner.action_names),)
    values = {p.name: jax.ShapeDtypeStruct(many if p.per_action else (), float) for p in learner.parameters}
    holds, state = jax.eval_shape(lambda values: walk.begin(assemble(values), contexts), values)
    if sloping:
        return Loop(partial(_sloped, walk.step), (holds, holds), (state, state), trial, precision)
    return Loop(walk.step, holds, state, trial, precision)


def _sloped(step: Callable[..., Any], holds: Any, state: Any, trial: Seen) -> tuple[Any, Any]:
    """A walk's step, and how it goes along one direction: what holds and the state come with their slopes."""
    at, along = zip(holds, state, strict=True)
    (after, told), slopes = jax.jvp(lambda holds, state: step(holds, state, trial), at, along)
    return (after, slopes[0]), (told, slopes[1])


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _begun(
    sloping: bool,
    learner: Learner,
    coordinates: tuple[Coordinate, ...],
    contexts: int,
    held: Float[Array, "free 2"],
    fixed: dict[str, Array],
    points: Float[Array, "point free"],
) -> tuple[Float[Array, "point ... holds"], Float[Array, "point ... state"]]:
    """What holds for the walk from each point, and its first state. ``sloping``: a walk along each coordinate, with the slopes of both."""
    walk, assemble = learner.walk, learner.assemble
    assert walk is not None
    begin = lambda x: walk.begin(assemble(values_of(coordinates, held, fixed, x)), contexts)  # noqa: E731
    if not sloping:
        holds, state = jax.vmap(begin)(points)
        return numbers(holds, 1), numbers(state, 1)
    along = jax.vmap(jax.vmap(lambda x, way: jax.jvp(begin, (x,), (way,)), (None, 0)), (0, None))
    (holds, state), slopes = along(points, jnp.eye(len(coordinates)))
    return numbers((holds, slopes[0]), 2), numbers((state, slopes[1]), 2)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _slopes(
    learner: Learner,
    coordinates: tuple[Coordinate, ...],
    contexts: int,
    held: Float[Array, "free 2"],
    fixed: dict[str, Array],
    trials: Seen,
    weights: Float[Array, " trial"],
    length: Int[Array, ""],
    points: Float[Array, "point free"],
) -> tuple[Array, Array, Array]:
    def at(points: Float[Array, "point free"]) -> Float[Array, "trial point"]:
        return _log_probs(learner, coordinates, contexts, held, fixed, trials, weights, length, points)

    def along(direction: Float[Array, " free"]) -> tuple[Array, Array]:
        return jax.jvp(at, (points,), (jnp.broadcast_to(direction, points.shape),))

    values, scores = jax.vmap(along, out_axes=(None, 0))(jnp.eye(len(coordinates)))
    return values.sum(axis=0), scores.sum(axis=1).T, jnp.einsum("itp,jtp->pij", scores, scores)


def _tidy(slopes: Slopes) -> Slopes:
    flat = slopes.information.reshape(len(slopes.value), -1)
    good = np.isfinite(slopes.value) & np.isfinite(slopes.gradient).all(axis=1) & (np.abs(flat) < _LARGEST).all(axis=1)
    return Slopes(
        np.where(good, slopes.value, -np.inf),
        np.where(good[:, None], slopes.gradient, 0.0),
        np.where(good[:, None, None], slopes.information, 0.0),
    )
