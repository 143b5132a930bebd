"""The regulator against its defining equations, and against the plan that least squares finds."""

import numpy as np

from protocols.arc_wrist import STEP, Wrist, regulator_of, steps_of
from protocols.lqr import finite_horizon

WRIST = Wrist()


def test_gains_and_values_solve_the_riccati_recursion():
    (transition, entry), (gains, values) = steps_of(WRIST), regulator_of(WRIST)
    assert len(gains) == 280 and len(values) == 281
    for gain, value, before in zip(gains, values[1:], values[:-1], strict=True):
        pull = entry @ value
        residual = (STEP + pull @ entry) * gain[0] - pull @ transition
        assert np.abs(residual).max() < 1e-9 * np.abs(pull @ transition).max()
        riccati = transition.T @ value @ transition - np.outer(transition.T @ pull, gain[0])
        assert np.abs(before - riccati).max() < 1e-9 * np.abs(transition.T @ value @ transition).max()
        assert np.allclose(before, before.T, rtol=1e-9)


def test_the_plan_is_the_one_of_least_cost():
    """Of a short horizon, all controls at once by least squares; counting the effort twice in the values, say, would be seen here."""
    steps, (transition, entry) = 40, steps_of(WRIST)
    end, effort = 1e4 * np.diag([1.0, 0.01, 0.0, 0.0]), 0.001
    regulator = finite_horizon(transition, entry[:, None], end, np.array([[effort]]), steps)
    first = np.array([-0.1, 0.2, 1.0, -2.0])
    moved = np.column_stack([np.linalg.matrix_power(transition, steps - 1 - step) @ entry for step in range(steps)])
    root = np.sqrt(end)
    free = np.concatenate([root @ np.linalg.matrix_power(transition, steps) @ first, np.zeros(steps)])
    best, *_ = np.linalg.lstsq(np.vstack([root @ moved, np.sqrt(effort) * np.eye(steps)]), -free, rcond=None)
    state, controls = first, []
    for gain in regulator.gains[:, 0]:
        controls.append(-gain @ state)
        state = transition @ state + entry * controls[-1]
    assert np.allclose(controls, best, rtol=1e-7, atol=1e-7 * np.abs(best).max())
    spent = state @ end @ state + effort * np.sum(np.square(controls))
    assert np.isclose(spent, first @ regulator.values[0] @ first, rtol=1e-9)


def test_a_step_is_the_exact_motion_under_a_constant_control():
    transition, entry = steps_of(WRIST)
    state = np.zeros(4)
    for _ in range(3000):
        state = transition @ state + entry * 10.0
    drag = WRIST.viscosity / WRIST.mass
    assert np.allclose(state[1:], [10.0 / drag, 10.0, 10.0], rtol=1e-6)
    lag = 1 / drag + 2 * WRIST.filter_time  # a ramp's delay is the sum of all time constants
    assert np.isclose(state[0], 10.0 / drag * (3.0 - lag), rtol=1e-6)
