"""The finite-horizon linear-quadratic regulator: gains that bring a linear system near a goal by a stated time, at least effort.

NumPy, and once for each set of constants: nothing here is on the way of a score.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Regulator(NamedTuple):
    """Gains and values for each step of the horizon, the first step first."""

    gains: Float[np.ndarray, "step control state"]  # control = -gain @ state
    values: Float[np.ndarray, "step_and_end state state"]  # cost to go from a state x is x' value x; the last is the cost of the end


def finite_horizon(
    transition: Float[np.ndarray, "state state"],
    entry: Float[np.ndarray, "state control"],
    end_cost: Float[np.ndarray, "state state"],
    effort: Float[np.ndarray, "control control"],
    steps: int,
) -> Regulator:
    """The regulator of ``x' = transition x + entry u`` that minimises ``sum u' effort u + x_end' end_cost x_end``.

    The Riccati recursion, backward from the end, in the form that keeps the values symmetric and positive (Anderson & Moore 1990, 2.4).
    """
    gains, values = [], [end_cost]
    for _ in range(steps):
        value = values[-1]
        pull = entry.T @ value
        gain = np.linalg.solve(effort + pull @ entry, pull @ transition)
        closed = transition - entry @ gain
        gains.append(gain)
        values.append(closed.T @ value @ closed + gain.T @ effort @ gain)
    return Regulator(np.array(gains[::-1]), np.array(values[::-1]))
