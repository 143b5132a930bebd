"""Streams and recorder: open the session's own outlets, find them, record them for a moment, and read the file again."""

import time
from collections.abc import Iterator
from pathlib import Path

from protocols.errors import RecorderError, StreamError
from rig.check.findings import Finding, failed
from rig.clock import now, wait_until
from rig.streams.info import Origin
from rig.streams.outlets import SessionStreams, wait_for_streams
from rig.streams.recorder import Recorder
from rig.streams.xdf import read_xdf

SECONDS = 2.0  # of recording
RATE = 60  # frames a second


def check_streams(folder: Path, session_id: str) -> Iterator[Finding]:
    """Findings on Lab Streaming Layer and on the recorder; files go to ``folder``."""
    try:
        with SessionStreams(Origin(session_id, 1, "check", "", simulated=True)) as streams:
            began = time.monotonic()
            wait_for_streams(streams.source_ids)
            yield Finding("streams", "pass", f"{len(streams.source_ids)} LSL streams found in {time.monotonic() - began:.1f} s")
            yield _recording(folder, streams)
    except StreamError as error:
        yield failed("streams", error)


def _recording(folder: Path, streams: SessionStreams) -> Finding:
    try:
        with Recorder(folder / "check.xdf", streams.source_ids) as recorder:
            recorder.confirm(streams)
            pushed = _push_frames(streams)
            recorded = recorder.stop()
        assert recorded is not None
        stored = _frames_in(recorded.file)
    except RecorderError as error:
        return failed("recorder", error)
    found = f"{stored} of {pushed} frames recorded and read again, {recorded.file.stat().st_size / 1e3:.0f} kB"
    remedy = "check that the disk isn't busy or full; a session can go on without the recording, since the journal holds everything"
    if stored < pushed:
        return Finding("recorder", "fail", f"{found}; {recorded.note}".rstrip("; "), remedy)
    if recorded.note:  # all is there, but the file was not closed in order
        return Finding("recorder", "warn", f"{found}; {recorded.note}", remedy)
    return Finding("recorder", "pass", found)


def _push_frames(streams: SessionStreams) -> int:
    start, count = now(), round(SECONDS * RATE)
    for frame in range(count):
        wait_until(start + frame / RATE)
        streams.frames.push(now(), 0.0, 0)
    return count


def _frames_in(file: Path) -> int:
    return sum(len(stream.stamps) for stream in read_xdf(file).streams if stream.name == "twinrig.frames")
