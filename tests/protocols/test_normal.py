"""Normal numbers that are made here, against JAX's own."""

import jax
import numpy as np
import pytest

from protocols.normal import normal


@pytest.mark.parametrize("shape", [(), (7,), (3, 5)])
def test_numbers_are_jaxs(shape):
    keys = jax.random.split(jax.random.key(3), 50)
    own, others = (jax.vmap(lambda key, draw=draw: draw(key, shape))(keys) for draw in (normal, jax.random.normal))
    np.testing.assert_allclose(own, others, rtol=1e-13)
