"""Virtual pens and mice for tests; where Xorg or its drivers are missing, they skip, and say loudly why."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from devices.device import Device, Samples
from protocols.errors import BadInput
from rig.virtual_pointers import DEVICES, check_installed, virtual_pointers

SECOND = "Virtual pen second"
PENS_AND_MICE = {**DEVICES, SECOND: "PointerAbsoluteProximity"}


@contextmanager
def server() -> Iterator[Path]:
    """A private X server with all of them; gives the folder of their sockets."""
    try:
        check_installed()
    except BadInput as error:
        pytest.skip(f"NOT TESTED: {error}")
    with virtual_pointers(PENS_AND_MICE) as sockets:
        yield sockets


def read_all(device: Device, count: int) -> Samples:
    """As many samples, however long the machine takes, and none beyond them."""
    chunks, end = [device.read()], time.monotonic() + 60
    while sum(map(len, chunks)) < count and time.monotonic() < end:
        time.sleep(0.005)
        chunks.append(device.read())
    time.sleep(0.05)
    chunks.append(device.read())
    samples = Samples(*(np.concatenate(fields) for fields in zip(*chunks, strict=True)))
    assert len(samples) == count
    return samples
