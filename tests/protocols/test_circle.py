"""Cosine, sine and direction that are worked out here, against the C library's."""

import jax
import numpy as np

from protocols.circle import cos_sin, direction, wrapped


def test_cosine_and_sine_are_the_librarys_and_so_are_their_slopes():
    spread = np.random.default_rng(0).uniform(-1, 1, (7, 200)) * 10.0 ** np.arange(7)[:, None]
    angles = np.concatenate([np.arange(-16, 17) * np.pi / 4, spread.ravel()])
    (cos, sin), (cos_slope, sin_slope) = jax.jvp(jax.jit(cos_sin), (angles,), (np.ones_like(angles),))
    np.testing.assert_allclose(cos, np.cos(angles), rtol=0, atol=4e-16)
    np.testing.assert_allclose(sin, np.sin(angles), rtol=0, atol=4e-16)
    np.testing.assert_allclose(cos_slope, -np.sin(angles), rtol=0, atol=1e-13)
    np.testing.assert_allclose(sin_slope, np.cos(angles), rtol=0, atol=1e-13)


def test_an_angle_that_is_none_has_neither():
    assert np.isnan(np.asarray(cos_sin(np.array([np.nan, np.inf])))).all()


def test_direction_is_the_librarys_and_so_is_its_slope():
    angles = np.concatenate([np.linspace(-np.pi, np.pi, 4001), np.arange(-8, 9) * np.pi / 8])
    x, y = (10.0 ** np.linspace(-12, 12, len(angles)) * part for part in (np.cos(angles), np.sin(angles)))
    found, slope = jax.jvp(jax.jit(direction), (x, y), (-y, x))
    np.testing.assert_allclose(found, np.arctan2(y, x), rtol=3e-16, atol=0)
    np.testing.assert_allclose(slope, 1.0, rtol=1e-14)
    np.testing.assert_array_equal(
        direction(np.array([1.0, 0, -1, 0, -1]), np.array([0.0, 2, 0, -2, -0.0])), np.array([0, 1, 2, -1, 2]) * np.pi / 2
    )


def test_what_points_nowhere_has_no_direction():
    assert np.isnan(np.asarray(direction(np.array([0.0, np.nan, 1.0]), np.array([0.0, 1.0, np.nan])))).all()


def test_an_angle_within_a_turn_stays_and_others_come_there():
    edges = np.nextafter(np.pi, [0, 4])
    inside = np.array([*np.linspace(-3.14, 3.14, 99), np.pi, -edges[0], 1e-300])
    np.testing.assert_array_equal(wrapped(inside), inside)
    np.testing.assert_array_equal(wrapped(np.array([-np.pi, 3 * np.pi])), np.pi)
    outside = np.asarray(wrapped(np.concatenate([np.linspace(-50, 50, 999), [edges[1], -edges[1], -edges[0]]])))
    assert (outside > -np.pi).all() and (outside <= np.pi).all()
    np.testing.assert_allclose(wrapped(inside[:99] + 4 * np.pi), inside[:99], atol=1e-14)
    assert np.isnan(wrapped(np.nan))
