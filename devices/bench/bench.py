"""Starts the bench and moves its hand: a Player, and the other end of a serial port."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

import numpy as np

from devices.bench import build
from devices.bench.truth import Truth, read_truth
from devices.device import Clock, Motion
from devices.manipulandum_calibration import TORQUE_FULL, Calibration
from devices.process import set_priority
from protocols.errors import DeviceError


class Bench:
    """The firmware on a simulated board with a lever or a handle. Open it by ``with``; ``port`` is then the serial port.

    Its mechanics are exactly those of the calibration. The plant writes what really happened to the file ``truth``.
    ``drift_ppm`` is by how much the board's clock goes too fast.

    Raises:
        BadInput: avr-gcc, gcc or simavr is missing; says what to install.
        DeviceError: the bench did not start.
    """

    def __init__(self, clock: Clock, calibration: Calibration, truth: Path, drift_ppm: float = 0.0) -> None:
        self._clock, self._calibration, self._truth, self._drift_ppm = clock, calibration, truth, drift_ppm

    def __enter__(self) -> Self:
        programs = (build.bench(), build.firmware())
        self._folder = tempfile.TemporaryDirectory(prefix="twinrig-bench-")
        self.port = Path(self._folder.name) / "port"
        command = [*programs, self.port, self._truth, *_settings(self._calibration), f"drift_ppm={self._drift_ppm}"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._offset = time.monotonic() - self._clock()
        try:
            self.began = self._hear("ready") - self._offset
            set_priority("realtime", self._process.pid)  # a board doesn't wait for a busy computer
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]
        self._process.stderr.close()  # type: ignore[union-attr]
        self._folder.cleanup()

    @property
    def process_id(self) -> int:
        """Of the bench, for a test that stops it."""
        return self._process.pid

    def play(self, motion: Motion, at: float) -> None:
        """Let the hand perform the motion from LSL time ``at`` on; what is left of the last one by then is dropped."""
        rows = np.column_stack([at + self._offset + motion.time, motion.position, motion.buttons & 1]).astype("<f8")
        self._send(f"play {len(rows)}\n".encode() + rows.tobytes())

    def order(self, words: str) -> None:
        """Make something go wrong, such as ``unplug``, ``plug``, ``drop 10``, ``hang`` or ``emergency 1`` (see ``bench.c``)."""
        self._send(f"{words}\n".encode())

    def obey(self, words: str) -> float:
        """The same, and when it went wrong (s, LSL, by the bench's own time, which on a busy computer is late)."""
        self._send(f"flush\n{words}\n".encode())
        return self._hear("flushed") - self._offset

    def time(self) -> float:
        """How far the bench has come (s, LSL)."""
        self.order("flush")
        return self._hear("flushed") - self._offset

    def truth(self) -> Truth:
        """What has happened up to now."""
        self.time()
        return read_truth(self._truth, -self._offset)

    def _send(self, data: bytes) -> None:
        try:
            self._process.stdin.write(data)  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]
        except OSError as error:
            raise DeviceError(f"the simulated bench is gone ({error}): {self._last_words()}; start the session again") from error

    def _hear(self, word: str) -> float:
        said, _, number = self._process.stdout.readline().decode().partition(" ")  # type: ignore[union-attr]
        if said != word:
            raise DeviceError(f"the simulated bench did not start: {self._last_words()}; expected it to say {word!r}, got {said!r}")
        return float(number)

    def _last_words(self) -> str:
        if self._process.poll() is None:
            return "it still runs"
        return self._process.stderr.read().decode(errors="replace").strip() or f"exit code {self._process.returncode}"  # type: ignore[union-attr]


def _settings(calibration: Calibration) -> list[str]:
    """The plant's constants, as the bench's command line has them."""
    lever = calibration.mechanics == "lever"
    counts = calibration.counts_per_turn / (2 * np.pi) if lever else 1 / calibration.metres_per_count
    home = (np.radians(calibration.home_angle_deg), 0.0) if lever else calibration.home
    values = {
        "lever": int(lever),
        "length": calibration.length,
        "home_x": home[0],
        "home_y": home[1],
        "counts_per_unit": counts,
        "motor": calibration.newtons_per_step * TORQUE_FULL,
    }
    return [f"{name}={value!r}" for name, value in ((name, float(value)) for name, value in values.items())]
