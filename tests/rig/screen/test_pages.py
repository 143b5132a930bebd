"""Pages in a real window, answered by a script."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from protocols.errors import Aborted
from protocols.scene import Circle, Scene
from rig.screen.page_scenes import clicked_option, option_places, page_scene, wrap
from rig.screen.page_words import GERMAN
from rig.screen.pages import Page, Pages, Person, SimulatedResponder
from rig.screen.questions import Question
from rig.screen.window import open_window
from rig.settings import Settings

EXTENT = (-0.5, -0.4, 0.5, 0.4)


class Script:
    """Presses one key a frame; fails the test where a page waits for more than the script has."""

    patience = 600  # frames without a key

    def __init__(self, *keys: str, clicks=()):
        self.left = list(keys)
        self.places = list(clicks)

    def keys(self) -> list[str]:
        if self.left:
            return [self.left.pop(0)]
        self.patience -= 1
        assert self.patience > 0, "the page still waits"
        return []

    def clicks(self):
        places, self.places = self.places, []
        return places

    def answer(self, question: Question):
        return None


@pytest.fixture(scope="module")
def window(screen) -> Iterator:
    with open_window(Settings(), windowed=True) as opened:
        yield opened


def pages(window, *keys: str, **more) -> Pages:
    return Pages(window, Script(*keys), **more)


@pytest.mark.screen
def test_a_page_waits_for_its_key_and_ticks_each_frame(window):
    ticks = []
    page = pages(window, "a", "left", "b", "space", "x", tick=lambda: ticks.append(1))
    assert page.show(Page("Title", "Words")) == "space"
    assert len(ticks) == 4
    assert page.responder.left == ["x"]


@pytest.mark.screen
def test_a_break_cannot_be_ended_early(window):
    times = iter(np.arange(0.0, 100.0, 0.5))
    page = pages(window, *["space"] * 3, "a", "a", "space", clock=lambda: float(next(times)))
    page.rest(2.0)
    assert page.responder.left == []


@pytest.mark.screen
def test_questions_are_answered_by_keys_and_clicks(window):
    questions = [
        Question("age", "Age?", "number", low=18, high=99),
        Question("consent", "Consent?", "yes_no"),
        Question("hand", "Hand?", "choice", options=("right", "left", "both")),
        Question("remarks", "Remarks?", required=False),
    ]
    keys = ["1", "7", "return", "backspace", "8", "return", "y", "down", "return", "o", "k", "return"]
    assert pages(window, *keys).ask(questions) == {"age": 18, "consent": True, "hand": "left", "remarks": "ok"}
    place = option_places(questions[2], window.extent)[2]
    assert Pages(window, Script(clicks=[place])).ask([questions[2]]) == {"hand": "both"}


@pytest.mark.screen
def test_escape_asks_and_n_goes_on(window):
    assert pages(window, "escape", "space", "n", "space").show(Page()) == "space"


@pytest.mark.screen
@pytest.mark.parametrize("yes", ["j", "y", "J"])
def test_escape_then_yes_ends_the_session_from_any_page(window, yes):
    with pytest.raises(Aborted, match="twinrig resume"):
        pages(window, "escape", yes, words=GERMAN).ask([Question("remarks", "?")])
    with pytest.raises(Aborted):
        pages(window, "escape", yes, words=GERMAN).rest(60.0)


def strike(window, event: str, *values) -> None:
    """As the window system would: the event waits in the window's queue until a flip."""
    window._handle.winHandle.dispatch_event(event, *values)


@pytest.mark.screen
def test_an_escape_pressed_before_the_page_came_up_still_counts(window):
    strike(window, "on_key_press", 65307, 0)
    window.flip()
    with pytest.raises(Aborted):
        pages(window, "y", "space").show(Page())


@pytest.mark.screen
def test_another_key_pressed_before_the_page_came_up_does_not(window):
    strike(window, "on_key_press", 32, 0)
    window.flip()
    frames = []

    def tick():
        frames.append(1)
        if len(frames) == 5:
            strike(window, "on_key_press", 32, 0)

    Pages(window, Person(window), tick).show(Page())
    assert len(frames) == 6


@pytest.mark.screen
def test_letters_of_any_language_are_typed(window):
    for letter in "äßé":
        strike(window, "on_text", letter)
    strike(window, "on_key_press", 65293, 0)
    answers = Pages(window, Person(window)).ask([Question("remarks", "?")])
    assert answers == {"remarks": "äßé"}


@pytest.mark.screen
@pytest.mark.parametrize(
    ("keys", "steps"), [((), 0), (("left",) * 3, 3), (("right",) * 5, -5), (("left",) * 40, -24), (("left",) * 32, 32)]
)
def test_an_aim_is_relative_to_the_target_counter_clockwise(window, keys, steps):
    task = Scene((Circle("target", (0.0, 0.1), 0.01),))
    aim = pages(window, *keys, "return").aim(Question("aim", "", "aim"), task, (0.0, 0.0), (0.0, 0.1))
    assert aim == pytest.approx(steps * math.tau / 64)


@pytest.mark.screen
def test_a_simulated_participant_goes_through_all_pages(window):
    questions = [
        Question("age", "?", "number", low=18, high=98),
        Question("hand", "?", "choice", options=("die rechte", "die linke"), values=("right", "left")),
        Question("consent", "?", "yes_no"),
        Question("remarks", "?"),
    ]
    page = Pages(window, SimulatedResponder(window, {"hand": "left"}, reading_time=0.05))
    assert page.show(Page("Welcome")) == "space"
    assert page.ask(questions) == {"age": 58, "hand": "left", "consent": True, "remarks": "simulated"}
    assert page.aim(Question("aim", "", "aim"), Scene(()), (0, 0), (0.1, 0)) == 0.0
    page.rest(0.1)


@pytest.mark.screen
def test_a_page_is_seen(window, tmp_path):
    window.draw(page_scene(Page("Title", "Words that say what to do.\n\nAnd more.", "Footer"), window.extent))
    window.screenshot(tmp_path / "page.png")
    window.flip()
    rows = np.asarray(Image.open(tmp_path / "page.png").convert("L")).max(axis=1)
    for top, bottom in ((60, 150), (350, 450), (700, 770)):
        assert rows[top:bottom].max() > 90
    assert rows[200:320].max() == 0


@given(st.text("ab cdé\n", max_size=300), st.integers(5, 40))
def test_wrapping_loses_no_word_and_keeps_lines_short(words, columns):
    lines = wrap(words, columns)
    assert " ".join(lines).split() == words.split()
    assert all(len(line) <= columns or " " not in line.strip() for line in lines)


def test_east_asian_letters_count_twice_and_need_no_spaces():
    assert wrap("左手を使ってください", 8) == ["左手を使", "ってくだ", "さい"]


def test_long_instructions_get_smaller_letters_and_stay_on_the_page():
    short = page_scene(Page(words="Short."), EXTENT).shapes[1]
    long = page_scene(Page(words="Hold the button and throw the ball. " * 40), EXTENT).shapes[1]
    assert long.height < short.height
    assert (long.words.count("\n") + 1) * long.height * 1.25 < 0.6 * 0.8


def test_a_click_beside_the_options_picks_none():
    question = Question("hand", "?", "choice", options=("a", "b"))
    first = option_places(question, EXTENT)[0]
    assert clicked_option(question, first, EXTENT) == 0
    assert clicked_option(question, (first[0], 0.39), EXTENT) is None
