"""A private screen that has virtual pens and mice: Xorg with its ``dummy`` screen and its ``inputtest`` devices."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devices.virtual_hands import LEFT, PEN, RIGHT, socket_of
from protocols.errors import BadInput
from rig.virtual_screen import screen_of

#: Name of each virtual device, and what the driver is to make of it.
DEVICES = {PEN: "PointerAbsoluteProximity", LEFT: "Pointer", RIGHT: "Pointer"}

REMEDY = "apt install xserver-xorg-core xserver-xorg-video-dummy"
_DRIVERS = Path("/usr/lib/xorg/modules")
_NEEDED = ("input/inputtest_drv.so", "drivers/dummy_drv.so")

_SERVER = """
Section "ServerFlags"
  Option "AutoAddDevices" "false"
  Option "DontVTSwitch" "true"
EndSection
Section "Device"
  Identifier "card"
  Driver "dummy"
  VideoRam 64000
EndSection
Section "Monitor"
  Identifier "monitor"
  HorizSync 1-500
  VertRefresh 1-500
  Modeline "1280x1024" 108.00 1280 1328 1440 1688 1024 1025 1028 1066
EndSection
Section "Screen"
  Identifier "screen"
  Device "card"
  Monitor "monitor"
  DefaultDepth 24
  SubSection "Display"
    Depth 24
    Modes "1280x1024"
  EndSubSection
EndSection
"""
_DEVICE = """
Section "InputDevice"
  Identifier "{name}"
  Driver "inputtest"
  Option "SocketPath" "{socket}"
  Option "DeviceType" "{kind}"
  Option "PointerHasPressure" "{pressure}"
EndSection
"""


@contextmanager
def virtual_pointers(devices: Mapping[str, str] = DEVICES) -> Iterator[Path]:
    """Start such a server and set ``DISPLAY`` to it for the time of the block; gives the folder of the devices' sockets.

    Raises:
        BadInput: Xorg or one of its drivers isn't installed.
        TwinrigError: it doesn't start.
    """
    check_installed()
    with tempfile.TemporaryDirectory(prefix="twinrig-") as scratch:
        folder = Path(scratch)
        file = folder / "xorg.conf"
        file.write_text(configuration(folder, devices), encoding="utf-8")
        options = ["-config", str(file), "-logfile", str(folder / "log"), "-noreset", "-nolisten", "tcp", "-novtswitch", "-sharevts"]
        with screen_of(["Xorg", *options], REMEDY):
            yield folder


def check_installed() -> None:
    """See beforehand that there can be such a server.

    Raises:
        BadInput: something isn't installed; says what.
    """
    missing = [name for name in _NEEDED if not (_DRIVERS / name).exists()]
    if missing or not shutil.which("Xorg"):
        what = f"Xorg's driver {missing[0]}" if missing else "Xorg"
        raise BadInput(f"virtual pens and mice need {what}, which isn't installed: {REMEDY}")


def configuration(folder: Path, devices: Mapping[str, str]) -> str:
    """The server's configuration file: one screen, and the devices, which listen in the folder."""
    sections = [
        _DEVICE.format(name=name, socket=socket_of(folder, name), kind=kind, pressure=str(kind != "Pointer").lower())
        for name, kind in devices.items()
    ]
    lines = "".join(f'  InputDevice "{name}"\n' for name in devices)
    layout = f'\nSection "ServerLayout"\n  Identifier "layout"\n  Screen "screen"\n{lines}EndSection\n'
    return _SERVER + "".join(sections) + layout
