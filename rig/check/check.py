"""``twinrig check``: measure the rig before a participant sits down. Every finding says pass, warn or fail, and what to do.

Nothing here is assumed: the window is opened, the device is read, streams are found and recorded. The answer is kept with the data.
"""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devices.device import Device, Player
from protocols.errors import TwinrigError
from protocols.schema import Protocol
from rig.check.findings import CheckResult, Finding, failed
from rig.screen.window import Window
from rig.settings import Settings

Say = Callable[[str], None]
OpenDevice = Callable[[Window], Device]


def run_check(
    protocol: Protocol | None,
    open_device: OpenDevice | None,
    settings: Settings,
    windowed: bool = False,
    player: Player | None = None,
    say: Say = print,
) -> CheckResult:
    """Measure this rig, in about fifteen seconds.

    Args:
        protocol: checked against the screen and the machine; None: none.
        open_device: opens the input device that goes with a window, not yet entered; None: no device is checked.
        settings: of the rig.
        windowed: a window rather than the full screen.
        player: moves the pointer or device in place of a person; an open one.
        say: told what is going on, for the person who waits.

    Nothing is raised for a rig that fails: that is a finding.
    """
    say("machine ...")
    findings = list(_machine(settings))
    say("streams and recorder ...")
    findings += _streams(settings)
    say("screen and device: please move the device in circles ..." if player is None else "screen and device ...")
    findings += _screen(protocol, open_device, settings, windowed, player)
    return CheckResult(datetime.now(UTC).isoformat(timespec="seconds"), tuple(findings))


def _machine(settings: Settings) -> Iterator[Finding]:
    from rig.check import machine

    yield machine.versions()
    yield machine.data_folder(settings.data)
    yield machine.clock()
    yield machine.priority()


def _streams(settings: Settings) -> list[Finding]:
    from rig.check.streams import check_streams
    from rig.streams.outlets import configure_streams

    with tempfile.TemporaryDirectory(prefix="twinrig-check-") as folder:
        session_id = f"check-{uuid.uuid4().hex[:12]}"
        configure_streams(Path(folder), session_id, settings.streams)
        return list(check_streams(Path(folder), session_id))


def _screen(
    protocol: Protocol | None, open_device: OpenDevice | None, settings: Settings, windowed: bool, player: Player | None
) -> list[Finding]:
    from rig.check import screen
    from rig.check.device import measure_device
    from rig.screen.window import open_window

    findings: list[Finding] = []
    with ExitStack() as stack:
        try:
            window = stack.enter_context(open_window(settings, windowed))
        except TwinrigError as error:
            return [failed("screen", error)]
        findings += screen.calibration(window)
        if protocol is not None:
            findings += screen.fits(protocol, window)
        if open_device is None:
            return findings + screen.refresh(window, settings, screen.show(window))
        measured = measure_device(window, open_device, player)
        return findings + screen.refresh(window, settings, measured.frames) + list(measured.findings)


def as_stored(result: CheckResult, device: str, protocol: str | None, windowed: bool) -> dict[str, Any]:
    """The result as it is kept with the data and printed as JSON, with what was checked: device and protocol by name."""
    return {
        "when": result.when,
        "device": device,
        "protocol": protocol,
        "windowed": windowed,
        "verdict": result.verdict,
        "findings": [finding._asdict() for finding in result.findings],
    }
