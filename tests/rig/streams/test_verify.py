"""What verification must find: recordings made byte by byte (XDF 1.0), each with one thing wrong."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from rig.streams.info import Origin
from rig.streams.verify import Journalled, verify_recording
from rig.streams.xdf import read_xdf, scan_xdf

ORIGIN = Origin("s1", 1, "skittles", "abc", True)
COUNTERS = np.arange(100, 300)
TIMES = 50 + COUNTERS / 1000
POSITION = np.column_stack([np.sin(COUNTERS), np.cos(COUNTERS)])
JOURNALLED = Journalled(COUNTERS, TIMES, POSITION, events=4, trials=((1, 1), (2, 1)))


def chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content


def header(number: int, name: str, form: str, labels: list[str]) -> bytes:
    channels = "".join(f"<channel><label>{label}</label></channel>" for label in labels)
    return chunk(
        2,
        struct.pack("<I", number)
        + f"<info><name>twinrig.{name}</name><type>T</type><channel_count>{len(labels)}</channel_count><nominal_srate>0</nominal_srate>"
        f"<channel_format>{form}</channel_format><source_id>{ORIGIN.source_id(name)}</source_id>"
        f"<desc><channels>{channels}</channels></desc></info>".encode(),
    )


def samples(number: int, stamps, values: list[bytes]) -> bytes:
    rows = b"".join(b"\x08" + struct.pack("<d", stamp) + value for stamp, value in zip(stamps, values, strict=True))
    return chunk(3, struct.pack("<I", number) + b"\x04" + struct.pack("<I", len(values)) + rows)


def motion(counters=COUNTERS, times=TIMES, position=POSITION, channels: int = 7) -> bytes:
    rows = [
        struct.pack("<7d", t - 9, x, y, 0, np.nan, c, 0)[: 8 * channels] for c, t, (x, y) in zip(counters, times, position, strict=True)
    ]
    return samples(1, times, rows)


def messages(number: int, listed: list[dict]) -> bytes:
    texts = [json.dumps(message).encode() for message in listed]
    return samples(number, [50.0 + n / 10 for n in range(len(texts))], [b"\x04" + struct.pack("<I", len(text)) + text for text in texts])


def offset(number: int, when: float, value: float) -> bytes:
    return chunk(4, struct.pack("<Idd", number, when, value))


def footer(number: int) -> bytes:
    return chunk(6, struct.pack("<I", number) + b"<info><sample_count>1</sample_count></info>")


HEADERS = [
    header(1, "mouse", "double64", ["device_time", "x", "y", "buttons", "force", "counter"]),
    header(2, "events", "string", ["json"]),
    header(3, "trials", "string", ["json"]),
    header(4, "frames", "double64", ["flip_time"]),  # stays empty
]
EVENTS = [{"event": "e", "counter": n} for n in range(4)]
TRIALS = [{"event": "stream_opened"}, {"trial": 1, "attempt": 1}, {"trial": 2, "attempt": 1}]
FOOTERS = [footer(n) for n in (1, 2, 3, 4)]
OFFSET = offset(1, 50.2, 3e-5)


def write(file: Path, *parts: bytes) -> Path:
    file.write_bytes(b"XDF:" + chunk(1, b"<info><version>1.0</version></info>") + b"".join(parts))
    return file


def record(file: Path, moved: bytes | None = None, events=EVENTS, trials=TRIALS, clock: bytes = OFFSET, end: list[bytes] = FOOTERS) -> Path:
    moved = motion(channels=6) if moved is None else moved
    return write(file, *HEADERS, moved, messages(2, events), messages(3, trials), clock, *end)


def verified(file: Path, journalled: Journalled = JOURNALLED):
    return verify_recording([file], ORIGIN, "mouse", journalled)


def part(chosen: np.ndarray) -> bytes:
    return motion(COUNTERS[chosen], TIMES[chosen], POSITION[chosen], 6)


def test_whole_recording_passes(tmp_path):
    verification = verified(record(tmp_path / "a.xdf"))
    assert verification.ok and not verification.findings, verification.text()
    assert verification.counts == {"twinrig.events": 4, "twinrig.frames": 0, "twinrig.mouse": 200, "twinrig.trials": 3}
    assert verification.files == {"a.xdf": True}
    assert json.loads(json.dumps(verification.to_dict()))["ok"]


def test_samples_beyond_the_journal_are_no_fault(tmp_path):
    journalled = Journalled(COUNTERS[50:150], TIMES[50:150], POSITION[50:150])
    assert verified(record(tmp_path / "a.xdf", trials=[]), journalled).ok


def test_a_device_that_was_opened_anew_counts_from_0_again(tmp_path):
    counters = np.r_[COUNTERS[:120], np.arange(80)]
    journalled = JOURNALLED._replace(counter=counters)
    assert verified(record(tmp_path / "a.xdf", moved=motion(counters, channels=6)), journalled).ok
    lossy = record(
        tmp_path / "b.xdf", moved=motion(np.r_[counters[:120], counters[121:]], np.delete(TIMES, 120), np.delete(POSITION, 120, 0), 6)
    )
    assert "1 of 200 samples are missing, counters 0 to 0" in verified(lossy, journalled).text()


def test_first_messages_before_the_recorder_are_no_fault(tmp_path):
    assert verified(record(tmp_path / "a.xdf", events=EVENTS[1:])).ok


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"moved": b""}, "200 of 200 samples are missing"),
        ({"moved": part(np.delete(np.arange(200), [70, 71]))}, "2 of 200 samples are missing, counters 170 to 171"),
        ({"moved": part(np.r_[0:200, 199])}, "1 samples are there more than once"),
        ({"moved": part(np.r_[0:50, 51, 50, 52:200])}, "out of order"),
        ({"moved": motion(position=POSITION + np.eye(200, 2) * 1e-9, channels=6)}, "2 samples have another number or position"),
        ({"moved": motion(times=TIMES + 1e-6, channels=6)}, "200 of 200 samples are missing"),
        ({"moved": motion(counters=COUNTERS + 1, channels=6)}, "200 samples have another number"),
        ({"events": EVENTS[:3]}, "1 of 4 events are missing, the first with counter 3"),
        ({"events": []}, "no event is in the recording"),
        ({"events": [*EVENTS, EVENTS[0]]}, "1 events are there more than once"),
        ({"trials": TRIALS[:2]}, "1 of 2 committed trials are missing, from trial 2"),
        ({"trials": [*TRIALS, {"trial": 3, "attempt": 1}]}, "1 trials are not in the journal"),
    ],
)
def test_what_is_lost_or_altered_fails(tmp_path, wrong, said):
    verification = verified(record(tmp_path / "a.xdf", **wrong))
    assert not verification.ok
    assert said in verification.text()


@pytest.mark.parametrize(
    "clock", [offset(1, 50.2, 6.9e-310 + 812.0), offset(1, -500.0, 0.0), offset(1, 50.2, np.nan), offset(2, 1e300, 0.0)]
)
def test_clock_offset_that_was_never_measured_is_a_warning(tmp_path, clock):
    verification = verified(record(tmp_path / "a.xdf", clock=OFFSET + clock))
    assert verification.ok
    assert len(verification.warnings) == 1
    assert "clock offsets are absurd" in verification.text() and "synchronize_clocks=False" in verification.text()


def test_missing_footer_is_said(tmp_path):
    verification = verified(record(tmp_path / "a.xdf", end=FOOTERS[:3]))
    assert verification.ok and verification.files == {"a.xdf": False}
    assert "no footer" in verification.text()


def test_second_file_fills_in(tmp_path):
    first = write(tmp_path / "start-1.xdf", *HEADERS, part(np.arange(0, 120)), messages(2, EVENTS[:2]), messages(3, TRIALS[:2]))
    second = write(
        tmp_path / "start-1b.xdf", *HEADERS, part(np.arange(120, 200)), messages(2, EVENTS[2:]), messages(3, TRIALS[2:]), *FOOTERS
    )
    verification = verify_recording([first, second], ORIGIN, "mouse", JOURNALLED)
    assert verification.ok, verification.text()
    assert verification.files == {"start-1.xdf": False, "start-1b.xdf": True}


def test_other_sessions_streams_do_not_count(tmp_path):
    other = Origin("s1", 11, "skittles", "abc", True)
    verification = verify_recording([record(tmp_path / "a.xdf")], other, "mouse", JOURNALLED)
    assert not verification.counts
    assert "twinrig.mouse: is not in the recording" in verification.text()


def test_file_cut_anywhere_is_read_as_far_as_it_goes(tmp_path):
    whole = record(tmp_path / "whole.xdf").read_bytes()
    file = tmp_path / "cut.xdf"
    seen = 0
    for size in sorted({*range(4, len(whole), 211), *range(len(whole) - 400, len(whole))}):
        file.write_bytes(whole[:size])
        recording = read_xdf(file)
        count = sum(len(stream.stamps) for stream in recording.streams)
        assert count >= seen and not recording.closed
        seen = count
    assert seen == 207
    assert scan_xdf(tmp_path / "whole.xdf").closed


def test_other_files_are_refused(tmp_path):
    file = tmp_path / "a.xdf"
    file.write_bytes(b"PK\x03\x04 something else")
    verification = verified(file)
    assert not verification.ok
    assert "expected an XDF file" in verification.text()
    assert "can't be read" in verified(tmp_path / "absent.xdf").text()
