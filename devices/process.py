"""Child processes: spawned, dying with their parent, at the best priority the system grants."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import psutil

_PR_SET_PDEATHSIG = 1
_SPAWN = multiprocessing.get_context("spawn")

Priority = Literal["realtime", "high", "normal", "low", "idle"]
_FIFO = 10  # above all that isn't real-time, below what systems give their own drivers
_FRAMES_FIFO = 1
_NICE = {"realtime": -15, "high": -10, "normal": 0, "low": 5, "idle": 19}


def spawn(target: Callable[..., None], args: tuple[Any, ...], name: str, priority: Priority = "normal") -> multiprocessing.Process:
    """Start ``target(*args)`` in a fresh interpreter that is killed when this process ends, however it ends.

    Start it from a thread that lives as long as the process: on Linux the kernel ties the child to the thread that made it.
    """
    process = _SPAWN.Process(target=_child, args=(os.getpid(), priority, target, args), name=name, daemon=False)
    process.start()
    return process  # type: ignore[return-value]


def pipe() -> tuple[Any, Any]:
    """Both ends of a two-way pipe that can be handed to a spawned process."""
    return _SPAWN.Pipe()


def _child(parent: int, priority: Priority, target: Callable[..., None], args: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the session, which then closes its children in order
    die_with_parent(parent)
    set_priority(priority)
    target(*args)


def die_with_parent(parent: int) -> None:
    """Have this process killed when the process ``parent`` is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)
        return
    threading.Thread(target=_watch, args=(psutil.Process(parent),), daemon=True).start()


def _watch(parent: psutil.Process) -> None:
    while parent.is_running():
        time.sleep(0.5)
    os._exit(1)


def set_priority(priority: Priority, process: int = 0) -> str:
    """Ask for a priority, take what the system grants, and say in a few words what that was.

    ``realtime`` is SCHED_FIFO on Linux, the high class on Windows, else a nice value. All threads that ``process`` (0: this one)
    has by now get it. ``high`` also lifts the process's whole autogroup on Linux (see ``_lift_group``).
    """
    if priority == "normal":
        return "normal"
    try:
        if sys.platform == "linux":
            return _set_threads(priority, process or os.getpid())
        if sys.platform == "win32":
            level = psutil.IDLE_PRIORITY_CLASS if priority in ("low", "idle") else psutil.HIGH_PRIORITY_CLASS
            psutil.Process(process or None).nice(level)
            return f"{priority} priority class"
        psutil.Process(process or None).nice(_NICE[priority])
        return f"nice {_NICE[priority]}"
    except (psutil.AccessDenied, PermissionError):
        return "normal (a higher priority was not granted)"


def _set_threads(priority: Priority, process: int) -> str:
    """Linux schedules threads, not processes, and what is set for a process is its first thread's alone."""
    threads = [int(task.name) for task in Path(f"/proc/{process}/task").iterdir()]
    if priority == "realtime":
        try:
            for thread in threads:
                os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(_FIFO))
            return f"SCHED_FIFO {_FIFO}"
        except PermissionError:
            pass
    for thread in threads:
        os.setpriority(os.PRIO_PROCESS, thread, _NICE[priority])
    return f"nice {_NICE[priority]}{_lift_group(process) if priority == 'high' else ''}"


def _lift_group(process: int) -> str:
    """Give the process's scheduling group that nice value, too, and say so.

    A Linux desktop shares the processor out between terminals and logins first (autogroups, sched(7)); a nice value counts only among
    the processes of one group. Without this, any program in another terminal gets as much of a core as the whole rig.
    """
    group = Path(f"/proc/{process}/autogroup")
    try:
        group.write_text(str(_NICE["high"]))
    except OSError:  # no autogroups here, or not allowed
        return ""
    return ", its group too"


@contextmanager
def frame_by_frame() -> Iterator[None]:
    """Let this thread alone go before all that isn't real-time, where the system grants it: it works for a part of each frame, and waits.

    As PsychoPy's ``core.rush`` does, below the devices. What is started meanwhile (a twin, a recorder) begins without it.
    """
    if sys.platform != "linux":
        yield
        return
    policy, level = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(_FRAMES_FIFO))
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.sched_setscheduler(0, policy, level)


def stop(process: Any, patience: float = 2.0) -> None:
    """Wait for a child to end by itself, then end it."""
    process.join(patience)
    if process.is_alive():
        process.terminate()
        process.join(1.0)
    if process.is_alive():
        process.kill()
        process.join(1.0)
