"""The second look at a protocol: every trial, the time it takes, and what seems unintended."""

import pytest

from protocols.errors import BadInput
from protocols.lint import check_protocol
from protocols.load import load_protocol, parse_protocol
from rig import protocol_command
from tests.protocols.test_load import REACH, SKITTLES


def loaded(source: str):
    return load_protocol("skittles")._replace(protocol=parse_protocol(source, "study.toml"), source=source)


def warned(source: str, **options) -> str:
    return "\n".join(f"{w.place}: {w.found}: {w.remedy}" for w in check_protocol(loaded(source), **options).warnings)


def test_every_trial_is_listed_in_the_tables_units():
    findings = check_protocol(load_protocol("reach-rotation"), "clockwise")
    assert [line.trial for line in findings.trials] == list(range(1, 361))
    assert {line.rotation_deg for line in findings.trials if line.phase == "training"} == {-30.0}
    assert sum(line.trials for line in findings.blocks) == 360
    assert findings.condition == "clockwise"


def test_the_time_it_takes_counts_trials_breaks_and_questions():
    plain = check_protocol(loaded(REACH)).seconds
    trial = 0.5 + 0.3 + 0.5 + 0.3 + 0.5 + 0.6 + 0.3  # home, hold, foreperiod, reaction, movement, feedback, pause
    assert plain == pytest.approx(30 * trial)
    assert check_protocol(loaded(REACH.replace("trials = 20", "trials = 20\nbreak_after = true"))).seconds == pytest.approx(plain + 30)
    delayed = REACH.replace('feedback = "endpoint"', 'feedback = "endpoint"\nfeedback_delay = 1.0')
    assert check_protocol(loaded(delayed)).seconds == pytest.approx(plain + 10)
    question = '[[questions.before]]\nkey = "age"\ntext = "age"\nkind = "number"\n[texts.en]\nage = "Age?"\n'
    assert check_protocol(loaded(REACH + question)).seconds == pytest.approx(plain + 10)
    thrown = check_protocol(loaded(SKITTLES)).seconds
    assert thrown == pytest.approx(120 * (trial + 1.8) + 15), "the flight is waited for; one instruction is read"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (REACH, "a perturbation, but no washout"),
        (REACH.replace('"baseline"\n\n', '"training"\n\n'), "a perturbation, but no baseline"),
        (SKITTLES, "no familiarisation"),
        (SKITTLES, "consent is not asked for"),
        (SKITTLES, "no exclusions are fixed beforehand"),
        (SKITTLES.replace("repeat = 2", "repeat = 9"), "minutes without a break"),
        (SKITTLES.replace("repeat = 2", 'feedback = "none"'), "feedback is never shown"),
        (SKITTLES.replace("repeat = 2", "reward.shown = false"), "no reward is ever delivered"),
        (SKITTLES + 'typo = "?"\n', "texts.de.typo: is never shown"),
        (SKITTLES.replace('"de"', '"fr"').replace(".de]", '.fr]\nbreak = "Pause"'), "texts.fr: no words for"),
        (SKITTLES + "[certificate]\nmax_gap = 0.1\n", "certificate.max_gap"),
        (SKITTLES + "[twin]\nfrom_first_trials = 200\n", "twin.from_first_trials: 200 trials reach beyond"),
        (SKITTLES + '[points]\npoints_hit = 0.0\nbonus = { currency = "EUR", per_point = 1.0, maximum = 1.0 }\n', "hits earn none"),
        (REACH.replace("trials = 10", "trials = 11"), "phases[0].blocks[0].trials: 11 trials, 2 targets"),
        (REACH.replace("trials = 10", 'trials = 10\nreward = { rule = "binary", zone.kind = "following" }'), "without reaches before it"),
    ],
)
def test_what_seems_unintended_is_said(source, expected):
    assert expected in warned(source)


def test_a_scene_larger_than_the_screen_is_said_with_the_scale_that_fits():
    assert "fit" not in warned(SKITTLES)
    assert "workspace.display_scale: the scene of 0.195 x 0.208 m doesn't fit" in (said := warned(SKITTLES, screen=(0.3, 0.1)))
    assert "use 0.0312 or less" in said
    fitting = SKITTLES.replace("display_scale = 0.065", "display_scale = 0.0312")
    assert "fit" not in warned(fitting, screen=(0.3, 0.1))


def test_a_simulated_participant_is_asked_for_its_results():
    asked = []

    def simulate(protocol, condition, seed):
        asked.append((protocol.name, condition, seed))
        return {"hits": 3}

    assert check_protocol(load_protocol("skittles"), simulate=simulate).simulated == {"hits": 3}
    assert asked == [("skittles", "", 1)]


def test_the_command_says_it_in_words_and_as_json():
    checked = protocol_command.check(load_protocol("reach-reward"), "clockwise", simulate=lambda *_: {"hits": 3})
    words = protocol_command.check_words(checked)
    assert "376 trials in 7 blocks" in words and "condition clockwise of counterclockwise, clockwise" in words
    assert "Nothing to warn of." in words and "hits: 3" in words and "following" in words
    assert len(words.splitlines()) > 376
    assert len(protocol_command.check_words(checked, every_trial=False).splitlines()) < 30
    assert "warning: exclusions: no exclusions" in protocol_command.check_words(protocol_command.check(loaded(SKITTLES)))


def test_list_and_show():
    listed = protocol_command.list_protocols()
    assert {"skittles", "reach-rotation", "reach-reward"} <= {p["name"] for p in listed["protocols"]}
    assert "Virtual skittles" in protocol_command.list_words(listed)
    shown = protocol_command.show(load_protocol("skittles"))
    assert shown["values"]["task"]["mass"] == 0.1, "defaults are filled in"
    assert shown["source"] in protocol_command.show_words(shown)


def test_an_unknown_condition_is_told():
    with pytest.raises(BadInput, match="no condition 'left'"):
        check_protocol(load_protocol("reach-reward"), "left")


@pytest.mark.parametrize("session", [1, 2, 3, 4])
def test_what_stands_in_another_session_of_the_study_is_not_missed(session):
    assert check_protocol(load_protocol("bimanual"), session=session).warnings == ()
