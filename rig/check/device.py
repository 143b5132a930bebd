"""The input device, read while the screen runs: rate, gaps, losses, order, and pointer acceleration."""

from contextlib import ExitStack
from typing import NamedTuple

import numpy as np

from devices.device import Device, DeviceInfo, DeviceStatus, Motion, Player, Samples
from protocols.errors import DeviceError
from rig.check.findings import Finding, failed
from rig.check.screen import scene, show, warm_up
from rig.clock import now
from rig.screen.frames import FrameBatch
from rig.screen.window import Window
from rig.session.sampling import joined

SECONDS = 4.0  # for which the device is read
LOW_RATE = 100.0  # Hz, while moving: below this a release speed can't be trusted
MOVING_GAP = 0.05  # s: a longer time without samples counts as a pause of the hand, on an event-driven device
RATE_TOLERANCE = 0.02  # relative, on a device with a nominal rate
WORDS = "move the device in circles"


class Measured(NamedTuple):
    """The frames shown meanwhile, and what the device did."""

    frames: FrameBatch
    findings: tuple[Finding, ...]


def measure_device(window: Window, open_device, player: Player | None, seconds: float = SECONDS) -> Measured:  # type: ignore[no-untyped-def]
    """Open the device that goes with the window and read it for ``seconds``, while a person or ``player`` moves it."""
    with ExitStack() as stack:
        try:
            device: Device = stack.enter_context(open_device(window))
            warm_up(window, WORDS)
            if player is not None:
                player.play(circles(seconds, window.metres_per_pixel * min(window.size_px) / 6), now())
            samples = _read(window, device, seconds)
            return Measured(window.frames.take(), (*judge(device.info, device.status(), samples), *_acceleration(device.info)))
        except DeviceError as error:
            return Measured(show(window), (failed("device", error),))


def _read(window: Window, device: Device, seconds: float) -> Samples:
    device.read()  # what came while it was opened
    end, chunks = now() + seconds, []
    while (left := end - now()) > 0:
        chunks.append(device.read())
        window.draw(scene(window, WORDS, 3 * left))
        window.flip()
    return joined([chunk for chunk in chunks if len(chunk)])


def circles(seconds: float, radius: float, rate: float = 1000.0, period: float = 0.8) -> Motion:
    """Circles about the centre at constant speed, m of the device's plane."""
    time = np.arange(round(seconds * rate)) / rate
    angle = 2 * np.pi * time / period
    return Motion(time, radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), np.zeros(len(time), dtype=np.int64))


def judge(info: DeviceInfo, status: DeviceStatus, samples: Samples) -> list[Finding]:
    """Findings on the samples that came while the device was moved."""
    name = f"device {info.kind}"
    if len(samples) < 2:
        return [Finding(name, "fail", f"{len(samples)} samples came", "move it meanwhile; else check its cable and driver")]
    rate, gap = moving_rate(samples.host_time, info.nominal_rate)
    found = f"{len(samples)} samples, {rate:.0f} Hz while moving, largest gap {1e3 * gap:.1f} ms"
    return [_rate(name, info, rate, found), _losses(name, status, samples)]


def moving_rate(time: np.ndarray, nominal: float) -> tuple[float, float]:
    """Samples a second and the largest gap (s). On an event-driven device (nominal rate 0) pauses of the hand are left out."""
    gaps = np.diff(time)
    kept = gaps if nominal > 0 else gaps[gaps < MOVING_GAP]
    return (float(len(kept) / kept.sum()), float(kept.max())) if len(kept) and kept.sum() > 0 else (0.0, float(gaps.max()))


def _rate(name: str, info: DeviceInfo, rate: float, found: str) -> Finding:
    if info.nominal_rate > 0 and abs(rate - info.nominal_rate) > RATE_TOLERANCE * info.nominal_rate:
        found = f"{found}; {info.nominal_rate:g} Hz nominal"
        return Finding(f"{name} rate", "warn", found, "check the device's settings and the load of the machine")
    if rate < LOW_RATE:
        remedy = "use a device of 125 Hz or more: release speeds from slower ones are noisy (docs/explanation/release.md says how much)"
        return Finding(f"{name} rate", "warn", found, remedy)
    return Finding(f"{name} rate", "pass", found)


def _losses(name: str, status: DeviceStatus, samples: Samples) -> Finding:
    missing = int(samples.counter[-1] - samples.counter[0]) + 1 - len(samples)
    ordered = bool((np.diff(samples.host_time) > 0).all())
    found = f"{max(status.lost, missing)} samples lost, times {'in order' if ordered else 'NOT in order'}"
    if not ordered or status.lost or missing:
        return Finding(f"{name} losses", "fail", found, "close other programs; if it stays, use another port or cable")
    return Finding(f"{name} losses", "pass", found)


def _acceleration(info: DeviceInfo) -> list[Finding]:
    """Pointer acceleration bends the path of a mouse; other devices don't go through it."""
    if info.kind != "mouse":
        return []
    from devices.acceleration import find_acceleration

    finding = find_acceleration()
    if finding.accelerated is False:
        return [Finding("pointer acceleration", "pass", finding.words)]
    words, _, remedy = finding.words.partition("; ")
    return [Finding("pointer acceleration", "warn", words, remedy)]
