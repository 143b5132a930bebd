"""The experimenter's desk on the page: pause, resume, end, notes. What the session did about it is read in its journal."""

from collections.abc import Callable
from html import escape
from typing import Any

from bokeh.models import Button, Column, Div, InlineStyleSheet, Row, TextInput

from rig.monitor.channel import LONGEST_NOTE, Action
from rig.monitor.watched import Watched

EVENTS: dict[str, str] = {"pause": "experimenter_pause", "resume": "resumed", "note": "experimenter_note", "end": "experimenter_end"}
PATIENCE = 25  # looks after which a command that the journal doesn't show counts as unheard


def button(label: str, kind: str, pressed: Callable[[], object], sheet: InlineStyleSheet, width: int | None = None) -> Button:
    """A button of the page; without a ``width`` (px) it takes the room there is."""
    size: dict[str, Any] = {"sizing_mode": "stretch_width"} if width is None else {"width": width}
    made = Button(label=label, button_type=kind, stylesheets=[sheet], **size)  # type: ignore[arg-type]
    made.on_click(lambda: pressed() and None)  # type: ignore[arg-type]
    return made


class Desk:
    """Buttons, a line for notes, and what became of the last command."""

    def __init__(self, watched: Watched, sheet: InlineStyleSheet) -> None:
        self._watched = watched
        self._awaited: tuple[Action, int, int] | None = None  # the command, events of its kind before it, looks that are left
        self.pause = button("Pause", "warning", lambda: self.command("pause"), sheet)
        self.resume = button("Resume", "success", lambda: self.command("resume"), sheet)
        self.end = button("End session", "danger", lambda: self._ask(True), sheet)
        self.sure = button("End it now", "danger", self._end, sheet)
        self.keep = button("Go on", "default", lambda: self._ask(False), sheet)
        self.note = TextInput(placeholder="Note, then Enter", max_length=LONGEST_NOTE, sizing_mode="stretch_width", stylesheets=[sheet])
        self.note.on_change("value", lambda name, old, new: self._write(new))
        self.answer = Div(sizing_mode="stretch_width", stylesheets=[sheet])
        rows = [
            Row(children=[self.pause, self.resume], sizing_mode="stretch_width"),
            Row(children=[self.end, self.sure, self.keep], sizing_mode="stretch_width"),
        ]
        self.root = Column(children=[*rows, self.note, self.answer], name="desk", sizing_mode="stretch_width")
        self._ask(False)

    def update(self, alive: bool) -> None:
        """Say what became of the last command, and allow none where no session runs."""
        for part in (self.pause, self.resume, self.end, self.sure, self.note):
            if part.disabled == alive:
                part.disabled = not alive
        if self._awaited is not None:
            self._await(*self._awaited)
        elif not alive:
            self._say("No session runs: nothing can be commanded.")
        elif "No session" in self.answer.text:
            self._say("")

    def command(self, action: Action, text: str = "") -> None:
        """Send a command, and wait for the journal to show it."""
        self._awaited = (action, self._count(action), PATIENCE) if self._watched.command(action, text) else None
        self._say(f"{action}: sent" if self._awaited else f"{action}: not sent, since no session runs")

    def _await(self, action: Action, before: int, left: int) -> None:
        if self._count(action) > before:
            self._awaited = None
            self._say(f"{action}: done, and in the journal")
        elif left:
            self._awaited = (action, before, left - 1)
        else:
            self._awaited = None
            self._say(f"{action}: no answer in the journal yet; look at the rig")

    def _count(self, action: Action) -> int:
        return sum(event.name == EVENTS[action] for event in self._watched.followed.record.events)

    def _ask(self, asked: bool) -> None:
        self.end.visible, self.sure.visible, self.keep.visible = not asked, asked, asked

    def _end(self) -> None:
        self._ask(False)
        self.command("end")

    def _write(self, text: str) -> None:
        if text.strip():
            self.command("note", text.strip())
            self.note.value = ""

    def _say(self, text: str) -> None:
        shown = f"<p>{escape(text)}</p>" if text else ""
        if self.answer.text != shown:
            self.answer.text = shown
