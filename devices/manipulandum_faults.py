"""What a manipulandum's own status says is wrong, and what to do about it."""

from devices.manipulandum_codec import Status


def fault_of(status: int) -> str:
    """What makes it unsafe or pointless to go on, in words; empty where nothing does."""
    if status & (Status.STOP_PRESSED | Status.STOPPED):
        return "the emergency stop was pressed, and the motors are off: see that all is well, release it, then go on"
    if status & Status.RESTARTED:
        why = "its watchdog found the firmware hanging" if status & Status.BY_WATCHDOG else "its power or cable failed"
        return f"the board was restarted ({why}), so its position is unknown: put the handle at its home mark, then go on"
    if status & Status.SILENT_HOST:
        return "the board heard nothing from this computer for 0.2 s and turned the motors off: close other programs, then go on"
    return ""
