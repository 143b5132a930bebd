"""Compiling ahead of the first call, so that what is timed is arithmetic; what was compiled is kept and serves other values too.
And what was compiled at work on all cores.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import jax
import numpy as np

_THREADS = int(os.environ.get("PJRT_NPROC", os.cpu_count() or 1))  # one where JAX has none of its own

#: Small sums stay with their neighbours. XLA hands them to a library for large ones, which takes 5 to 500 us for each, within a loop too.
_PLAIN: dict[str, str | bool] = {"xla_cpu_experimental_ynn_fusion_type": ""}
#: In bits. XLA stops at 256, for the sake of processors that slow down beyond.
_WIDE: dict[str, str | bool] = {"xla_cpu_prefer_vector_width": "512"}


def compiled(function: Callable[..., Any], fixed: tuple[Any, ...], values: tuple[Any, ...], wide: bool = False) -> Callable[..., Any]:
    """``function(*fixed, *values)`` as a compiled function of values of the same shapes. ``fixed`` are hashable, and no arrays.

    ``wide``: for long rows of numbers, by the longest vectors that the processor has.
    """
    leaves, structure = jax.tree.flatten(values)
    return _compiled(function, fixed, structure, tuple((np.shape(leaf), np.asarray(leaf).dtype) for leaf in leaves), wide)


def side_by_side(function: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
    """The function of each part, on all cores; it lets others work meanwhile, as machine code does, and calls none of this itself."""
    if len(parts) <= 1 or _THREADS == 1:
        return [function(part) for part in parts]
    return list(_workers().map(function, parts))


@cache
def _workers() -> ThreadPoolExecutor:
    """Started once: a search calls for them a thousand times."""
    return ThreadPoolExecutor(_THREADS)


@cache
def _compiled(function: Any, fixed: tuple[Any, ...], structure: Any, shapes: tuple[tuple[tuple[int, ...], Any], ...], wide: bool) -> Any:
    values = jax.tree.unflatten(structure, [jax.ShapeDtypeStruct(*shape) for shape in shapes])
    lowered = jax.jit(partial(function, *fixed)).lower(*values)
    try:
        return lowered.compile(compiler_options=_PLAIN | (_WIDE if wide else {}))
    except jax.errors.JaxRuntimeError:  # an XLA that has no such option
        return lowered.compile()
