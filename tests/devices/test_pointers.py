"""Pens and pairs of mice for real: an X server whose virtual devices are moved over sockets, and X input 2."""

import math
import threading
from pathlib import Path

import numpy as np
import pytest
from Xlib import Xatom
from Xlib.display import Display

from devices.device import Samples
from devices.inputtest import PEN_STEPS, PRESSURE, PRESSURE_STEPS, SCROLL_X, SCROLL_Y, VirtualPointer, X, Y
from devices.pointer_settings import Pointers, PointerSettings
from devices.pointers import SIDE_BITS, open_tablet, open_two_pointers
from devices.virtual_hands import COUNT, HEIGHT, LEFT, PEN, RIGHT, VIRTUAL, WIDTH, socket_of
from devices.xinput import XInput
from protocols.errors import DeviceError
from rig.clock import now, wait_until
from tests.contracts import check_device
from tests.devices.virtual import SECOND, read_all, server

pytestmark = pytest.mark.screen
EVENTS = 1500  # at 1 kHz, or as fast as a busy machine can
PERIOD = 0.001  # s


@pytest.fixture(scope="module")
def sockets():
    with server() as folder:
        yield folder


@pytest.fixture(scope="module")
def virtual(sockets: Path):
    """Each device's one connection, by its name."""
    pointers = {name: VirtualPointer(socket_of(sockets, name)) for name in (PEN, LEFT, RIGHT, SECOND)}
    yield pointers
    for pointer in pointers.values():
        pointer.close()


@pytest.fixture
def two_pointers(virtual):
    with open_two_pointers(now, pointers=VIRTUAL, simulated=True) as device:
        yield device


def paced(actions) -> None:
    """One after the other, a period apart."""
    start = now()
    for number, act in enumerate(actions):
        wait_until(start + number * PERIOD)
        act()


def strokes(count: int) -> list[dict[int, float]]:
    """Places of a pen, each unlike the one before, with pressure and tilt; every axis keeps to its steps."""
    random = np.random.default_rng(3)
    columns = random.integers(0, PEN_STEPS, (2, count)), random.integers(0, PRESSURE_STEPS + 1, count), random.integers(-60, 61, (2, count))
    return [
        {X: float(x), Y: float(y), PRESSURE: float(pressure), SCROLL_X: float(right), SCROLL_Y: float(front)}
        for x, y, pressure, right, front in zip(*columns[0], columns[1], *columns[2], strict=True)
    ]


def test_a_tablet_keeps_the_contract_with_every_event_as_the_pen_made_it(virtual):
    pen, places = virtual[PEN], strokes(EVENTS)

    def act(number: int) -> None:
        if number % 50 == 20:  # the tip touches, and leaves 10 events later
            pen.press(1, True, True, places[number])
        elif number % 50 == 30:
            pen.press(1, False, True, places[number])
        else:
            pen.move(places[number], True)

    samples = check_device(
        lambda: open_tablet(now, pointers=VIRTUAL, simulated=True),
        now,
        lambda device: paced([lambda number=number: act(number) for number in range(EVENTS)]),
        EVENTS,
    )
    sent = np.array([[place[axis] for axis in (X, Y, PRESSURE, SCROLL_X, SCROLL_Y)] for place in places])
    assert len(samples) == EVENTS, "none lost, none made up"
    np.testing.assert_allclose(samples.position[:, 0], (sent[:, 0] / PEN_STEPS - 0.5) * WIDTH, atol=1e-12)
    np.testing.assert_allclose(samples.position[:, 1], (0.5 - sent[:, 1] / PEN_STEPS) * HEIGHT, atol=1e-12)
    np.testing.assert_allclose(samples.force, sent[:, 2] / PRESSURE_STEPS, atol=1e-12)
    np.testing.assert_allclose(samples.position[:, 2:], np.radians(sent[:, 3:]), atol=1e-12)
    np.testing.assert_array_equal(samples.buttons, [int(20 <= number % 50 < 30) for number in range(EVENTS)])
    assert np.all(np.diff(samples.counter) == 1) and np.all(np.diff(samples.device_time) >= 0)
    assert np.all(samples.host_time > samples.device_time - 0.001), "the server's clock is the monotonic one too, in whole ms"


@pytest.mark.parametrize("side", [0, 1])
def test_each_of_two_hands_keeps_the_contract(virtual, side):
    mouse = virtual[(LEFT, RIGHT)[side]]
    steps = np.random.default_rng(side).integers(1, 9, (EVENTS // 3, 2))
    samples = check_device(
        lambda: open_two_pointers(now, pointers=VIRTUAL, simulated=True),
        now,
        lambda device: paced([lambda step=step: mouse.move({X: step[0], Y: step[1]}, False) for step in steps]),
        len(steps),
    )
    assert samples.position.shape == (len(steps), 4)
    np.testing.assert_allclose(samples.position[:, 2 * side : 2 * side + 2], np.cumsum(steps, axis=0) * (COUNT, -COUNT), atol=1e-12)
    assert not samples.position[:, 2 - 2 * side : 4 - 2 * side].any(), "the other hand lies still"


def changed(samples: Samples, side: int) -> np.ndarray:
    """The places of one hand, at the samples that tell of it."""
    place = samples.position[:, 2 * side : 2 * side + 2]
    return place[np.any(np.diff(place, axis=0, prepend=np.zeros((1, 2))) != 0, axis=1)]


def test_two_hands_that_move_at_once_are_never_mixed_up(virtual, two_pointers):
    random = np.random.default_rng(7)
    steps = random.integers(1, 5, (2, EVENTS, 2)) * np.array([1, -1])[:, None, None]  # the left goes right and down, the right goes back

    def move(side: int) -> None:
        mouse = virtual[(LEFT, RIGHT)[side]]
        paced([lambda step=step: mouse.move({X: step[0], Y: step[1]}, False) for step in steps[side]])

    threads = [threading.Thread(target=move, args=(side,)) for side in (0, 1)]
    for thread in threads:
        thread.start()
    samples = read_all(two_pointers, 2 * EVENTS)
    for thread in threads:
        thread.join()
    for side in (0, 1):
        np.testing.assert_allclose(changed(samples, side), np.cumsum(steps[side], axis=0) * (COUNT, -COUNT), atol=1e-12)
    moved = np.diff(samples.position, axis=0) != 0
    assert not np.any(moved[:, :2].any(axis=1) & moved[:, 2:].any(axis=1)), "one event is of one hand"


def test_buttons_of_each_hand_have_bits_of_their_own(virtual, two_pointers):
    for name, button, down in ((LEFT, 1, True), (RIGHT, 1, True), (LEFT, 1, False), (RIGHT, 3, True), (RIGHT, 1, False), (RIGHT, 3, False)):
        virtual[name].press(button, down, False)
        virtual[name].sync()
    right = 1 << SIDE_BITS
    np.testing.assert_array_equal(read_all(two_pointers, 6).buttons, [1, right + 1, right, 3 * right, 2 * right, 0])


def test_a_mouse_is_read_as_its_hardware_counted_not_as_the_system_sped_it_up(virtual, two_pointers):
    virtual[LEFT].move({X: 50.0, Y: 30.0}, False, unaccelerated={X: 7.0, Y: -2.0})
    np.testing.assert_allclose(read_all(two_pointers, 1).position, [[7 * COUNT, 2 * COUNT, 0, 0]], atol=1e-12)


def test_scrolling_is_no_movement_and_no_press(virtual, two_pointers):
    for _ in range(5):
        virtual[RIGHT].move({SCROLL_Y: 15.0}, False)
    virtual[RIGHT].press(9, True, False)
    virtual[RIGHT].press(9, False, False)
    virtual[RIGHT].move({X: 1.0}, False)
    assert read_all(two_pointers, 1).buttons[0] == 0


def test_a_pen_is_not_there_before_it_was_seen(virtual):
    hands = Pointers(left=PointerSettings(name=SECOND, width=WIDTH, height=HEIGHT), right=VIRTUAL.right)  # type: ignore[call-arg]
    with open_two_pointers(now, pointers=hands, simulated=True) as device:
        virtual[RIGHT].move({X: 3.0}, False)
        virtual[RIGHT].sync()
        virtual[SECOND].proximity(True, {X: 0, Y: 0})
        virtual[SECOND].move({X: PEN_STEPS, Y: 0.0, PRESSURE: 0.0}, True)
        sample = read_all(device, 1)
        np.testing.assert_allclose(sample.position, [[WIDTH / 2, HEIGHT / 2, 3 * COUNT, 0]], atol=1e-12)
        assert math.isnan(sample.force[0]), "one column can't hold two pressures"


def test_what_there_is_is_listed_without_the_server_s_own_pointers(virtual):
    with XInput() as x:
        found = {pointer.name: pointer for pointer in x.pointers()}
    assert set(found) == {PEN, LEFT, RIGHT, SECOND}
    assert found[PEN].is_pen and found[PEN].absolute and not found[LEFT].absolute


def test_what_cannot_be_told_apart_is_refused_with_what_there_is(virtual):
    with pytest.raises(DeviceError, match=r"of any name, found 2 \(there are: 'Virtual pen', 'Virtual pen second'\); name one of them"):
        open_tablet(now, pointers=Pointers())
    with pytest.raises(DeviceError, match=r"'Wacom', found 0.*plug it in"):
        open_tablet(now, pointers=Pointers(tablet=PointerSettings(name="Wacom")))  # type: ignore[call-arg]
    with pytest.raises(DeviceError, match=r"doesn't tell how large the tablet is.*width and height"):
        open_tablet(now, pointers=Pointers(tablet=PointerSettings(name=PEN)))  # type: ignore[call-arg]
    with pytest.raises(DeviceError, match="both hands have 'Virtual mouse left'"):
        open_two_pointers(now, pointers=Pointers(left=VIRTUAL.left, right=VIRTUAL.left))


def test_two_of_a_name_are_told_apart_by_their_device_files(virtual, tmp_path):
    """The driver names no file, so one is set here, as other drivers do."""
    file, link = tmp_path / "event7", tmp_path / "by-path"
    file.touch()
    link.symlink_to(file)
    with XInput() as x:
        number = next(pointer.id for pointer in x.pointers() if pointer.name == SECOND)
    display = Display()
    display.xinput_change_device_property(number, display.intern_atom("Device Node"), Xatom.STRING, 0, (8, str(file).encode()))
    display.sync()
    display.close()
    pen = PointerSettings(node=str(link), width=WIDTH, height=HEIGHT)  # type: ignore[call-arg]
    with open_tablet(now, pointers=Pointers(tablet=pen)) as device:
        assert device.info.model == SECOND and device.info.axes == ("x", "y"), "its axes for scrolling are no tilt here"


def test_an_unplugged_pen_is_told_by_name(virtual):
    with open_tablet(now, pointers=VIRTUAL, simulated=True) as device:
        virtual[PEN].move({X: 5.0, Y: 5.0}, True)
        read_all(device, 1)
        try:
            switch(PEN, False)
            with pytest.raises(DeviceError, match="Virtual pen is gone: plug it in again"):
                read_all(device, 10_000)
        finally:
            switch(PEN, True)


def switch(name: str, on: bool) -> None:
    """Disable a device, which the server tells as it does an unplugged one, or enable it."""
    display = Display()
    number = next(device.deviceid for device in display.xinput_query_device(0).devices if device.name == name)
    display.xinput_change_device_property(number, display.intern_atom("Device Enabled"), Xatom.INTEGER, 0, (8, bytes([on])))
    display.sync()
    display.close()


def test_without_a_display_it_says_what_to_do(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(DeviceError, match=r"expected an X display.*:987.*X11 session"):
        open_tablet(now)
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(DeviceError, match="here a pen works as '--device mouse'"):
        open_two_pointers(now)
