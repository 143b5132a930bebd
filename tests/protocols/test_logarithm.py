"""The logarithm that is worked out here, against the C library's."""

import jax
import numpy as np

from protocols.logarithm import log


def test_logarithm_and_its_slope_are_the_librarys():
    near_one = 1 + np.random.default_rng(0).uniform(-0.4, 0.5, 2000) * 10.0 ** -np.arange(10).repeat(200)
    x = np.concatenate([near_one, np.logspace(-307, 308, 3000), 2.0 ** np.arange(-1022, 1024), [np.finfo(float).max]])
    found, slope = jax.jvp(jax.jit(log), (x,), (np.ones_like(x),))
    np.testing.assert_allclose(found, np.log(x), rtol=5e-16, atol=0)
    steep = 1 / x > 1e-307  # slopes beyond are rounded to 0
    np.testing.assert_allclose(slope[steep], 1 / x[steep], rtol=1e-15)


def test_what_has_no_finite_logarithm():
    np.testing.assert_array_equal(
        log(np.array([0.0, -0.0, 1e-310, np.inf, -1.0, -np.inf, np.nan])), [*[-np.inf] * 3, np.inf, *[np.nan] * 3]
    )
