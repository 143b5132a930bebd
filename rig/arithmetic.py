"""How JAX works here: what it compiles is kept, and a session computes in the thread that asks. To be said before JAX is loaded."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from rig.whole_loops import compile_loops_whole

_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def work_in_one_thread() -> None:
    """Have this process, and those that it starts, compute in the thread that waits for the result, on the processor.

    What a session computes takes a millisecond or two. Helpers would have to be woken for it, on a core that frames, streams or the twin
    need; a graphics card is the window's.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if _ONE_THREAD not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {_ONE_THREAD}".strip()
    os.environ.setdefault("PJRT_NPROC", "1")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")


def work_without_idle_threads(loaded: bool = False) -> None:
    """Have this process compute loops whole, each in one thread, and as many at once as are asked for and there are processors.

    XLA's threads look for work between any two operations of a trial: on two cores a fit then takes as long as on one, and nearly twice the
    processor's time. Loops that are whole leave nothing to look for. ``loaded``: as of ``compile_loops_whole``.
    """
    compile_loops_whole(loaded)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")


def keep_compiled(folder: Path | None = None) -> None:
    """Have this process, and those that it starts, keep what they compile, so that the next start is quicker.

    Args:
        folder: where; None: in the user's cache folder, apart for each machine (its processor's code is no other's) and version of JAX.
            It may be deleted at any time.
    """
    where = folder or user_cache_path("twinrig") / f"compiled-{platform.node()}-jax-{version('jax')}"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(where))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
