"""Cosine and sine that are worked out here, against the C library's."""

import jax
import numpy as np

from protocols.circle import cos_sin


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
