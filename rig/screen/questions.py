"""Questions to a participant as data, and what each key does to a half-given answer. Pure: no window, no waiting."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rig.screen.page_words import ENGLISH, PageWords

Answer = str | float | bool | None
LONGEST = 200  # characters typed


@dataclass(frozen=True)
class Question:
    """One question; its ``name`` is the key that its answer is stored under."""

    name: str
    words: str
    kind: Literal["choice", "number", "text", "yes_no", "aim"] = "text"
    options: tuple[str, ...] = ()  # of a choice, as shown
    low: float = -math.inf  # of a number
    high: float = math.inf
    required: bool = True  # False: may be left open
    values: tuple[str, ...] = ()  # of a choice, as stored; absent: the options themselves


class Draft(NamedTuple):
    """An answer on its way."""

    typed: str = ""
    picked: int = 0  # option of a choice
    complaint: str = ""  # what is wrong with what was typed
    done: bool = False
    answer: Answer = None


def press(question: Question, draft: Draft, key: str, words: PageWords = ENGLISH) -> Draft:
    """The draft after a key; its ``done`` is True once ``answer`` holds the answer (None where an optional question was left open)."""
    match question.kind:
        case "choice":
            return _press_choice(question, draft, key)
        case "yes_no":
            return _press_yes_no(draft, key, words)
        case _:
            return _press_typed(question, draft, key, words)


def pick(question: Question, index: int) -> Draft:
    """The draft after a click on an option."""
    return Draft(picked=index, done=True, answer=(question.values or question.options)[index])


def settled(question: Question, answer: Answer) -> Draft:
    """The draft of an answer that is known beforehand."""
    values = question.values or question.options
    return Draft(str(answer), values.index(answer) if answer in values else 0, done=True, answer=answer)


def _press_choice(question: Question, draft: Draft, key: str) -> Draft:
    count = len(question.options)
    if key in ("up", "left"):
        return draft._replace(picked=(draft.picked - 1) % count)
    if key in ("down", "right"):
        return draft._replace(picked=(draft.picked + 1) % count)
    if key.isdecimal() and 1 <= int(key) <= count:
        return draft._replace(picked=int(key) - 1)
    if key in ("return", "space"):
        return pick(question, draft.picked)
    return draft


def _press_yes_no(draft: Draft, key: str, words: PageWords) -> Draft:
    if key.lower() in (words.yes, words.no):
        return draft._replace(done=True, answer=key.lower() == words.yes)
    return draft


def _press_typed(question: Question, draft: Draft, key: str, words: PageWords) -> Draft:
    if key == "backspace":
        return Draft(draft.typed[:-1])
    if key == "return":
        return _finish(question, draft, words)
    character = " " if key == "space" else key
    if len(character) == 1 and len(draft.typed) < LONGEST:
        return Draft(draft.typed + character)
    return draft


def _finish(question: Question, draft: Draft, words: PageWords) -> Draft:
    typed = draft.typed.strip()
    if not typed:
        return draft._replace(complaint=words.needed) if question.required else draft._replace(done=True)
    if question.kind == "text":
        return draft._replace(done=True, answer=typed)
    try:
        number = float(typed.replace(",", "."))
    except ValueError:
        return draft._replace(complaint=words.not_a_number)
    if not math.isfinite(number):
        return draft._replace(complaint=words.not_a_number)
    if not question.low <= number <= question.high:
        return draft._replace(complaint=words.outside.format(low=question.low, high=question.high))
    return draft._replace(done=True, answer=number)
