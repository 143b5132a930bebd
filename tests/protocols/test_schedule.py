"""Schedules: the same for the same seed, as the file says, and going on as before from any point."""

import collections
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.history import Committed
from protocols.load import load_protocol, parse_protocol
from protocols.schedule import (
    base_schedule,
    block_of,
    foreperiod,
    next_trial,
    planned_blocks,
    should_requeue,
    trial_count,
)
from protocols.task import Feedback, Outcome, Trial

HEAD = """
name = "study"
title = "A study"
version = "1"
task.kind = "reach"
targets.a = { angle_deg = 0.0, distance = 0.08 }
targets.b = { angle_deg = 90.0, distance = 0.08 }
targets.c = { angle_deg = 180.0, distance = 0.08 }
"""


def protocol(*blocks: str, head: str = ""):
    phases = "".join(
        f'[[phases]]\nname = "p{i}"\nkind = "training"\n' + "".join(f"[[phases.blocks]]\n{b}\n" for b in block.split("---"))
        for i, block in enumerate(blocks)
    )
    return parse_protocol(HEAD + head + phases, "study.toml")


def committed(
    made, trial: Trial, status: str = "completed", hand_error: float = 0.0, broken: bool = False, forced: bool = False
) -> Committed:
    outcome = Outcome(*[math.nan] * 8)._replace(hand_error=hand_error)
    again = should_requeue(made, trial, status, False, forced)
    return Committed(trial, status, np.array([hand_error]), outcome, 0.0, again)


def play(made, condition="", seed=1, trials=None, status=lambda trial: "completed", limit=10_000):
    history: list[Committed] = []
    while (trial := next_trial(made, condition, seed, history, trials)) is not None and len(history) < limit:
        history.append(committed(made, trial, status(trial)))
    return history


def same(a, b) -> bool:
    """Trials hold NaN, which equals nothing."""
    return repr(a) == repr(b)


def test_the_same_seed_gives_the_same_schedule_and_another_another():
    made = load_protocol("reach-rotation").protocol
    first = base_schedule(made, "clockwise", 7)
    from protocols import schedule

    schedule._planned.cache_clear()
    assert same(base_schedule(made, "clockwise", 7), first)
    assert not same(base_schedule(made, "clockwise", 8), first)


@pytest.mark.parametrize("name", ["skittles", "reach-rotation", "reach-reward"])
def test_with_nothing_to_repeat_the_session_is_the_base_schedule(name):
    made = load_protocol(name).protocol
    condition = next(iter(made.counterbalance.conditions)) if made.counterbalance else ""
    given_trials = [c.trial._replace(zone=None) for c in play(made, condition)]
    assert same(given_trials, [t._replace(zone=None) for t in base_schedule(made, condition, 1)])
    assert len(given_trials) == trial_count(made, condition)


def test_slots_blocks_and_phases_are_numbered():
    made = protocol("trials = 3\nrepeat = 2---trials = 2", "trials = 4")
    trials = base_schedule(made, "", 1)
    assert [t.slot for t in trials] == list(range(1, 13)) == [t.number for t in trials]
    assert [t.block for t in trials] == [1] * 3 + [2] * 3 + [3] * 2 + [4] * 4
    assert [t.phase for t in trials] == [0] * 8 + [1] * 4
    blocks = [(b.number, b.repeat, b.first, b.last) for b in planned_blocks(made, "", 1)]
    assert blocks == [
        (1, 0, 1, 3),
        (2, 1, 4, 6),
        (3, 0, 7, 8),
        (4, 0, 9, 12),
    ]


def angles(trials) -> list[int]:
    return [round(math.degrees(math.atan2(t.target[1], t.target[0]))) for t in trials]


def test_orders_of_targets():
    fixed, random, shuffled, blocked, some = (
        angles(base_schedule(protocol(f"trials = {n}\n{words}"), "", 1))
        for n, words in [
            (7, 'order = "fixed"'),
            (300, 'order = "random"'),
            (300, ""),
            (9, 'order = "blocked"'),
            (4, 'targets = ["c", "a"]\norder = "fixed"'),
        ]
    )
    assert fixed == [0, 90, 180, 0, 90, 180, 0]
    assert blocked == [0] * 3 + [90] * 3 + [180] * 3
    assert some == [180, 0, 180, 0]
    cycles = [shuffled[i : i + 3] for i in range(0, 300, 3)]
    assert all(sorted(cycle) == [0, 90, 180] for cycle in cycles)
    assert len({tuple(cycle) for cycle in cycles}) == 6
    assert not all(sorted(random[i : i + 3]) == [0, 90, 180] for i in range(0, 300, 3))
    assert min(collections.Counter(random).values()) > 70


def test_repeats_have_orders_of_their_own():
    trials = angles(base_schedule(protocol("trials = 9\nrepeat = 8"), "", 1))
    assert len({tuple(trials[i : i + 9]) for i in range(0, 72, 9)}) > 4


def rotations(words: str) -> list[float]:
    return [round(math.degrees(t.rotation), 9) for t in base_schedule(protocol(words), "", 1)]


def test_perturbation_schedules():
    assert rotations("trials = 3\nperturbation.rotation_deg = 30.0") == [30.0] * 3
    ramp = rotations('trials = 3\nrepeat = 2\nperturbation = { rotation_deg = [0.0, 50.0], schedule = "gradual" }')
    assert ramp == [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    assert rotations('trials = 5\nperturbation = { rotation_deg = [10.0, 20.0], schedule = "steps" }') == [10.0, 10.0, 10.0, 20.0, 20.0]
    listed = rotations('trials = 2\nrepeat = 2\nperturbation = { rotation_deg = [1.0, 2.0, 3.0, 4.0], schedule = "list" }')
    assert listed == [1.0, 2.0, 3.0, 4.0]
    drawn = rotations('trials = 30\nperturbation = { rotation_deg = [-4.0, 0.0, 4.0], schedule = "random" }')
    assert (
        all(sorted(drawn[i : i + 3]) == [-4.0, 0.0, 4.0] for i in range(0, 30, 3))
        and len(set(zip(drawn[::3], drawn[1::3], strict=True))) > 1
    )


def test_clamp_gain_and_no_clamp():
    (clamped,) = base_schedule(protocol("trials = 1\nperturbation = { clamp_deg = 45.0, gain = 1.5 }"), "", 1)
    assert (math.degrees(clamped.clamp), clamped.gain) == (pytest.approx(45), 1.5)
    (plain,) = base_schedule(protocol("trials = 1"), "", 1)
    assert math.isnan(plain.clamp) and math.isnan(plain.zone[0]) and plain.gain == 1.0


def test_feedback_and_reward_now_and_then():
    words = 'trials = 400\nfeedback = "endpoint"\nfeedback_probability = 0.5\nreward = { rule = "points", probability = 0.25 }'
    trials = base_schedule(protocol(words), "", 1)
    seen, told = [t.feedback == Feedback.ENDPOINT for t in trials], [t.reward_shown for t in trials]
    assert {t.feedback for t in trials} == {Feedback.NONE, Feedback.ENDPOINT}
    assert 160 < sum(seen) < 240 and 70 < sum(told) < 130
    assert abs(np.corrcoef(seen, told)[0, 1]) < 0.15, "the two are drawn apart"
    assert not any(t.reward_shown for t in base_schedule(protocol("trials = 9\nreward.shown = false"), "", 1))


def test_a_condition_mirrors_swaps_and_reorders():
    changes = 'rotation_sign = -1, phase_order = ["p1", "p0"], targets = { a = "c" }'
    head = f"counterbalance.conditions = {{ A = {{}}, B = {{ {changes} }} }}\n"
    first = 'trials = 2\ntargets = ["a"]\nperturbation = { rotation_deg = 30.0 }'
    second = 'trials = 1\nfeedback = "none"\nreward = { rule = "binary", zone = { kind = "fixed", low_deg = 5.0, high_deg = 15.0 } }'
    made = protocol(first, second, head=head)
    plain, changed = base_schedule(made, "A", 1), base_schedule(made, "B", 1)
    assert [t.phase for t in plain] == [0, 0, 1] and [t.phase for t in changed] == [1, 0, 0]
    assert [round(math.degrees(t.rotation)) for t in plain[:2] + changed[1:]] == [30, 30, -30, -30]
    assert angles(plain[:2]) == [0, 0] and angles(changed[1:]) == [180, 180]
    assert np.degrees(plain[2].zone) == pytest.approx([5, 15]) and np.degrees(changed[0].zone) == pytest.approx([-15, -5])


def requeueing(when: str, attempts: int = 3):
    return protocol("trials = 3\nrepeat = 2", head=f'requeue = {{ statuses = ["too_slow"], when = "{when}", max_attempts = {attempts} }}\n')


def test_a_broken_trial_comes_again_at_the_end_of_its_block():
    history = play(
        requeueing("end_of_block"), status=lambda t: "too_slow" if (t.slot in (1, 2) and t.attempt == 1) or t.slot == 6 else "completed"
    )
    assert [(c.trial.slot, c.trial.attempt) for c in history] == [
        (1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (4, 1), (5, 1), (6, 1), (6, 2), (6, 3),
    ]  # fmt: skip
    assert [c.trial.number for c in history] == list(range(1, 11))


def test_a_broken_trial_comes_again_at_once():
    history = play(requeueing("next", 2), status=lambda t: "too_slow" if t.slot in (1, 3) else "completed")
    assert [(c.trial.slot, c.trial.attempt) for c in history] == [(1, 1), (1, 2), (2, 1), (3, 1), (3, 2), (4, 1), (5, 1), (6, 1)]


def test_twice_broken_trials_keep_their_turn():
    history = play(requeueing("end_of_block"), status=lambda t: "too_slow" if t.block == 1 and t.attempt < 3 else "completed")
    assert [(c.trial.slot, c.trial.attempt) for c in history][:9] == [(s, a) for a in (1, 2, 3) for s in (1, 2, 3)]
    assert history[9].trial.slot == 4


def test_what_is_given_again():
    made = requeueing("next", 2)
    trial = base_schedule(made, "", 1)[0]
    assert should_requeue(made, trial, "too_slow", False)
    assert not should_requeue(made, trial._replace(attempt=2), "too_slow", False), "no more than max_attempts"
    assert should_requeue(made, trial._replace(attempt=2), "completed", False, forced=True), "the experimenter's word counts"
    assert not should_requeue(made, trial, "too_early", False)
    assert not should_requeue(made, trial, "completed", True), "flagged, but the protocol doesn't repeat such trials"
    repeating = protocol("trials = 3", head="certificate.repeat = true\n")
    assert should_requeue(repeating, trial, "completed", True) and not should_requeue(repeating, trial, "aborted", True)


def test_the_experimenters_repeat_comes_before_the_next_block():
    made = requeueing("end_of_block")
    history: list[Committed] = []
    for _ in range(4):
        trial = next_trial(made, "", 1, history)
        history.append(committed(made, trial, forced=trial.number == 2))
    assert [(c.trial.slot, c.trial.attempt) for c in history] == [(1, 1), (2, 1), (3, 1), (2, 2)]
    assert next_trial(made, "", 1, history).slot == 4


def test_a_session_of_n_completed_trials_is_cut_or_goes_on_in_its_last_phase():
    made = requeueing("end_of_block")
    assert len(play(made, trials=4)) == 4
    longer = protocol("trials = 2", "trials = 3---trials = 1\nrepeat = 2")
    history = play(longer, trials=13)
    assert len(history) == 13 and [c.trial.slot for c in history] == list(range(1, 14))
    assert [c.trial.phase for c in history] == [0] * 2 + [1] * 11
    assert [c.trial.block for c in history] == [1, 1, 2, 2, 2, 3, 4, 5, 5, 5, 6, 7, 8]
    assert block_of(longer, "", 1, history[-1].trial).block.trials == 3
    assert same([c.trial for c in history[:7]], list(base_schedule(longer, "", 1))), "what the file has is left as it is"


def test_only_completed_trials_count():
    made = requeueing("next")
    history = play(made, trials=20, status=lambda t: "too_slow" if t.number % 3 == 0 else "completed")
    assert sum(c.status == "completed" for c in history) == 20 and history[-1].status == "completed"


@given(
    st.lists(st.sampled_from(["completed", "too_slow", "too_fast", "aborted"]), min_size=0, max_size=40),
    st.sampled_from(["next", "end_of_block"]),
)
@settings(max_examples=60, deadline=None)
def test_from_any_history_it_goes_on_alike_and_ends(statuses, when):
    made = requeueing(when)
    history: list[Committed] = []
    while (trial := next_trial(made, "", 3, history)) is not None:
        assert same(trial, next_trial(made, "", 3, list(history)))
        history.append(committed(made, trial, statuses[trial.number - 1] if trial.number <= len(statuses) else "completed"))
        assert len(history) <= 18
    slots = collections.Counter(c.trial.slot for c in history)
    assert set(slots) == set(range(1, 7)) and max(slots.values()) <= 3
    assert [c.trial.block for c in history] == sorted(c.trial.block for c in history), "no block begins before the last has ended"


@pytest.mark.parametrize("when", ["next", "end_of_block"])
def test_a_long_history_costs_no_more_than_a_short_one(when):
    made = requeueing(when)
    history = play(made, trials=3000, status=lambda t: "too_slow" if t.number % 7 == 0 else "completed")
    assert len(history) > 3400

    def cost(past: list[Committed]) -> float:
        times = []
        for _ in range(200):
            start = time.thread_time()
            next_trial(made, "", 1, past, 10_000)
            times.append(time.thread_time() - start)
        return min(times)

    assert cost(history) < 5 * cost(history[:30])


def test_foreperiods_belong_to_the_trial():
    made = protocol("trials = 200", head="timing.foreperiod = [0.2, 0.4]\n")
    trials = base_schedule(made, "", 1)
    waits = [foreperiod(trial, made, 5) for trial in trials]
    assert waits == [foreperiod(trial, made, 5) for trial in trials]
    assert 0.2 <= min(waits) < 0.22 and 0.38 < max(waits) <= 0.4
    assert foreperiod(trials[0]._replace(attempt=2), made, 5) != waits[0]
