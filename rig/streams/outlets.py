"""Everything that goes out on Lab Streaming Layer: outlets, where they can be seen, and whether streams work here at all."""

import json
import math
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pylsl
from pylsl.util import LostError
from pylsl.util import TimeoutError as NoAnswer

from devices.device import DeviceInfo, Samples
from protocols.errors import StreamError
from rig.streams.info import Origin, frames_info, json_info, motion_info

PROBE = "recorder_probe"
#: Longer than the buffer (8 kB) in which the recorder keeps what it writes, so that pushing it shows in the file.
_FILLER = "." * 16384
#: Ports from 16572 on. Each outlet holds one, and each search for streams up to seven; a recorder searches for each of its streams.
#: liblsl's own 32 are all taken now and then, and an outlet beyond them can't be found by programs on its own machine.
_PORTS = 128

_REMEDY = (
    f"see that the loopback interface is up ('ip link set lo up') and that no firewall stops Python's UDP ports 16571-{16571 + _PORTS} "
    "on this machine, then run 'twinrig check'"
)


def configure_streams(folder: Path, session_id: str, scope: Literal["machine", "network"]) -> Path:
    """Say who may see this run's streams; returns the file that says so. Call it before the first outlet or search.

    liblsl reads its settings once in a process, when the first stream is described (not at import), so this
    takes effect here and in every process started from now on. Streams of scope ``machine`` are seen by
    programs on this machine that read the same file. A file that the user named in ``LSLAPICFG`` is respected;
    it should name ``KnownPeers = {127.0.0.1}``, without which the recorder may miss streams.
    """
    if named := os.environ.get("LSLAPICFG"):
        return Path(named)
    file = folder / "lsl_api.cfg"
    file.write_text(_settings(session_id, scope), encoding="utf-8")
    os.environ["LSLAPICFG"] = str(file.resolve())
    return file


def _settings(session_id: str, scope: Literal["machine", "network"]) -> str:
    log = "[log]\nlevel = -2\n"  # errors only
    # Without this, the recorder's liblsl (1.17) finds only one of several streams of its own machine: github.com/sccn/liblsl/pull/282.
    peers = "KnownPeers = {127.0.0.1}\n"
    ports = f"[ports]\nPortRange = {_PORTS}\n"
    if scope == "network":  # the default session id, or another machine's recorder would not see the streams
        return f"{log}{ports}[multicast]\nResolveScope = site\n[lab]\n{peers}"
    return f"{log}{ports}IPv6 = disable\n[multicast]\nResolveScope = machine\n[lab]\nSessionID = {session_id}\n{peers}"


class Outlet:
    """An open stream. Closed by ``close``; the stream then vanishes from the network."""

    def __init__(self, info: pylsl.StreamInfo):
        self.source_id = info.source_id()
        self._outlet = _open(info)

    def have_consumers(self) -> bool:
        """Whether anybody, such as the recorder, is connected."""
        return self._outlet.have_consumers()

    def close(self) -> None:
        """Take the stream away."""
        del self._outlet


class JsonOutlet(Outlet):
    """A stream of JSON messages, each with session id, start and a counter from 0. One a process; not for several threads."""

    def __init__(self, origin: Origin, name: str):
        super().__init__(json_info(origin, name))
        self.counter = 0
        self._origin = origin

    def push(self, message: dict[str, Any], at: float = 0.0) -> int:
        """Send a message stamped with LSL time ``at`` (0: now); returns its counter. NaN becomes null."""
        counter = self.counter
        self.counter += 1
        marked = {**message, "session": self._origin.session_id, "start": self._origin.start, "counter": counter}
        self._outlet.push_sample([to_json(marked)], at)
        return counter


class FrameOutlet(Outlet):
    """The stream of flip times."""

    def __init__(self, origin: Origin):
        super().__init__(frames_info(origin))
        self.counter = 0

    def push(self, flip_time: float, work_time: float, trial: int) -> None:
        """Send one frame: LSL time of its flip, s spent on making it, and the trial (0 between trials)."""
        self._outlet.push_sample([flip_time, work_time, trial, self.counter], flip_time)
        self.counter += 1


class MotionOutlet(Outlet):
    """The stream of one device's samples."""

    def __init__(self, origin: Origin, device: DeviceInfo, name: str):
        super().__init__(motion_info(origin, device, name))

    def push(self, samples: Samples) -> None:
        """Send samples as one chunk, each stamped with its host time."""
        if not len(samples):
            return
        columns = (samples.device_time, samples.position, samples.buttons, samples.force, samples.counter)
        self._outlet.push_chunk(np.column_stack(columns).astype(np.float64), samples.host_time.tolist())

    def heard(self) -> bool:
        """As ``devices.sampler.Outlet`` says."""
        return self.have_consumers()


@dataclass(frozen=True)
class MotionPublisher:
    """Opens a device's outlet in the device's own process, to which it is handed as a value (devices know no streams)."""

    origin: Origin
    name: str = ""  # "": the device's kind; two devices of one kind need two names

    def __call__(self, device: DeviceInfo) -> MotionOutlet:
        """Open the stream ``twinrig.<name>``."""
        return MotionOutlet(self.origin, device, self.name or device.kind)


class SessionStreams:
    """The session's own outlets: ``events``, ``trials`` and ``frames``. Opened by ``with``.

    Raises:
        StreamError: an outlet could not be made.
    """

    def __init__(self, origin: Origin):
        self.origin = origin

    def __enter__(self) -> Self:
        self.events = JsonOutlet(self.origin, "events")
        self.trials = JsonOutlet(self.origin, "trials")
        self.frames = FrameOutlet(self.origin)
        return self

    def __exit__(self, *exc: object) -> None:
        for outlet in self.outlets:
            outlet.close()

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        """The three outlets."""
        return (self.events, self.trials, self.frames)

    @property
    def source_ids(self) -> tuple[str, ...]:
        """The source ids of the three, for the recorder."""
        return tuple(outlet.source_id for outlet in self.outlets)

    def probe(self) -> None:
        """Push an event so long that a recorder can't keep it in its buffer."""
        self.events.push({"event": PROBE, "filler": _FILLER})


def missing_streams(source_ids: Sequence[str], timeout: float) -> list[str]:
    """Those of the streams that can't be found within ``timeout`` s, whichever process should have them."""
    predicate = " or ".join(f"source_id='{source}'" for source in source_ids)
    found = {info.source_id() for info in _resolve(predicate, len(source_ids), timeout)}  # all at once: each search takes half a second
    return [source for source in source_ids if source not in found]


def wait_for_streams(source_ids: Sequence[str], timeout: float = 10.0) -> None:
    """Wait until every stream can be found, whichever process has it.

    Raises:
        StreamError: some can't, after ``timeout`` s; all of them are named.
    """
    if missing := missing_streams(source_ids, timeout):
        raise StreamError(f"no LSL stream {', '.join(missing)} within {timeout:.0f} s: {_REMEDY}")


def check_loopback(timeout: float = 3.0) -> float:
    """Open a stream, find it and read from it; returns how many s that took.

    Raises:
        StreamError: it can't be made, found or read within ``timeout`` s, so streams don't work on this machine.
    """
    began = time.monotonic()
    source = f"check-{uuid.uuid4().hex}"
    outlet = _open(pylsl.StreamInfo("twinrig.check", "Markers", 1, 0.0, pylsl.cf_string, source))
    found = _resolve(f"source_id='{source}'", 1, timeout)
    if not found:
        raise StreamError(f"LSL does not work here: a stream opened on this machine was not found within {timeout:.0f} s: {_REMEDY}")
    try:
        _echo(outlet, pylsl.StreamInlet(found[0], recover=False), timeout)
    except (NoAnswer, LostError) as error:
        raise StreamError(f"LSL does not work here: a stream was found but gave no data within {timeout:.0f} s: {_REMEDY}") from error
    return time.monotonic() - began


def _echo(outlet: pylsl.StreamOutlet, inlet: pylsl.StreamInlet, timeout: float) -> None:
    inlet.open_stream(timeout)
    outlet.wait_for_consumers(timeout)
    outlet.push_sample(["hello"])
    sample, _ = inlet.pull_sample(timeout)
    if sample != ["hello"]:
        raise NoAnswer("no sample")


def to_json(message: dict[str, Any]) -> str:
    """One line of JSON; numpy values become plain ones, NaN and infinities null."""
    return json.dumps(_plain(message), allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array__"):
        return _plain(np.asarray(value).tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _open(info: pylsl.StreamInfo) -> pylsl.StreamOutlet:
    try:
        return pylsl.StreamOutlet(info)
    except RuntimeError as error:
        raise StreamError(f"LSL could not open the stream {info.name()}: {error}: {_REMEDY}") from error


def _resolve(predicate: str, minimum: int, timeout: float) -> list[pylsl.StreamInfo]:
    return pylsl.resolve_bypred(predicate, minimum, timeout)
