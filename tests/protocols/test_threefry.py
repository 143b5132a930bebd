"""Hashes that are written out here, against JAX's own."""

import jax
import numpy as np

from protocols.threefry import folded_in, hashed


def test_words_and_keys_are_jaxs():
    key = jax.random.fold_in(jax.random.key(7), 4_000_000_000)
    x, y = jax.jit(hashed)(key, np.arange(5))
    np.testing.assert_array_equal((np.asarray(x, "uint64") << np.uint64(32)) | np.asarray(y), jax.random.bits(key, 5, "uint64"))
    for number, one in enumerate(jax.random.split(key, 3)):
        assert folded_in(key, number) == one == jax.random.fold_in(key, number)
