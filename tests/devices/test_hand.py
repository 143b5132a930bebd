"""From the numbers of a pen or a mouse to metres: no X server is needed."""

import struct

import numpy as np
import pytest

from devices.hand import Hand, tablet_size
from devices.pointer_settings import INCH, PointerSettings
from devices.pointers import Chosen, PointersSource, told_apart
from devices.xinput import EMULATED, RAW_MOTION, RAW_PRESS, RAW_RELEASE, Axis, PointingDevice, RawEvent, parse_raw
from protocols.errors import DeviceError


def pen(resolution: float = 200_000.0, width: float = 0.224, height: float = 0.148, tilt_resolution: float = 57.0) -> PointingDevice:
    """As the driver of a common tablet describes it: 200 units a millimetre, tilt in 57ths of a radian."""
    axes = (
        Axis(0, "Abs X", 0, 200_000 * width, resolution, True),
        Axis(1, "Abs Y", 0, 200_000 * height, resolution, True),
        Axis(2, "Abs Pressure", 0, 65_536, 1, True),
        Axis(3, "Abs Tilt X", -64, 63, tilt_resolution, True),
        Axis(4, "Abs Tilt Y", -64, 63, tilt_resolution, True),
    )
    return PointingDevice(11, "Wacom Intuos Pro M Pen stylus", "/dev/input/event9", axes)


MOUSE = PointingDevice(12, "A mouse", "", (Axis(0, "Rel X", -1, -1, 0, False), Axis(1, "Rel Y", -1, -1, 0, False)))
NOTHING = PointerSettings()  # type: ignore[call-arg]


def motion(values: dict[int, float], time: int = 0) -> RawEvent:
    return RawEvent(RAW_MOTION, 11, time, 0, values)


def test_a_millimetre_is_a_millimetre_on_both_axes():
    hand = Hand(pen(), NOTHING)
    assert hand.size == pytest.approx((0.224, 0.148))
    corner = hand.take(motion({0: 0, 1: 0}))
    assert corner is not None and corner.position == pytest.approx((-0.112, 0.074)), "upper left, from the centre"
    right, down = hand.take(motion({0: 2000})), hand.take(motion({1: 2000}))
    assert right.position[0] - corner.position[0] == pytest.approx(0.01)  # type: ignore[union-attr]
    assert down.position[1] - corner.position[1] == pytest.approx(-0.01)  # type: ignore[union-attr]
    assert hand.calibration() == pytest.approx({"width": 0.224, "height": 0.148, "metres_per_unit_x": 5e-6, "metres_per_unit_y": 5e-6})


def test_a_measured_size_comes_before_the_driver_s_word():
    assert tablet_size(pen(), PointerSettings(width=0.2, height=0.1)) == (0.2, 0.1)  # type: ignore[call-arg]


@pytest.mark.parametrize("device", [pen(resolution=0), pen(resolution=1), pen(width=0.6, height=0.03)], ids=["unknown", "absurd", "narrow"])
def test_a_size_that_cannot_be_true_is_not_believed(device):
    with pytest.raises(DeviceError, match=r"Wacom.*write width and height \(both, in m\)"):
        Hand(device, NOTHING)


def test_pressure_is_a_share_and_tilt_an_angle():
    hand = Hand(pen(), NOTHING)
    hand.take(motion({0: 1, 1: 1}))
    place = hand.take(motion({2: 16_384, 3: 57, 4: -28.5}))
    assert place is not None and place.pressure == pytest.approx(0.25) and place.tilt == pytest.approx((1.0, -0.5))
    hand = Hand(pen(tilt_resolution=0), NOTHING)
    hand.take(motion({0: 1, 1: 1}))
    place = hand.take(motion({3: 45}))
    assert place is not None and np.degrees(place.tilt[0]) == pytest.approx(45), "degrees, where the driver says nothing"


def test_half_a_place_is_none():
    hand = Hand(pen(), NOTHING)
    assert hand.take(motion({0: 5})) is None and not hand.known
    assert hand.take(motion({1: 5})) is not None


def test_contact_is_the_tip_and_other_buttons_are_not():
    hand = Hand(pen(), NOTHING)
    hand.take(motion({0: 1, 1: 1}))
    held = [hand.take(RawEvent(kind, 11, 0, button, {})) for kind, button in ((RAW_PRESS, 1), (RAW_PRESS, 3), (RAW_RELEASE, 1))]
    assert [place.buttons for place in held if place] == [1, 3, 2]
    assert hand.take(RawEvent(RAW_PRESS, 11, 0, 8, {})) is None
    assert hand.take(RawEvent(RAW_PRESS, 11, 0, 0, {})) is None, "made up by the server, out of scrolling"


def test_a_mouse_counts_from_where_it_lay_and_an_unmeasured_one_is_told():
    hand = Hand(MOUSE, NOTHING)
    hand.take(motion({0: 100, 1: 0}))
    place = hand.take(motion({1: 50}))
    assert place is not None and place.position == pytest.approx((INCH / 10, -INCH / 20)) and np.isnan(place.pressure)
    assert "not measured" in hand.notes()[0]
    assert not Hand(MOUSE, PointerSettings(metres_per_count=2e-5)).notes()  # type: ignore[call-arg]


@pytest.mark.parametrize(("flags", "button"), [(0, 1), (EMULATED, 0)])
def test_the_bytes_of_an_event_are_read_as_the_protocol_lays_them_out(flags, button):
    head = struct.pack("=HIIHHII", 11, 4_000_000_000, 1, 11, 2, flags, 0)
    mapped = struct.pack("=iIiI", 900, 0, 800, 0)
    raw = struct.pack("=iIiI", -21, 2**31, 40, 2**30)
    data = head + struct.pack("=II", 1 << 1, 1 << 2) + mapped + raw
    assert parse_raw(RAW_PRESS, data) == RawEvent(RAW_PRESS, 11, 4_000_000_000, button, {1: -20.5, 34: 40.25})


def test_the_server_s_clock_goes_on_when_its_32_bits_end():
    source = PointersSource(Chosen("tablet", (pen(),), (NOTHING,), ("x", "y"), True), lambda: 0.0)
    times = [source._server_time(motion({}, time)) for time in (2**32 - 2, 2**32 - 1, 3, 4)]
    np.testing.assert_allclose(np.diff(times), [0.001, 0.004, 0.001], atol=1e-6)


def test_stand_ins_of_wayland_are_refused():
    assert told_apart([pen(), MOUSE]) == [pen(), MOUSE]
    with pytest.raises(DeviceError, match="log in with an X11 session"):
        told_apart([pen()._replace(name="xwayland-tablet stylus:17")])


def test_axes_without_a_range_are_refused_or_left_out():
    axes = pen().axes
    settings = NOTHING.model_copy(update={"width": 0.2, "height": 0.1})
    flat = PointingDevice(11, "Flat pen", "", (axes[0]._replace(high=0), *axes[1:]))
    with pytest.raises(DeviceError, match="no range for Abs X"):
        Hand(flat, settings)
    weightless = Hand(PointingDevice(11, "A pen", "", (*axes[:2], axes[2]._replace(high=0))), settings)
    place = weightless.take(motion({0: 10, 1: 10, 2: 5}))
    assert place is not None and np.isnan(place.pressure)
