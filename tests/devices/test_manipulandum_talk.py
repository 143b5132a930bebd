import os
import sys

import numpy as np
import pytest

from devices.manipulandum_codec import SAMPLE, Receiver, frame
from devices.manipulandum_talk import HEARTBEAT, QUIET, Conversation
from devices.serial_link import SerialLink

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


class Wire:
    """A conversation by a clock of its own (s), and the board's end of the wire."""

    def __init__(self) -> None:
        self.board, end = os.openpty()
        self.link = SerialLink(os.ttyname(end), 500_000)
        os.close(end)
        os.set_blocking(self.board, False)
        self.time = 0.0
        self.talk = Conversation(self.link, lambda: self.time)

    def heartbeats(self, seconds: float, speaking: bool) -> int:
        """How many are sent in so many seconds of a look each ms, to a board that sends samples or nothing."""
        received, receiver = [], Receiver()
        for _ in range(round(1000 * seconds)):
            if speaking:
                os.write(self.board, frame(np.zeros(1, SAMPLE).tobytes()))
            self.talk.take()
            self.time += 0.001
            received.append(self._sent())
        return len(receiver.feed(b"".join(received)))

    def _sent(self) -> bytes:
        try:
            return os.read(self.board, 4096)
        except BlockingIOError:
            return b""


@pytest.fixture
def wire():
    made = Wire()
    yield made
    made.link.close()
    os.close(made.board)


def test_a_board_that_says_nothing_gets_no_heartbeats_that_would_keep_its_motors_on_later(wire):
    assert 19 <= wire.heartbeats(1.0, speaking=True) <= 21
    assert wire.heartbeats(1.0, speaking=False) <= QUIET / HEARTBEAT
    assert wire.heartbeats(1.0, speaking=False) == 0
    assert 19 <= wire.heartbeats(1.0, speaking=True) <= 21, "and again, once it speaks"
