"""The tablet, and two hands: pens and mice that X input 2 tells apart, read by one reader in a process of its own."""

import functools
from typing import NamedTuple, Self

import numpy as np

from devices.device import Clock, DeviceInfo, Samples
from devices.hand import Hand
from devices.pointer_settings import Pointers, PointerSettings, load_pointers
from devices.process import Priority
from devices.sampler import Publish, SampledDevice, Sampling
from devices.xinput import PointingDevice, RawEvent, XInput
from protocols.errors import DeviceError

TABLET, TWO_POINTERS = "tablet", "two-pointers"
PLACE = ("x", "y")
TILT = ("tilt_x", "tilt_y")
SIDES = ("left", "right")
SIDE_BITS = 8  # bits of the button mask for each hand: the left hand's first
WAIT = 0.004  # s, at most, for the next event
TICK = 1e-6  # s, by which events read together are told apart
WRAP = 2**32  # ms, after which the server's clock begins anew


class Chosen(NamedTuple):
    """Which devices are read, what the samples' axes are, and whether a program moves them. Picklable."""

    kind: str
    devices: tuple[PointingDevice, ...]
    settings: tuple[PointerSettings, ...]
    axes: tuple[str, ...]
    simulated: bool


def open_tablet(
    clock: Clock,
    publish: Publish | None = None,
    priority: Priority = "realtime",
    pointers: Pointers | None = None,
    simulated: bool = False,
) -> SampledDevice:
    """The rig's pen as a Device, to be opened by ``with``: x and y in m from the tablet's centre, and tilt (rad) where it has any.

    Pressure (0 to 1) is in ``force``; bit 0 of the buttons is contact. ``pointers``: in place of the rig's own settings.

    Raises:
        DeviceError: no X server, no pen or more than one, or a tablet whose size nobody knows; says what to do.
        BadInput: the rig's file of pointers is wrong.
    """
    settings = (pointers or load_pointers()).tablet
    pen = settings.choose([device for device in _present() if device.is_pen or device.name == settings.name])
    axes = PLACE + TILT if Hand(pen, settings).has_tilt else PLACE
    chosen = Chosen(TABLET, (pen,), (settings,), axes, simulated)
    return SampledDevice(TABLET, len(axes), Sampling(functools.partial(PointersSource, chosen), clock, publish, priority))


def open_two_pointers(
    clock: Clock,
    publish: Publish | None = None,
    priority: Priority = "realtime",
    pointers: Pointers | None = None,
    simulated: bool = False,
) -> SampledDevice:
    """Two pens or mice as one Device, to be opened by ``with``: left_x, left_y, right_x, right_y in m.

    A pen counts from its tablet's centre, a mouse from where it lies when it is opened. Each event of either hand is a sample, with the
    other hand where it last was. The left hand's buttons are bits 0 to 7, the right hand's from 8 on.

    Raises:
        DeviceError: as for the tablet; also where both hands would have the same device.
        BadInput: the rig's file of pointers is wrong.
    """
    hands = pointers or load_pointers()
    settings = (hands.left, hands.right)
    present = _present()
    devices = tuple(one.choose(present) for one in settings)
    if devices[0].id == devices[1].id:
        raise DeviceError(f"both hands have {devices[0].name!r}: name the left and the right hand's device in the rig's pointers.toml")
    for device, one in zip(devices, settings, strict=True):
        Hand(device, one)  # here, for the sake of the error
    axes = tuple(f"{side}_{axis}" for side in SIDES for axis in PLACE)
    chosen = Chosen(TWO_POINTERS, devices, settings, axes, simulated)
    return SampledDevice(TWO_POINTERS, len(axes), Sampling(functools.partial(PointersSource, chosen), clock, publish, priority))


class PointersSource:
    """The devices as their own process sees them: a Source."""

    period = 0.0  # ``read`` waits for the next event itself, so that it is stamped as it comes
    helpers: tuple[int, ...] = ()

    def __init__(self, chosen: Chosen, clock: Clock):
        self._chosen, self._clock = chosen, clock
        self._hands = {device.id: Hand(device, one) for device, one in zip(chosen.devices, chosen.settings, strict=True)}
        self._made = 0
        self._last_host = -np.inf
        self._last_server = 0  # ms
        self._wraps = 0

    def __enter__(self) -> Self:
        self._x = XInput().__enter__()
        self._x.listen(list(self._hands))
        return self

    def __exit__(self, *exc: object) -> None:
        self._x.__exit__(*exc)

    def describe(self, priority: str) -> DeviceInfo:
        """What is stored about the devices."""
        hands = list(self._hands.values())
        names = SIDES if len(hands) > 1 else ("",)
        calibration = {
            f"{name}_{key}".lstrip("_"): value for name, hand in zip(names, hands, strict=True) for key, value in hand.calibration().items()
        }
        return DeviceInfo(
            kind=self._chosen.kind,
            model=", ".join(f"{name}: {hand.device.name}".removeprefix(": ") for name, hand in zip(names, hands, strict=True)),
            axes=self._chosen.axes,
            nominal_rate=0.0,
            simulated=self._chosen.simulated,
            calibration=calibration,
            notes=(f"priority: {priority}", *(note for hand in hands for note in hand.notes())),
        )

    def read(self) -> Samples:
        """Events since the last call; waits 4 ms for the first at most.

        Raises:
            DeviceError: a device was unplugged, or the X server is gone.
        """
        self._x.wait(WAIT)
        rows = []
        for event in self._x.events():
            if isinstance(event, int):
                self._check_gone(event)
            elif (hand := self._hands.get(event.device)) and hand.take(event) and all(each.known for each in self._hands.values()):
                rows.append((self._server_time(event), self._stamp(), *self._row()))
        return self._samples(rows)

    def _row(self) -> tuple[int, float, tuple[float, ...]]:
        """Buttons, pressure and axes, as they are now."""
        places = [hand.place() for hand in self._hands.values()]
        buttons = sum(place.buttons << SIDE_BITS * number for number, place in enumerate(places))
        position = tuple(value for place in places for value in place.position)
        if len(places) > 1:
            return buttons, np.nan, position  # one column can't hold two pressures
        return buttons, places[0].pressure, position + (places[0].tilt if len(self._chosen.axes) > len(PLACE) else ())

    def _samples(self, rows: list[tuple[float, float, int, float, tuple[float, ...]]]) -> Samples:
        device_time, host_time, buttons, force, position = zip(*rows, strict=True) if rows else ((),) * 5
        self._made += len(rows)
        return Samples(
            device_time=np.array(device_time, float),
            host_time=np.array(host_time, float),
            position=np.array(position, float).reshape(-1, len(self._chosen.axes)),
            buttons=np.array(buttons, np.int64),
            force=np.array(force, float),
            counter=np.arange(self._made - len(rows), self._made),
        )

    def _stamp(self) -> float:
        """The time now, later than any before."""
        self._last_host = max(self._clock(), self._last_host + TICK)
        return self._last_host

    def _server_time(self, event: RawEvent) -> float:
        """The X server's time of an event (s), which goes on where its 32 bits end after 49.7 days."""
        self._wraps += event.time < self._last_server - WRAP // 2
        self._last_server = event.time
        return (event.time + WRAP * self._wraps) / 1e3

    def _check_gone(self, device: int) -> None:
        if (hand := self._hands.get(device)) is not None:
            raise DeviceError(f"{hand.device.name} is gone: plug it in again (expected to stay during a session)")


def _present() -> list[PointingDevice]:
    with XInput() as server:
        return told_apart(server.pointers())


def told_apart(found: list[PointingDevice]) -> list[PointingDevice]:
    """What was found, where the X server has the devices themselves.

    Raises:
        DeviceError: it is Wayland's, whose stand-ins mix them.
    """
    if any(device.name.startswith("xwayland") for device in found):
        raise DeviceError("a Wayland session mixes pens and mice before they can be told apart: log in with an X11 session")
    return found
