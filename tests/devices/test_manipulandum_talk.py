from typing import Any

import numpy as np

from devices.manipulandum_codec import SAMPLE, Receiver, frame
from devices.manipulandum_talk import HEARTBEAT, QUIET, Conversation


class Line:
    """A line to a board by a clock of its own (s): nothing is late, however busy the computer is."""

    port = "a line"

    def __init__(self) -> None:
        self.time, self.speaking, self.sent = 0.0, True, b""

    def read(self) -> bytes:
        return frame(np.zeros(1, SAMPLE).tobytes()) if self.speaking else b""

    def write(self, data: bytes) -> None:
        self.sent += data


def test_a_board_that_says_nothing_gets_no_heartbeats_that_would_keep_its_motors_on_later():
    line: Any = Line()
    talk = Conversation(line, lambda: line.time)

    def heartbeats(speaking: bool) -> int:
        """How many are sent in a second of looks each ms."""
        line.speaking, line.sent = speaking, b""
        for _ in range(1000):
            talk.take()
            line.time += 0.001
        return len(Receiver().feed(line.sent))

    assert heartbeats(speaking=True) == round(1 / HEARTBEAT)
    assert 0 < heartbeats(speaking=False) <= QUIET / HEARTBEAT
    assert heartbeats(speaking=False) == 0
    assert heartbeats(speaking=True) == round(1 / HEARTBEAT), "and again, once it speaks"
