"""The ball's flight against brute force, textbook forms and conservation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from protocols.errors import BadInput
from protocols.flight import ball_motion, closest_approach, make_pendulum, meets_post, release_state

PIVOT, LEVER = (0.0, -1.5), 0.4
CLASSIC = make_pendulum(0.1, 1.0, 0.01)
TARGETS = [(0.38, 0.43), (0.20, 0.50), (0.05, 1.055), (0.0, 0.89), (-0.6, 0.6), (0.6, 1.5)]
THROWS = 300


@jax.jit
def closest(angle, speed, target):
    return closest_approach(*release_state(angle, speed, LEVER, PIVOT), target, CLASSIC, 2.0)


@jax.jit
def met(angle, speed, until):
    return meets_post(*release_state(angle, speed, LEVER, PIVOT), 0.30, CLASSIC, until)


def throws(seed):
    random = np.random.default_rng(seed)
    return random.uniform(-np.pi, np.pi, THROWS), random.uniform(-8, 8, THROWS), random.choice(TARGETS, THROWS)


def distance(time, angle, speed, centre):
    start, velocity = release_state(angle, speed, LEVER, PIVOT, np)
    return np.hypot(*(ball_motion(np.asarray(time), start, velocity, CLASSIC, np)[0] - centre).T)


def test_the_classic_constants():
    assert 1 / CLASSIC.decay == pytest.approx(20.0)
    assert CLASSIC.omega == pytest.approx(3.162, abs=5e-4)
    assert 2 * np.pi / CLASSIC.omega == pytest.approx(1.987, abs=5e-4)


@given(st.floats(-7, 7), st.floats(-9, 9))
@settings(deadline=None, max_examples=50)
def test_release_velocity_is_the_derivative_of_the_tip_and_perpendicular_to_the_lever(angle, speed):
    tip, velocity = release_state(angle, speed, LEVER, PIVOT, np)
    step = 1e-6
    ahead, _ = release_state(angle + speed / LEVER * step, speed, LEVER, PIVOT, np)
    behind, _ = release_state(angle - speed / LEVER * step, speed, LEVER, PIVOT, np)
    np.testing.assert_allclose(velocity, (ahead - behind) / (2 * step), atol=1e-7)
    assert (tip - PIVOT) @ velocity == pytest.approx(0, abs=1e-12)


def test_angles_run_clockwise_from_the_left():
    left, up = release_state(0.0, 1.0, LEVER, PIVOT, np)
    np.testing.assert_allclose(left, (-0.4, -1.5))
    np.testing.assert_allclose(up, (0.0, 1.0))
    top, right = release_state(np.pi / 2, 1.0, LEVER, PIVOT, np)
    np.testing.assert_allclose(top, (0.0, -1.1), atol=1e-15)
    np.testing.assert_allclose(right, (1.0, 0.0), atol=1e-15)


def test_flight_equals_the_amplitude_and_phase_form():
    start, velocity = np.array([-0.2, -1.2]), np.array([2.5, 1.5])
    time = np.linspace(0, 2, 500)
    position, motion = ball_motion(time, start, velocity, CLASSIC, np)
    decay, omega = CLASSIC
    swing = (velocity + decay * start) / omega
    amplitude, phase = np.hypot(start, swing), np.arctan2(swing, start)
    expected = np.exp(-decay * time)[:, None] * amplitude * np.cos(omega * time[:, None] - phase)
    np.testing.assert_allclose(position, expected, atol=1e-12)
    np.testing.assert_allclose(motion[1:-1], np.gradient(position, time, axis=0)[1:-1], atol=2e-4)
    np.testing.assert_allclose(motion[0], velocity, atol=1e-15)


def ball_energy(position, velocity, mass, stiffness):
    return (mass * (velocity**2).sum(-1) + stiffness * (position**2).sum(-1)) / 2


@given(st.floats(-7, 7), st.floats(-9, 9))
@settings(deadline=None, max_examples=30)
def test_energy_is_constant_without_damping_and_falls_with_it(angle, speed):
    start, velocity = release_state(angle, speed, LEVER, PIVOT, np)
    time = np.linspace(0, 5, 200)
    free = ball_energy(*ball_motion(time, start, velocity, make_pendulum(0.1, 1.0, 0.0), np), 0.1, 1.0)
    np.testing.assert_allclose(free, free[0], rtol=1e-12)
    assert (np.diff(ball_energy(*ball_motion(time, start, velocity, CLASSIC, np), 0.1, 1.0)) <= 1e-12).all()


def test_closest_approach_is_within_a_tenth_of_a_millimetre_of_dense_minimisation():
    angles, speeds, targets = throws(1)
    found, when = jax.vmap(closest)(angles, speeds, targets)
    grid = np.linspace(0, 2, 2001)
    for angle, speed, target, least, time in zip(angles, speeds, targets, found, when, strict=True):
        coarse = distance(grid, angle, speed, target)
        low, high = np.clip(grid[np.argmin(coarse)] + np.array([-0.002, 0.002]), 0, 2)
        fine = minimize_scalar(distance, bounds=(low, high), args=(angle, speed, target), method="bounded", options={"xatol": 1e-10})
        assert least == pytest.approx(min(fine.fun, coarse.min()), abs=1e-6)  # the promise is 1e-4
        assert distance(time, angle, speed, target) == pytest.approx(float(least), abs=1e-12)


def test_contact_is_found_also_for_a_graze():
    post = np.zeros(2)
    for angle in np.linspace(0.9, 1.5, 8):  # thrown fast these pass the post, slowly they meet it, and at one speed they graze it
        low, high = 0.1, 6.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if closest(angle, middle, post)[0] > 0.30 else (middle, high)
        for speed, touches in ((low - 1e-9, True), (high + 1e-9, False)):
            assert bool(met(angle, speed, 2.0)) == touches == bool(closest(angle, speed, post)[0] < 0.30)


def test_contact_counts_only_before_its_time():
    angles, speeds, _ = throws(2)
    grid = np.linspace(0, 2, 4001)
    for angle, speed in zip(angles, speeds, strict=True):
        away = distance(grid, angle, speed, (0, 0))
        if (away < 0.2999).any():
            first = int(np.argmax(away < 0.2999))
            assert met(angle, speed, grid[first]) and met(angle, speed, 2.0)
            assert not met(angle, speed, grid[int(np.argmax(away < 0.3001))] - 1e-3)
        elif away.min() > 0.3001:
            assert not met(angle, speed, 2.0)


@pytest.mark.parametrize("damping", [0.0, 0.1, 0.4, 0.6])
def test_any_damping_is_as_exact(damping):
    pendulum, targets = make_pendulum(0.1, 1.0, damping), np.array(TARGETS)
    random, grid = np.random.default_rng(5), np.linspace(0, 3, 30001)
    angles, speeds = random.uniform(-np.pi, np.pi, 60), random.uniform(-8, 8, 60)
    places = targets[random.integers(len(targets), size=60)]

    @jax.jit
    @jax.vmap
    def judged(angle, speed, target):
        flight = release_state(angle, speed, LEVER, PIVOT)
        return closest_approach(*flight, target, pendulum, 3.0)[0], meets_post(*flight, 0.30, pendulum, 3.0)

    least, touching = judged(angles, speeds, places)
    for i in range(60):
        start, velocity = release_state(angles[i], speeds[i], LEVER, PIVOT, np)
        path, _ = ball_motion(grid, start, velocity, pendulum, np)
        assert least[i] == pytest.approx(np.hypot(*(path - places[i]).T).min(), abs=2e-5)
        away = np.hypot(*path.T).min()
        assert abs(away - 0.30) < 1e-5 or bool(touching[i]) == (away < 0.30)


def test_a_flight_of_many_swings_is_as_exact():
    random, grid = np.random.default_rng(8), np.linspace(0, 9, 90001)
    angles, speeds = random.uniform(-np.pi, np.pi, 30), random.uniform(-8, 8, 30)
    far = jax.jit(jax.vmap(lambda a, s: closest_approach(*release_state(a, s, LEVER, PIVOT), jnp.array(TARGETS[0]), CLASSIC, 9.0)[0]))
    for angle, speed, least in zip(angles, speeds, far(angles, speeds), strict=True):
        assert least == pytest.approx(distance(grid, angle, speed, TARGETS[0]).min(), abs=2e-5)


def test_the_distance_has_the_gradient_of_finite_differences():
    gradient = jax.grad(lambda throw: closest(throw[0], throw[1], jnp.array(TARGETS[0]))[0])
    throw, step = np.array([1.3, 2.9]), 1e-6
    for axis in np.eye(2):
        ahead = closest(*(throw + step * axis), np.array(TARGETS[0]))[0]
        behind = closest(*(throw - step * axis), np.array(TARGETS[0]))[0]
        assert gradient(throw) @ axis == pytest.approx(float(ahead - behind) / (2 * step), rel=1e-5)


@pytest.mark.parametrize(
    "constants", [(0.1, 1.0, 0.7), (0.1, 1.0, 2 * 0.1**0.5), (0.0, 1.0, 0.0), (0.1, -1.0, 0.0), (0.1, 1.0, float("nan"))]
)
def test_constants_that_no_ball_swings_with_are_refused(constants):
    with pytest.raises(BadInput, match=r"skittles:.*(damp|correct)"):
        make_pendulum(*constants)
