"""Run as a script: PsychoPy's ioHub server, made to die with the device process and to stand mice of many buttons.

ioHub watches the process that started it, but takes up to half a second to notice and may then hang in closing its devices.
And on X11 a press of any button beyond the wheel (tilting the wheel is one) ends ioHub's listening thread without a word.
"""

import runpy
import sys
from pathlib import Path

from devices.process import die_with_parent


def main() -> None:
    """Start the server with the arguments that ioHub's client gave: clock offset, script folder, configuration, process."""
    die_with_parent(int(sys.argv[4]))
    if sys.platform == "linux":
        name_all_buttons()
    import psychopy.iohub as iohub

    script = Path(str(iohub.__file__)).parent / "start_iohub_process.py"
    runpy.run_path(str(script), run_name="__main__")


def name_all_buttons() -> None:
    """Give ioHub a name for every button that X11 can report; 6 and 7 are a tilted wheel, 8 and 9 'back' and 'forward'."""
    from psychopy.iohub.devices import pyXHook

    class HookManager(pyXHook.HookManager):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.ioHubMouseButtonMapping |= {8: "MOUSE_BUTTON_4", 9: "MOUSE_BUTTON_5", 6: "MOUSE_BUTTON_6", 7: "MOUSE_BUTTON_7"}
            self.ioHubMouseButtonMapping |= dict.fromkeys(range(10, 256), "MOUSE_BUTTON_8")

    pyXHook.HookManager = HookManager


if __name__ == "__main__":
    main()
