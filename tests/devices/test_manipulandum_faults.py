"""What goes wrong on a bench: who notices, what is said, and that the motors are off in time, on the plant."""

import os
import re
import signal
import time
from contextlib import contextmanager

import numpy as np
import psutil
import pytest

from devices.device import Motion
from devices.manipulandum import BAUD, open_manipulandum
from devices.manipulandum_calibration import bench_calibration
from devices.manipulandum_codec import Command
from devices.manipulandum_samples import Unroller
from devices.manipulandum_talk import Conversation
from devices.serial_link import SerialLink
from protocols.errors import DeviceError
from rig.clock import now
from tests.devices.benches import bench

pytestmark = pytest.mark.alone
IN_TIME = 0.25  # s, of the plant
PATIENCE = 60.0  # s, for a busy machine


@contextmanager
def handle(tmp_path):
    """A bench with a handle, and its driver."""
    with bench(tmp_path, "handle") as at, open_manipulandum(now, str(at.port), bench_calibration("handle"), simulated=True) as device:
        yield at, device


def push(at, device, newtons=2.0):
    """Have the motors push, until the plant feels it in full."""
    device.command("force", newtons, -newtons, 4.0)
    wait_for(lambda: abs(at.truth().force[-1] - [newtons, -newtons]).max() < 0.1)


def wait_for(condition):
    end = now() + PATIENCE
    while not condition():
        assert now() < end
        time.sleep(0.01)


def let_pass(at, seconds: float, since: float | None = None) -> None:
    """Wait for so much of the bench's own time (s) to pass."""
    begin = at.time() if since is None else since
    wait_for(lambda: at.time() > begin + seconds)


def read_until_fault(device) -> str:
    end = now() + PATIENCE
    with pytest.raises(DeviceError) as caught:
        while now() < end:
            device.read()
            time.sleep(0.01)
    return str(caught.value)


def time_to_rest(at, since: float) -> float:
    """How long after a time (of the plant) the motors last gave any torque."""
    let_pass(at, 2 * IN_TIME, since)
    truth = at.truth()
    assert not truth.force[truth.time > truth.time[-1] - 0.05].any(), "off, and off for good"
    return truth.time[np.any(truth.force != 0, axis=1)][-1] - since


def test_a_force_is_felt_softly_and_within_its_limit(tmp_path):
    with handle(tmp_path) as (at, device):
        began = at.time()
        push(at, device)
        truth = at.truth()
        rise = truth.force[truth.time > began, 0]
        assert np.diff(rise).max() < 0.03 * 2.5, "two steps a ms"
        device.command("force", 9.0, 0.0, 3.0)
        wait_for(lambda: at.truth().force[-1, 0] > 2.9)
        let_pass(at, 0.3)
        assert at.truth().force[:, 0].max() <= 3.0
        device.command("force", 100.0, 0.0, 1000.0)
        let_pass(at, 0.5)
        assert 7 < at.truth().force[:, 0].max() <= bench_calibration("handle").newtons_limit
        device.command("relax")
        wait_for(lambda: not at.truth().force[-1].any())
        assert len(device.read()), "and samples go on"


@pytest.mark.parametrize(
    ("orders", "said", "limit"),
    [
        (("emergency 1",), r"emergency stop was pressed.*release it", 0.003),
        (("hang",), r"watchdog.*home mark", 0.1),
        (("deafen 1",), r"heard nothing from this computer", IN_TIME),
        (("unplug", "plug"), r"heard nothing from this computer", IN_TIME),
        (("unplug",), r"gone away.*check the cable.*home mark", IN_TIME),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_motors_are_off_in_time_and_the_fault_is_named(tmp_path, orders, said, limit):
    with handle(tmp_path) as (at, device):
        push(at, device)
        began = at.obey(orders[0])
        if orders[1:]:
            let_pass(at, IN_TIME, began)
            at.order(orders[1])
        fault = read_until_fault(device)
        assert device.status().fault == fault
        assert -0.001 <= time_to_rest(at, began) < limit, "it pushed up to the last row before the fault, or longer"
    assert re.search(said, fault), fault


def test_a_killed_driver_leaves_no_torque(tmp_path):
    with handle(tmp_path) as (at, device):
        push(at, device)
        os.kill(device.process_id, signal.SIGKILL)
        assert time_to_rest(at, at.time()) < IN_TIME
        assert "ended unexpectedly" in read_until_fault(device)


def test_after_an_emergency_stop_it_opens_again_once_released(tmp_path):
    with bench(tmp_path, "handle") as at:
        at.order("emergency 1")
        device = open_manipulandum(now, str(at.port), bench_calibration("handle"), simulated=True)
        with pytest.raises(DeviceError, match=r"emergency stop is pressed.*release it"), device:
            pass
        at.order("emergency 0")
        with device:
            wait_for(lambda: len(device.read()) > 0)


def test_a_cable_that_comes_back_soon_costs_samples_but_no_session(tmp_path):
    with handle(tmp_path) as (at, device):
        wait_for(lambda: len(device.read()) > 0)
        path = at.port.readlink()
        out = at.obey("unplug")
        wait_for(lambda: not path.exists())
        holders = []
        while not path.exists():  # somebody takes the number that was freed
            holders.append(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
        let_pass(at, 0.4, out)
        at.order("plug")
        wait_for(lambda: device.command("report")["reconnections"] == 1)
        assert at.port.readlink() != path, "another device file, found through the link"
        for holder in holders:
            os.close(holder)
        wait_for(lambda: len(device.read()) > 0 and device.status().lost > 0)
        device.read()
        status = device.status()
        assert status.alive and status.lost > 390
        assert device.command("report")["crc_errors"] == 0, "a frame that was cut in two by the opening isn't the line's fault"


def test_noise_is_counted_and_never_taken_for_a_movement(tmp_path):
    random = np.random.default_rng(3)
    time_s = np.arange(4000) / 1000
    circle = 0.05 * np.stack([np.cos(6 * time_s) - 1, np.sin(6 * time_s)], axis=1)
    with handle(tmp_path) as (at, device):
        at.play(Motion(time_s, circle, np.zeros(4000, np.int64)), now() + 0.3)
        wait_for(lambda: np.linalg.norm(at.truth().velocity[-1]) > 0.2)
        device.read()
        chunks = []
        for _ in range(60):
            done = at.obey(str(random.choice(["drop", "flip", "garbage"])) + f" {random.integers(1, 60)}")
            let_pass(at, 0.015, done)
            chunks.append(device.read())
        report, status = device.command("report"), device.status()
        position = np.concatenate([chunk.position for chunk in chunks])
        counter = np.concatenate([chunk.counter for chunk in chunks])
    assert report["crc_errors"] > 30
    assert status.alive and 30 < status.lost < 600
    speed = np.linalg.norm(np.diff(position, axis=0), axis=1) / np.diff(counter)
    assert speed.max() < 0.0006, "m a ms: the hand's 0.3 m/s and a bit"
    assert np.ptp(position, axis=0).max() > 0.05, "it moved meanwhile"


def test_a_stopped_board_is_missed_after_a_second_and_pushes_no_more_and_a_short_stop_costs_nothing(tmp_path):
    with handle(tmp_path) as (at, device):
        wait_for(lambda: len(device.read()) > 0)
        os.kill(at.process_id, signal.SIGSTOP)
        time.sleep(0.2)
        os.kill(at.process_id, signal.SIGCONT)
        let_pass(at, 0.3)
        wait_for(lambda: len(device.read()) > 0)
        assert device.status().lost == 0
        push(at, device)
        began = at.time()
        os.kill(at.process_id, signal.SIGSTOP)
        try:
            fault = read_until_fault(device)
        finally:
            os.kill(at.process_id, signal.SIGCONT)
        assert time_to_rest(at, began) < IN_TIME, "no heartbeats waited for it in the line"
    assert "gave no sample for 1.0 s" in fault and "home mark" in fault


def test_a_driver_that_stands_still_for_a_while_loses_nothing(tmp_path):
    with handle(tmp_path) as (at, device):
        wait_for(lambda: len(device.read()) > 0)
        driver = psutil.Process(device.process_id)
        driver.suspend()
        time.sleep(0.4)
        driver.resume()
        chunks, end = [device.read()], at.time()
        while not len(chunks[-1]) or chunks[-1].host_time[-1] < end:
            wait_for(lambda: len(chunk := device.read()) > 0 and chunks.append(chunk) is None)
        assert device.status().alive and device.status().lost == 0
    time_there, time_here = (np.concatenate([getattr(chunk, name) for chunk in chunks]) for name in ("device_time", "host_time"))
    assert np.diff(time_there).max() < 0.0011
    assert np.ptp(time_here - time_there) < 0.2, "times are the board's, however late they came"


def test_a_host_that_does_not_read_loses_samples_and_knows_how_many(tmp_path):
    with bench(tmp_path, "handle") as at:
        link = SerialLink(str(at.port), BAUD)
        talk = Conversation(link, now)
        talk.ask(Command.START, patience=5.0)
        let_pass(at, 4.5)  # 126 kB, more than port and terminal hold
        unroller, numbers = Unroller(), []
        wait_for(
            lambda: (
                numbers.extend(number for _, records in talk.take() for number in unroller.add(records).number.tolist())
                or np.max(np.diff(numbers), initial=0) > 1
            )
        )
        link.close()
    lost = numbers[-1] - numbers[0] + 1 - len(numbers)
    assert lost > 500
    assert np.max(np.diff(numbers)) == lost + 1, "in one gap"


def test_a_command_is_sent_again_where_it_was_lost(tmp_path):
    with handle(tmp_path) as (at, device):
        at.obey("deafen 1")
        with pytest.raises(DeviceError, match="gave no answer to ENABLE"):
            device.command("relax")
        at.obey("deafen 0")
        device.command("relax")
        assert device.command("report")["command_retries"] > 0
        with pytest.raises(DeviceError, match="knows no command 'dance'"):
            device.command("dance")
        assert device.status().alive


def test_an_order_is_not_waited_for_and_one_that_cannot_be_done_is_a_fault(tmp_path):
    with handle(tmp_path) as (at, device):
        device.order("force", 2.0, 0.0, 4.0)
        wait_for(lambda: at.truth().force[-1, 0] > 1.9)
        device.order("relax")
        device.order("force", -2.0, 0.0, 4.0)
        wait_for(lambda: at.truth().force[-1, 0] < -1.9)
        device.order("dance")
        assert "knows no command 'dance'" in read_until_fault(device)
        wait_for(lambda: not at.truth().force[-1].any())
        with pytest.raises(DeviceError, match="dance"):
            device.order("relax")
