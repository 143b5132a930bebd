"""One channel of any LSL stream, read on this machine's LSL clock: a photodiode on an EEG amplifier, say."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from protocols.errors import BadInput, StreamError

PATIENCE = 5.0  # s


@contextmanager
def open_sensor(name: str, channel: int = 1) -> Iterator["StreamSensor"]:
    """The channel (from 1) of the stream of that name.

    Raises:
        BadInput: there is no such stream, or it has no such channel.
        StreamError: the stream can't be opened.
    """
    from pylsl import StreamInlet, proc_clocksync, proc_dejitter, resolve_byprop
    from pylsl.util import LostError, TimeoutError

    found = resolve_byprop("name", name, timeout=PATIENCE)
    if not found:
        raise BadInput(f"--stream {name}: no such LSL stream was seen within {PATIENCE:g} s; start it, and see that it is on this network")
    if not 1 <= channel <= found[0].channel_count():
        raise BadInput(f"--channel {channel}: the stream {name} has channels 1 to {found[0].channel_count()}; choose one of them")
    inlet = StreamInlet(found[0], processing_flags=proc_clocksync | proc_dejitter)
    try:
        inlet.open_stream(PATIENCE)
        yield StreamSensor(inlet, channel - 1)
    except (LostError, TimeoutError) as error:
        raise StreamError(f"--stream {name}: {error or 'it was lost'}; see that it still runs") from error
    finally:
        inlet.close_stream()


class StreamSensor:
    """What came on the channel since the last call."""

    def __init__(self, inlet, channel: int) -> None:  # type: ignore[no-untyped-def]
        self._inlet = inlet
        self._channel = channel

    def __call__(self) -> tuple[np.ndarray, np.ndarray]:
        """LSL times (s, of this machine's clock) and readings."""
        rows, times = self._inlet.pull_chunk(timeout=0.0, max_samples=100_000)
        return np.array(times, float), np.array([row[self._channel] for row in rows], float)
