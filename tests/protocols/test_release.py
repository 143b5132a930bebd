"""Releases from samples of many kinds: rates, silence, turns, too few."""

import jax
import numpy as np
import pytest

from protocols.release import lever_angle, observe_release
from protocols.task import Path

PIVOT, LENGTH = (0.0, -1.5), 0.4
compiled = jax.jit(lambda path: observe_release(path, PIVOT, 0.020))


def observe(path):
    return jax.tree.map(float, compiled(path))


def path(time, angle, held, pad=600):
    time, angle, held = (np.asarray(value, float) for value in (time, angle, held))
    position = np.stack([PIVOT[0] - LENGTH * np.cos(angle), PIVOT[1] + LENGTH * np.sin(angle)], axis=1)
    count = len(time)
    index = np.minimum(np.arange(pad), count - 1)
    return Path(time[index], position[index], held.astype(int)[index], count)


def sampled(rate, angle, release=0.3512, phase=0.3, until=0.4):
    time = (np.arange(int(until * rate)) + phase) / rate
    return path(time, angle(time), time < release)


def test_lever_angle_is_clockwise_from_the_left():
    points = np.array([[-1.0, -1.5], [0.0, -0.5], [1.0, -1.5], [0.0, -2.5]])
    np.testing.assert_allclose(lever_angle(points, PIVOT, np), [0, np.pi / 2, np.pi, -np.pi / 2])


@pytest.mark.parametrize("rate", [60, 100, 125, 250, 500, 1000])
@pytest.mark.parametrize("speed", [8.75, -6.0, 0.0])
def test_steady_turn_is_exact_at_any_rate_also_across_half_a_turn(rate, speed):
    release = observe(sampled(rate, lambda time: 2.9 + speed * (time - 0.3)))
    assert release.angular_speed == pytest.approx(speed, abs=1e-9)
    assert release.angular_speed_quadratic == pytest.approx(speed, abs=1e-7)
    assert abs(release.time - 0.3512) <= 0.5 / rate + 1e-12
    continued = np.angle(np.exp(1j * (release.angle - (2.9 + speed * (release.time - 0.3)))))
    assert continued == pytest.approx(0, abs=1e-9)


def test_regression_is_the_speed_ten_milliseconds_before_and_the_parabola_at_the_release():
    release = observe(sampled(1000, lambda time: 30 * time**2, release=0.3508))
    assert release.time == pytest.approx(0.3508, abs=3e-4)
    assert release.angular_speed == pytest.approx(60 * (release.time - 0.010), abs=1e-9)
    assert release.angular_speed_quadratic == pytest.approx(60 * release.time, abs=1e-7)
    assert release.angle == pytest.approx(30 * release.time**2, abs=1e-5)
    assert release.angle_quadratic == pytest.approx(30 * release.time**2, abs=1e-9)


def test_the_window_holds_twenty_samples_at_1_khz():
    time = np.arange(400) / 1000
    held = time < 0.35
    bent = np.where(time < 0.3295, 0.0, time - 0.3295)  # 350 is released; 330..349 are in the window, 329 isn't
    np.testing.assert_allclose(observe(path(time, bent, held)).angular_speed, 1.0, atol=1e-9)
    bent = np.where(time < 0.3305, 0.0, time - 0.3305)  # now 330 shows the rest before
    assert observe(path(time, bent, held)).angular_speed < 0.999


def test_a_silent_mouse_is_a_hand_at_rest():
    moving = np.arange(0.0, 0.2, 0.001)
    time, angle = np.append(moving, 1.2), np.append(5 * moving, 5 * moving[-1])
    release = observe(path(time, angle, np.append(np.ones(200), 0)))
    assert abs(release.angular_speed) < 0.02
    assert abs(release.angular_speed_quadratic) < 0.02
    assert release.angle == pytest.approx(5 * moving[-1])


def test_a_hand_that_never_moved_has_speed_0():
    release = observe(path([0.0, 0.8], [0.3, 0.3], [1, 0]))
    assert release.angular_speed == 0
    assert np.isnan(release.angular_speed_quadratic)
    assert release.angle == pytest.approx(0.3)


@pytest.mark.parametrize("held", [[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1]])
def test_without_a_release_there_is_nothing(held):
    assert np.isnan(observe(path([0.1, 0.2, 0.3, 0.4], [0.0, 0.1, 0.2, 0.3], held))).all()


def test_the_button_arms_before_it_releases_and_the_first_release_counts():
    time = np.arange(0, 0.3, 0.001)
    held = ((time > 0.0495) & (time < 0.1495)) | (time > 0.2)
    release = observe(path(time, 4 * time, held))
    assert release.time == pytest.approx(0.1495)
    assert release.angular_speed == pytest.approx(4)


def test_irregular_events_and_padding():
    random = np.random.default_rng(3)
    time = np.cumsum(random.uniform(0.0003, 0.004, 200))
    steady = path(time, 7 * time, time < 0.3)
    assert observe(steady).angular_speed == pytest.approx(7)
    short = Path(*(part[:200] for part in steady[:3]), 200)
    np.testing.assert_array_equal(observe(short), observe(steady))
    spoiled = Path(np.where(np.arange(600) < 200, steady.time, 1e3), steady.position, steady.buttons * 0 + 1, 200)
    spoiled.buttons[:200] = steady.buttons[:200]
    np.testing.assert_array_equal(observe(spoiled), observe(steady))
