"""The ready protocols: they load, say the same in every language, are what the literature says, and a learner can practise them."""

import math
from itertools import pairwise

import numpy as np
import pytest

from analysis.registry import build_learner
from protocols.lint import check_protocol
from protocols.load import library, load_protocol
from protocols.schedule import base_schedule, planned_blocks
from protocols.task import Feedback, HandMapping, RewardRule
from protocols.tasks import make_task


@pytest.mark.parametrize("name", library())
def test_each_is_sound(name):
    loaded = load_protocol(name)
    assert loaded.protocol.name == name
    assert {"en", "de"} <= set(loaded.protocol.languages)
    findings = check_protocol(loaded)
    assert findings.warnings == ()
    assert 10 * 60 < findings.seconds < 45 * 60
    assert max(findings.shown) < 0.25, "fits a small screen"


@pytest.mark.parametrize("name", library())
def test_languages_say_the_same_things(name):
    texts = load_protocol(name).protocol.texts
    keys = [set(words) for words in texts.values()]
    assert all(k == keys[0] for k in keys)
    for key in keys[0]:
        assert all(len(words[key]) > 1 for words in texts.values())
        if len(texts["en"][key]) > 20:
            assert len({words[key] for words in texts.values()}) == len(texts), f"{key} isn't translated"


@pytest.mark.parametrize("name", library())
def test_its_twin_can_be_built(name):
    protocol = load_protocol(name).protocol
    task = make_task(protocol)
    learner = build_learner(protocol.twin.learner, protocol.twin.options, task.action_names)
    learner.make_params(protocol.twin.parameters)
    assert len(protocol.participant.motor_sd) == len(task.action_names)


@pytest.mark.parametrize("name", library())
def test_every_question_of_consent_has_to_be_confirmed(name):
    before = load_protocol(name).protocol.questions.before
    assert [q.required for q in before if q.key == "consent"] == [True]
    assert {"age", "sex", "handedness"} <= {q.key for q in before}


def test_skittles_is_the_classic_one():
    protocol = load_protocol("skittles").protocol
    blocks = planned_blocks(protocol, "", 1)
    assert [len(block.trials) for block in blocks[1:]] == [60, 60, 60]
    assert all(t.target == (0.38, 0.43) and t.feedback == Feedback.CONTINUOUS for b in blocks for t in b.trials)
    assert protocol.twin.parameters["initial_mean"] == (85.0, 3.5) and protocol.twin.parameters["initial_sd"] == (8.0, 0.6)
    task = make_task(protocol)
    assert (task.mass, task.stiffness, task.damping, task.lever_length, task.pivot) == (0.1, 1.0, 0.01, 0.4, (0.0, -1.5))


def test_reach_rotation_has_its_phases():
    protocol = load_protocol("reach-rotation").protocol
    trials = base_schedule(protocol, "counterclockwise", 1)
    by_phase = {phase.name: [t for t in trials if t.phase == i] for i, phase in enumerate(protocol.phases)}
    assert len({t.target for t in trials}) == 8
    assert {round(math.degrees(t.rotation)) for t in by_phase["training"]} == {30}
    assert {round(math.degrees(t.rotation)) for name in by_phase if name != "training" for t in by_phase[name]} == {0}
    assert sum(t.aim_report for t in trials) == 40 and all(t.phase == 3 for t in trials if t.aim_report)
    for name in ("baseline_hidden", "no_aiming"):
        assert all(t.feedback == Feedback.NONE and not t.reward_shown for t in by_phase[name])


def test_reach_reward_hides_the_cursor_and_rewards_by_zone():
    protocol = load_protocol("reach-reward").protocol
    trials = base_schedule(protocol, "clockwise", 1)
    assert {t.reward_rule for t in trials} == {RewardRule.BINARY}
    training = [b for b in planned_blocks(protocol, "clockwise", 1) if protocol.phases[b.phase].kind == "training"]
    assert all(b.block.reward.zone.kind == "following" for b in training)
    assert all(t.feedback == Feedback.NONE and t.reward_shown for b in training for t in b.trials)
    assert np.isnan([t.zone for t in trials]).all(), "a following zone isn't known beforehand"


def test_bimanual_is_four_days_of_nine_blocks_of_sixty_in_many_directions():
    protocol = load_protocol("bimanual").protocol
    days = [protocol.for_session(day) for day in (1, 2, 3, 4)]
    training = [[b for b in planned_blocks(day, "", 1) if day.phases[b.phase].name == "training"] for day in days]
    assert [len(blocks) for blocks in training] == [9, 9, 9, 9]
    trials = [trial for blocks in training for block in blocks for trial in block.trials]
    assert len(trials) == 2160 and {trial.mapping for trial in trials} == {HandMapping.DE_NOVO}
    assert len({trial.target for trial in trials}) == 20
    assert np.hypot(*np.array([trial.target for trial in trials]).T) == pytest.approx(0.12)
    assert all(trial.reward_shown for trial in trials)
    others = [t for b in planned_blocks(days[0], "", 1) for t in b.trials if t.mapping != HandMapping.DE_NOVO]
    assert {trial.mapping for trial in others} == {HandMapping.RIGHT, HandMapping.LEFT, HandMapping.MEAN}
    assert not any(trial.reward_shown for trial in others), "learners would learn another mapping"
    task = make_task(protocol)
    assert (task.cursor_noise, task.direction_time) == (0.075, 0.1)


def test_arc_practises_one_band_of_movement_times_and_tests_four():
    protocol = load_protocol("arc").protocol
    bands = {phase.name: [] for phase in protocol.phases}
    for trial in base_schedule(protocol, "", 1):
        bands[protocol.phases[trial.phase].name].append(trial.band)
    assert np.isnan(bands["familiarisation"]).all()
    assert set(bands["training"]) == {(0.6, 0.9)} and len(bands["training"]) == 160
    assert bands["before"] == bands["after"] and len(set(bands["before"])) == 4
    edges = sorted(set(bands["before"]))
    assert all(before[1] <= after[0] for before, after in pairwise(edges))
    task = make_task(protocol)
    angle = np.append(np.linspace(np.pi, 0, 6)[1:], 0.0)
    first = task.radius * np.column_stack([np.cos(angle), np.sin(angle)]).ravel()
    assert np.allclose(protocol.twin.parameters["initial_mean"], first, atol=5e-4), "on the middle of the channel"


def test_arc_by_primitives_prescribes_no_place_and_begins_along_the_channel():
    protocol = load_protocol("arc-primitives").protocol
    task = make_task(protocol)
    trials = base_schedule(protocol, "", 1)
    assert task.name == "arc-primitives" and all(name.startswith("weight_") for name in task.action_names)
    assert len([trial for trial in trials if trial.reward_shown]) == 200
    first = task.score(np.array(protocol.twin.parameters["initial_mean"]), trials[-1])
    straight = task.score(np.zeros(12), trials[-1])
    assert float(first.hit) == 1.0 and float(first.error) < 0.003, "along the middle of the channel"
    assert float(straight.hit) == 0.0 and float(straight.reward) < 10 * float(first.reward), "without weights it goes straight"
