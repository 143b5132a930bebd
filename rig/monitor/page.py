"""The page of one viewer: all parts laid out, and brought up to date some times a second by what has changed, never anew."""

from importlib.resources import files

import jinja2
from bokeh.core.templates import get_env
from bokeh.document import Document
from bokeh.models import Column, Div, InlineStyleSheet, Row, UIElement

from rig.monitor import words
from rig.monitor.action_space import ActionSpace
from rig.monitor.alarms import Alarm
from rig.monitor.desk import Desk, button
from rig.monitor.plots import LearningCurve, Surprise, Timing, View, action_courses
from rig.monitor.scene import SceneView
from rig.monitor.watched import Watched

TRIALS = 200  # ms between looks for a new trial
HAND = 100  # ms between pictures of the hand


def _grid(columns: str) -> dict[str, str | None]:
    return {"display": "grid", "grid-template-columns": columns}


SIDE_BY_SIDE = _grid("repeat(auto-fill, minmax(min(440px, 100%), 1fr))")  # alarms, as there is room
PAIRS = _grid("1fr 1fr")  # of action dimensions


def build(document: Document, watched: Watched) -> None:
    """Fill a viewer's document, and keep it up to date."""
    watched.entered()
    document.on_session_destroyed(lambda context: watched.left())
    page = WatchPage(document, watched)
    document.title = f"{watched.followed.record.kept['participant']}: twinrig watch"
    document.template = _template()
    document.add_periodic_callback(page.update, TRIALS)
    document.add_periodic_callback(page.move, HAND)


class WatchPage:
    """The models of one viewer's page."""

    def __init__(self, document: Document, watched: Watched) -> None:
        self._watched, self._seen = watched, (-1, False)
        self._sheet = InlineStyleSheet(css=files("rig.monitor").joinpath("templates", "parts.css").read_text(encoding="utf-8"))
        record = watched.followed.record
        self.scene = SceneView(record.task.extent(), len(record.task.axes))
        action: list[View] = [ActionSpace(watched.followed)] if len(record.action_columns) == 2 else action_courses(watched.followed)
        self.views: list[View] = [LearningCurve(watched.followed), Surprise(watched.followed), Timing(watched.followed), *action]
        self.head, self.health, self.log = (self._words(name) for name in ("head", "health", "log"))
        self.desk = Desk(watched, self._sheet)
        self.alarms = Column(name="alarms", sizing_mode="stretch_width", styles=SIDE_BY_SIDE)
        self._shown_alarms: list[Alarm] | None = None
        pairs = PAIRS if len(action) > 1 else {}
        actions = Column(children=[view.plot for view in action], name="actions", sizing_mode="stretch_width", styles=pairs)
        for root in (self.head, self.health, self.log, self.alarms, self.desk.root, self.scene.plot, actions):
            document.add_root(root)
        for view in self.views[:3]:
            document.add_root(view.plot)
        self.update()
        self.move()

    def update(self) -> None:
        """Show what has changed since the last look."""
        watched = self._watched
        watched.look()
        seen = (watched.followed.version, watched.alive)
        if seen != self._seen:
            self._seen = seen
            for view in self.views:
                view.update(watched.followed)
            _say(self.log, words.log(watched.followed.record))
        record = watched.followed.record
        _say(self.head, words.banner(record) + words.cards(record, watched.standing, watched.live.stage))
        _say(self.health, words.health(record, watched.live.health(), watched.lost, watched.late) + words.inference(record))
        self.desk.update(watched.alive)
        self._show_alarms(watched.alarms())

    def move(self) -> None:
        """Show where the hand is."""
        live = self._watched.live
        live.look(self._watched.alive)
        self.scene.show(live.scene(self._watched.trial), live.trail())

    def _words(self, name: str) -> Div:
        return Div(name=name, sizing_mode="stretch_width", stylesheets=[self._sheet])

    def _show_alarms(self, found: list[Alarm]) -> None:
        if found == self._shown_alarms:
            return
        self._shown_alarms = found
        lines: list[UIElement] = [self._alarm_line(one) for one in reversed(found[-words.SHOWN :])]
        if len(found) > 1:
            everything = button("Acknowledge all", "default", self._acknowledge_all, self._sheet, 130)
            lines.append(Row(children=[self._text(words.more_alarms(found)), everything], sizing_mode="stretch_width"))
        self.alarms.children = lines

    def _alarm_line(self, one: Alarm) -> Row:
        known = button("Acknowledge", "default", lambda: self._watched.acknowledge(one.key), self._sheet, 130)
        return Row(children=[self._text(words.alarm(one)), known], sizing_mode="stretch_width")

    def _acknowledge_all(self) -> None:
        for one in self._watched.alarms():
            self._watched.acknowledge(one.key)

    def _text(self, text: str) -> Div:
        return Div(text=text, sizing_mode="stretch_width", stylesheets=[self._sheet])


def _say(part: Div, text: str) -> None:
    """Change words only where they differ, so that nothing is sent otherwise."""
    if part.text != text:
        part.text = text


def _template() -> jinja2.Template:
    return get_env().from_string(files("rig.monitor").joinpath("templates", "watch.html").read_text(encoding="utf-8"))
