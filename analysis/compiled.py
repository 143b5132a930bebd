"""Compiling ahead of the first call, so that what is timed is arithmetic; what was compiled is kept and serves other values too."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import numpy as np


def compiled(function: Callable[..., Any], fixed: tuple[Any, ...], values: tuple[Any, ...]) -> Callable[..., Any]:
    """``function(*fixed, *values)`` as a compiled function of values of the same shapes. ``fixed`` are hashable, and no arrays."""
    leaves, structure = jax.tree.flatten(values)
    return _compiled(function, fixed, structure, tuple((np.shape(leaf), np.asarray(leaf).dtype) for leaf in leaves))


@cache
def _compiled(function: Any, fixed: tuple[Any, ...], structure: Any, shapes: tuple[tuple[tuple[int, ...], Any], ...]) -> Any:
    values = jax.tree.unflatten(structure, [jax.ShapeDtypeStruct(*shape) for shape in shapes])
    return jax.jit(partial(function, *fixed)).lower(*values).compile()
