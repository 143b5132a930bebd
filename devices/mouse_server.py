"""Run as a script: PsychoPy's ioHub server, made to die with the device process and to listen to the mouse well.

ioHub watches the process that started it, but takes up to half a second to notice and may then hang in closing its devices.
On X11 it asks the server for the focused window at each event, which at 1 kHz on a busy machine makes it late by 15 ms; it hears
keys even when only the mouse is wanted; and a press of any button beyond the wheel (tilting the wheel is one) ends its listening
thread without a word.
"""

import runpy
import sys
from pathlib import Path

from devices.process import die_with_parent

#: What ioHub loads if it can, and what takes most of its start: nothing here draws, converts degrees or reads tables.
UNUSED = ("psychopy.visual", "psychopy.misc", "pandas", "tables")


def main() -> None:
    """Start the server with the arguments that ioHub's client gave: clock offset, script folder, configuration, process."""
    die_with_parent(int(sys.argv[4]))
    leave_out_unused()
    if sys.platform == "linux":
        mend_listener()
    import psychopy.iohub as iohub

    script = Path(str(iohub.__file__)).parent / "start_iohub_process.py"
    runpy.run_path(str(script), run_name="__main__")


def leave_out_unused() -> None:
    """Have the import of the unused modules fail, for which PsychoPy is prepared."""
    for module in UNUSED:
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]


def mend_listener() -> None:
    """Put a listener in place of ioHub's own that hears the mouse alone, asks nothing and knows every button."""
    from psychopy.iohub.devices import pyXHook
    from Xlib import X

    class HookManager(pyXHook.HookManager):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.contextEventMask = [X.ButtonPress, X.MotionNotify]  # a range: from this to that
            names = {8: "MOUSE_BUTTON_4", 9: "MOUSE_BUTTON_5", 6: "MOUSE_BUTTON_6", 7: "MOUSE_BUTTON_7"}  # 6, 7: a tilted wheel
            self.ioHubMouseButtonMapping |= names | dict.fromkeys(range(10, 256), "MOUSE_BUTTON_8")

    pyXHook.HookManager = HookManager
    pyXHook._xlib.XGetInputFocus = lambda *arguments: 0


if __name__ == "__main__":
    main()
