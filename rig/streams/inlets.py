"""Looking on at a running session's streams: found and opened by a thread of its own, read without waiting, found again when lost."""

import threading
from typing import Any, Self

import numpy as np
import pylsl
from pylsl.util import LostError
from pylsl.util import TimeoutError as NoAnswer

SEARCH = 1.0  # s for one search
BUFFER = 10  # s of samples that are kept for a slow reader
MOST = 4096  # samples at once


class Inlet:
    """One stream by its source id. ``pull`` gives what came in since the last call, and nothing before it is found.

    ``together`` samples are sent at a time, which spares both ends work at 1 kHz.
    """

    def __init__(self, source_id: str, together: int = 1) -> None:
        self.source_id = source_id
        self._together = together
        self._inlet: Any = None
        self._closing = threading.Event()
        self._lost = threading.Event()
        self._lost.set()
        self._thread = threading.Thread(target=self._keep_open, name="inlet", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def found(self) -> bool:
        """Whether it is open."""
        return self._inlet is not None

    def pull(self) -> tuple[list[list[Any]], list[float]]:
        """Samples and their LSL times, oldest first."""
        inlet = self._inlet
        if inlet is None:
            return [], []
        try:
            return inlet.pull_chunk(0.0, MOST)
        except LostError:
            self._inlet = None
            self._lost.set()
            return [], []

    def close(self) -> None:
        """Let go of the stream."""
        self._closing.set()
        self._lost.set()
        self._thread.join(3 * SEARCH)
        self._inlet = None

    def _keep_open(self) -> None:
        while not self._closing.is_set():
            self._lost.wait()
            if self._closing.is_set() or (inlet := self._find()) is None:
                continue
            self._lost.clear()
            self._inlet = inlet

    def _find(self) -> Any:
        found = pylsl.resolve_byprop("source_id", self.source_id, 1, SEARCH)
        if not found:
            return None
        inlet = pylsl.StreamInlet(found[0], max_buflen=BUFFER, max_chunklen=self._together, recover=False)
        try:
            inlet.open_stream(SEARCH)
        except (LostError, NoAnswer):
            return None
        return inlet


def columns(samples: list[list[Any]]) -> np.ndarray:
    """(sample, channel) numbers."""
    return np.asarray(samples, float).reshape(len(samples), -1)
