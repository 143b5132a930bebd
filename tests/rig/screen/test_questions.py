import pytest

from rig.screen.page_words import GERMAN, page_words
from rig.screen.questions import Draft, Question, press, settled

AGE = Question("age", "How old are you?", "number", low=18, high=99)
HAND = Question("hand", "Which hand?", "choice", options=("die rechte", "die linke"), values=("right", "left"))


def typed(question: Question, keys, words=page_words("en")) -> Draft:
    draft = Draft()
    for key in keys:
        draft = press(question, draft, key, words)
    return draft


@pytest.mark.parametrize(
    ("keys", "answer"), [(["2", "7", "return"], 27), (["2", "7", "backspace", "8", "return"], 28), ([*"31,5", "return"], 31.5)]
)
def test_a_number_is_typed(keys, answer):
    draft = typed(AGE, keys)
    assert (draft.done, draft.answer) == (True, answer)


@pytest.mark.parametrize(
    ("keys", "complaint"), [("x", "Please type a number"), ("7", "between 18 and 99"), ("", "Please answer"), ("nan", "type a number")]
)
def test_what_is_no_answer_is_said_and_can_be_corrected(keys, complaint):
    draft = typed(AGE, [*keys, "return"])
    assert not draft.done
    assert complaint in draft.complaint
    for key in [*["backspace"] * len(keys), "4", "0", "return"]:
        draft = press(AGE, draft, key)
    assert (draft.done, draft.answer, draft.complaint) == (True, 40, "")


def test_an_optional_question_may_stay_open():
    draft = typed(Question("remarks", "Remarks?", required=False), ["return"])
    assert (draft.done, draft.answer) == (True, None)


def test_text_keeps_spaces_and_umlauts():
    assert typed(Question("remarks", "?"), ["s", "e", "h", "r", "space", "s", "c", "h", "ö", "n", "return"]).answer == "sehr schön"


@pytest.mark.parametrize(
    ("keys", "answer"), [(["return"], "right"), (["down", "return"], "left"), (["up", "return"], "left"), (["2", "space"], "left")]
)
def test_a_choice_stores_its_value_not_its_words(keys, answer):
    assert typed(HAND, keys).answer == answer


def test_a_digit_beyond_the_options_picks_nothing():
    assert typed(HAND, ["3"]) == Draft()


def test_yes_and_no_in_the_participants_language():
    consent = Question("consent", "?", "yes_no")
    assert typed(consent, ["j"], GERMAN).answer is True
    assert typed(consent, ["N"], GERMAN).answer is False
    assert not typed(consent, ["y"], GERMAN).done


def test_a_known_answer_is_shown_picked():
    assert settled(HAND, "left").picked == 1


def test_a_protocols_own_words_come_first():
    assert page_words("de-AT").go_on == GERMAN.go_on
    assert page_words("xx") == page_words("en")
    assert page_words("de", {"continue": "Weiter mit Leertaste!"}).go_on == "Weiter mit Leertaste!"
