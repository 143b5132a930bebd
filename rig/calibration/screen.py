"""How large a pixel is: a bank card is held to the screen, and an outline is made as large as the card."""

from protocols.errors import BadInput
from protocols.scene import GREY, WHITE, Line, Point, Scene, Text
from rig.calibration.kept import Calibration, new_calibration, screen_name
from rig.screen.pages import Responder
from rig.screen.window import Window

CARD = (0.08560, 0.05398)  # m, of any bank or identity card (ISO/IEC 7810, ID-1)
STEPS = {"right": 1, "left": -1, "up": 10, "down": -10}  # px
PLAUSIBLE = (0.05e-3, 1.5e-3)  # m a pixel, from a telephone to a projector at arm's length
WORDS = "Hold a bank card to the screen, its lower left corner on the outline's.\nMake the outline as large as the card."
KEYS = "left, right: one pixel     up, down: ten     RETURN: it fits     ESCAPE: leave it"


def measure_screen(window: Window, number: int, responder: Responder) -> Calibration | None:
    """Show the outline until it fits; None: the experimenter left it.

    Args:
        window: open on the screen that is measured.
        number: of that screen, from 0.
        responder: who presses the keys.

    Raises:
        BadInput: no screen has pixels of that size.
    """
    width = round(CARD[0] / window.metres_per_pixel)
    while True:
        window.draw(card_scene(window, width))
        window.flip()
        pressed = responder.keys()
        for key in pressed:
            if key == "escape":
                return None
            if key == "return":
                return calibration_of(width, number, window.screen_size_px)
            width = min(max(20, width + STEPS.get(key, 0)), window.size_px[0] - 20)


def calibration_of(width_px: int, number: int, screen_px: tuple[int, int]) -> Calibration:
    """What a card of that many pixels says of the screen.

    Raises:
        BadInput: no screen has pixels of that size.
    """
    pixel = CARD[0] / width_px
    if not PLAUSIBLE[0] <= pixel <= PLAUSIBLE[1]:
        raise BadInput(
            f"screen {number}: a card of {width_px} px would make a pixel {1e3 * pixel:.3g} mm; hold a card to the screen and repeat"
        )
    values = {"metres_per_pixel": pixel, "card_px": width_px, "resolution": pixel / width_px}
    return new_calibration("screen", screen_name(number, screen_px), values)


def card_scene(window: Window, width_px: int) -> Scene:
    """The outline, its lower left corner always at the same place, under the words that say what to do."""
    pixel = (window.extent[2] - window.extent[0]) / window.size_px[0]  # m of the workspace
    wide, high = width_px * pixel, width_px * pixel * CARD[1] / CARD[0]
    left, bottom, right, top = window.extent
    x, y, middle, height = left + 0.2 * (right - left), bottom + 0.2 * (top - bottom), (left + right) / 2, top - bottom
    corners: tuple[Point, ...] = ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high), (x, y))
    return Scene(
        (
            Text("page words", WORDS, (middle, bottom + 0.88 * height), height / 30, WHITE),
            Text("page footer", KEYS, (middle, bottom + 0.06 * height), height / 40, GREY),
            Line("card", corners, WHITE, 2.0),
        )
    )
