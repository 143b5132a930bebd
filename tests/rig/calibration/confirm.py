"""Confirms the grid of a virtual pen or of two virtual mice: ``python -m tests.rig.calibration.confirm DEVICE PICTURE``.

A program of its own, since a window can't outlive the X server that it is on. Prints what was confirmed, and what was refused before.
"""

import json
import sys
from pathlib import Path

import numpy as np

from devices.device import Motion
from devices.virtual_hands import VirtualHands
from protocols.task import ONE_HAND, TWO_HANDS
from rig.calibration.grid import confirm_grid
from rig.clock import now
from rig.screen.window import open_window
from rig.session.attachment import VirtualPointers
from rig.session.input import open_device
from rig.settings import Settings
from rig.virtual_pointers import virtual_pointers


class Experimenter:
    """Presses RETURN at once, which must be refused; goes along, and presses it again once the device has come to its end."""

    def __init__(self, window, player, axes: int, picture: Path):
        self._window, self._player, self._axes, self._picture = window, player, axes, picture
        self._frame = 0
        self.presses = 0

    def keys(self) -> list[str]:
        self._frame += 1
        if self._frame == 2:
            self._player.play(along(self._axes), now())
        if self._frame > 2 and self._frame % 60:
            return []
        if self._frame > 2:
            self._window.draw_again()
            self._window.screenshot(self._picture)
        self.presses += 1
        return ["return"]


class Watched:
    """The window, and the scene that it drew last, for a picture of it (which has to be taken before a flip)."""

    def __init__(self, window):
        self._window, self._scene = window, None

    def __getattr__(self, name):
        return getattr(self._window, name)

    def draw(self, scene) -> None:
        self._scene = scene
        self._window.draw(scene)

    def draw_again(self) -> None:
        self._window.draw(self._scene)


def along(axes: int) -> Motion:
    """From the centre 70 mm to the right and 50 mm away and back by a part, the tip down; the right hand goes the other way."""
    time = np.arange(600) / 1000
    way = np.sin(time / 0.6 * 2.2)
    left = np.stack([0.07 * way, 0.065 * np.sin(time / 0.6 * 2.9)], axis=1)
    return Motion(time, np.hstack([left, -left])[:, :axes], np.ones(600, np.int64))


def main(name: str, picture: Path) -> None:
    axes = ONE_HAND if name == "tablet" else TWO_HANDS
    with virtual_pointers() as sockets, open_window(Settings(screen_width=0.6), windowed=False) as window:  # type: ignore[call-arg]
        device = open_device(name, window, axes=axes, attachment=VirtualPointers(sockets))
        with device, VirtualHands(now, sockets, len(axes)) as player:
            watched = Watched(window)
            experimenter = Experimenter(watched, player, len(axes), picture)
            confirmed = confirm_grid(watched, device, experimenter)  # type: ignore[arg-type]
            print(json.dumps(confirmed.stored() | {"presses": experimenter.presses}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
