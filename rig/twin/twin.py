"""The twin beside a session: a process of its own that reads the journal, and that the session never waits for.

This module is the session's side of it and imports no arithmetic; ``rig.twin.process`` is what the process does.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from devices.process import Priority, pipe, set_priority, spawn, stop
from protocols.errors import BadInput, TwinrigError
from protocols.schema import Protocol as StudyProtocol
from rig.arithmetic import work_in_one_thread

MOST_RESTARTS = 5  # in a row, without a trial learned from in between
MOST_UNANSWERED = 64  # wake-up calls; one is enough, since the twin reads all there is


class Publisher(Protocol):
    """Where the twin's messages go: ``rig.streams.outlets.JsonOutlet``, or a list in a test."""

    def push(self, message: dict[str, Any], at: float = 0.0) -> Any:
        """Send one message, stamped with LSL time ``at`` (0: now)."""
        ...


@dataclass(frozen=True)
class TwinPlan:
    """What the process needs to know. A plain value, so that it can be handed over."""

    session_dir: Path
    protocol: StudyProtocol  # with the phases of this session
    condition: str
    seed: int
    trials: int | None = None  # completed trials to end after
    folder: Path = Path()  # of the protocol file, where ``from_fit`` is looked for
    continue_from: Path | None = None  # folder of the earlier session that this one goes on from
    publish: Callable[[], Publisher] | None = None  # opened in the process
    priority: Priority = "low"


class Ready(NamedTuple):
    """The process has compiled, has caught up, and waits."""

    trial: int  # last one learned from
    notes: tuple[str, ...]  # the priority granted, and the like


class Answer(NamedTuple):
    """The twin has learned from all trials up to ``trial``, and has predicted the next action."""

    trial: int
    committed_at: float  # s, LSL: when that trial was safe
    predicted_at: float  # s, LSL: when the next prediction was
    message: dict[str, Any]  # as sent on the stream


class Failed(NamedTuple):
    """The process gives up, and why."""

    words: str
    bad_input: bool


class JournalFollower:
    """The session's hold on a process that follows its journal: the twin, or live inference.

    No call but ``wait_ready`` and ``close`` waits. Opened by ``with``, or by ``start_twin``.
    """

    def __init__(self, plan: TwinPlan, body: Callable[[TwinPlan, Any], None] | None = None, name: str = "twin") -> None:
        self.plan, self.name = plan, name
        self._body = body or _twin_process
        self.ready: Ready | None = None
        self.last: Answer | None = None
        self.given_up = ""  # why it is not restarted any more
        self._restarts = 0
        self._lock = threading.Lock()  # ``notify`` is called by the journal's thread
        self._failed: Failed | None = None
        self._start()

    def __enter__(self) -> "JournalFollower":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start(self) -> None:
        pipe_here, pipe_there = pipe()
        with self._lock:
            self._pipe, self._unanswered = pipe_here, 0
        self._process = spawn(self._body, (self.plan, pipe_there), f"twinrig-{self.name}", "normal")
        pipe_there.close()

    def notify(self, trial: int, committed_at: float = 0.0) -> None:
        """Say that a trial is committed. From any thread; never waits, never raises."""
        with self._lock, contextlib.suppress(OSError):
            if self._unanswered < MOST_UNANSWERED:
                self._pipe.send(("committed", trial))
                self._unanswered += 1

    def poll(self) -> list[Answer]:
        """The answers that came since the last call, oldest first."""
        answers: list[Answer] = []
        with contextlib.suppress(OSError, EOFError):
            while self._pipe.poll():
                answers += self._take(self._pipe.recv())
        return answers

    def _take(self, message: Any) -> list[Answer]:
        if isinstance(message, Answer):
            self.last, self._restarts = message, 0
            with self._lock:
                self._unanswered = 0
            return [message]
        if isinstance(message, Ready):
            self.ready = message
        elif isinstance(message, Failed):
            self._failed = message
            self.given_up = message.words if message.bad_input else ""
        return []

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def wait_ready(self, timeout: float = 120.0) -> Ready:
        """Wait until the twin has compiled and caught up.

        Raises:
            BadInput: its learner, parameters or earlier session can't be used.
            TwinrigError: it died, or was not ready in time.
        """
        if self.ready is None and self._pipe.poll(timeout):
            self.poll()
        if self.ready is not None:
            return self.ready
        if self._failed:
            raise (BadInput if self._failed.bad_input else TwinrigError)(self._failed.words)
        self._process.join(1.0)  # its end of the pipe goes a moment before the process
        if not self.alive():
            raise TwinrigError(
                f"the {self.name} died before it was ready (exit code {self._process.exitcode}); try again, or run without it"
            )
        raise TwinrigError(f"the {self.name} was not ready within {timeout:.0f} s; ask less of it in the protocol, or run without it")

    def restart(self) -> None:
        """Start the process again after a crash; it goes on from what it had stored, and catches up from the journal."""
        self.poll()
        if self.given_up:
            return
        if self._restarts >= MOST_RESTARTS:
            self.given_up = (
                f"the {self.name} died {self._restarts} times in a row ({self._failed.words if self._failed else 'without a word'})"
            )
            return
        self._restarts += 1
        stop(self._process, 0.0)
        with self._lock:
            self._pipe.close()
        self.ready = None
        self._start()

    @property
    def trial(self) -> int:
        """The last one that it is known to have learned from."""
        return max(self.ready.trial if self.ready else 0, self.last.trial if self.last else 0)

    @property
    def pid(self) -> int:
        """The process, for the rig's records."""
        return self._process.pid or 0

    def close(self, patience: float = 5.0) -> None:
        """Let the twin learn from what is committed, then end it."""
        with self._lock, contextlib.suppress(OSError):
            self._pipe.send(("close", 0))
        stop(self._process, patience)
        self.poll()
        with self._lock:
            self._pipe.close()


def start_twin(
    session_dir: Path,
    protocol: StudyProtocol,
    condition: str,
    seed: int,
    *,
    trials: int | None = None,
    folder: Path = Path(),
    continue_from: Path | None = None,
    publish: Callable[[], Publisher] | None = None,
) -> JournalFollower:
    """Start the twin of a session whose journal exists. Returns at once; compiling takes seconds: see ``JournalFollower.wait_ready``."""
    return JournalFollower(TwinPlan(session_dir, protocol, condition, seed, trials, folder, continue_from, publish))


def _twin_process(plan: TwinPlan, line: Any) -> None:
    """The process's first words, which have to be said before JAX is loaded."""
    work_in_one_thread()
    from rig.twin.process import run_twin

    try:
        run_twin(plan, line, lambda: (set_priority(plan.priority), pin_to_last_core()))
    except TwinrigError as error:
        with contextlib.suppress(OSError):
            line.send(Failed(str(error), isinstance(error, BadInput)))
        sys.exit(error.exit_code)


def pin_to_last_core() -> str:
    """Pin every thread that there is: a core is a thread's own, and JAX has started its threads by now."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned to a core"
    last = max(os.sched_getaffinity(0))
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(int(thread.name), {last})
    return f"pinned to core {last}"
