"""What a whole movement of the wrist is, as matrices: the closed loop is linear in subgoals and noise, so that no score steps through it.

A path is ``start + (action - start) @ basis + (control noise) @ noise`` for each axis, one column a millisecond. Both matrices are
made once for each set of constants, from the impulse responses of the closed loop.

The reward sees the low-passed path (``protocols.movement``), and the low-pass is a matrix too. Behind it the noise of 780 control
steps moves the path in few directions only: these *modes* (singular vectors, all above 1e-10 of the largest) times as many
standard normal numbers give a path of the same distribution, at a fraction of the work.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from protocols.arc_primitives import primitives
from protocols.arc_wrist import STEP, Wrist, closed_loop, steps_of
from protocols.movement import low_pass_matrix

REPRESENTATIONS = ("subgoals", "primitives")
LEAST_MODE = 1e-10  # of the largest


class Plan(NamedTuple):
    """How an action becomes goals for the regulator."""

    representation: str = "subgoals"  # or "primitives"
    count: int = 6  # subgoals or primitives of an axis
    interval: float = 0.13  # s from one subgoal to the next; the movement lasts count * interval

    @property
    def duration(self) -> int:
        """Of the movement, ms."""
        return self.count * round(self.interval / STEP)


class Response(NamedTuple):
    """From an axis' action to its path, one column a millisecond up to the end of the movement; low-passed paths begin a little earlier."""

    basis: Float[np.ndarray, "action sample"]  # m for each m of the action
    pull: Float[np.ndarray, " sample"]  # share of the way from start to target that is gone by itself
    from_start: float  # 1.0 where actions are places (of which the start is subtracted), 0.0 where they are weights


class Modes(NamedTuple):
    """The low-passed path's noise: ``z @ shapes`` for standard normal z; the noise of the control steps has ``z = noise @ directions``."""

    shapes: Float[np.ndarray, "mode sample"]  # m, for control noise of SD 1 m/s^2
    directions: Float[np.ndarray, "step mode"]


@cache
def response(wrist: Wrist, plan: Plan) -> Response:
    """The wrist's path for an action, without noise."""
    if plan.representation == "subgoals":
        stairs = np.kron(np.eye(plan.count), np.ones((plan.duration // plan.count, 1)))
        return Response(_followed(wrist, plan, stairs).T, np.zeros(plan.duration + 1), 1.0)
    pull, shapes = primitives(plan.count, plan.duration)
    followed = _followed(wrist, plan, np.column_stack([pull, shapes]))
    return Response(followed[:, 1:].T, followed[:, 0], 0.0)


@cache
def noise_response(wrist: Wrist, plan: Plan) -> Float[np.ndarray, "step sample"]:
    """What one unit of noise in each step's control does to the path."""
    entry = steps_of(wrist).entry
    return _driven(wrist, plan, np.einsum("s,ij->isj", entry, np.eye(plan.duration))).T


@cache
def filtered(wrist: Wrist, plan: Plan, cutoff: float) -> Response:
    """``response``, low-passed at ``cutoff`` (Hz)."""
    low_pass, raw = low_pass_matrix(plan.duration + 1, cutoff), response(wrist, plan)
    return raw._replace(basis=raw.basis @ low_pass.T, pull=low_pass @ raw.pull)


@cache
def noise_modes(wrist: Wrist, plan: Plan, cutoff: float) -> Modes:
    """The directions in which control noise moves the low-passed path."""
    moved = noise_response(wrist, plan) @ low_pass_matrix(plan.duration + 1, cutoff).T
    directions, sizes, shapes = np.linalg.svd(moved, full_matrices=False)
    kept = sizes > LEAST_MODE * sizes[0]
    return Modes(sizes[kept, None] * shapes[kept], directions[:, kept])


def _followed(wrist: Wrist, plan: Plan, goals: Float[np.ndarray, "step action"]) -> Float[np.ndarray, "sample action"]:
    """The path, from a start at 0, of an axis that is given a goal in each step, linear in the action."""
    transition = steps_of(wrist).transition
    pushes = [np.outer((transition - _loop(wrist, plan, step))[:, 0], goal) for step, goal in enumerate(goals)]
    return _driven(wrist, plan, np.array(pushes))


def _driven(wrist: Wrist, plan: Plan, pushes: Float[np.ndarray, "step state input"]) -> Float[np.ndarray, "sample input"]:
    """Positions of the closed loop with goal 0 that is at rest at first and pushed in each step."""
    state = np.zeros(pushes.shape[1:])
    positions = [state[0]]
    for step, push in enumerate(pushes):
        state = _loop(wrist, plan, step) @ state + push
        positions.append(state[0])
    return np.array(positions)


def _loop(wrist: Wrist, plan: Plan, step: int) -> Float[np.ndarray, "4 4"]:
    """Subgoals are planned for anew when each is set; a goal that moves all the time, in each step."""
    return closed_loop(wrist, step % (plan.duration // plan.count) if plan.representation == "subgoals" else 0)
