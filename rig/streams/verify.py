"""After a session: does the XDF recording hold what the journal holds? The journal is the truth; the recording must match it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from rig.streams.info import Origin
from rig.streams.xdf import Recording, Stream, read_xdf

_LARGEST_OFFSET = 0.05  # s; the streams are this machine's, whose one clock differs from itself by microseconds
_SLACK = 60.0  # s around the samples in which clock comparisons are made


class Journalled(NamedTuple):
    """What the journal holds of one start: the device's samples, what was pushed, and which trials are committed."""

    counter: np.ndarray  # (n,) int64
    host_time: np.ndarray  # (n,) s, increasing
    position: np.ndarray  # (n, axes) m
    events: int = 0  # messages pushed to the events stream (its counter at the end)
    trials: tuple[tuple[int, int], ...] = ()  # (trial, attempt)


class Finding(NamedTuple):
    """One thing that is not as it should be."""

    level: Literal["fail", "warn"]  # fail: something in the journal is missing or different in the recording
    stream: str  # or file
    text: str


class Verification(NamedTuple):
    """What came of the comparison."""

    findings: tuple[Finding, ...]
    counts: dict[str, int]  # samples or messages by stream, over all files
    files: dict[str, bool]  # file name -> closed in order

    @property
    def ok(self) -> bool:
        """Whether the recording holds all that the journal holds."""
        return not any(finding.level == "fail" for finding in self.findings)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What a reader of the recording should know although nothing is lost."""
        return tuple(finding for finding in self.findings if finding.level == "warn")

    def text(self) -> str:
        """A summary for people."""
        counts = ", ".join(f"{name} {count}" for name, count in self.counts.items())
        head = f"recording {'matches' if self.ok else 'DOES NOT MATCH'} the journal: {', '.join(self.files)} ({counts or 'no streams'})"
        return "\n".join([head, *(f"  {finding.level}: {finding.stream}: {finding.text}" for finding in self.findings)])

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        findings = [finding._asdict() for finding in self.findings]
        return {"ok": self.ok, "counts": self.counts, "files": self.files, "findings": findings}


def verify_recording(files: Sequence[Path], origin: Origin, device: str, journalled: Journalled) -> Verification:
    """Compare the recordings of one start (more than one where the recorder was started again) with its journal.

    ``device`` is the name of the device's stream. Recordings begin before the first trial and end after the
    last, so only samples that the journal has are looked for. A file without footers is read as far as it goes.
    """
    recordings, findings = _read(files)
    streams = [stream for recording in recordings.values() for stream in recording.streams if _ours(stream, origin)]
    counts = {name: sum(len(stream.stamps) for stream in streams if stream.name == name) for name in sorted({s.name for s in streams})}
    findings += _check_motion([s for s in streams if s.source_id == origin.source_id(device)], f"twinrig.{device}", journalled)
    findings += _check_events([s for s in streams if s.source_id == origin.source_id("events")], journalled.events)
    findings += _check_trials([s for s in streams if s.source_id == origin.source_id("trials")], journalled.trials)
    findings += _check_clocks(streams)
    return Verification(tuple(findings), counts, {name: recording.closed for name, recording in recordings.items()})


def _ours(stream: Stream, origin: Origin) -> bool:
    return stream.source_id.startswith(origin.source_id(""))


def _read(files: Sequence[Path]) -> tuple[dict[str, Recording], list[Finding]]:
    recordings: dict[str, Recording] = {}
    findings: list[Finding] = []
    for file in files:
        try:
            recordings[file.name] = recording = read_xdf(file)
        except (OSError, ValueError) as error:
            findings.append(Finding("fail", file.name, f"can't be read: {error}"))
            continue
        if not recording.closed:
            findings.append(Finding("warn", file.name, "no footer: the recorder was cut off; what it had written was read"))
        findings += [Finding("warn", file.name, f"the reader says: {line}") for line in recording.complaints]
    return recordings, findings


def _check_motion(streams: list[Stream], name: str, journalled: Journalled) -> Iterator[Finding]:
    if not len(journalled.counter):
        return
    if not streams:
        yield Finding("fail", name, "is not in the recording")
        return
    stamp, rows = _motion_rows(streams, journalled.position.shape[1])
    expected = np.column_stack([journalled.counter, journalled.position])
    for stream in streams:
        if np.any(np.diff(stream.stamps) < 0):
            yield Finding("fail", name, "samples are out of order")
    found, first, times = np.unique(stamp, return_index=True, return_counts=True)
    if repeated := int(np.sum(times > 1)):
        yield Finding("fail", name, f"{repeated} samples are there more than once")
    present = np.isin(journalled.host_time, found)
    if missing := int(np.sum(~present)):
        lost = journalled.counter[~present]
        yield Finding("fail", name, f"{missing} of {len(present)} samples are missing, counters {lost[0]} to {lost[-1]}")
    if not np.any(present):
        return
    rows = rows[first[np.searchsorted(found, journalled.host_time[present])]]
    if different := int(np.sum(~np.all(np.equal(rows, expected[present]), axis=1))):
        yield Finding("fail", name, f"{different} samples have another number or position than in the journal")


def _motion_rows(streams: list[Stream], axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Stamps, by which a sample is known, and counter and position, of all recordings one after the other.

    A device that was opened anew counts from 0 again, so its counter doesn't tell a sample; its time, which is sent as the stamp, does.
    """
    rows = [np.column_stack([stream.column("counter"), stream.values[:, 1 : 1 + axes]]) for stream in streams]
    return np.concatenate([stream.stamps for stream in streams]), np.concatenate(rows)


def _check_events(streams: list[Stream], pushed: int) -> Iterator[Finding]:
    """From the first that was recorded on, every event must be there (those before it came before the recorder)."""
    if not pushed:
        return
    counters = [message["counter"] for stream in streams for message in _messages(stream)]
    if not counters:
        yield Finding("fail", "twinrig.events", "no event is in the recording")
        return
    if missing := sorted(set(range(min(counters), pushed)) - set(counters)):
        yield Finding("fail", "twinrig.events", f"{len(missing)} of {pushed} events are missing, the first with counter {missing[0]}")
    if len(counters) != len(set(counters)):
        yield Finding("fail", "twinrig.events", f"{len(counters) - len(set(counters))} events are there more than once")


def _check_trials(streams: list[Stream], committed: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    messages = [message for stream in streams for message in _messages(stream) if "trial" in message]
    recorded = [(message["trial"], message["attempt"]) for message in messages]
    if missing := [trial for trial in committed if trial not in recorded]:
        yield Finding(
            "fail", "twinrig.trials", f"{len(missing)} of {len(committed)} committed trials are missing, from trial {missing[0][0]}"
        )
    if extra := [trial for trial in recorded if trial not in set(committed)]:
        yield Finding("fail", "twinrig.trials", f"{len(extra)} trials are not in the journal, the first {extra[0][0]}")


def _messages(stream: Stream) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.values]


def _check_clocks(streams: list[Stream]) -> Iterator[Finding]:
    """LabRecorder writes an offset that it never measured when a clock comparison times out: such a one is absurd in value or time."""
    stamps = np.concatenate([stream.stamps for stream in streams] or [np.zeros(0)])
    for stream in streams:
        when, offset = stream.offsets.T
        absurd = ~np.isfinite(offset) | (np.abs(offset) > _LARGEST_OFFSET)
        if len(stamps):
            absurd |= ~((when > stamps.min() - _SLACK) & (when < stamps.max() + _SLACK))
        if np.any(absurd):
            advice = "read this file with synchronize_clocks=False; the stamps themselves are not affected"
            yield Finding("warn", stream.name, f"{int(np.sum(absurd))} of {len(offset)} clock offsets are absurd: {advice}")
