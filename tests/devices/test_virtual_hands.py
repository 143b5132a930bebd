"""A simulated participant's pen and mice: what they were told to do is what the reader finds."""

import time

import numpy as np
import pytest

from devices.device import Motion, Samples
from devices.pointers import open_tablet, open_two_pointers
from devices.virtual_hands import COUNT, VIRTUAL, VirtualHands
from rig.clock import now
from tests.devices.virtual import read_all, server

pytestmark = pytest.mark.screen


@pytest.fixture
def sockets():
    """A server for each test: a device takes one connection in its server's life."""
    with server() as folder:
        yield folder


def sweep(axes: int) -> Motion:
    """Half a second at 1 kHz, with a grip in the middle; it ends where the pen hasn't been before."""
    time = np.arange(500) / 1000
    circle = 0.05 * np.stack([np.cos(9 * time), np.sin(9 * time)], axis=1)
    return Motion(time, np.hstack([circle, -circle[:, ::-1]])[:, :axes], ((time > 0.2) & (time < 0.4)).astype(np.int64))


def play(player: VirtualHands, motion: Motion) -> Samples:
    """Have a motion performed; what was injected."""
    player.play(motion, now() + 0.05)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.05)
        log = player.log()
        if len(log) and np.abs(log.position[-1, : motion.position.shape[1]] - motion.position[-1]).max() < 5 * COUNT:
            return log
    raise AssertionError("the motion wasn't performed to its end")


@pytest.mark.parametrize(("axes", "opener"), [(2, open_tablet), (4, open_two_pointers)])
def test_what_was_played_arrives_whole_and_in_order(sockets, axes, opener):
    with opener(now, pointers=VIRTUAL, simulated=True) as device, VirtualHands(now, sockets, axes, keep_log=True) as player:
        log = play(player, sweep(axes))
        samples = read_all(device, player.injected())
        assert device.info.simulated
    np.testing.assert_allclose(samples.position, log.position, atol=1e-12)
    np.testing.assert_array_equal(samples.buttons, log.buttons)
    np.testing.assert_array_equal(samples.force, log.force)
    assert np.all(samples.host_time > log.host_time)
    assert np.count_nonzero(np.diff(samples.buttons)) == 2, "a press and a release, however busy the machine"


def test_a_mouse_that_is_to_stay_where_it_is_says_so(sockets):
    """Else nobody would know that it is there, and a trial would never begin."""
    with open_two_pointers(now, pointers=VIRTUAL) as device, VirtualHands(now, sockets, 4) as player:
        player.play(Motion(np.array([0.0]), np.zeros((1, 4)), np.array([0])), now())
        assert not read_all(device, 4).position[-1].any()
