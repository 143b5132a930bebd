import subprocess
import sys

import pytest

from devices.registry import DEVICES, PLAYERS, find_device, find_player
from protocols.errors import BadInput


def test_every_name_leads_to_something_that_can_be_called():
    assert all(callable(find_device(name)) for name in DEVICES)
    assert all(callable(find_player(name)) for name in PLAYERS)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(BadInput, match="mouse, replay, simulated, got 'joystick'"):
        find_device("joystick")


def test_no_device_module_loads_psychopy_lsl_or_x_when_imported():
    code = (
        "import sys; from devices.registry import *; [find_device(n) for n in DEVICES]; [find_player(n) for n in PLAYERS];"
        "import devices.acceleration; print([m for m in ('psychopy', 'pylsl', 'Xlib', 'jax', 'pandas', 'rig') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
