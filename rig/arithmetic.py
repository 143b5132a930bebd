"""How JAX works in the processes of a session: in the thread that asks. To be said before JAX is loaded."""

import os

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
