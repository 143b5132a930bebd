"""``twinrig devices``: what can be named after ``--device``, what is plugged in, and how one of them is doing, live."""

import argparse
from typing import TYPE_CHECKING, Any

from protocols.errors import BadInput
from rig.cli import say

if TYPE_CHECKING:
    from devices.xinput import PointingDevice


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``devices``."""
    parser.add_argument("device", nargs="?", metavar="DEVICE", help="watch this device: a line of live figures every half second")
    parser.add_argument("--port", metavar="PATH", help="with the device manipulandum: its serial port")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="with a device: for how long, s (default: 5)")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """List devices, pens, pointers and serial ports; of the mouse, whether its pointer is accelerated; of a manipulandum, live figures."""
    if options.device is not None:
        return _watch(options)
    if options.port is not None:
        raise BadInput(f"--port {options.port} goes with a device; write 'twinrig devices manipulandum --port {options.port}'")
    from serial.tools.list_ports import comports

    from devices.acceleration import find_acceleration
    from devices.registry import WORDS

    ports = {port.device: port.description for port in comports()}
    result: dict[str, Any] = {"devices": WORDS, "ports": ports, "pointer_acceleration": find_acceleration()._asdict()}
    result["pointers"], why_none = _pointers()
    if not options.json:
        for name, words in (*WORDS.items(), *ports.items()):
            say(options, f"{name:<12} {words}")
        for pointer in result["pointers"]:
            say(options, f"  {pointer['name']}: {pointer['words']} {pointer['node']}".rstrip())
        if why_none:
            say(options, f"  pens and pointers: {why_none}")
        say(options, f"pointer acceleration: {result['pointer_acceleration']['words']}")
    return result


def _pointers() -> tuple[list[dict[str, str]], str]:
    """The pens and pointers that X input 2 tells apart, and what each is; or why none can be told."""
    from devices.xinput import XInput
    from protocols.errors import DeviceError

    try:
        with XInput() as server:
            found = server.pointers()
    except DeviceError as error:
        return [], str(error)
    return [{"name": pointer.name, "words": pointer_words(pointer), "node": pointer.node} for pointer in found], ""


def pointer_words(pointer: "PointingDevice") -> str:
    """What a pen or pointer is, how large a tablet is by its driver's word."""
    from devices.hand import tablet_size
    from devices.pointer_settings import PointerSettings
    from protocols.errors import DeviceError

    words = "pen" if pointer.is_pen else "tablet's other part, or touch" if pointer.absolute else "mouse"
    if pointer.is_pen:
        try:
            width, height = tablet_size(pointer, PointerSettings())  # type: ignore[call-arg]
            words += f", {1e3 * width:.0f} x {1e3 * height:.0f} mm"
        except DeviceError:
            words += ", size not known to its driver"
        words += ", tilt" if pointer.axis("Abs Tilt X") else ""
    return words


def _watch(options: argparse.Namespace) -> dict[str, Any]:
    """What the named device gives, live."""
    from devices.registry import find_device
    from rig.check.live import watch
    from rig.screen.window import ScreenPlace, screen_place
    from rig.session.attachment import NAME, check_port, hardware
    from rig.session.input import open_device
    from rig.settings import load_settings

    find_device(options.device)
    if not 0.5 <= options.seconds <= 3600:
        raise BadInput(f"--seconds {options.seconds:g}: expected 0.5 to 3600")
    check_port(options.device, options.port, simulated=False)
    attachment = hardware(options.port) if options.device == NAME else None
    place = ScreenPlace(1.0, (1, 1), (0, 0)) if attachment else screen_place(load_settings())
    say(options, f"{options.device}, for {options.seconds:g} s; please move it ...")
    opened: Any = open_device(options.device, place, attachment=attachment)
    with opened as device:
        found = watch(device, options.seconds, lambda words: say(options, words))
        if attachment is not None:
            found |= device.command("report")
    for note in device.info.notes:
        say(options, f"  {note}")
    for finding in found["findings"]:
        remedy = f"; {finding['remedy']}" if finding["remedy"] else ""
        say(options, f"  {finding['verdict']}: {finding['name']}: {finding['found']}{remedy}")
    return found
