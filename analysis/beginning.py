"""A scan over the beginning of a record, whose length is given with the record: one compiled function serves beginnings of any length."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int


def scan_beginning(
    step: Callable[[Any, Any], tuple[Any, Array]], start: Any, trials: Any, length: Int[Array, ""] | int | None = None
) -> Array:
    """The outputs of ``jax.lax.scan`` over the first ``length`` trials, and 0 for the others. Derivatives go forward only.

    None: over all trials, and derivatives go either way.
    """
    if length is None:
        return jax.lax.scan(step, start, trials)[1]
    count = jax.tree.leaves(trials)[0].shape[0]
    told = jax.eval_shape(lambda: step(start, _of(trials, 0))[1])

    def one(i: Array, carried: tuple[Any, Array]) -> tuple[Any, Array]:
        state, found = step(carried[0], _of(trials, i))
        return state, jax.lax.dynamic_update_index_in_dim(carried[1], found, i, 0, allow_negative_indices=False)

    return jax.lax.fori_loop(0, length, one, (start, jnp.zeros((count, *told.shape), told.dtype)))[1]


def _of(trials: Any, i: Any) -> Any:
    return jax.tree.map(lambda x: jax.lax.dynamic_index_in_dim(jnp.asarray(x), i, 0, keepdims=False, allow_negative_indices=False), trials)
