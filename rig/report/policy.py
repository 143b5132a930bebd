"""What the task would give for a policy: the expected error of each prediction, and the error of every action on a grid."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from analysis.figures.action import ErrorMap
from protocols.history import Committed
from protocols.task import Task, Trial

DRAWS = 48  # of each policy: the mean is good to some 5 % for the eye
GRID = 161


def expected_errors(task: Task, committed: Sequence[Committed], mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(trial,) mean error (m) of the task over draws from each trial's policy; NaN where there is none. The draws are always the same."""
    import jax

    from analysis.twin import stack_trials

    known = np.isfinite(mean).all(axis=1) & np.isfinite(covariance).all(axis=(1, 2))
    out = np.full(len(committed), np.nan)
    if not known.any():
        return out
    trials = stack_trials([c.trial for c, keep in zip(committed, np.atleast_1d(known), strict=True) if keep])
    error = _error_of_draws(task)
    drawn = _draws(task, mean[known], covariance[known])
    errors = np.asarray(jax.jit(lambda xs: jax.lax.map(lambda one: error(*one), xs))((drawn, trials)))
    out[known] = np.nanmean(errors, axis=1)
    return out


class ExpectedErrors:
    """``expected_errors`` of a session that goes on: compiled once, and no trial is computed twice."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._error = _compiled_error(task)
        self._known: dict[int, float] = {}  # by trial number

    def __call__(self, committed: Sequence[Committed], mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """(trial,) as ``expected_errors``. What is known of a trial stays, so a trial's policy must not change."""
        from analysis.twin import as_arrays

        for index, one in enumerate(committed):
            if one.trial.number in self._known or not (np.isfinite(mean[index]).all() and np.isfinite(covariance[index]).all()):
                continue
            drawn = _draws(self._task, mean[index][None], covariance[index][None])[0]
            self._known[one.trial.number] = float(np.nanmean(np.asarray(self._error(drawn, as_arrays(one.trial)))))
        return np.array([self._known.get(one.trial.number, np.nan) for one in committed])


def _draws(task: Task, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(trial, draw, action) in SI."""
    spread = np.random.default_rng(0).standard_normal((DRAWS, mean.shape[1]))
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(mean.shape[1]))
    return (mean[:, None] + np.einsum("tij,dj->tdi", root, spread)) / np.asarray(task.action_scale)


@cache
def _compiled_error(task: Task) -> Callable[[Any, Trial], Any]:
    import jax

    return jax.jit(_error_of_draws(task))


def _error_of_draws(task: Task) -> Callable[[Any, Trial], Any]:
    """(draw,) errors (m) of a trial's draws, for ``jit``."""
    import jax

    keys = jax.random.split(jax.random.key(0), DRAWS)  # for a task with noise of its own
    return lambda drawn, trial: jax.vmap(lambda action, key: task.score(action, trial, key).error)(drawn, keys)


def error_grid(task: Task, trial: Trial, ranges: Sequence[tuple[float, float]]) -> ErrorMap:
    """The task's own error over a grid of two actions, in the units of the action columns."""
    return grid_of(task)(trial, ranges)


@cache
def grid_of(task: Task) -> Callable[[Trial, Sequence[tuple[float, float]]], ErrorMap]:
    """``error_grid`` of a task, compiled once for all trials and ranges."""
    import jax

    from analysis.twin import as_arrays

    score = jax.jit(lambda actions, trial: jax.vmap(lambda action: task.score(action, trial, jax.random.key(0)))(actions))

    def grid(trial: Trial, ranges: Sequence[tuple[float, float]]) -> ErrorMap:
        x, y = (np.linspace(low, high, GRID) for low, high in ranges)
        actions = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2) / np.asarray(task.action_scale)
        outcome = score(actions, as_arrays(trial))
        shape = (GRID, GRID)
        return ErrorMap(x, y, np.asarray(outcome.error).reshape(shape), np.asarray(outcome.hit).reshape(shape))

    return grid
