import os
import sys

import pytest

from devices.serial_link import LinkLost, SerialLink

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture
def line():
    """A link, and the other end of its wire."""
    master, slave = os.openpty()
    link = SerialLink(os.ttyname(slave), 500_000)
    os.close(slave)
    yield link, master
    link.close()


def test_bytes_go_both_ways_without_waiting(line):
    link, master = line
    assert link.read() == b""
    os.write(master, b"to the host")
    assert link.read() == b"to the host"
    link.write(b"to the board")
    assert os.read(master, 100) == b"to the board"


def test_a_port_that_takes_nothing_for_a_while_is_not_lost(line):
    link, master = line
    for _ in range(8):
        link.write(bytes(20_000))
    os.write(master, b"still here")
    assert link.read() == b"still here"


def test_an_unplugged_port_is_lost_for_reading_and_writing_and_can_be_closed(line):
    link, master = line
    os.close(master)
    with pytest.raises(LinkLost, match=r"gone away.*check the cable"):
        link.read()
    with pytest.raises(LinkLost, match="check the cable"):
        link.write(b"hello")
    link.close()
    link.close()
