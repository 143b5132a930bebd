"""Pages as scenes: where their words stand, for a window of any size. Pure."""

import math
import unicodedata
from dataclasses import dataclass

from protocols.scene import GREY, RED, WHITE, YELLOW, Circle, Line, Point, Scene, Text
from rig.screen.questions import Draft, Question

Extent = tuple[float, float, float, float]  # left, bottom, right, top, m

LETTER = 0.55  # mean width of a letter / its height
BODY = 0.032  # height of the words / height of the window
LINE = 1.25  # distance of lines / height of the words
BODY_ROOM = 0.56  # height kept for the words / height of the window
LONGEST_LINE = 64  # letters; longer ones are hard to read


@dataclass(frozen=True)
class Page:
    """A title, words (wrapped; a newline begins a paragraph), and a quiet line below them."""

    title: str = ""
    words: str = ""
    footer: str = ""


def page_scene(page: Page, extent: Extent) -> Scene:
    """A page of text. Long texts get smaller letters until they fit."""
    height = extent[3] - extent[1]
    size, lines = _fit(page.words, extent)
    shapes = [
        Text("page title", page.title, _at(extent, 0.5, 0.87), 1.4 * BODY * height),
        Text("page words", "\n".join(lines), _at(extent, 0.5, 0.5), size),
        Text("page footer", page.footer, _at(extent, 0.5, 0.08), 0.8 * BODY * height, GREY),
    ]
    return Scene(tuple(shapes))


def question_scene(question: Question, draft: Draft, footer: str, extent: Extent) -> Scene:
    """A question with its options, or what was typed so far."""
    size = BODY * (extent[3] - extent[1])
    lines = wrap(question.words, _columns(size, extent))
    shapes = [
        Text("question", "\n".join(lines), _at(extent, 0.5, 0.78), size),
        Text("complaint", draft.complaint, _at(extent, 0.5, 0.18), size, RED),
        Text("page footer", footer, _at(extent, 0.5, 0.08), 0.8 * size, GREY),
    ]
    if question.kind == "choice":
        for index, place in enumerate(option_places(question, extent)):
            words, colour = f"{index + 1}   {question.options[index]}", YELLOW if index == draft.picked else WHITE
            shapes.append(Text(f"option {index}", words, place, size, colour))
    elif question.kind in ("number", "text"):
        shapes.append(Text("typed", draft.typed + "_", _at(extent, 0.5, 0.45), 1.2 * size, YELLOW))
    return Scene(tuple(shapes))


def option_places(question: Question, extent: Extent) -> list[Point]:
    """Centres of a choice's options."""
    count = len(question.options)
    gap = min(0.07, 0.42 / max(count, 1))
    return [_at(extent, 0.5, 0.45 + gap * ((count - 1) / 2 - index)) for index in range(count)]


def clicked_option(question: Question, click: Point, extent: Extent) -> int | None:
    """The option under a click (its whole row counts), or None."""
    places = option_places(question, extent)
    half = (places[0][1] - places[1][1]) / 2 if len(places) > 1 else 0.035 * (extent[3] - extent[1])
    return next((index for index, place in enumerate(places) if abs(click[1] - place[1]) < half), None)


def aim_scene(task: Scene, start: Point, radius: float, angle: float, words: tuple[str, str], extent: Extent) -> Scene:
    """An arrow from the start on a ring through the target, over what the task shows; ``angle`` is in the workspace, rad."""
    size = BODY * (extent[3] - extent[1])
    tip = _polar(start, radius, angle)
    barbs = (_polar(tip, -0.12 * radius, angle + 0.4), tip, _polar(tip, -0.12 * radius, angle - 0.4))
    arrow = (
        Circle("aim ring", start, radius, None, GREY, 1.5),
        Line("aim shaft", (start, tip), YELLOW, 4.0),
        Line("aim head", barbs, YELLOW, 4.0),
        Text("aim question", words[0], _at(extent, 0.5, 0.94), size),
        Text("page footer", words[1], _at(extent, 0.5, 0.05), 0.8 * size, GREY),
    )
    return Scene(task.shapes + arrow, task.background)


def wrap(words: str, columns: int) -> list[str]:
    """Lines of at most ``columns`` letters. East Asian letters count twice and may be parted anywhere; newlines are kept."""
    lines = []
    for paragraph in words.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and _width(line + piece.rstrip()) > columns:
                lines.append(line.rstrip())
                line = ""
            line += piece
        lines.append(line.rstrip())
    return lines


def _pieces(paragraph: str) -> list[str]:
    """What must stay on one line: words with the spaces after them, and single East Asian letters."""
    pieces, piece = [], ""
    for letter in paragraph:
        if piece and (_wide(letter) or _wide(piece[-1]) or (piece[-1] == " " and letter != " ")):
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]


def _wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _width(line: str) -> int:
    return sum(1 + _wide(letter) for letter in line)


def _fit(words: str, extent: Extent) -> tuple[float, list[str]]:
    """Height of the letters, m, and the lines."""
    height = extent[3] - extent[1]
    size = BODY * height
    while True:
        lines = wrap(words, _columns(size, extent))
        if len(lines) * LINE * size <= BODY_ROOM * height or size < 0.4 * BODY * height:
            return size, lines
        size *= 0.92


def _columns(size: float, extent: Extent) -> int:
    fitting = 0.86 * (extent[2] - extent[0]) / (LETTER * size)
    longest = LONGEST_LINE * BODY * (extent[3] - extent[1]) / size  # smaller letters, longer lines
    return max(1, int(min(fitting, longest)))


def _at(extent: Extent, x: float, y: float) -> Point:
    """A place by shares of the window's width and height, from its lower left corner."""
    left, bottom, right, top = extent
    return left + x * (right - left), bottom + y * (top - bottom)


def _polar(origin: Point, radius: float, angle: float) -> Point:
    return origin[0] + radius * math.cos(angle), origin[1] + radius * math.sin(angle)
