"""``twinrig devices``: what can be named after ``--device``, what is plugged in, and how a manipulandum at a port is doing."""

import argparse
from typing import TYPE_CHECKING, Any

from rig.cli import say

if TYPE_CHECKING:
    from devices.xinput import PointingDevice

SECONDS = 2.0  # for which the manipulandum is read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``devices``."""
    parser.add_argument("--port", metavar="PATH", help="read the manipulandum at this serial port for two seconds, and say how that went")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """List devices, pens, pointers and serial ports; of the mouse, whether its pointer is accelerated; of a manipulandum, live figures."""
    from serial.tools.list_ports import comports

    from devices.acceleration import find_acceleration
    from devices.registry import WORDS

    ports = {port.device: port.description for port in comports()}
    result: dict[str, Any] = {"devices": WORDS, "ports": ports, "pointer_acceleration": find_acceleration()._asdict()}
    result["pointers"], why_none = _pointers()
    if options.port is not None:
        result["manipulandum"] = _live(options.port)
    if not options.json:
        for name, words in (*WORDS.items(), *ports.items()):
            say(options, f"{name:<12} {words}")
        for pointer in result["pointers"]:
            say(options, f"  {pointer['name']}: {pointer['words']} {pointer['node']}".rstrip())
        if why_none:
            say(options, f"  pens and pointers: {why_none}")
        say(options, f"pointer acceleration: {result['pointer_acceleration']['words']}")
        for name, value in result.get("manipulandum", {}).items():
            say(options, f"  {name}: {value}")
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


def _live(port: str) -> dict[str, Any]:
    """Rate, losses, latest sample and the driver's own report."""
    import time

    from devices.manipulandum import open_manipulandum
    from rig.clock import now
    from rig.session.attachment import hardware
    from rig.session.sampling import joined, rate_and_gap

    chunks, end = [], now() + SECONDS
    with open_manipulandum(now, port, hardware(port).calibration) as device:
        while now() < end:
            time.sleep(1 / 60)
            chunks.append(device.read())
        samples, status = joined(chunks), device.status()
        rate, gap = rate_and_gap(samples.host_time)
        latest = {"position": samples.position[-1].tolist(), "buttons": int(samples.buttons[-1]), "force": float(samples.force[-1])}
        figures = {"samples": status.samples, "rate": rate, "largest_gap": gap, "lost": status.lost}
        return {"model": device.info.model, **figures, **latest, **device.command("report")}
