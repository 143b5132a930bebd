"""What a device is attached to: a manipulandum to a serial port or the simulated bench, virtual pointers to their X server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from devices.registry import POINTERS
from protocols.errors import BadInput
from rig.clock import now
from rig.virtual_pointers import check_installed

if TYPE_CHECKING:
    from devices.bench.bench import Bench
    from devices.manipulandum_calibration import Calibration

NAME = "manipulandum"


class Attachment(NamedTuple):
    """Where a manipulandum is, and what its counts are worth."""

    port: str
    calibration: "Calibration"
    bench: "Bench | None"  # None: hardware


class VirtualPointers(NamedTuple):
    """The pens and mice of a private screen, which a simulated participant moves."""

    sockets: Path  # folder


def check_port(device: str, port: str | None, simulated: bool) -> None:
    """See beforehand that there will be something to attach to; a bench is built here, where it wasn't yet.

    Raises:
        BadInput: there won't; says what to do.
    """
    if device in POINTERS and simulated:
        check_installed()
    if device != NAME:
        if port is not None:
            raise BadInput(f"--port {port} goes with --device {NAME} alone; leave it out")
        return
    if not simulated:
        hardware(port)
        return
    if port is not None:
        raise BadInput(f"--port {port}: a pilot's hand is the simulated bench's own; leave --port out, or use 'run' and move it yourself")
    from devices.bench import build

    build.bench()
    build.firmware()


def hardware(port: str | None) -> Attachment:
    """The rig's manipulandum at a port.

    Raises:
        BadInput: no port was named, or there is no calibration.
    """
    from devices.manipulandum_calibration import load_calibration

    if port is None:
        raise BadInput(f"--device {NAME} needs --port PATH, such as /dev/serial/by-id/...; 'twinrig devices' lists the ports")
    return Attachment(port, load_calibration(), None)


def bench_mechanics(task: str) -> Literal["lever", "handle"]:
    """What the bench is made to be for a task."""
    return "lever" if task == "skittles" else "handle"


@contextmanager
def on_bench(task: str, truth: Path) -> Iterator[Attachment]:
    """A bench with the mechanics that suit the task: a lever for skittles, else a handle; it writes ``truth`` meanwhile.

    Raises:
        BadInput, DeviceError: the bench can't be built, or did not start.
    """
    from devices.bench.bench import Bench
    from devices.manipulandum_calibration import bench_calibration

    calibration = bench_calibration(bench_mechanics(task))
    with Bench(now, calibration, truth) as bench:
        yield Attachment(str(bench.port), calibration, bench)
