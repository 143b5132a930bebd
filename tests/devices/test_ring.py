import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from devices.device import Samples
from devices.process import spawn, stop
from devices.ring import Ring, RingAddress


def numbered(first: int, count: int, axes: int = 2) -> Samples:
    """Samples in which every field follows from the counter, so that a torn one shows."""
    counter = np.arange(first, first + count)
    position = counter[:, None] + np.arange(axes) / 10
    return Samples(counter * 2.0, counter * 3.0, position, counter * 5, counter * 7.0, counter)


def assert_whole(samples: Samples, first: int) -> None:
    expected = numbered(first, len(samples), samples.position.shape[1])
    for field, got, wanted in zip(Samples._fields, samples, expected, strict=True):
        np.testing.assert_array_equal(got, wanted, err_msg=field)


@pytest.fixture
def ring():
    made = Ring.create(axes=2, capacity=100)
    yield made
    made.close()


def test_gives_what_was_written_once_and_in_order(ring):
    assert len(ring.read()) == 0
    ring.write(numbered(0, 60))
    assert_whole(ring.read(), 0)
    assert len(ring.read()) == 0
    for first in (60, 120, 180):  # goes round the end of the ring
        ring.write(numbered(first, 60))
        samples = ring.read()
        assert len(samples) == 60
        assert_whole(samples, first)


def test_dtypes_and_shapes_hold_for_empty_reads_and_four_axes():
    ring = Ring.create(axes=4, capacity=10)
    empty = ring.read()
    assert empty.position.shape == (0, 4)
    assert empty.buttons.dtype == empty.counter.dtype == np.int64
    ring.write(numbered(0, 3, axes=4))
    assert_whole(ring.read(), 0)
    ring.close()


def test_an_overrun_shows_as_a_gap_and_what_was_there_is_kept(ring):
    ring.write(numbered(0, 90))
    ring.write(numbered(90, 30))
    samples = ring.read()
    assert len(samples) == 100
    assert_whole(samples, 0)
    ring.write(numbered(120, 5))
    assert_whole(ring.read(), 120)


def test_a_reader_keeps_its_samples_when_the_ring_goes_on(ring):
    ring.write(numbered(0, 50))
    kept = ring.read()
    ring.write(numbered(50, 100))
    assert_whole(kept, 0)


def fill(address: RingAddress, chunks: int, size: int) -> None:
    ring = Ring.attach(address)
    for chunk in range(chunks):
        while ring.address.capacity - int(ring._counts[0] - ring._counts[1]) < size:
            time.sleep(0)
        ring.write(numbered(chunk * size, size))
    ring.close()


def test_another_process_writes_as_fast_as_it_can_and_nothing_is_torn():
    ring = Ring.create(axes=2, capacity=500)
    writer = spawn(fill, (ring.address, 2000, 7), "writer")
    seen, deadline = 0, time.monotonic() + 300
    while seen < 14_000 and time.monotonic() < deadline:
        samples = ring.read()
        assert_whole(samples, seen)
        seen += len(samples)
    stop(writer)
    ring.close()
    assert seen == 14_000


@pytest.mark.skipif(os.name != "posix", reason="shared memory has names that outlive processes on POSIX only")
def test_no_name_is_left_once_both_sides_are_attached(ring):
    other = Ring.attach(ring.address)
    ring.forget_name()
    with pytest.raises(FileNotFoundError):
        Ring.attach(ring.address)
    other.write(numbered(0, 3))
    assert_whole(ring.read(), 0)
    other.close()


KILLED = """
import os, time
from devices.ring import Ring
ring = Ring.create(axes=2)
print(ring.address.name, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /dev/shm")
def test_a_session_killed_before_the_device_is_attached_leaves_no_memory_behind():
    session = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert session.stdout
    file = Path("/dev/shm") / session.stdout.readline().strip()
    assert file.exists()
    session.send_signal(signal.SIGKILL)
    session.wait()
    session.stdout.close()
    deadline = time.monotonic() + 60
    while file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not file.exists()


def test_closing_twice_is_harmless():
    ring = Ring.create(axes=2, capacity=10)
    ring.close()
    ring.close()
    with pytest.raises(FileNotFoundError):
        Ring.attach(ring.address)
