"""Pages between trials: instructions, breaks, questions, aim reports, pause, and the question whether to end.

Whoever answers comes in as a ``Responder``: a person at the keyboard, or a simulated participant. While a page waits, it calls ``tick``
each frame, so that samples are still read; escape asks whether to end the session, and yes raises ``Aborted``.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from protocols.errors import Aborted
from protocols.scene import Point, Scene
from rig.clock import now
from rig.screen.page_scenes import Page, aim_scene, clicked_option, page_scene, question_scene
from rig.screen.page_words import ENGLISH, PageWords
from rig.screen.questions import Answer, Draft, Question, pick, press, settled
from rig.screen.window import Window

__all__ = ["Page", "Pages", "Person", "Question", "Responder", "SimulatedResponder"]

AIM_STEP = math.radians(360 / 64)  # between the landmarks of Taylor, Krakauer & Ivry 2014
SHOWN_FRAMES = 3  # of a page that a simulated participant answers


class Responder(Protocol):
    """Who presses the keys."""

    def keys(self) -> list[str]:
        """Keys pressed since the last call, named as in ``rig.screen.keys``."""
        ...

    def clicks(self) -> list[Point]:
        """Places clicked since the last call, m of the workspace."""
        ...

    def answer(self, question: Question) -> Answer:
        """An answer known beforehand; None: it is to be given by keys and clicks."""
        ...


class Person:
    """A person at the window's keyboard."""

    def __init__(self, window: Window):
        self._keys = window.keys

    def keys(self) -> list[str]:
        """What was pressed."""
        return self._keys.poll()

    def clicks(self) -> list[Point]:
        """What was clicked."""
        return self._keys.clicks()

    def answer(self, question: Question) -> Answer:
        """A person answers by keys."""
        return None


class SimulatedResponder:
    """A simulated participant: reads a page for a while, goes on, and gives stated or plain answers. The real keyboard still counts."""

    def __init__(
        self,
        window: Window,
        answers: Mapping[str, Answer] | None = None,
        reading_time: float = 0.25,
        clock: Callable[[], float] = now,
    ):
        self._keys = window.keys
        self._answers = dict(answers or {})
        self._reading_time = reading_time  # s
        self._clock = clock
        self._next = clock() + reading_time

    def keys(self) -> list[str]:
        """Space, each time that the reading time is over; and what the experimenter pressed."""
        pressed = self._keys.poll()
        if self._clock() >= self._next:
            self._next = self._clock() + self._reading_time
            pressed.append("space")
        return pressed

    def clicks(self) -> list[Point]:
        """None: the pointer moves only in trials."""
        self._keys.clicks()
        return []

    def answer(self, question: Question) -> Answer:
        """The stated answer, or a plain one."""
        if question.name in self._answers:
            return self._answers[question.name]
        match question.kind:
            case "choice":
                return (question.values or question.options)[0]
            case "number":
                return (question.low + question.high) / 2 if math.isfinite(question.high - question.low) else max(0.0, question.low)
            case "yes_no":
                return True
            case "aim":
                return 0.0
            case _:
                return "simulated"


@dataclass
class Pages:
    """All pages of one session. ``tick`` is called once a frame while a page waits."""

    window: Window
    responder: Responder
    tick: Callable[[], object] = field(default=lambda: None)
    words: PageWords = ENGLISH
    clock: Callable[[], float] = now

    def show(self, page: Page, keys: Iterable[str] = ("space", "return")) -> str:
        """Show a page until one of the keys; returns it. A page without a footer says "Press SPACE to go on"."""
        shown = page if page.footer else Page(page.title, page.words, self.words.go_on)
        scene, wanted = page_scene(shown, self.window.extent), tuple(keys)
        self._forget()
        while True:
            for key in self._frame(scene):
                if key.lower() in wanted:
                    return key.lower()

    def rest(self, seconds: float, page: Page | None = None) -> None:
        """A break: no going on before ``seconds`` are over, then when the participant wants to."""
        page = page or Page(self.words.rest)
        end = self.clock() + seconds
        self._forget()
        while (left := end - self.clock()) > 0:
            footer = self.words.rest_left.format(seconds=math.ceil(left))
            self._frame(page_scene(Page(page.title, page.words, footer), self.window.extent))
        self.show(page)

    def pause(self, held: bool = False) -> None:
        """The experimenter's pause: until space. One that is ``held`` from the experimenter's page ends there, or by P at the rig."""
        if held:
            self.show(Page(self.words.pause, footer=" "), ("p", "resume"))
        else:
            self.show(Page(self.words.pause), ("space", "return", "resume"))

    def ask(self, questions: Iterable[Question]) -> dict[str, Answer]:
        """Ask one question after the other; answers by name. The mouse pointer is shown meanwhile."""
        self.window.show_pointer(True)
        try:
            return {question.name: self._ask_one(question) for question in questions}
        finally:
            self.window.show_pointer(False)

    def aim(self, question: Question, task: Scene, start: Point, target: Point) -> float:
        """Where the participant aims: rad from the target's direction, counter-clockwise, in (-pi, pi].

        An arrow is turned by the left and right keys, a 64th of a circle each, as the landmarks of Taylor, Krakauer & Ivry 2014 stand.
        """
        direction, radius = math.atan2(target[1] - start[1], target[0] - start[0]), math.dist(start, target)
        known = self.responder.answer(question)
        steps = 0
        words = question.words or self.words.aim, self.words.aim_keys

        def scene(angle: float) -> Scene:
            return aim_scene(task, start, radius, direction + angle, words, self.window.extent)

        if known is not None:
            self._show_briefly(scene(float(known)))
            return float(known)
        self._forget()
        while True:
            for key in self._frame(scene(steps * AIM_STEP)):
                if key in ("space", "return"):
                    return -((-steps * AIM_STEP + math.pi) % math.tau - math.pi)
                steps += (key == "left") - (key == "right")

    def confirm_quit(self) -> None:
        """Ask whether to end the session.

        Raises:
            Aborted: yes.
        """
        scene = page_scene(Page(words=self.words.quit, footer=self.words.quit_keys), self.window.extent)
        self.window.keys.poll()
        while True:
            for key in self._show(scene):
                if key.lower() in (self.words.yes, "y"):
                    raise Aborted("the session was ended at the keyboard before its last trial; 'twinrig resume' goes on with the next one")
                if key.lower() == self.words.no or key == "escape":
                    return

    def _ask_one(self, question: Question) -> Answer:
        known = self.responder.answer(question)
        footer = {"choice": self.words.choose, "number": self.words.number, "yes_no": self.words.yes_no}.get(question.kind, self.words.text)
        extent = self.window.extent
        if known is not None:
            self._show_briefly(question_scene(question, settled(question, known), footer, extent))
            return known
        draft = Draft()
        self._forget()
        while not draft.done:
            for key in self._frame(question_scene(question, draft, footer, extent)):
                if not draft.done:
                    draft = press(question, draft, key, self.words)
            for click in self.responder.clicks():
                option = clicked_option(question, click, extent) if question.kind == "choice" else None
                draft = draft if option is None else pick(question, option)
        return draft.answer

    def _show_briefly(self, scene: Scene) -> None:
        for _ in range(SHOWN_FRAMES):
            self._frame(scene)

    def _frame(self, scene: Scene) -> list[str]:
        """One frame; the keys pressed in it. Escape asks whether to end."""
        keys = self._show(scene)
        if "escape" in keys:
            self.confirm_quit()
            return []
        return keys

    def _show(self, scene: Scene) -> list[str]:
        self.window.draw(scene)
        self.window.flip()
        self.tick()
        return self.responder.keys()

    def _forget(self) -> None:
        """What was pressed before the page came up isn't meant for it, but escape always counts."""
        self.window.keys.clicks()
        if "escape" in self.window.keys.poll():
            self.confirm_quit()
