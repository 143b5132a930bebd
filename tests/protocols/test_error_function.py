import jax
import numpy as np
from scipy import special

from protocols.error_function import erf_inv


def test_is_the_inverse_from_the_middle_to_both_ends():
    x = np.concatenate([np.linspace(-1, 1, 10_001)[1:-1], 1 - np.logspace(-15, -1, 500), np.logspace(-300, -1, 500), [np.nextafter(-1, 0)]])
    np.testing.assert_allclose(jax.jit(erf_inv)(x), special.erfinv(x), rtol=2e-15)
    assert erf_inv(0.0) == 0
