"""The wrist of the arc task: two equal, independent axes, each a mass in a viscous medium behind two muscle filters, under a regulator.

One axis has position p, velocity v, muscle force f and excitation e, and the control u with its noise (Haith 2025, public code)::

    p' = v      v' = f - (viscosity / mass) v      f' = (e - f) / filter      e' = (u - e) / filter

Force is per mass: control, excitation and force are in m/s^2. A step takes 1 ms and is exact for a control that is constant within it.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import expm

from protocols.lqr import Regulator, finite_horizon

STEP = 0.001  # s


class Wrist(NamedTuple):
    """Constants of the wrist and of its regulator."""

    mass: float = 5.0  # kg
    viscosity: float = 100.0  # N s/m
    filter_time: float = 0.05  # s, of each of the two muscle filters
    horizon: float = 0.28  # s within which the regulator means to be at a subgoal
    position_weight: float = 1.0
    velocity_weight: float = 0.01  # s^2
    precision_weight: float = 1e6  # of both, against the control's effort


class Steps(NamedTuple):
    """One axis in steps of 1 ms: ``x' = transition x + entry u``."""

    transition: Float[np.ndarray, "4 4"]
    entry: Float[np.ndarray, " 4"]


@cache
def steps_of(wrist: Wrist) -> Steps:
    """The exact steps of one axis."""
    rate, drag = 1 / wrist.filter_time, wrist.viscosity / wrist.mass
    flow = np.zeros((5, 5))  # the last column is the control, which stays as it is within a step
    flow[0, 1] = 1.0
    flow[1, 1:3] = -drag, 1.0
    flow[2, 2:4] = -rate, rate
    flow[3, 3:5] = -rate, rate
    whole = expm(flow * STEP)
    return Steps(whole[:4, :4], whole[:4, 4])


@cache
def regulator_of(wrist: Wrist) -> Regulator:
    """Gains on (p - goal, v, f, e) by steps since the subgoal was set. The goal only shifts the position, so it needs no state."""
    steps = steps_of(wrist)
    end = wrist.precision_weight * np.diag([wrist.position_weight, wrist.velocity_weight, 0.0, 0.0])
    return finite_horizon(steps.transition, steps.entry[:, None], end, np.array([[STEP]]), round(wrist.horizon / STEP))


def closed_loop(wrist: Wrist, step: int) -> Float[np.ndarray, "4 4"]:
    """Transition of (p - goal, v, f, e) in the ``step``-th millisecond after the subgoal was set."""
    steps = steps_of(wrist)
    return steps.transition - np.outer(steps.entry, regulator_of(wrist).gains[step, 0])
