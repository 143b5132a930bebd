"""Reading XDF files, also those that are still growing or were cut off. (They are written by LabRecorder, never by us.)"""

import io
import logging
import re
import struct
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# Chunk tags of the XDF 1.0 specification (github.com/sccn/xdf).
_HEADER, _SAMPLES, _FOOTER = 2, 3, 6
_SOURCE_ID = re.compile(rb"<source_id>(.*?)</source_id>", re.DOTALL)


class Contents(NamedTuple):
    """Which chunks of a file are whole."""

    source_ids: dict[int, str]  # stream number in this file -> source id
    chunks: dict[int, int]  # stream number -> chunks of samples
    footers: frozenset[int]  # stream numbers that were closed in order
    whole: int  # bytes up to the end of the last whole chunk
    size: int  # bytes

    @property
    def closed(self) -> bool:
        """Whether every stream has its footer and nothing is cut off: the recorder ended in order."""
        return bool(self.source_ids) and self.footers == self.source_ids.keys() and self.whole == self.size


class Stream(NamedTuple):
    """One recorded stream, as it was stamped: neither clock-corrected nor smoothed."""

    name: str
    type: str
    source_id: str
    channels: tuple[str, ...]
    stamps: np.ndarray  # (n,) s
    values: Any  # (n, channels) floats, or a list of n strings
    offsets: np.ndarray  # (m, 2) s: when the clocks were compared, and their difference
    closed: bool  # has a footer

    def column(self, label: str) -> np.ndarray:
        """The values of one numeric channel."""
        return self.values[:, self.channels.index(label)]


class Recording(NamedTuple):
    """All that can be read of one file."""

    streams: tuple[Stream, ...]
    closed: bool
    complaints: tuple[str, ...]  # what the reader said


def scan_xdf(file: Path) -> Contents:
    """Step over the chunks of a file without reading the samples; works on a file that is being written.

    Raises:
        ValueError: it is not an XDF file.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        if stream.read(4) != b"XDF:":
            raise ValueError(f"{file}: expected an XDF file, which begins with 'XDF:'; check that it is the recorder's")
        return _scan(stream, size)


def _scan(stream: io.BufferedReader, size: int) -> Contents:
    sources: dict[int, str] = {}
    chunks: Counter[int] = Counter()
    footers: set[int] = set()
    whole = stream.tell()
    while (length := _length(stream)) is not None and (end := stream.tell() + length) <= size:
        tag, number = struct.unpack("<HI", stream.read(6)) if length >= 6 else (0, 0)
        if tag == _HEADER:
            match = _SOURCE_ID.search(stream.read(length - 6))
            sources[number] = match[1].decode() if match else ""
        elif tag == _SAMPLES:
            chunks[number] += 1
        elif tag == _FOOTER:
            footers.add(number)
        whole = end
        stream.seek(end)
    return Contents(sources, dict(chunks), frozenset(footers), whole, size)


def _length(stream: io.BufferedReader) -> int | None:
    """The length that stands before each chunk, in 1, 4 or 8 bytes; None at the end of what is written."""
    first = stream.read(1)
    form = {1: "<B", 4: "<I", 8: "<Q"}.get(first[0]) if first else None
    if form is None:
        return None
    data = stream.read(first[0])
    return struct.unpack(form, data)[0] if len(data) == first[0] else None


def read_xdf(file: Path) -> Recording:
    """Read a file with pyxdf up to its last whole chunk (pyxdf stumbles over some ways of being cut off).

    Stamps are left as recorded. They need no correction for streams of the same machine, and pyxdf's
    smoothing (``dejitter_timestamps``) would move them by up to 16 ms.

    Raises:
        ValueError: it is not an XDF file.
    """
    import pyxdf

    contents = scan_xdf(file)
    with file.open("rb") as stream:
        whole = io.BytesIO(stream.read(contents.whole))
    with _Complaints() as complaints:
        streams, _ = pyxdf.load_xdf(whole, synchronize_clocks=False, dejitter_timestamps=False)  # type: ignore[arg-type]
    found = tuple(_stream(raw, contents) for raw in streams)
    return Recording(found, contents.closed, tuple(complaints.lines))


def _stream(raw: dict[str, Any], contents: Contents) -> Stream:
    info = raw["info"]
    number = info["stream_id"]
    text = info["channel_format"][0] == "string"
    values = [row[0] for row in raw["time_series"]] if text else np.asarray(raw["time_series"], dtype=np.float64)
    offsets = np.column_stack([raw["clock_times"], raw["clock_values"]]) if raw["clock_times"] else np.zeros((0, 2))
    source = contents.source_ids.get(number, "")
    stamps = np.asarray(raw["time_stamps"], dtype=np.float64)
    return Stream(info["name"][0], info["type"][0], source, _labels(info), stamps, values, offsets, number in contents.footers)


def _labels(info: dict[str, Any]) -> tuple[str, ...]:
    """Channel labels, or numbers where a stream (of other software) names none."""
    desc = (info.get("desc") or [None])[0] or {}
    listed = (desc.get("channels") or [None])[0] or {}
    labels = tuple((channel.get("label") or [""])[0] or "" for channel in listed.get("channel", []))
    return labels or tuple(str(index) for index in range(int(info["channel_count"][0])))


class _Complaints(logging.Handler):
    """Collects what pyxdf has to say instead of letting it out on the screen."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._logger = logging.getLogger("pyxdf.pyxdf")

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def __enter__(self) -> "_Complaints":
        self._propagates, self._logger.propagate = self._logger.propagate, False
        self._logger.addHandler(self)
        return self

    def __exit__(self, *exc: object) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate = self._propagates
