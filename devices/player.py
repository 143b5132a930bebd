"""A Player in a process of its own: it performs motions at their times, whatever the session is busy with."""

import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol, Self

import numpy as np

from devices.device import Clock, Motion, Samples
from devices.process import Priority, pipe, set_priority, spawn, stop
from devices.schedule import Part, Schedule
from protocols.errors import DeviceError

START = 60.0  # s for the process to be ready; a busy machine takes long to start one


class Mover(Protocol):
    """What moves the pointer or pen, as the player's process sees it."""

    injected: int  # events so far

    def move(self, part: Part) -> None:
        """Inject what fell due."""
        ...

    def let_go(self) -> None:
        """Leave no button pressed, and hang up."""
        ...

    def log(self) -> Samples:
        """All that was injected so far, if it is kept."""
        ...


class PlayerProcess:
    """A Player that has a Mover do what it plays. Open it by ``with``. ``make_mover`` is called in the player's process.

    Each sample of a motion is injected at its own time. Where the system stalls, the samples whose time has passed are left out,
    as the hand would have moved on meanwhile; but no press or release is.

    Raises:
        DeviceError: the mover can't be made; it says why.
    """

    def __init__(self, name: str, make_mover: Callable[[], Mover], clock: Clock, priority: Priority = "realtime"):
        self._name, self._arguments = name, (make_mover, clock, priority)
        self._open = False

    def __enter__(self) -> Self:
        self._pipe, far_end = pipe()
        self._process = spawn(_perform, (far_end, *self._arguments), f"twinrig-{self._name}")
        far_end.close()
        self._open = True
        try:
            self._answer()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if self._open:
            self._open = False
            self._pipe.close()  # the process takes this as the word to let go of the button and stop
            stop(self._process)

    def play(self, motion: Motion, at: float) -> None:
        """Perform the motion from time ``at`` on; what is left of the last one by then is dropped.

        Raises:
            ValueError: the motion's arrays don't fit each other.
            DeviceError: the process that performs it is gone.
        """
        Schedule().add(motion, at)  # here, for the sake of the error
        self._ask(("play", motion, at))

    def injected(self) -> int:
        """How many events were injected: changes of the position, presses and releases."""
        self._ask(("count",))
        return self._answer()

    def log(self) -> Samples:
        """All that was injected so far, with the times just before each was; empty without ``keep_log``."""
        self._ask(("log",))
        return self._answer()

    def _ask(self, question: tuple) -> None:
        try:
            self._pipe.send(question)
        except OSError as error:
            raise DeviceError(f"the process that moves the {self._name} is gone ({error}); open the {self._name} again") from error

    def _answer(self):
        if not self._pipe.poll(START):
            raise DeviceError(f"the process that moves the {self._name} gave no answer for {START:.0f} s; open the {self._name} again")
        try:
            answer = self._pipe.recv()
        except EOFError as error:
            raise DeviceError(f"the process that moves the {self._name} ended unexpectedly; open the {self._name} again") from error
        if isinstance(answer, DeviceError):
            raise answer
        return answer


def _perform(connection: Connection, make_mover: Callable[[], Mover], clock: Clock, priority: Priority) -> None:
    """The player's process: from the first motion until the session hangs up."""
    set_priority(priority)
    try:
        mover = make_mover()
    except DeviceError as error:
        connection.send(error)
        return
    connection.send("ready")
    schedule = Schedule()
    try:
        while True:
            if connection.poll(None if schedule.next_time == np.inf else 0):
                _obey(connection, schedule, mover)
                continue
            time.sleep(min(max(schedule.next_time - clock(), 0.0), 0.002))  # short, so that a new motion is heard of
            for part in schedule.take(clock()):
                mover.move(part)
    except (EOFError, ConnectionError):  # hung up, perhaps with an answer unread
        mover.let_go()


def _obey(connection: Connection, schedule: Schedule, mover: Mover) -> None:
    match connection.recv():
        case ("play", motion, at):
            schedule.add(motion, at)
        case ("count",):
            connection.send(mover.injected)
        case ("log",):
            connection.send(mover.log())
