"""A ring of samples in shared memory: one process writes, one reads, nobody waits, nothing is lost in silence."""

import os
from multiprocessing.shared_memory import SharedMemory
from typing import NamedTuple

import numpy as np

from devices.device import Samples

CAPACITY = 60 * 4000  # samples: 60 s at 4 kHz, in which the session may be busy elsewhere
_HEADER = 8  # int64 words; the first three are used, the rest keep the columns on a cache line of their own
_WRITTEN, _READ, _HEARTBEAT = range(3)


class RingAddress(NamedTuple):
    """What another process needs in order to attach: small, and can be sent to a spawned process."""

    name: str
    axes: int
    capacity: int


class Ring:
    """Samples in shared memory, written by one process and read by another.

    The writer stores the samples first and moves the counter ``written`` on afterwards; the reader copies first and moves ``read``
    on afterwards. So neither ever touches what the other is working on, and no lock is needed. When the reader is a whole ring
    behind, new samples are refused, and the samples' own counter shows the gap.
    """

    def __init__(self, memory: SharedMemory, address: RingAddress, owner: bool):
        self.address = address
        self._memory = memory
        self._named = owner  # whether this side still has to take the name away
        self._counts = np.ndarray(_HEADER, np.int64, memory.buf)
        self._times = np.ndarray(_HEADER, np.float64, memory.buf)
        columns = np.ndarray((_width(address.axes), address.capacity), np.float64, memory.buf, 8 * _HEADER)
        self._floats, self._integers = columns, columns.view(np.int64)

    @classmethod
    def create(cls, axes: int, capacity: int = CAPACITY) -> "Ring":
        """A new, empty ring; the reader makes it."""
        size = 8 * (_HEADER + _width(axes) * capacity)
        memory = SharedMemory(create=True, size=size)
        ring = cls(memory, RingAddress(memory.name, axes, capacity), owner=True)
        ring._counts[:] = 0
        return ring

    @classmethod
    def attach(cls, address: RingAddress) -> "Ring":
        """The ring that another process made."""
        return cls(SharedMemory(address.name), address, owner=False)

    def forget_name(self) -> None:
        """Take the name away once both sides are attached, so that the memory goes with the last of them, however they end."""
        if self._named and os.name == "posix":  # Windows frees unnamed or not
            self._memory.unlink()
        self._named = False

    def close(self) -> None:
        """Let go of the memory. A second call does nothing."""
        if self._memory.buf is None:
            return
        self._counts = self._times = self._floats = self._integers = np.zeros(0)  # views must go before the memory
        self._memory.close()
        self.forget_name()

    @property
    def heartbeat(self) -> float:
        """When the writer last said that it was alive (s, LSL clock); 0 before its first word."""
        return float(self._times[_HEARTBEAT])

    @heartbeat.setter
    def heartbeat(self, now: float) -> None:
        self._times[_HEARTBEAT] = now

    def write(self, samples: Samples) -> None:
        """Append samples; those for which there is no room are left out."""
        written, read = int(self._counts[_WRITTEN]), int(self._counts[_READ])
        room = self.address.capacity - (written - read)
        taken = min(len(samples), room)
        slots = np.arange(written, written + taken) % self.address.capacity
        axes = self.address.axes
        self._floats[0, slots] = samples.device_time[:taken]
        self._floats[1, slots] = samples.host_time[:taken]
        self._floats[2, slots] = samples.force[:taken]
        self._integers[3, slots] = samples.buttons[:taken]
        self._integers[4, slots] = samples.counter[:taken]
        self._floats[5 : 5 + axes, slots] = samples.position[:taken].T
        self._counts[_WRITTEN] = written + taken

    def read(self) -> Samples:
        """All samples written since the last call."""
        written, read = int(self._counts[_WRITTEN]), int(self._counts[_READ])
        slots = np.arange(read, written) % self.address.capacity
        floats, integers = self._floats[:, slots], self._integers[3:5, slots]
        self._counts[_READ] = written
        return Samples(
            device_time=floats[0],
            host_time=floats[1],
            position=np.ascontiguousarray(floats[5:].T),
            buttons=integers[0],
            force=floats[2],
            counter=integers[1],
        )


def _width(axes: int) -> int:
    return 5 + axes  # device_time, host_time, force, buttons, counter, then the axes
