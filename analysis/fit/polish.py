"""Many local searches at once: damped Gauss-Newton steps (Levenberg 1944, Marquardt 1963), all searches a step at a time.

The curvature is the summed products of the trials' scores (Berndt, Hall, Hall & Hausman 1974), which comes with the gradient and is never
negative; it is right at once, but where it isn't close to the Hessian a search crawls. So each search also learns a curvature from how its
gradient turns (Broyden, Fletcher, Goldfarb & Shanno). Each step is tried with several dampings of the one and by the other, and the best is
taken: on a rugged surface the shorter steps often win.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from analysis.fit.likelihood import Problem, Slopes

STEPS = 40  # of one search, at most
_DAMPINGS = np.array([0.1, 1.0, 10.0])  # that are tried, times the last one
_CURVED = 0.2  # of the curvature that was believed, the least that a step may leave of it
_FIRST, _LEAST, _MOST = 1e-2, 1e-7, 1e7  # dampings
_LONGEST = 0.5  # step of a coordinate, in ranges that are looked at
_PATIENCE = 5  # steps that together gain less than _GAIN each, after which a search is over
_HOPELESS = 10.0  # nats behind the best that make a search hopeless, if it also
_BLOCKS = 10  # times what its last _PATIENCE steps gained is less than it is behind
_GAIN = 1e-4  # nats that a further step promises, below which a search is over
_AT_ONCE = 2  # chunks of points: values of steps, and then slopes of the best, take as many, one after the other
_RIDGE = 1e-10  # of the information's diagonal, and
_FLAT = 1e-6  # of itself, are added to curvatures, so that none is quite flat


class Search(NamedTuple):
    """Where a search begins, and which coordinates it may move."""

    start: Float[np.ndarray, " free"]
    moves: Bool[np.ndarray, " free"]


def searches(points: Float[np.ndarray, "point free"]) -> list[Search]:
    """Searches from points, free to move."""
    return [Search(point, np.ones(len(point), bool)) for point in points]


class Polished(NamedTuple):
    """Where a search ended."""

    x: Float[np.ndarray, " free"]
    log_likelihood: float
    converged: bool
    steps: int


def polish(problem: Problem, searches: Sequence[Search], steps: int = STEPS, race: bool = False) -> list[Polished]:
    """Take every search uphill to its optimum. In a ``race`` those stop that fall hopelessly behind the best."""
    x = np.clip(np.stack([search.start for search in searches]), *problem.space.held.T)
    moves = np.stack([search.moves for search in searches])
    slopes = problem.differences(x)
    damping, taken = np.full(len(x), _FIRST), np.zeros(len(x), int)
    learned = slopes.information.copy()
    recent = np.full((len(x), _PATIENCE), np.inf)
    converged = (_promise(problem, x, moves, slopes) < _GAIN) & np.isfinite(slopes.value)
    going = ~converged & np.isfinite(slopes.value)
    for _ in range(steps):
        at = np.flatnonzero(going)
        if not len(at):
            break
        here = Slopes(*(field[at] for field in slopes))
        new, gain, damping[at], told = _step(problem, x[at], moves[at], here, learned[at], damping[at])
        moved, after = _surveyed(problem, new, gain, told)
        damping[at] = np.where((gain > 0) & ~moved, damping[at] * 1000, damping[at])
        new, gain = np.where(moved[:, None], new, x[at]), np.where(moved, gain, 0.0)
        shift = new - x[at]
        x[at] = new
        if moved.any():
            learned[at[moved]] = _learned(learned[at[moved]], shift[moved], here.gradient[moved] - after.gradient)
            for field, fresh in zip(slopes, after, strict=True):
                field[at[moved]] = fresh
        learned[at[~moved]] = here.information[~moved]
        taken[at] += 1
        recent[at] = np.roll(recent[at], 1, axis=1)
        recent[at, 0] = gain
        still = Slopes(*(field[at] for field in slopes))
        converged[at] = (_promise(problem, new, moves[at], still) < _GAIN) | (recent[at].mean(axis=1) < _GAIN)
        going[at] = ~converged[at] & (damping[at] < _MOST) & np.isfinite(still.value)
        if race:
            behind = np.max(slopes.value) - slopes.value
            going &= ~(behind > _HOPELESS + _BLOCKS * recent.sum(axis=1))
    return [Polished(*one) for one in zip(x, slopes.value.tolist(), converged.tolist(), taken.tolist(), strict=True)]


def _surveyed(problem: Problem, new: np.ndarray, gain: np.ndarray, told: Slopes | None) -> tuple[np.ndarray, Slopes]:
    """Which searches move, and the slopes where they are then; no step is taken to a place where the slopes overflow.

    ``told``: the slopes there, where they are known already.
    """
    moved = gain > 0
    if not moved.any():
        return moved, Slopes(np.zeros(0), np.zeros((0, new.shape[1])), np.zeros((0, new.shape[1], new.shape[1])))
    after = problem.differences(new[moved]) if told is None else Slopes(*(field[moved] for field in told))
    known = np.isfinite(after.value)
    moved[moved] = known
    return moved, Slopes(*(field[known] for field in after))


def _step(
    problem: Problem, x: np.ndarray, moves: np.ndarray, slopes: Slopes, learned: np.ndarray, damping: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Slopes | None]:
    """Where each search is after its step, what the step gained (0: it stays where it is), the damping that served best, and the slopes
    of the step's end where they came with its value."""
    tried = np.clip(damping[:, None] * _DAMPINGS, _LEAST, None)
    damped = [_solved(problem, x, moves, slopes, d) for d in tried.T]
    steps = np.stack([*damped, _solved(problem, x, moves, slopes._replace(information=learned), np.zeros(len(x)))], axis=1)
    longest = _LONGEST * (problem.space.search[:, 1] - problem.space.search[:, 0])
    points = np.clip(x[:, None] + np.clip(steps, -longest, longest), *problem.space.held.T)
    values, found = _valued(problem, points)
    best, rows = values.argmax(axis=1), np.arange(len(x))
    gain = np.maximum(values[rows, best] - slopes.value, 0.0)
    new = np.where((gain > 0)[:, None], points[rows, best], x)
    served = np.column_stack([tried, damping])[rows, best]
    told = None if found is None else Slopes(*(field.reshape(*values.shape, *field.shape[1:])[rows, best] for field in found))
    return new, gain, np.where(gain > 0, served, damping * 1000), told


def _valued(problem: Problem, points: Float[np.ndarray, "search way free"]) -> tuple[np.ndarray, Slopes | None]:
    """The values of all steps that are tried; where searches are so few that it costs no more, with the slopes of each."""
    flat = points.reshape(-1, points.shape[-1])
    if len(flat) * (points.shape[-1] + 1) > _AT_ONCE * problem.chunk:
        return problem.log_likelihoods(flat).reshape(points.shape[:2]), None
    found = problem.differences(flat)
    return found.value.reshape(points.shape[:2]), found


def _solved(problem: Problem, x: np.ndarray, moves: np.ndarray, slopes: Slopes, damping: np.ndarray) -> np.ndarray:
    """Each search's step by its curvature, whose diagonal is made larger by ``damping`` times itself."""
    gradient, curved = _held(problem, x, moves, slopes)
    diagonal = np.diagonal(curved, axis1=1, axis2=2)[:, :, None] * np.eye(x.shape[1])
    return np.linalg.solve(curved + damping[:, None, None] * diagonal, gradient[..., None])[..., 0]


def _learned(curved: np.ndarray, shift: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Curvatures after steps that turned the gradients so (Broyden, Fletcher, Goldfarb & Shanno; damped: Powell 1978)."""
    along = np.einsum("sij,sj->si", curved, shift)
    believed, found = (shift * along).sum(axis=1), (shift * turned).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(found < _CURVED * believed, (1 - _CURVED) * believed / (believed - found), 1.0)[:, None]
        turned = share * turned + (1 - share) * along
        gained = turned[:, :, None] * turned[:, None] / (shift * turned).sum(axis=1)[:, None, None]
        new = curved - along[:, :, None] * along[:, None] / believed[:, None, None] + gained
    return np.where(np.isfinite(new).all(axis=(1, 2), keepdims=True), new, curved)  # a direction without curvature teaches nothing


def _held(problem: Problem, x: np.ndarray, moves: np.ndarray, slopes: Slopes) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and curvature of what may move: not what is fixed, nor what is pushed against the end of its range."""
    low, high = problem.space.held.T
    free = moves & ~((x <= low) & (slopes.gradient < 0)) & ~((x >= high) & (slopes.gradient > 0))
    curved = np.where(free[:, :, None] & free[:, None, :], slopes.information, 0.0)
    diagonal = np.diagonal(curved, axis1=1, axis2=2)
    firm = np.where(free, _RIDGE * diagonal + _FLAT, 1.0)
    return np.where(free, slopes.gradient, 0.0), curved + firm[:, :, None] * np.eye(x.shape[1])


def _promise(problem: Problem, x: np.ndarray, moves: np.ndarray, slopes: Slopes) -> np.ndarray:
    """Nats that one more Newton step would gain, by the curvature at hand."""
    gradient, curved = _held(problem, x, moves, slopes)
    return 0.5 * np.einsum("si,si->s", gradient, np.linalg.solve(curved, gradient[..., None])[..., 0])
