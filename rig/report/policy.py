"""What the task would give for a policy: the expected error of each prediction, and the error of every action on a grid."""

from collections.abc import Sequence
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
    spread = np.random.default_rng(0).standard_normal((DRAWS, mean.shape[1]))
    root = np.linalg.cholesky(covariance[known] + 1e-12 * np.eye(mean.shape[1]))
    actions = (mean[known][:, None] + np.einsum("tij,dj->tdi", root, spread)) / np.asarray(task.action_scale)
    trials = stack_trials([c.trial for c, keep in zip(committed, np.atleast_1d(known), strict=True) if keep])

    keys = jax.random.split(jax.random.key(0), DRAWS)  # for a task with noise of its own

    def error(one: tuple[Any, Trial]) -> Any:
        drawn, trial = one
        return jax.vmap(lambda action, key: task.score(action, trial, key).error)(drawn, keys)

    errors = np.asarray(jax.jit(lambda xs: jax.lax.map(error, xs))((actions, trials)))
    out[known] = np.nanmean(errors, axis=1)
    return out


def error_grid(task: Task, trial: Trial, ranges: Sequence[tuple[float, float]]) -> ErrorMap:
    """The task's own error over a grid of two actions, in the units of the action columns."""
    import jax

    from analysis.twin import as_arrays

    x, y = (np.linspace(low, high, GRID) for low, high in ranges)
    scale = np.asarray(task.action_scale)
    actions = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2) / scale
    arrays = as_arrays(trial)
    outcome = jax.jit(jax.vmap(lambda action: task.score(action, arrays, jax.random.key(0))))(actions)
    shape = (GRID, GRID)
    return ErrorMap(x, y, np.asarray(outcome.error).reshape(shape), np.asarray(outcome.hit).reshape(shape))
