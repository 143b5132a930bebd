"""An input device, watched for a while: what it gives, a line every half second, and what is wrong with it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from devices.device import Device, Samples
from rig.check.device import judge
from rig.clock import now, wait_until
from rig.session.sampling import joined, rate_and_gap

LINE = 0.5  # s that one line tells of
READ = 1 / 60  # s


def watch(device: Device, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Read an open device for ``seconds``, and say what came, as it comes.

    Returns:
        ``model``, ``axes``, ``samples``, ``rate`` (Hz) and ``largest_gap`` (s) while samples came, ``lost``, the latest ``position`` (m),
        ``buttons`` and ``force``, and ``findings``.

    Raises:
        DeviceError: the device fails.
    """
    device.read()  # what came while it was opened
    begin, chunks = now(), []
    for end in np.arange(begin + LINE, begin + seconds + LINE / 2, LINE):
        part = [*_read_until(device, float(end))]
        chunks += part
        say(line(end - begin, joined(part, len(device.info.axes)), device.info.axes, device.status().lost))
    samples, status = joined(chunks, len(device.info.axes)), device.status()
    rate, gap = rate_and_gap(samples.host_time)
    findings = [finding._asdict() for finding in judge(device.info, status, samples)]
    figures = {"samples": status.samples, "rate": rate, "largest_gap": gap, "lost": status.lost, "findings": findings}
    return {"model": device.info.model, "axes": device.info.axes, **figures, **_latest(samples)}


def _read_until(device: Device, end: float) -> Iterator[Samples]:
    while now() < end:
        wait_until(min(end, now() + READ))
        samples = device.read()
        if len(samples):
            yield samples


def line(time: float, samples: Samples, axes: tuple[str, ...], lost: int) -> str:
    """What came in one half second, for a person."""
    if not len(samples):
        return f"{time:5.1f} s   nothing came{f', {lost} lost so far' if lost else ''}"
    rate, gap = rate_and_gap(samples.host_time)
    came = f"{rate:5.0f} Hz, gap {1e3 * gap:5.1f} ms" if len(samples) > 1 else "one sample            "
    places = "  ".join(f"{axis} {1e3 * value:+8.2f}" for axis, value in zip(axes, samples.position[-1], strict=True))
    force = "" if np.isnan(samples.force[-1]) else f"   force {samples.force[-1]:.2f}"
    return f"{time:5.1f} s   {came}, {lost} lost   {places} mm   buttons {int(samples.buttons[-1]):b}{force}"


def _latest(samples: Samples) -> dict[str, Any]:
    if not len(samples):
        return {}
    force = float(samples.force[-1])
    return {"position": samples.position[-1].tolist(), "buttons": int(samples.buttons[-1]), "force": None if np.isnan(force) else force}
