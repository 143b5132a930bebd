"""Known places on a device: a person brings it there and presses its button, or its grip."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from devices.device import Device, Samples
from protocols.errors import Aborted
from protocols.scene import GREY, WHITE, Scene, Text
from rig.screen.pages import Responder
from rig.screen.window import Window


class Marks(NamedTuple):
    """The way the device went, and where on it the button was pressed."""

    path: np.ndarray  # (n, 2), m of the device's plane
    pressed: np.ndarray  # an index into the path for each mark


def collect_marks(window: Window, device: Device, responder: Responder, words: Sequence[str]) -> Marks:
    """Show one line of words after the other, until the button was pressed and let go for each.

    Raises:
        Aborted: escape was pressed.
        DeviceError: the device fails.
    """
    device.read()
    chunks: list[Samples] = []
    places: list[int] = []
    down, count = True, 0  # a button that is down at the beginning doesn't count
    while len(places) < len(words):
        window.draw(_scene(window, f"{len(places) + 1} of {len(words)}:  {words[len(places)]}"))
        window.flip()
        pressed = responder.keys()
        if "escape" in pressed:
            raise Aborted("the calibration was left by escape; nothing was changed")
        samples = device.read()
        if len(samples):
            for index, held in enumerate(samples.buttons & 1):
                if held and not down and len(places) < len(words):
                    places.append(count + index)
                down = bool(held)
            chunks.append(samples)
            count += len(samples)
    return Marks(np.concatenate([samples.position for samples in chunks]), np.array(places))


def _scene(window: Window, words: str) -> Scene:
    left, bottom, right, top = window.extent
    middle, height = (left + right) / 2, top - bottom
    return Scene(
        (
            Text("page words", words, (middle, bottom + 0.55 * height), height / 28, WHITE),
            Text(
                "page footer", "press the device's button there     ESCAPE: leave it", (middle, bottom + 0.08 * height), height / 40, GREY
            ),
        )
    )
