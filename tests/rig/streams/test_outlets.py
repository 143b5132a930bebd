"""Real outlets and inlets: what goes out arrives as it was, says what it is, and names nobody."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pylsl
import pytest

from devices.device import DeviceInfo, Samples
from protocols.errors import BadInput, StreamError
from rig.clock import now
from rig.streams.info import Origin
from rig.streams.outlets import (
    MotionPublisher,
    SessionStreams,
    check_loopback,
    configure_streams,
    to_json,
    wait_for_streams,
)

ROOT = Path(__file__).resolve().parents[3]
TABLET = DeviceInfo(
    "tablet", "PTH-660 & <co>", ("x", "y"), 200.0, False, {"m_per_unit": 1e-5}, ("no pointer acceleration", "SCHED_FIFO 10")
)


@pytest.fixture
def origin() -> Origin:
    return Origin(uuid.uuid4().hex, 2, "reach-rotation", "cafe42", False)


def wait_for_inlet(outlet) -> None:
    deadline = time.monotonic() + 60
    while not outlet.have_consumers():
        assert time.monotonic() < deadline, "nobody is connected"
        time.sleep(0.02)


def open_inlet(source_id: str) -> pylsl.StreamInlet:
    (found,) = pylsl.resolve_bypred(f"source_id='{source_id}'", 1, 60.0)
    inlet = pylsl.StreamInlet(found)
    inlet.open_stream(60.0)
    return inlet


def test_motion_arrives_exactly_with_its_own_stamps(origin):
    publisher = pickle.loads(pickle.dumps(MotionPublisher(origin)))  # as it is handed to the device's process
    outlet = publisher(TABLET)
    inlet = open_inlet(origin.source_id("tablet"))
    wait_for_inlet(outlet)
    n = 500
    rng = np.random.default_rng(1)
    stamps = now() + np.sort(rng.uniform(0, 1, n))
    position, force = rng.normal(size=(n, 2)), rng.uniform(size=n)
    samples = Samples(np.full(n, np.nan), stamps, position, rng.integers(0, 4, n), force, np.arange(2**40, 2**40 + n))
    outlet.push(Samples(*(column[:0] for column in samples)))  # nothing: sends nothing
    outlet.push(samples)
    values, times = pull(inlet, n)
    assert np.array_equal(times, stamps)
    assert np.array_equal(values[:, 1:3], position)
    assert np.all(np.isnan(values[:, 0]))
    assert np.array_equal(values[:, 3], samples.buttons)
    assert np.array_equal(values[:, 4], force)
    assert np.array_equal(values[:, 5].astype(np.int64), samples.counter)
    outlet.close()


def pull(inlet: pylsl.StreamInlet, n: int) -> tuple[np.ndarray, np.ndarray]:
    values, times, end = [], [], time.monotonic() + 60
    while len(times) < n and time.monotonic() < end:
        some, when = inlet.pull_chunk(timeout=0.2, max_samples=n)
        values.extend(np.asarray(some).tolist())
        times.extend(np.asarray(when).tolist())
    return np.array(values), np.array(times)


def test_motion_says_what_it_is(origin):
    outlet = MotionPublisher(origin, "left")(TABLET)
    info = open_inlet(origin.source_id("left")).info(5.0)
    assert (info.name(), info.type(), info.nominal_srate(), info.source_id()) == (
        "twinrig.left",
        "Motion",
        0.0,
        f"{origin.session_id}.2.left",
    )
    desc = info.desc()
    channel, found = desc.child("channels").first_child(), []
    while not channel.empty():
        found.append((channel.child_value("label"), channel.child_value("unit")))
        channel = channel.next_sibling()
    assert found == [("device_time", "s"), ("x", "m"), ("y", "m"), ("buttons", "bit mask"), ("force", "N or 0..1"), ("counter", "")]
    device = desc.child("device")
    assert device.child_value("model") == "PTH-660 & <co>"
    assert device.child_value("nominal_rate") == "200.0"
    assert float(device.child("calibration").child_value("m_per_unit")) == 1e-5
    assert desc.child("protocol").child_value("hash") == "cafe42"
    assert desc.child("session").child_value("id") == origin.session_id
    assert desc.child("session").child_value("simulated") == "false"
    assert desc.child("acquisition").child_value("software") == "twinrig"
    assert "local_clock" in desc.child_value("clock")
    outlet.close()


def test_messages_carry_session_and_counter(origin):
    with SessionStreams(origin) as streams:
        inlet = open_inlet(streams.trials.source_id)
        wait_for_inlet(streams.trials)
        streams.trials.push({"trial": 1, "reward": np.float64("nan"), "action": np.array([1.5, 2.0])}, at=12.5)
        streams.trials.push({"trial": 2, "note": "früh ✓", "counter": "can't be forged"})
        first, second = inlet.pull_sample(5.0), inlet.pull_sample(5.0)
    marks = {"session": origin.session_id, "start": 2}
    assert json.loads(first[0][0]) == {"trial": 1, "reward": None, "action": [1.5, 2.0], **marks, "counter": 0}
    assert first[1] == 12.5
    assert json.loads(second[0][0]) == {"trial": 2, "note": "früh ✓", **marks, "counter": 1}
    assert abs(second[1] - now()) < 5


def test_frames_arrive_with_flip_times(origin):
    with SessionStreams(origin) as streams:
        inlet = open_inlet(streams.frames.source_id)
        wait_for_inlet(streams.frames)
        streams.frames.push(100.25, 0.003, 7)
        assert inlet.pull_sample(5.0) == ([100.25, 0.003, 7.0, 0.0], 100.25)


def test_streams_of_a_session_are_found_and_vanish(origin):
    with SessionStreams(origin) as streams, SessionStreams(Origin("other", 1, "p", "h", True)):
        wait_for_streams(streams.source_ids, 5.0)
        assert streams.source_ids == tuple(origin.source_id(name) for name in ("events", "trials", "frames"))
    with pytest.raises(StreamError, match=origin.source_id("events")):
        wait_for_streams(streams.source_ids, 1.0)


FIND_ONE_ANOTHER = """
import socket, sys
from pathlib import Path
from rig.streams.info import Origin
from rig.streams.outlets import SessionStreams, configure_streams, wait_for_streams
configure_streams(Path(sys.argv[1]), "crowded", sys.argv[2])
taken = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(32)]
for port, other in enumerate(taken, 16572):
    try:
        other.bind(("", port))
    except OSError:
        pass  # another program has it
with SessionStreams(Origin("crowded", 1, "p", "h", True)) as streams:
    wait_for_streams(streams.source_ids, 20.0)
"""


@pytest.mark.parametrize("scope", ["machine", "network"])
def test_streams_are_found_where_other_programs_have_taken_the_usual_ports(tmp_path, scope):
    environment = {key: value for key, value in os.environ.items() if key != "LSLAPICFG"}
    command = [sys.executable, "-c", FIND_ONE_ANOTHER, str(tmp_path), scope]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr


def test_nobody_listening_is_said(origin):
    with SessionStreams(origin) as streams:
        assert not any(outlet.have_consumers() for outlet in streams.outlets)


@pytest.mark.parametrize("session_id", ["", "a b", "x'or true()", "s.1"])
def test_session_ids_that_would_break_a_search_are_refused(session_id):
    with pytest.raises(BadInput, match="session id"):
        Origin(session_id, 1, "p", "h", False)


def test_json_is_strict():
    assert (
        to_json({"a": float("inf"), "b": (np.int64(1), True, None), "c": {1: np.zeros((1, 2))}})
        == '{"a":null,"b":[1,true,null],"c":{"1":[[0.0,0.0]]}}'
    )


def test_loopback_works_here():
    assert check_loopback() < 3


def test_settings_of_the_user_are_respected(tmp_path, monkeypatch):
    monkeypatch.setenv("LSLAPICFG", "/some/where.cfg")
    assert configure_streams(tmp_path, "abc", "machine") == Path("/some/where.cfg")
    assert not list(tmp_path.iterdir())


SAY_SESSION = """
import sys
from pathlib import Path
import rig.clock  # loads liblsl before it is configured, as the session does
rig.clock.now()
from rig.streams.outlets import configure_streams
configure_streams(Path(sys.argv[1]), "run-7", sys.argv[2])
import pylsl
outlet = pylsl.StreamOutlet(pylsl.StreamInfo("a", "b", 1, 0.0, "string", "c"))
print(outlet.get_info().session_id())
"""


@pytest.mark.parametrize(("scope", "expected"), [("machine", "run-7"), ("network", "default")])
def test_configuration_takes_effect_before_the_first_stream(tmp_path, scope, expected):
    environment = {key: value for key, value in os.environ.items() if key != "LSLAPICFG"}
    command = [sys.executable, "-c", SAY_SESSION, str(tmp_path), scope]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=True)
    assert done.stdout.strip() == expected
    assert "IPv6" not in done.stderr


NO_NETWORK = """
from pathlib import Path
from protocols.errors import StreamError
from rig.streams.outlets import check_loopback
try:
    check_loopback(2.0)
except StreamError as error:
    print(error)
"""


def test_no_network_is_an_error_not_a_hang():
    """In a network namespace of its own, where not even the loopback interface is up."""
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-rn", "true"], capture_output=True).returncode:
        pytest.skip("this system doesn't let us make a network namespace (unshare -rn), so being without network is not tested here")
    began = time.monotonic()
    command = [unshare, "-rn", sys.executable, "-c", NO_NETWORK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    assert "LSL does not work here" in done.stdout
    assert "loopback" in done.stdout and "twinrig check" in done.stdout
    assert time.monotonic() - began < 60
