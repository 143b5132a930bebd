import subprocess
import sys

import pytest

from devices.registry import AXES, DEVICES, PLAYERS, check_axes, find_device, find_player
from protocols.errors import BadInput
from protocols.task import ONE_HAND, TWO_HANDS


def test_every_name_leads_to_something_that_can_be_called():
    assert all(callable(find_device(name)) for name in DEVICES)
    assert all(callable(find_player(name)) for name in PLAYERS)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(BadInput, match="manipulandum, mouse, replay, simulated, tablet, two-pointers, got 'joystick'"):
        find_device("joystick")


def test_no_device_module_loads_psychopy_lsl_or_x_when_imported():
    code = (
        "import sys; from devices.registry import *; [find_device(n) for n in DEVICES]; [find_player(n) for n in PLAYERS];"
        "import devices.acceleration; print([m for m in ('psychopy', 'pylsl', 'Xlib', 'jax', 'pandas', 'rig') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_device_with_too_few_axes_is_refused_with_what_is_needed():
    for name in DEVICES:
        check_axes(name, TWO_HANDS if name == "two-pointers" else ONE_HAND)
    check_axes("simulated", TWO_HANDS)
    with pytest.raises(BadInput, match=r"two-pointers.* 2 axes \(x, y\)"):
        check_axes("two-pointers", ONE_HAND)
    with pytest.raises(BadInput, match=r"mouse.* 4 axes \(left_x, .*right_y\).*has 2 \(x, y\): choose from two-pointers, .*simulated"):
        check_axes("mouse", TWO_HANDS)


def test_further_axes_do_no_harm_but_their_order_counts(monkeypatch):
    monkeypatch.setitem(AXES, "mouse", (("x", "y", "z"), (*TWO_HANDS, "grip")))
    check_axes("mouse", ONE_HAND)
    check_axes("mouse", TWO_HANDS)
    with pytest.raises(BadInput, match="2 axes"):
        check_axes("mouse", ("y", "x"))
