"""Loops over trials as one piece of machine code each, in a process that does little else."""

import os
import sys

LARGEST = 2_000_000_000  # bytes that a loop may touch; XLA's own limit is 1024


def compile_loops_whole(loaded: bool = False) -> None:
    """Have XLA compile loops whole in this process; left to itself, it calls each operation of each trial by itself, which costs as much.

    It reads its settings once, before its first computation, so this comes before JAX is loaded, and does nothing after unless told that
    JAX is ``loaded`` but has computed nothing yet. What ``XLA_FLAGS`` already says of a backend's options is left alone.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if (loaded or "jax" not in sys.modules) and "xla_backend_extra_options" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold={LARGEST}".strip()
