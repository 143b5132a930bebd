"""Whether the system bends the mouse's path: pointer acceleration makes the cursor's way depend on the hand's speed."""

import ctypes
import subprocess
import sys
from typing import NamedTuple

_LIBINPUT_PROFILE = "libinput Accel Profile Enabled"  # three switches: adaptive, flat, custom


class Finding(NamedTuple):
    """What was found out about pointer acceleration."""

    known: bool
    accelerated: bool | None  # None where it isn't known
    words: str  # what was found and, where it matters, what to do


def find_acceleration() -> Finding:
    """Ask the system. Changes nothing; says so when it can't be found out."""
    if sys.platform == "linux":
        return _x11()
    if sys.platform == "win32":
        return _windows()
    if sys.platform == "darwin":
        return _mac()
    return _unknown(f"no way to ask on {sys.platform}")


def _unknown(why: str) -> Finding:
    return Finding(False, None, f"pointer acceleration unknown: {why}; check in the system's mouse settings that it is off")


def _finding(accelerated: bool, evidence: str, remedy: str) -> Finding:
    if accelerated:
        return Finding(True, True, f"pointer acceleration is ON ({evidence}); turn it off: {remedy}")
    return Finding(True, False, f"pointer acceleration is off ({evidence})")


def _x11() -> Finding:
    """libinput's profile where that driver is in use, else the X server's own setting (as ``xset q`` shows it)."""
    from Xlib.display import Display
    from Xlib.error import DisplayError

    try:
        display = Display()
    except DisplayError as error:
        return _unknown(f"no X display ({error})")
    try:
        profiles = _libinput_profiles(display)
        control = display.get_pointer_control()
    finally:
        display.close()
    if profiles:
        adaptive = [name for name, flags in profiles.items() if not (len(flags) > 1 and flags[1])]
        remedy = "xinput set-prop '<device>' 'libinput Accel Profile Enabled' 0 1"
        return _finding(bool(adaptive), f"libinput: {', '.join(adaptive) or 'flat profile'}", remedy)
    factor = control.accel_num / max(control.accel_denom, 1)
    return _finding(factor != 1, f"X server: factor {factor:g} beyond {control.threshold} px", "xset m 1/1 0")


def _libinput_profiles(display) -> dict[str, tuple[int, ...]]:
    """Name of each pointer that libinput drives, with its profile switches (adaptive, flat, custom)."""
    from Xlib.ext import xinput

    if not display.has_extension("XInputExtension"):
        return {}
    display.xinput_query_version()
    atom = display.intern_atom(_LIBINPUT_PROFILE, only_if_exists=True)
    if not atom:
        return {}  # no libinput driver has ever made this property
    found = {}
    for device in display.xinput_query_device(xinput.AllDevices).devices:
        if device.use == xinput.SlavePointer:
            value = display.xinput_get_device_property(device.deviceid, atom, 0, 0, 8).value
            found |= {device.name: tuple(value)} if value else {}
    return found


def _windows() -> Finding:
    """SPI_GETMOUSE: two thresholds and the switch that the control panel calls 'Enhance pointer precision'."""
    values = (ctypes.c_int * 3)()
    if not ctypes.windll.user32.SystemParametersInfoW(3, 0, values, 0):  # type: ignore[attr-defined]
        return _unknown("Windows did not answer")
    remedy = "Control Panel, Mouse, Pointer Options: clear 'Enhance pointer precision'"
    return _finding(values[2] != 0, f"Enhance pointer precision = {values[2]}", remedy)


def _mac() -> Finding:
    """Off by the switch that macOS 13 brought, or by a scaling of -1; any other value, or none, leaves acceleration on."""
    linear, scaling = (_mac_preference(f"com.apple.mouse.{name}") for name in ("linear", "scaling"))
    evidence = f"mouse linear {linear or 'not set'}, scaling {scaling or 'not set'}"
    remedy = "System Settings, Mouse, Advanced: clear 'Pointer acceleration'"
    return _finding(linear != "1" and not scaling.startswith("-"), evidence, remedy)


def _mac_preference(key: str) -> str:
    command = ["/usr/bin/defaults", "read", "-g", key]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout.strip()
