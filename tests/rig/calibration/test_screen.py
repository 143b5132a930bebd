"""The card on the screen: keys make the outline as large as the card, and the window then knows its metres."""

import pytest

from protocols.errors import BadInput
from rig.calibration.kept import keep
from rig.calibration.screen import CARD, calibration_of, measure_screen
from rig.screen.window import UNCALIBRATED, open_window
from rig.settings import Settings


class Typist:
    """Presses one key a frame."""

    def __init__(self, *keys):
        self._keys = list(keys)

    def keys(self):
        return [self._keys.pop(0)]

    def clicks(self):
        return []


@pytest.mark.screen
def test_keys_fit_the_outline_and_the_next_window_knows(screen, tmp_path, monkeypatch):
    monkeypatch.setenv("TWINRIG_SETTINGS", str(tmp_path / "rig.toml"))
    with open_window(Settings(), windowed=True) as window:
        assert (window.calibrated, window.metres_per_pixel) == (False, UNCALIBRATED)
        assert measure_screen(window, 0, Typist("up", "escape")) is None
        found = measure_screen(window, 0, Typist("up", "right", "right", "left", "down", "up", "return"))
    assert found is not None
    assert found.values["card_px"] == round(CARD[0] / UNCALIBRATED) + 11
    keep(found)
    with open_window(Settings(), windowed=True) as window:
        assert window.calibrated
        assert window.metres_per_pixel == pytest.approx(CARD[0] / found.values["card_px"])


def test_a_card_that_no_screen_could_show_is_refused():
    with pytest.raises(BadInput, match="hold a card to the screen and repeat"):
        calibration_of(30, 0, (1280, 1024))
