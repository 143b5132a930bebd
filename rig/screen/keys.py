"""The keyboard and the mouse button, as a page hears them: names of keys, characters, places of clicks.

Read from the window's own event queue, once a frame. It is for pages, never for movements: those come from a device.
"""

from collections.abc import Callable

from pyglet.window import key

from protocols.scene import Point

_PRESSED = {
    key.ESCAPE: "escape",
    key.SPACE: "space",
    key.RETURN: "return",
    key.ENTER: "return",
    key.NUM_ENTER: "return",
    key.TAB: "tab",
}
_REPEATED = {
    key.MOTION_UP: "up",
    key.MOTION_DOWN: "down",
    key.MOTION_LEFT: "left",
    key.MOTION_RIGHT: "right",
    key.MOTION_BACKSPACE: "backspace",
    key.MOTION_DELETE: "delete",
}


class Keys:
    """Keys and clicks since the last look.

    A printable key comes as its character ("a", "Ä", "7"), another by name: escape, space, return, tab, up, down, left, right, backspace,
    delete. Closing a window counts as escape.
    """

    def __init__(self, handle, to_workspace: Callable[[float, float], Point]):
        self._to_workspace = to_workspace
        self._keys: list[str] = []
        self._clicks: list[Point] = []
        handle.push_handlers(
            on_key_press=self._on_key_press,
            on_text=self._on_text,
            on_text_motion=self._on_text_motion,
            on_mouse_press=self._on_mouse_press,
            on_close=self._on_close,
        )

    def poll(self) -> list[str]:
        """Keys pressed since the last call, in order."""
        keys, self._keys = self._keys, []
        return keys

    def press(self, key: str) -> None:
        """A key that was not pressed at this keyboard, such as ``resume`` from the experimenter's page."""
        self._keys.append(key)

    def clicks(self) -> list[Point]:
        """Where the left button was pressed since the last call, m of the workspace."""
        clicks, self._clicks = self._clicks, []
        return clicks

    # Each returns True: the event ends here, and PsychoPy's own key buffer, which nobody empties, doesn't grow.
    def _on_key_press(self, symbol: int, modifiers: int) -> bool:
        if symbol in _PRESSED:
            self._keys.append(_PRESSED[symbol])
        return True

    def _on_text(self, text: str) -> bool:
        self._keys += [character for character in text if character.isprintable() and character != " "]
        return True

    def _on_text_motion(self, motion: int) -> bool:
        if motion in _REPEATED:
            self._keys.append(_REPEATED[motion])
        return True

    def _on_mouse_press(self, x: int, y: int, button: int, modifiers: int) -> bool:
        if button == 1:
            self._clicks.append(self._to_workspace(x, y))
        return True

    def _on_close(self) -> bool:
        self._keys.append("escape")
        return True
