"""``twinrig devices``: what can be named after ``--device``, and how a manipulandum at a port is doing."""

import argparse
from typing import Any

from rig.cli import say

SECONDS = 2.0  # for which the manipulandum is read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``devices``."""
    parser.add_argument("--port", metavar="PATH", help="read the manipulandum at this serial port for two seconds, and say how that went")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """List the devices and serial ports; of the mouse, whether its pointer is accelerated; of a manipulandum, live figures."""
    from serial.tools.list_ports import comports

    from devices.acceleration import find_acceleration
    from devices.registry import WORDS

    ports = {port.device: port.description for port in comports()}
    result: dict[str, Any] = {"devices": WORDS, "ports": ports, "pointer_acceleration": find_acceleration()._asdict()}
    if options.port is not None:
        result["manipulandum"] = _live(options.port)
    if not options.json:
        for name, words in (*WORDS.items(), *ports.items()):
            say(options, f"{name:<12} {words}")
        say(options, f"pointer acceleration: {result['pointer_acceleration']['words']}")
        for name, value in result.get("manipulandum", {}).items():
            say(options, f"  {name}: {value}")
    return result


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
