"""The conversation with a manipulandum: samples come, commands go and are answered, a heartbeat says that we live."""

import time

import numpy as np

from devices.device import Clock
from devices.manipulandum_codec import Answer, Command, Receiver, frame, unpack_answers, unpack_samples
from devices.serial_link import SerialLink
from protocols.errors import DeviceError, DeviceTimeout

HEARTBEAT = 0.05  # s; the board waits for four of them before it turns the motors off
QUIET = 0.1  # s without a word from the board after which there are no heartbeats: they would wait in the line and keep its motors on later
ANSWER = 0.03  # s that an answer may take (1 to 2 ms as a rule) before the command is sent again
PATIENCE = 0.4  # s in which a command is sent again; a driver that is busy with such for too long counts as stuck
LISTEN = 0.0005  # s between two looks for an answer
REFUSED = 3


class Refused(DeviceError):
    """The board understood and won't."""


class Conversation:
    """Talks over an open link. Whatever it does, samples that come meanwhile are kept for ``take``."""

    def __init__(self, link: SerialLink, clock: Clock) -> None:
        self._link, self._clock = link, clock
        self._receiver = Receiver(joining=True)
        self._token = 0
        self._answers: list[Answer] = []
        self._batches: list[tuple[float, np.ndarray]] = []
        self._next_heartbeat = 0.0
        self._heard = clock()
        self.retries = 0  # commands that had to be sent again

    @property
    def errors(self) -> int:
        """Broken frames so far."""
        return self._receiver.errors

    def take(self) -> list[tuple[float, np.ndarray]]:
        """Samples since the last call, each batch with the time (s) of its arrival.

        Raises:
            LinkLost: the port has gone away.
        """
        self._listen()
        time_now = self._clock()
        if time_now >= self._next_heartbeat and time_now - self._heard < QUIET:
            self._say(Command.PING)
        batches, self._batches, self._answers = self._batches, [], []
        return batches

    def ask(self, command: Command, arguments: bytes = b"", patience: float = PATIENCE) -> Answer:
        """Have a command carried out; it is sent again where no answer comes, since it may have been lost in the wire.

        Raises:
            DeviceTimeout: no answer to any of the tries in that time (s).
            Refused: the board won't.
            LinkLost: the port has gone away.
        """
        deadline, tokens = self._clock() + patience, []
        while not tokens or self._clock() < deadline:
            self.retries += len(tokens) > 0
            tokens.append(self._say(command, arguments))
            if answer := self._await(command, tokens):
                if answer.result == REFUSED:
                    raise Refused(f"the board at {self._link.port} refused {command.name} (status {answer.status:#06x})")
                if answer.result:
                    raise DeviceError(f"the board at {self._link.port} doesn't know {command.name}: flash the firmware of this version")
                return answer
        raise DeviceTimeout(
            f"the board at {self._link.port} gave no answer to {command.name} for {patience:.1f} s (expected one within {ANSWER} s); "
            "check the cable and that twinrig's firmware is on it"
        )

    def hasten(self, command: Command) -> None:
        """Send a command without waiting for its answer."""
        self._say(command)

    def _say(self, command: Command, arguments: bytes = b"") -> int:
        self._token = (self._token + 1) % 256
        self._link.write(frame(bytes([command, self._token]) + arguments))
        self._next_heartbeat = self._clock() + HEARTBEAT
        return self._token

    def _await(self, command: Command, tokens: list[int]) -> Answer | None:
        """The answer to any of the tries, since one that comes late is an answer, too."""
        deadline = self._clock() + ANSWER
        while True:
            self._listen()
            for answer in self._answers:
                if answer.command == command and answer.token in tokens:
                    return answer
            if self._clock() >= deadline:
                return None
            time.sleep(LISTEN)

    def _listen(self) -> None:
        data = self._link.read()
        if not data:
            return
        self._heard = arrival = self._clock()
        payloads = self._receiver.feed(data)
        self._answers += unpack_answers(payloads)
        samples = unpack_samples(payloads)
        if len(samples):
            self._batches.append((arrival, samples))
