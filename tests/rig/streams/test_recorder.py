"""The real LabRecorder on real streams: everything arrives, and nothing that can happen to it is silent."""

import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import numpy as np
import psutil
import pytest
from pyxdf import load_xdf

from devices.device import DeviceInfo, Samples
from devices.process import pipe, spawn, stop
from protocols.errors import RecorderError, StreamError
from rig.clock import now, wait_until
from rig.streams import recorder as recorder_module
from rig.streams.info import Origin
from rig.streams.outlets import MotionPublisher, SessionStreams, wait_for_streams
from rig.streams.recorder import Recorder
from rig.streams.verify import Journalled, verify_recording
from rig.streams.xdf import read_xdf

INFO = DeviceInfo("simulated", "test hand", ("x", "y"), 1000.0, True, {"m_per_px": 0.00028})


def origin() -> Origin:
    return Origin(uuid.uuid4().hex, 1, "skittles", "abc123", True)


def samples_at(counters: np.ndarray, times: np.ndarray) -> Samples:
    position = np.column_stack([np.sin(times), np.cos(times) / 3])
    n = len(counters)
    return Samples(times - 100, times, position, np.zeros(n, dtype=np.int64), np.full(n, np.nan), counters)


def publish_at_1_khz(publisher: MotionPublisher, connection) -> None:
    """A device process: a sample each ms, pushed by the 4 ms, from 'go' until 'stop'; sends the session all it made."""
    outlet = publisher(INFO)
    connection.recv()
    made, start, n = [], now(), 0
    while not connection.poll():
        counters = np.arange(n, n + 4)
        made.append(samples_at(counters, start + counters / 1000))
        wait_until(made[-1].host_time[-1])
        outlet.push(made[-1])
        n += 4
    connection.recv()
    connection.send(Samples(*(np.concatenate(column) for column in zip(*made, strict=True))))
    connection.recv()  # keep the stream until the recorder has stopped
    outlet.close()


class Hand:
    """The device process, as a session would run it."""

    def __init__(self, source: Origin):
        self.source_id = source.source_id(INFO.kind)
        self.source = source

    def __enter__(self):
        self.connection, far = pipe()
        self.process = spawn(publish_at_1_khz, (MotionPublisher(self.source), far), "test hand")
        return self

    def __exit__(self, *exc):
        self.connection.send("close")
        stop(self.process)

    def go(self):
        self.connection.send("go")

    def halt(self) -> Journalled:
        self.connection.send("stop")
        made = self.connection.recv()
        return Journalled(made.counter, made.host_time, made.position)


def recorder_of(folder: Path, streams: SessionStreams, hand: Hand) -> Recorder:
    return Recorder(folder / "start-1.xdf", (*streams.source_ids, hand.source_id))


def test_five_seconds_at_1_khz_arrive_whole(tmp_path):
    source = origin()
    with Hand(source) as hand, SessionStreams(source) as streams:
        with recorder_of(tmp_path, streams, hand) as recorder:
            recorder.confirm(streams)
            hand.go()
            for trial in range(1, 6):
                time.sleep(1.0)
                assert recorder.alive()
                streams.events.push({"event": "go_cue", "trial": trial})
                streams.trials.push({"trial": trial, "attempt": 1, "reward": float("nan")})
                streams.frames.push(now(), 0.002, trial)
            journalled = hand.halt()
        assert recorder.recorded[0].closed, recorder.recorded[0].note
    journalled = journalled._replace(events=streams.events.counter, trials=tuple((n, 1) for n in range(1, 6)))
    assert len(journalled.counter) > 1000, "1 kHz, or as fast as a busy machine can"
    verification = verify_recording(recorder.files, source, INFO.kind, journalled)
    assert verification.ok and not verification.warnings, verification.text()
    assert verification.counts["twinrig.simulated"] == len(journalled.counter)
    streams_told, head = load_xdf(str(recorder.files[0]))
    told = str([head, *((one["info"], one["footer"]) for one in streams_told)])  # samples may spell P01 by chance
    assert "twinrig.trials" in told and "P01" not in told
    assert b"participant" not in recorder.files[0].read_bytes()


def test_killed_recorder_is_noticed_and_a_second_file_goes_on(tmp_path):
    source = origin()
    with (
        Hand(source) as hand,
        SessionStreams(source) as streams,
        Recorder(tmp_path / "start-1.xdf", (*streams.source_ids, hand.source_id)) as recorder,
    ):
        recorder.confirm(streams)
        hand.go()
        time.sleep(2)
        child_recorders()[0].kill()
        while recorder.alive():
            time.sleep(0.05)
        second = recorder.restart()
        recorder.confirm(streams)
        time.sleep(1)
        journalled = hand.halt()
    assert second.name == "start-1b.xdf"
    assert [record.closed for record in recorder.recorded] == [False, True]
    assert "ended by itself" in recorder.recorded[0].note
    left = read_xdf(recorder.files[0])
    hand_stream = next(stream for stream in left.streams if stream.source_id == hand.source_id)
    assert not left.closed and len(hand_stream.stamps) > 100
    verification = verify_recording(recorder.files, source, INFO.kind, journalled)
    assert not verification.ok
    assert "start-1.xdf" in verification.text() and "no footer" in verification.text()
    assert "are missing" in verification.text()  # what was sent between the two recorders


def test_a_recorder_that_missed_a_stream_is_tried_again_with_the_same_file(tmp_path, monkeypatch):
    misses = tmp_path / "misses"
    misses.write_text("#!/bin/sh\necho 'matched no stream!'\n")
    misses.chmod(0o755)
    with SessionStreams(origin()) as streams, monkeypatch.context() as at_first:
        at_first.setattr(recorder_module, "_program", lambda: misses)
        with Recorder(tmp_path / "start-1.xdf", streams.source_ids) as recorder:
            with pytest.raises(RecorderError, match="matched no stream"):
                recorder.confirm(streams)
            at_first.undo()
            assert recorder.restart().name == "start-1.xdf"
            recorder.confirm(streams)
        assert [record.closed for record in recorder.recorded] == [True] and len(recorder.files) == 1
    said = (tmp_path / "start-1.recorder.log").read_text()
    assert "matched no stream!" in said and "Closing the file" in said


def test_existing_file_is_never_overwritten(tmp_path):
    file = tmp_path / "start-1.xdf"
    file.write_bytes(b"precious")
    with SessionStreams(origin()) as streams, pytest.raises(RecorderError, match="not overwritten"):
        Recorder(file, streams.source_ids).start()
    assert file.read_bytes() == b"precious"


def test_missing_stream_is_named(tmp_path, monkeypatch):
    source = origin()
    monkeypatch.setattr(recorder_module, "wait_for_streams", lambda ids: wait_for_streams(ids, timeout=0.5))
    with SessionStreams(source) as streams, pytest.raises(StreamError, match=source.source_id("tablet")):
        Recorder(tmp_path / "start-1.xdf", (*streams.source_ids, source.source_id("tablet"))).start()


def test_confirm_says_that_the_recorder_ended(tmp_path):
    source = origin()
    with SessionStreams(source) as streams:
        recorder = Recorder(tmp_path / "start-1.xdf", streams.source_ids)
        recorder.start()
        started_recorder().kill()
        with pytest.raises(RecorderError, match=r"ended at once \(exit code 137\)"):
            recorder.confirm(streams)
        assert not recorder.stop().closed


def test_confirm_says_that_nothing_reaches_the_file(tmp_path):
    with SessionStreams(origin()) as streams, Recorder(tmp_path / "start-1.xdf", streams.source_ids) as recorder:
        started_recorder().suspend()
        began = time.monotonic()
        with pytest.raises(RecorderError, match="does not record"):
            recorder.confirm(streams, timeout=1.5)
        assert time.monotonic() - began < 60
        child_recorders()[0].resume()


def test_confirm_says_that_the_folder_is_gone(tmp_path):
    with SessionStreams(origin()) as streams:
        recorder = Recorder(tmp_path / "absent" / "start-1.xdf", streams.source_ids)
        with pytest.raises(RecorderError, match="can't be started"):
            recorder.start()


SESSION_THAT_DIES = """
import sys, time
from pathlib import Path
from rig.streams.recorder import Recorder
from rig.streams.info import Origin
from rig.streams.outlets import SessionStreams, configure_streams
configure_streams(Path(sys.argv[1]).parent, "dying", "machine")
with SessionStreams(Origin("dying", 1, "p", "h", True)) as streams, Recorder(Path(sys.argv[1]), streams.source_ids) as recorder:
    recorder.confirm(streams)
    streams.events.push({"event": "last"})
    time.sleep(0.6)
    print("recording", flush=True)
    time.sleep(60)
"""


def test_killed_session_leaves_no_recorder_and_a_file_that_can_be_read(tmp_path):
    file = tmp_path / "start-1.xdf"
    root = Path(__file__).resolve().parents[3]
    environment = {key: value for key, value in os.environ.items() if key != "LSLAPICFG"}  # with the session's own settings of LSL
    command = [sys.executable, "-c", SESSION_THAT_DIES, str(file)]
    session = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env=environment)
    assert session.stdout and session.stdout.readline() == b"recording\n"
    left = psutil.Process(session.pid).children(recursive=True)
    assert len(left) == 2  # LabRecorder and its guard
    session.kill()
    session.wait()
    session.stdout.close()
    deadline = time.monotonic() + 60
    while any(map(runs, left)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [process for process in left if runs(process)], "LabRecorder was left behind"
    events = next(stream for stream in read_xdf(file).streams if stream.name == "twinrig.events")
    assert '"event":"recorder_probe"' in events.values[0]


def test_a_recorder_that_is_late_gets_the_last_events(tmp_path):
    with SessionStreams(origin()) as streams:
        with Recorder(tmp_path / "start-1.xdf", streams.source_ids) as recorder:
            recorder.confirm(streams)
            process = started_recorder()
            process.suspend()
            for number in range(20):
                streams.events.push({"event": "go_cue", "trial": number})
            threading.Timer(1.5, process.resume).start()
            recorder.catch_up(streams)
        pushed = streams.events.counter
    events = next(stream for stream in read_xdf(recorder.files[0]).streams if stream.name == "twinrig.events")
    assert len(events.values) == pushed > 20


def test_killed_while_connecting_it_is_ended_by_its_guard(tmp_path):
    """LabRecorder then waits for ever for a stream that is gone; stopped by a signal, it is as deaf as that."""
    with SessionStreams(origin()) as streams:
        recorder = Recorder(tmp_path / "start-1.xdf", streams.source_ids)
        recorder.start()
        process = started_recorder()
        process.suspend()
        began = time.monotonic()
        recorded = recorder.stop()
    assert 11 < time.monotonic() - began < 60
    assert not recorded.closed and not process.is_running()


def test_ctrl_c_is_not_for_the_recorder(tmp_path):
    if sys.platform == "win32":
        pytest.skip("process groups are POSIX")
    with SessionStreams(origin()) as streams, Recorder(tmp_path / "start-1.xdf", streams.source_ids):
        assert os.getpgid(started_recorder().pid) != os.getpgrp()


def runs(process: psutil.Process) -> bool:
    """A zombie has ended; in a container nobody may collect it."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def started_recorder() -> psutil.Process:
    """The one there is, as soon as there is; a busy machine takes its time."""
    while not (found := child_recorders()):
        time.sleep(0.05)
    (process,) = found
    return process


def child_recorders() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "LabRecorder" in program_of(child)]


def program_of(process: psutil.Process) -> str:
    """Nothing while it is just being started, or has ended."""
    try:
        return "".join(process.cmdline()[:1])
    except psutil.NoSuchProcess:
        return ""
