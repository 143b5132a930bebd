"""What a block leaves open: chosen once a run, read off what was committed from then on, and refused where it can't be."""

import math

import numpy as np
import pytest

from protocols.errors import BadInput
from protocols.history import Committed
from protocols.load import load_protocol, parse_protocol
from protocols.schedule import next_trial, planned_blocks
from protocols.task import NO_OUTCOME
from rig import protocol_command

TEXT = """
name = "reaches"
title = "Reaches"
version = "1"
[task]
kind = "reach"
[targets]
up = { angle_deg = 90.0, distance = 0.1 }
[requeue]
statuses = ["too_early"]
when = "end_of_block"
[counterbalance]
conditions = { plain = {}, mirrored = { rotation_sign = -1 } }
[twin]
parameters = { initial_mean = 0.0, initial_sd = 4.0 }
[[phases]]
name = "practice"
kind = "training"
[[phases.blocks]]
trials = 6
repeat = 2
reward = { rule = "binary", zone = { kind = "following", window = 3, direction = "clockwise" } }
choose = { rival = "win-stay", every = 3, half_width_deg = [2.0, 8.0, 4.0] }
"""
ROTATED = TEXT.replace("half_width_deg", "rotation_deg")


def practised(study, choices, condition="plain", statuses=(), history=()):
    """All trials that follow, with the choices in turn; and how often one was asked for."""
    history, left, asked = list(history), list(choices), []

    def choose(run):
        asked.append([trial.slot for trial in run.trials])
        return left.pop(0)

    while (trial := next_trial(study, condition, 1, history, choose=choose)) is not None:
        status = statuses[len(history)] if len(history) < len(statuses) else "completed"
        outcome = NO_OUTCOME._replace(hand_error=0.01 * len(history))
        again = status == "too_early" and trial.attempt == 1
        history.append(Committed(trial, status, np.array([0.0]), outcome, 1.0, again))
    return history, asked


def width(trial):
    return round(math.degrees(trial.zone[1] - trial.zone[0]) / 2, 6)


def test_a_choice_holds_for_its_run_and_is_asked_for_once():
    history, asked = practised(parse_protocol(TEXT, "x"), [1, 0, 2, 1])
    assert [width(one.trial) for one in history] == [8.0] * 3 + [2.0] * 3 + [4.0] * 3 + [8.0] * 3
    assert asked == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]


def test_what_was_chosen_stands_wherever_the_session_is_resumed():
    study = parse_protocol(TEXT, "x")
    history, _ = practised(study, [1, 0, 2, 1])
    for cut in range(1, len(history)):
        left = [1, 0, 2, 1][-(-cut // 3) :]
        assert repr(practised(study, left, history=history[:cut])[0]) == repr(history)


def test_a_slot_that_is_given_again_has_the_choice_of_its_run():
    history, asked = practised(parse_protocol(TEXT, "x"), [1, 0, 2, 1], statuses=["completed", "too_early"])
    again = [one.trial for one in history if one.trial.attempt == 2]
    assert [trial.slot for trial in again] == [2] and width(again[0]) == 8.0
    assert len(asked) == 4


def test_a_condition_mirrors_what_is_chosen():
    study = parse_protocol(ROTATED, "x")
    turned = {name: [one.trial.rotation for one in practised(study, [1, 1, 2, 0], name)[0]] for name in ("plain", "mirrored")}
    assert np.rad2deg(turned["plain"]) == pytest.approx([8] * 6 + [4] * 3 + [2] * 3)
    assert turned["mirrored"] == [-angle for angle in turned["plain"]]


def test_who_can_not_choose_has_the_first_candidate():
    for text, of in ((TEXT, width), (ROTATED, lambda trial: round(math.degrees(trial.rotation), 6))):
        assert of(next_trial(parse_protocol(text, "x"), "plain", 1, [])) == 2.0
    assert {trial.rotation for block in planned_blocks(parse_protocol(ROTATED, "x"), "plain", 1) for trial in block.trials} == {
        math.radians(2.0)
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("half_width_deg = [2.0, 8.0, 4.0]", "half_width_deg = [2.0]", "two or more that differ"),
        ("half_width_deg = [2.0, 8.0, 4.0]", "half_width_deg = [2.0, 2.0]", "two or more that differ"),
        ("half_width_deg = [2.0, 8.0, 4.0]", "half_width_deg = [2.0, -8.0]", "widths above 0"),
        ("half_width_deg = [2.0, 8.0, 4.0]", "rotation_deg = [2.0, 200.0]", "-180 to 180"),
        ("half_width_deg = [2.0, 8.0, 4.0]", "rotation_deg = [1.0, 2.0], clamp_deg = [1.0, 2.0]", "give one of"),
        (", half_width_deg = [2.0, 8.0, 4.0]", "", "no candidates"),
        ("every = 3", "every = 4", "divides the block's trials"),
        ("window = 3,", "window = 3, hit_rate = 0.5,", "without hit_rate"),
        ("[twin]", "[twin]\nfrom_first_trials = 5", "before the first trial"),
        ('"win-stay"', '"policy-gradient"', "twin's own learner"),
    ],
)
def test_what_can_not_be_chosen_is_refused(old, new, words):
    with pytest.raises(BadInput, match=words):
        parse_protocol(TEXT.replace(old, new), "x")


def test_a_check_says_what_is_left_open():
    checked = protocol_command.check(load_protocol("reach-apart"))
    words = protocol_command.check_words(checked, every_trial=False)
    assert [block["chosen"] for block in checked["blocks"]] == [None, None, *["half width of 2.5, 1, 5, 10, 20 deg"] * 3, None]
    assert words.count("half width of 2.5, 1, 5, 10, 20 deg") == 3
