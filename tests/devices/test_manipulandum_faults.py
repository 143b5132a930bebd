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


@contextmanager
def handle(tmp_path):
    """A bench with a handle, and its driver."""
    with bench(tmp_path, "handle") as at, open_manipulandum(now, str(at.port), bench_calibration("handle"), simulated=True) as device:
        yield at, device


def pushed(at, device, newtons=2.0):
    """Have the motors push, until the plant feels it in full; the time of the plant then."""
    device.command("force", newtons, -newtons, 4.0)
    wait_for(lambda: abs(at.truth().force[-1] - [newtons, -newtons]).max() < 0.1)
    return at.truth().time[-1]


def wait_for(condition, patience=20.0):
    end = now() + patience
    while not condition():
        assert now() < end
        time.sleep(0.02)


def read_until_fault(device, patience=20.0) -> str:
    end = now() + patience
    with pytest.raises(DeviceError) as caught:
        while now() < end:
            device.read()
            time.sleep(0.01)
    return str(caught.value)


def time_to_rest(at, since: float) -> float:
    """How long after a time (of the plant) the motors last gave any torque."""
    wait_for(lambda: at.truth().time[-1] > since + 2 * IN_TIME)
    truth = at.truth()
    assert not truth.force[truth.time > truth.time[-1] - 0.05].any(), "off, and off for good"
    return truth.time[np.any(truth.force != 0, axis=1)][-1] - since


def test_a_force_is_felt_softly_and_within_its_limit(tmp_path):
    with handle(tmp_path) as (at, device):
        began = at.truth().time[-1]
        pushed(at, device)
        truth = at.truth()
        rise = truth.force[truth.time > began, 0]
        assert np.diff(rise).max() < 0.03 * 2.5, "two steps a ms"
        device.command("force", 9.0, 0.0, 3.0)
        wait_for(lambda: at.truth().force[-1, 0] > 2.9)
        time.sleep(0.5)
        assert at.truth().force[:, 0].max() <= 3.0
        device.command("force", 100.0, 0.0, 1000.0)
        time.sleep(0.8)
        assert at.truth().force[:, 0].max() <= bench_calibration("handle").newtons_limit
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
        began = pushed(at, device)
        at.order(orders[0])
        if orders[1:]:
            time.sleep(0.5)
            at.order(orders[1])
        fault = read_until_fault(device)
        assert device.status().fault == fault
        assert 0 <= time_to_rest(at, began) < limit + 0.05 * (limit > 0.01) + 0.05
    assert re.search(said, fault), fault


def test_a_killed_driver_leaves_no_torque(tmp_path):
    with handle(tmp_path) as (at, device):
        began = pushed(at, device)
        os.kill(device.process_id, signal.SIGKILL)
        assert time_to_rest(at, began) < IN_TIME + 0.05
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
        at.order("unplug")
        wait_for(lambda: not at.port.is_symlink())
        holder = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)  # takes the number that was freed
        time.sleep(0.4)
        at.order("plug")
        wait_for(lambda: device.command("report")["reconnections"] == 1)
        assert at.port.readlink() != path, "another device file, found through the link"
        os.close(holder)
        wait_for(lambda: len(device.read()) > 0 and device.status().lost > 0)
        device.read()
        status = device.status()
        assert status.alive and 300 < status.lost < 3000


def test_noise_is_counted_and_never_taken_for_a_movement(tmp_path):
    random = np.random.default_rng(3)
    time_s = np.arange(3000) / 1000
    circle = 0.05 * np.stack([np.cos(6 * time_s) - 1, np.sin(6 * time_s)], axis=1)
    with handle(tmp_path) as (at, device):
        at.play(Motion(time_s, circle, np.zeros(3000, np.int64)), now())
        chunks = []
        for _ in range(60):
            at.order(str(random.choice(["drop", "flip", "garbage"])) + f" {random.integers(1, 60)}")
            time.sleep(0.03)
            chunks.append(device.read())
        report, status = device.command("report"), device.status()
        position = np.concatenate([chunk.position for chunk in chunks])
        counter = np.concatenate([chunk.counter for chunk in chunks])
    assert report["crc_errors"] > 30
    assert status.alive and 30 < status.lost < 600
    speed = np.linalg.norm(np.diff(position, axis=0), axis=1) / np.diff(counter)
    assert speed.max() < 0.0006, "m a ms: the hand's 0.3 m/s and a bit"


def test_a_stopped_board_is_missed_after_a_second_and_a_short_stop_costs_nothing(tmp_path):
    with handle(tmp_path) as (at, device):
        wait_for(lambda: len(device.read()) > 0)
        os.kill(at.process_id, signal.SIGSTOP)
        time.sleep(0.4)
        os.kill(at.process_id, signal.SIGCONT)
        wait_for(lambda: len(device.read()) > 0)
        time.sleep(0.3)
        device.read()
        assert device.status().lost == 0
        os.kill(at.process_id, signal.SIGSTOP)
        try:
            fault = read_until_fault(device)
        finally:
            os.kill(at.process_id, signal.SIGCONT)
    assert "gave no sample for 1.0 s" in fault and "home mark" in fault


def test_a_driver_that_stands_still_for_a_while_loses_nothing(tmp_path):
    with handle(tmp_path) as (_, device):
        wait_for(lambda: len(device.read()) > 0)
        driver = psutil.Process(device.process_id)
        driver.suspend()
        time.sleep(0.7)
        driver.resume()
        samples = device.read()
        wait_for(lambda: device.read().host_time[-1:].sum() > now() - 0.1)
        assert device.status().alive and device.status().lost == 0
        assert np.all(np.diff(samples.host_time) < 0.002), "times are the board's, however late they came"


def test_a_host_that_does_not_read_loses_samples_and_knows_how_many(tmp_path):
    with bench(tmp_path, "handle") as at:
        link = SerialLink(str(at.port), BAUD)
        talk = Conversation(link, now)
        talk.ask(Command.START)
        time.sleep(4.0)  # 112 kB, more than a terminal holds
        unroller, numbers, end = Unroller(), [], now() + 1.0
        while now() < end:
            numbers += [number for _, records in talk.take() for number in unroller.add(records).number.tolist()]
        link.close()
    lost = numbers[-1] - numbers[0] + 1 - len(numbers)
    assert 500 < lost < 5000
    assert np.max(np.diff(numbers)) > 500, "in one gap"


def test_a_command_is_sent_again_where_it_was_lost(tmp_path):
    with handle(tmp_path) as (at, device):
        at.order("deafen 1")
        time.sleep(0.02)
        with pytest.raises(DeviceError, match="gave no answer to ENABLE"):
            device.command("relax")
        at.order("deafen 0")
        device.command("relax")
        assert device.command("report")["command_retries"] >= 4
        with pytest.raises(DeviceError, match="knows no command 'dance'"):
            device.command("dance")
        assert device.status().alive
