"""A device in a process of its own: source -> ring -> session, and by the way to whoever publishes the samples."""

import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from devices.device import Clock, DeviceInfo, DeviceStatus, Samples
from devices.health import Health
from devices.process import Priority, pipe, set_priority, spawn, stop
from devices.ring import Ring, RingAddress
from protocols.errors import DeviceError, DeviceTimeout

SILENCE = 2.0  # s without a heartbeat after which the device counts as stuck; a serial port keeps 2.3 s of a manipulandum's samples
PATIENCE = 4.0  # s for the answer to a command
_HEARD = "heard"  # the one command that every device's process knows
START = 60.0  # s for the device to open; PsychoPy and ioHub take 3 to 5 s on an idle machine


class Source(Protocol):
    """Hardware as its own process sees it. Entering opens it; ``read`` doesn't wait."""

    period: float  # s between two looks at the hardware
    helpers: tuple[int, ...]  # processes that it started, once open, which need the same priority

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def describe(self, priority: str) -> DeviceInfo:
        """What is known once the hardware is open, and the priority that the system granted."""
        ...

    def read(self) -> Samples:
        """What the hardware gave since the last call.

        Raises:
            DeviceError: the hardware is gone or silent.
        """
        ...


@runtime_checkable
class Commanded(Protocol):
    """A source that can be told things, too."""

    def command(self, name: str, *arguments: Any) -> Any:
        """Do what ``name`` says.

        Raises:
            DeviceError: it can't or won't.
        """
        ...


class Outlet(Protocol):
    """Takes the samples elsewhere, such as to a Lab Streaming Layer stream."""

    def push(self, samples: Samples) -> None:
        """Pass samples on; called with at least one."""
        ...

    def heard(self) -> bool:
        """Whether anybody takes them in."""
        ...

    def close(self) -> None:
        """Let go of the stream."""
        ...


Publish = Callable[[DeviceInfo], Outlet]  # called in the device's process, so it must be picklable


class Sampling(NamedTuple):
    """What a device process needs to know; picklable."""

    open_source: Callable[[Clock], Source]
    clock: Clock
    publish: Publish | None
    priority: Priority


class SampledDevice:
    """A Device whose source runs in a process of its own. Open it by ``with``.

    Entering waits until the hardware is open.

    Raises:
        DeviceError: the hardware can't be opened; says what to do.
        DeviceTimeout: it did not answer in time.
    """

    info: DeviceInfo

    def __init__(self, name: str, axes: int, sampling: Sampling, start_timeout: float = START):
        self._name, self._axes, self._sampling, self._start_timeout = name, axes, sampling, start_timeout
        self._health = Health()
        self._fault = ""
        self._open = False

    def __enter__(self) -> Self:
        self._ring = Ring.create(self._axes)
        self._pipe, far_end = pipe()
        loading: Priority = "normal" if self._sampling.priority in ("normal", "low") else "high"  # a paused session waits for it
        arguments = (self._name, self._ring.address, far_end, self._sampling)
        self._process = spawn(_sample, arguments, f"twinrig-{self._name}", loading)
        far_end.close()  # else the end of the child would not show as the end of the pipe
        self._open = True
        try:
            self._expect("attached")
            self._ring.forget_name()
            self.info = self._expect("ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._open:
            return
        self._open = False
        self._pipe.close()  # the device process takes the end of the pipe as the word to stop
        stop(self._process, patience=0.1 if self._fault else 5.0)  # one that has failed won't end by itself
        self._ring.close()

    def read(self) -> Samples:
        """All samples since the last call; a fault is raised once the samples before it were handed out."""
        if not self._open:
            raise DeviceError(f"{self._name}: expected an open device, but it was closed; open it again to read on")
        samples = self._ring.read()
        if not len(samples):
            self._raise_fault()
        self._health.add(samples)
        return samples

    def command(self, name: str, *arguments: Any) -> Any:
        """Have the device do something, and wait for what it says to that; what there is to do, its source tells.

        Raises:
            DeviceError: it can't or won't, or has failed.
        """
        self._raise_fault()
        try:
            self._pipe.send((name, arguments, True))
            if not self._pipe.poll(PATIENCE):
                self._fault = f"{self._name}: gave no answer to {name!r} for {PATIENCE:.0f} s; close other programs, then open it again"
                raise DeviceTimeout(self._fault)
            said, content = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(1.0)
            raise DeviceError(self._death()) from error
        if said == "answer":
            return content
        self._fault = content if said == "fault" else ""
        raise DeviceError(content)

    def order(self, name: str, *arguments: Any) -> None:
        """Have the device do something, and don't wait: a frame has no time for a way to the hardware and back. Orders are carried out
        one after the other; one that can't be is a fault, which a ``read`` soon raises.

        Raises:
            DeviceError: it has failed before.
        """
        self._raise_fault()
        try:
            self._pipe.send((name, arguments, False))
        except OSError as error:
            raise DeviceError(self._death()) from error

    def heard(self) -> bool:
        """As ``Device.heard``; asks the device's process, and waits for its answer."""
        return bool(self.command(_HEARD))

    def status(self) -> DeviceStatus:
        """Health since opening."""
        alive = self._open and not self._find_fault()
        return self._health.status(alive, self._fault)

    @property
    def process_id(self) -> int:
        """The device process, for a monitor or a test."""
        return self._process.pid or 0

    def _expect(self, word: str):
        """What the device process says with ``word``."""
        if not wait([self._pipe, self._process.sentinel], self._start_timeout):
            raise DeviceTimeout(f"{self._name}: not ready after {self._start_timeout:.0f} s; close other programs and try again")
        try:
            said, content = self._pipe.recv()
        except EOFError as error:
            self._process.join(1.0)
            raise DeviceError(self._death()) from error
        if said != word:
            raise DeviceError(content)
        return content

    def _raise_fault(self) -> None:
        if self._find_fault():
            raise DeviceError(self._fault)

    def _find_fault(self) -> str:
        if not self._fault and self._open:
            self._fault = self._told_fault() or self._silence()
        return self._fault

    def _told_fault(self) -> str:
        """What the device process said before it ended, or that it ended without a word."""
        try:
            if self._pipe.poll():
                return self._pipe.recv()[1]
        except (EOFError, OSError):
            self._process.join(1.0)
            return self._death()
        return "" if self._process.is_alive() else self._death()

    def _death(self) -> str:
        return (
            f"{self._name}: its process ended unexpectedly (exit code {self._process.exitcode}); "
            "open the device again, or resume the session with 'twinrig resume'"
        )

    def _silence(self) -> str:
        gap = self._sampling.clock() - self._ring.heartbeat
        if gap <= SILENCE:
            return ""
        return f"{self._name}: no sign of life for {gap:.1f} s (expected one within {SILENCE:.0f} s); check the cable and the load"


def _sample(name: str, address: RingAddress, connection: Connection, sampling: Sampling) -> None:
    """The device process: from opening until the session hangs up."""
    with closing(Ring.attach(address)) as ring:
        connection.send(("attached", None))
        try:
            with sampling.open_source(sampling.clock) as source:
                info = source.describe(_raise(sampling.priority, source.helpers))
                outlet = sampling.publish(info) if sampling.publish else None
                ring.heartbeat = sampling.clock()
                connection.send(("ready", info))
                _pump(name, source, ring, outlet, sampling.clock, connection)
                if outlet:
                    outlet.close()
        except DeviceError as error:
            connection.send(("fault", f"{name}: {error}"))
        except BrokenPipeError:
            pass  # the session was closed while the device was opening


def _raise(priority: Priority, helpers: tuple[int, ...]) -> str:
    """Ask for the priority only now: loading libraries is slow, and must not hold up the rest of the rig."""
    for process in helpers:
        set_priority(priority, process)
    return set_priority(priority)


def _attend(name: str, source: Source, outlet: Outlet | None, connection: Connection) -> bool:
    """Obey what the session asks for meanwhile; False once it has hung up.

    Raises:
        DeviceError: what was asked for without waiting for an answer can't be done.
    """
    while connection.poll():
        try:
            asked, arguments, waits = connection.recv()
        except EOFError:
            return False
        try:
            answer = _answer(source, outlet, asked, arguments)
        except DeviceError as error:
            if not waits:
                raise
            connection.send(("refused", f"{name}: {error}"))
        else:
            if waits:
                connection.send(("answer", answer))
    return True


def _answer(source: Source, outlet: Outlet | None, asked: str, arguments: tuple[Any, ...]) -> Any:
    if asked == _HEARD:
        return outlet is None or outlet.heard()
    if not isinstance(source, Commanded):
        raise DeviceError("takes no commands")
    return source.command(asked, *arguments)


def _pump(name: str, source: Source, ring: Ring, outlet: Outlet | None, clock: Clock, connection: Connection) -> None:
    deadline = clock()
    while _attend(name, source, outlet, connection):
        ring.heartbeat = clock()
        samples = source.read()
        if len(samples):
            ring.write(samples)
            if outlet:
                outlet.push(samples)
        deadline = max(deadline + source.period, clock())  # after a stall: go on, don't catch up
        time.sleep(max(deadline - clock(), 0.0))
