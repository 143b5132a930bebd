"""Measures that ask the task what other actions would have earned: TNC costs, and what lies along and across the solution manifold."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import jax
import numpy as np

from analysis.measures.action import lag_one, split_by_manifold
from analysis.measures.measured import LEAST, Measured, Practice, missing, with_reason
from analysis.measures.tnc import Errors, Settings, tnc_costs
from analysis.twin import as_arrays
from protocols.task import Task, Trial

AT_ONCE = 4096  # actions that are scored together: one size, so that it is compiled once
COSTS = ("tolerance", "noise", "covariation", "covariation_optimal")
ALONG = ("along", "across")
MEASURES = (*(f"{name}_cost" for name in COSTS), "manifold_ratio", *(f"lag_1_{name}" for name in ALONG))


def error_function(task: Task, target: np.ndarray) -> Errors:
    """The task's error (m) of actions (..., action), in the units of the action columns, at a target (m)."""
    trial, scale = as_arrays(Trial(1, 1, 1, 1, 0, (float(target[0]), float(target[1])))), np.asarray(task.action_scale)

    def errors(actions: np.ndarray) -> np.ndarray:
        flat = actions.reshape(-1, actions.shape[-1]) / scale
        padded = np.pad(flat, ((0, -len(flat) % AT_ONCE), (0, 0)), mode="edge")
        found = [np.asarray(_scored(task)(part, trial)) for part in padded.reshape(-1, AT_ONCE, flat.shape[1])]
        return np.concatenate(found)[: len(flat)].reshape(actions.shape[:-1])

    return errors


@cache
def _scored(task: Task) -> Any:
    return jax.jit(lambda actions, trial: jax.vmap(lambda action: task.score(action, trial, jax.random.key(0)).error)(actions))


def task_measures(practice: Practice, task: Task, targets: np.ndarray, settings: Settings = Settings()) -> Iterator[Measured]:
    """By block and target; ``targets`` are the places (m) of the practice's targets. Needs actions of two numbers."""
    if len(practice.action_names) != 2:
        why = f"needs actions of two numbers, and those of {task.name} have {len(practice.action_names)}"
        yield from (missing(measure, "actions", why) for measure in MEASURES)
        return
    errors = {place: error_function(task, targets[place]) for place in np.unique(practice.target)}
    deviations = np.full(practice.actions.shape, np.nan)
    for block, target, here in _groups(practice):
        actions = practice.actions[here]
        if len(actions) < LEAST or not (np.std(actions, axis=0) > 0).all():
            why = f"fewer than {LEAST} actions, or none that differ"
            yield from (missing(measure, "actions", why, block=block, target=target) for measure in MEASURES[:-2])
            continue
        yield from (row._replace(block=block, target=target) for row in _costs(actions, errors[target], settings, task))
        along, across = split_by_manifold(actions, errors[target])
        deviations[here] = np.column_stack([along, across])
        spread = float(np.var(across))
        ratio = float(np.var(along)) / spread if spread > 0 else np.nan
        note = "variances in SDs of the actions; 0 or none where no small change of the mean action changes the error"
        yield with_reason(Measured("manifold_ratio", "actions", ratio, "", len(actions), block, target, note))
    yield from _lags(deviations, practice.block)


def _groups(practice: Practice) -> Iterator[tuple[int, int, np.ndarray]]:
    """Block, target, and the trials to it that have an action."""
    known = np.isfinite(practice.actions).all(axis=1)
    for block in np.unique(practice.block):
        for target in np.unique(practice.target[practice.block == block]):
            yield int(block), int(target), np.flatnonzero(known & (practice.block == block) & (practice.target == target))


def _costs(actions: np.ndarray, errors: Errors, settings: Settings, task: Task) -> Iterator[Measured]:
    found = tnc_costs(actions, errors, settings)
    penalty = f", post penalty {task.penalty:g} m" if hasattr(task, "penalty") else ""  # type: ignore[attr-defined]
    note = f"centre {settings.centre}, grid {settings.grid} x {settings.grid} over {settings.span:g} SD, {settings.steps} steps{penalty}"
    for name in COSTS:
        yield Measured(f"{name}_cost", "actions", float(getattr(found, name)), "m", found.trials, note=note)


def _lags(deviations: np.ndarray, block: np.ndarray) -> Iterator[Measured]:
    """Lag 1 along and across, each deviation from the mean of its own block and target."""
    for i, name in enumerate(ALONG):
        column = deviations[:, i]
        pairs = np.isfinite(column[1:]) & np.isfinite(column[:-1]) & (block[1:] == block[:-1])
        value = lag_one(column, block) if pairs.sum() >= LEAST else np.nan
        note = "within blocks, about the mean of each target"
        yield with_reason(Measured(f"lag_1_{name}", "actions", float(value), "", int(np.isfinite(column).sum()), note=note))
