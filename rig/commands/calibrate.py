"""``twinrig calibrate``: measure screen, device, or the delay from flip to light, or confirm a tablet's grid; kept, dated."""

import argparse
from typing import TYPE_CHECKING, Any

from protocols.errors import Aborted, BadInput
from rig.cli import check_least, say

if TYPE_CHECKING:
    from rig.calibration.kept import Calibration
    from rig.screen.window import Window

WHAT = ("screen", "device", "delay", "grid")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``calibrate``."""
    parser.add_argument(
        "what", choices=WHAT, metavar="WHAT", help="screen (by a bank card), device (by ruler or angle), delay (by photodiode), grid"
    )
    parser.add_argument("--device", default="mouse", metavar="NAME", help="device, grid: which input device (default: mouse)")
    parser.add_argument("--port", metavar="PATH", help="device: the serial port of a manipulandum")
    parser.add_argument("--distance", type=float, default=0.1, metavar="M", help="device: length along the ruler, m (default: 0.1)")
    parser.add_argument("--stream", metavar="NAME", help="delay: the LSL stream that the photodiode is on")
    parser.add_argument("--channel", type=int, default=1, metavar="N", help="delay: its channel, from 1 (default: 1)")
    parser.add_argument("--windowed", action="store_true", help="in a window rather than on the full screen")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, keep, and print."""
    from rig.calibration.kept import keep
    from rig.screen.window import open_window
    from rig.settings import load_settings

    _check(options)
    measure = {"screen": _screen, "device": _device, "delay": _delay, "grid": _grid}[options.what]
    with open_window(load_settings(), options.windowed) as window:
        calibration = measure(options, window)
    file = keep(calibration)
    say(options, f"{calibration.kind} of {calibration.of}, made {calibration.made:%Y-%m-%d %H:%M} UTC")
    for name, value in calibration.values.items():
        say(options, f"  {name}: {value:.6g}")
    say(options, f"kept: {file}")
    return calibration.stored() | {"file": str(file)}


def _check(options: argparse.Namespace) -> None:
    """Say what is wrong before a window opens."""
    from devices.registry import POINTERS

    if not 0.005 <= options.distance <= 2:
        raise BadInput(f"--distance {options.distance:g}: expected metres from 0.005 to 2; 100 mm is 0.1")
    check_least(options, channel=1)
    if options.what == "delay" and options.stream is None:
        raise BadInput("calibrate delay needs --stream NAME, the LSL stream that the photodiode is on")
    if options.what == "grid" and options.device not in POINTERS:
        raise BadInput(f"calibrate grid --device {options.device}: choose from {', '.join(POINTERS)}, which have a plane of their own")


def _screen(options: argparse.Namespace, window: "Window") -> "Calibration":
    from rig.calibration.screen import measure_screen
    from rig.screen.pages import Person
    from rig.settings import load_settings

    settings = load_settings()
    if settings.screen_width is not None:
        raise BadInput("the rig's settings have a screen_width, which would go before: take that line out, and calibrate again")
    calibration = measure_screen(window, settings.screen, Person(window))
    if calibration is None:
        raise Aborted("the calibration was left by escape; nothing was changed")
    return calibration


def _device(options: argparse.Namespace, window: "Window") -> "Calibration":
    from devices.manipulandum_calibration import load_or_default
    from devices.registry import find_device
    from rig.calibration.device import measure_manipulandum, measure_pointer
    from rig.screen.pages import Person
    from rig.session.attachment import NAME, Attachment, check_port
    from rig.session.input import open_device

    find_device(options.device)
    check_port(options.device, options.port, simulated=False)
    if options.device != NAME:
        with open_device(options.device, window) as device:
            return measure_pointer(window, device, Person(window), options.distance)
    used = load_or_default()
    with open_device(options.device, window, attachment=Attachment(options.port, used, None)) as device:
        return measure_manipulandum(window, device, Person(window), used, options.distance)


def _grid(options: argparse.Namespace, window: "Window") -> "Calibration":
    from protocols.task import ONE_HAND, TWO_HANDS
    from rig.calibration.grid import confirm_grid
    from rig.screen.pages import Person
    from rig.session.input import open_device

    with open_device(options.device, window, axes=ONE_HAND if options.device == "tablet" else TWO_HANDS) as device:
        return confirm_grid(window, device, Person(window))


def _delay(options: argparse.Namespace, window: "Window") -> "Calibration":
    from rig.calibration.delay import measure_delay
    from rig.calibration.kept import screen_name
    from rig.settings import load_settings
    from rig.streams.sensor import open_sensor

    with open_sensor(options.stream, options.channel) as sensor:
        return measure_delay(window, sensor, screen_name(load_settings().screen, window.screen_size_px))
