"""The firmware in the loop: the very file that is flashed, on the simulated bench, through a real terminal and the real driver.

Nothing here is judged by when it arrives: a busy machine may be late, but loses nothing."""

import os
import signal
import time
from functools import partial

import numpy as np
import pytest

from devices.bench import build
from devices.device import Motion, Samples
from devices.manipulandum import BAUD, open_manipulandum
from devices.manipulandum_calibration import bench_calibration
from devices.manipulandum_codec import Command, frame
from devices.manipulandum_talk import Conversation
from devices.serial_link import SerialLink
from protocols.errors import BadInput, DeviceError
from rig.clock import now
from rig.session.sampling import joined
from tests.contracts import check_device
from tests.devices.benches import bench

pytestmark = pytest.mark.alone
COUNT = np.degrees(2 * np.pi / 10_000)  # of the lever's encoder, deg


def opened(at, mechanics="lever"):
    return open_manipulandum(now, str(at.port), bench_calibration(mechanics), simulated=True)


def swing(duration=1.5, amplitude=1.2) -> Motion:
    """To and fro about the pivot, the tip held for the second 0.3 s of each 0.5."""
    time_s = np.arange(round(duration * 1000)) / 1000
    angle = amplitude * np.sin(2 * np.pi * time_s)
    position = 0.1 * np.stack([-np.cos(angle), np.sin(angle)], axis=1)
    return Motion(time_s, position, (time_s % 0.5 > 0.2).astype(np.int64))


def read_until(device, enough) -> Samples:
    """What comes until ``enough`` (a function of all samples so far) is content."""
    chunks, end = [device.read()], now() + 60
    while not (len(samples := joined(chunks)) and enough(samples)):
        assert now() < end, f"not enough in 60 s: {len(samples)} samples"
        time.sleep(1 / 60)
        chunks.append(device.read())
    return samples


def lasts(duration: float):
    """Content with samples of so many seconds (s, of the board's clock)."""
    return lambda samples: samples.device_time[-1] - samples.device_time[0] > duration


def edges_of(samples: Samples) -> np.ndarray:
    """The first sample after each change of the contact."""
    return np.flatnonzero(np.diff(samples.buttons)) + 1


def angle_of(samples: Samples) -> np.ndarray:
    return np.degrees(np.arctan2(samples.position[:, 1], -samples.position[:, 0]))


def whole_swing(samples: Samples) -> bool:
    edges = edges_of(samples)
    return len(edges) == 5 and samples.device_time[-1] - samples.device_time[edges[-1]] > 0.2


def at_rest(samples: Samples) -> bool:
    """After a turn of 30 deg or more, for 0.3 s."""
    angle = angle_of(samples)
    return bool(np.ptp(angle) > 30 and np.ptp(angle[-300:]) < COUNT)


def test_keeps_the_contract(tmp_path):
    with bench(tmp_path) as at:
        samples = check_device(partial(opened, at), now, lambda device: at.play(swing(), now()), 2000)
    steps = np.diff(samples.device_time)
    assert np.all((steps < 0.00101) & (steps > 0)), "a sample every ms, and two more at each edge of the contact"
    assert {*np.diff(samples.counter)} == {1}


def test_samples_are_the_plants_truth_on_our_clock(tmp_path):
    with bench(tmp_path, drift_ppm=900) as at, opened(at) as device:
        assert device.info.nominal_rate == 1000 and device.info.simulated and device.info.calibration["counts_per_turn"] == 10_000
        at.play(swing(), now() + 0.5)
        samples = read_until(device, whole_swing)
        truth, report = at.truth(), device.command("report")
    board = truth.on_board(900)
    edges, changes = truth.edge & (board.time > samples.device_time[0]), edges_of(samples)
    assert np.abs(samples.device_time[changes] - board.time[edges]).max() < 1e-5, "by the board's clock: exact, however late they came"
    assert np.abs(angle_of(samples)[changes] - np.degrees(truth.position[edges, 0])).max() < COUNT
    assert np.ptp(truth.position[:, 0]) > 2
    held = samples.buttons > 0
    assert samples.force[held][-20:].min() > 10 > samples.force[~held][0]
    assert [report[name] for name in ("crc_errors", "encoder_errors", "reconnections")] == [0, 0, 0]
    late = report["clock_residual_p99"]  # below 0.0005 where the computer kept up with the bench
    assert np.median(np.abs(samples.host_time[changes] - truth.time[edges])) < 0.0005 + late, "the clock map, drift and all"
    assert abs(report["clock_drift_ppm"] + 900) < 200 + 1e6 * late


def test_a_handle_has_two_axes(tmp_path):
    time_s = np.arange(800) / 1000
    circle = 0.05 * np.stack([np.cos(8 * time_s) - 1, np.sin(8 * time_s)], axis=1)
    with bench(tmp_path, "handle") as at, opened(at, "handle") as device:
        at.play(Motion(time_s, circle, np.zeros(800, np.int64)), now() + 0.5)
        samples = read_until(device, lambda samples: np.ptp(samples.position, axis=0).min() > 0.09)
        truth = at.truth().on_board()
    really = np.stack([np.interp(samples.device_time, truth.time, axis) for axis in truth.position.T], axis=1)
    assert np.abs(samples.position - really).max() < 2e-5 + 0.4 * 5e-5, "a count, and what the hand moves in a step of the plant"
    assert np.ptp(samples.position, axis=0) == pytest.approx([0.1, 0.1], abs=0.02)


def test_no_count_is_lost_where_both_axes_move_as_fast_as_is_promised(tmp_path):
    """Up to 80,000 edges/s of each. At half of that edges were lost, as interrupts took too long."""
    time_s = np.arange(4000) / 1000
    circle = 0.1 * np.minimum(time_s / 0.5, 1)[:, None] * np.stack([np.sin(8 * time_s), np.sin(8 * time_s)], axis=1)
    with bench(tmp_path, "handle") as at, opened(at, "handle") as device:
        at.play(Motion(time_s, circle, np.zeros(4000, np.int64)), now() + 0.5)
        samples, truth, report = read_until(device, lasts(4.7)), at.truth().on_board(), device.command("report")
    really = np.stack([np.interp(samples.device_time, truth.time, axis) for axis in truth.position.T], axis=1)
    speed = np.abs(np.diff(truth.position, axis=0) / np.diff(truth.time)[:, None]).max(axis=0) / 1e-5
    assert speed.min() > 70_000
    assert report["encoder_errors"] == 0
    assert np.abs(samples.position - really).max() < 2e-5 + 0.8 * 5e-5, "a count, and what the hand moves in a step of the plant"


def test_an_answer_is_whole_also_where_the_line_has_just_run_dry(tmp_path):
    """A stale byte went out where an interrupt came between a place in the send buffer and its byte: a frame in some thousand."""
    ping = frame(bytes([Command.PING, 1])) + bytes(26)  # so many that an answer is often due just as the line has run dry
    with bench(tmp_path) as at:
        link = SerialLink(str(at.port), BAUD)
        talk = Conversation(link, now)
        talk.ask(Command.START, patience=5.0)
        at.play(swing(2.0), now())  # each edge of the encoder shifts the board's work a little
        for _ in range(150):
            link.write(20 * ping)
            time.sleep(20 * len(ping) * 10 / BAUD)
            talk.take()
        link.close()
    assert talk.errors == 0


def test_a_second_opening_finds_the_place_again(tmp_path):
    with bench(tmp_path) as at:
        with opened(at) as device:
            at.play(swing(0.3), now())
            before = angle_of(read_until(device, at_rest))[-1]
        with opened(at) as device:
            after = angle_of(read_until(device, lasts(0.1)))[-1]
    assert abs(before) > 30
    assert after == pytest.approx(before, abs=2 * COUNT), "nobody has zeroed it"


def test_no_port_is_said_with_the_remedy(tmp_path):
    device = open_manipulandum(now, str(tmp_path / "nothing"), bench_calibration("lever"))
    with pytest.raises(DeviceError, match=r"nothing can't be opened.*check the cable"), device:
        pass


def test_another_program_on_the_port_is_kept_out(tmp_path):
    with bench(tmp_path) as at, opened(at), pytest.raises(DeviceError, match="no other program"), opened(at):
        pass


def test_the_bench_dies_with_its_parent(tmp_path):
    with bench(tmp_path) as at:
        pid = at.process_id
        os.kill(pid, signal.SIGCONT)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(("missing", "make"), [("avr-gcc", build.firmware), ("gcc", build.bench)])
def test_a_missing_compiler_is_named_with_its_package(missing, make, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BadInput, match=rf"needs {missing}.*apt-get install .*gcc-avr avr-libc libsimavr-dev"):
        make()


def test_sources_that_do_not_compile_leave_nothing_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "user_cache_path", lambda name: tmp_path / "cache")
    monkeypatch.setattr(build, "FIRMWARE", tmp_path)
    (tmp_path / "codec.c").write_text("int main(\n")
    (tmp_path / "codec.h").write_text("")
    with pytest.raises(BadInput, match="can't be built"):
        build.codec()
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
