"""Child processes: spawned, dying with their parent, at the best priority the system grants."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import psutil

_PR_SET_PDEATHSIG = 1
_SPAWN = multiprocessing.get_context("spawn")

Priority = Literal["realtime", "high", "normal", "low"]
_NICE = {"realtime": -15, "high": -10, "normal": 0, "low": 19}


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


def set_priority(priority: Priority) -> str:
    """Ask for a priority, take what the system grants, and say in a few words what that was.

    ``realtime`` is SCHED_FIFO on Linux, the high class on Windows, else a nice value.
    """
    if priority == "normal":
        return "normal"
    if priority == "realtime" and sys.platform == "linux":
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
            return "SCHED_FIFO 10"
        except PermissionError:
            pass
    try:
        if sys.platform == "win32":
            psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS if priority == "low" else psutil.HIGH_PRIORITY_CLASS)
            return f"{priority} priority class"
        psutil.Process().nice(_NICE[priority])
        return f"nice {_NICE[priority]}"
    except psutil.AccessDenied:
        return "normal (a higher priority was not granted)"


def stop(process: Any, patience: float = 2.0) -> None:
    """Wait for a child to end by itself, then end it."""
    process.join(patience)
    if process.is_alive():
        process.terminate()
        process.join(1.0)
    if process.is_alive():
        process.kill()
        process.join(1.0)
