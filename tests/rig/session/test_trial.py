"""The trial's state machine: synthetic samples, a clock by hand, both tasks, and their real judges."""

from dataclasses import dataclass, field
from functools import cache

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.twin import as_arrays
from devices.device import Samples
from protocols.movement import Limits, minimum_jerk
from protocols.reach import Reach
from protocols.skittles import Skittles
from protocols.task import Feedback, Path, Stage, Task, Trial
from protocols.workspace import Workspace
from rig.session.judge import Judge
from rig.session.participant import after_waiting
from rig.session.trial import Durations, Hand, Result, TrialMachine

FRAME = 1 / 60  # s
BEGAN = 100.0  # s, LSL: the first frame
DURATIONS = Durations(hold=0.2, foreperiod=0.3, feedback=0.1, home_limit=float("nan"))
LIMITS = Limits(0.1, 1.0, 0.05, 2.0)
ASIDE = np.array([0.3, 0.2])  # m
REACH, SKITTLES = Reach(), Skittles(shown_time=0.15)
SHOT = Trial(1, 1, 1, 1, 0, (0.0, 0.1), feedback=Feedback.ENDPOINT)
SEEN = SHOT._replace(feedback=Feedback.CONTINUOUS)
THROW = Trial(1, 1, 1, 1, 0, (0.38, 0.43))


@cache
def judge(task: Task) -> Judge:
    return Judge(task, 4096)


@dataclass
class Rehearsal:
    """A machine, and frames that come when they are told to."""

    task: Task = REACH
    trial: Trial = SHOT
    durations: Durations = DURATIONS
    limits: Limits = LIMITS
    hand: Hand | None = None
    time: float = BEGAN
    events: list = field(default_factory=list)

    def __post_init__(self):
        posture, buttons = self.task.start_posture(self.trial)
        self.posture, self.buttons = np.asarray(posture, float), buttons
        self.workspace = Workspace(self.task.hand_origin, 1.0)
        hand = self.hand or Hand(self.posture, buttons)
        self.machine = TrialMachine(self.task, self.trial, self.durations, self.limits, self.workspace, judge(self.task), hand)

    def frame(self, samples: Samples | None = None, after: float = FRAME) -> None:
        """One frame: what came since the last is fed, the picture appears a moment later."""
        self.time += after
        self.machine.feed(samples or at_times([], np.empty((0, len(self.task.axes)))), self.time)
        self.machine.flipped(self.time + 0.005)
        self.events += self.machine.events
        self.machine.events.clear()

    def until(self, stage: Stage, samples: Samples | None = None, most: int = 2000) -> None:
        """Frames until the stage has come, with the samples that each would have read."""
        for _ in range(most):
            if self.machine.stage == stage:
                return
            due = None
            if samples is not None:
                due = between(samples, self.time, self.time + FRAME)
            self.frame(due)
        raise AssertionError(f"{stage.name} did not come; {self.machine.stage.name} did")

    def to_go(self) -> float:
        """Hold still until the go cue; its time."""
        self.until(Stage.MOVEMENT)
        return self.events[-1][0]

    def here(self, time: float, position, buttons: int = 0) -> Samples:
        """One sample in the workspace."""
        return at_times([time], self.workspace.to_device(np.asarray([position], float)), buttons)

    def movement(self, path, go: float) -> Samples:
        """A path in the workspace, since the go cue, as samples."""
        count = int(path.count)
        position = self.workspace.to_device(np.asarray(path.position, float)[:count])
        return at_times(go + np.asarray(path.time)[:count], position, np.asarray(path.buttons)[:count])

    @property
    def stages(self) -> list[str]:
        return [name for _, name in self.events if not name.startswith("trial_")]

    @property
    def result(self) -> Result:
        assert self.machine.result is not None
        return self.machine.result


def at_times(times, position: np.ndarray, buttons=0) -> Samples:
    times = np.asarray(times, float)
    count, nothing = len(times), np.full(len(times), np.nan)
    return Samples(times, times, position, np.broadcast_to(np.asarray(buttons, np.int64), count).copy(), nothing, np.arange(count))


def between(samples: Samples, after: float, until: float) -> Samples:
    due = (samples.host_time > after) & (samples.host_time <= until)
    return Samples(*(column[due] for column in samples))


@cache
def executed(task: Task, trial: Trial) -> Path:
    return jax.jit(task.execute)(np.array((0.05,) if task is REACH else (2.0, 3.2)), as_arrays(trial))


def path_of(task: Task, trial: Trial, wait: float = 0.25) -> Path:
    """An executed movement after a reaction time."""
    return after_waiting(executed(task, trial), wait)


CASES = [(REACH, SHOT), (REACH, SEEN), (SKITTLES, THROW)]
BY_NAME = pytest.mark.parametrize(("task", "trial"), CASES, ids=["reach", "reach seen", "skittles"])


@BY_NAME
def test_a_good_trial_goes_through_its_stages_in_order(task, trial):
    this = Rehearsal(task, trial)
    go = this.to_go()
    path = path_of(task, trial)
    this.until(Stage.DONE, this.movement(path, go))
    assert this.stages == ["hold", "foreperiod", "movement", "outcome", "feedback", "done"]
    assert this.result.status == "completed"
    assert this.result.go_time == go
    assert this.result.judgement is not None
    expected = np.array([0.05] if task is REACH else [2.0, 3.2]) * np.asarray(task.action_scale)
    np.testing.assert_allclose(this.result.judgement.action, expected, rtol=5e-3)
    times = {name: time for time, name in this.events}
    assert times["foreperiod"] - times["hold"] >= DURATIONS.hold
    assert times["movement"] - times["foreperiod"] >= DURATIONS.foreperiod
    assert times["done"] - times["feedback"] >= DURATIONS.feedback - 1e-9
    assert times["feedback"] - times["outcome"] == pytest.approx(task.outcome_time(trial), abs=1.1 * FRAME)


@pytest.mark.parametrize(("task", "trial", "flight"), [(REACH, SHOT, 0.0), (SKITTLES, THROW, 0.15)], ids=["reach", "skittles"])
def test_feedback_waits_for_the_flight_and_then_once_for_the_delay(task, trial, flight):
    this = Rehearsal(task, trial._replace(feedback_delay=0.5))
    this.until(Stage.DONE, this.movement(path_of(task, trial), this.to_go()))
    times = {name: time for time, name in this.events}
    assert times["feedback"] - times["outcome"] == pytest.approx(flight + 0.5, abs=1.1 * FRAME)


@BY_NAME
@pytest.mark.parametrize("late", [False, True], ids=["read before it", "read after it"])
def test_the_path_begins_with_the_last_known_sample_at_the_go_cue(task, trial, late):
    this = Rehearsal(task, trial)
    this.until(Stage.FOREPERIOD)
    known = this.posture + ASIDE / 100
    if late:
        go = this.to_go()
        this.frame(this.here(go - 0.001, known, this.buttons))
    else:
        this.frame(this.here(this.time + 0.01, known, this.buttons))
        go = this.to_go()
    this.until(Stage.DONE, between(this.movement(path_of(task, trial), go), go, np.inf))
    assert this.result.path is not None
    assert this.result.path.time[0] == 0.0
    np.testing.assert_allclose(this.result.path.position[0], known, atol=1e-12)
    assert this.result.path.buttons[0] == this.buttons
    assert np.all(np.diff(this.result.path.time) > 0)


@BY_NAME
def test_a_broken_hold_leads_home_again_and_begins_anew(task, trial):
    this = Rehearsal(task, trial)
    this.until(Stage.HOLD)
    left = this.time + 0.004
    away = this.here(left, this.posture + ASIDE, this.buttons)
    back = this.here(left + 0.005, this.posture, this.buttons)
    this.frame(Samples(*(np.concatenate(columns) for columns in zip(away, back, strict=True))))
    assert this.stages == ["hold", "home", "hold"]
    assert this.events[-2][0] == left
    assert this.events[-1][0] == pytest.approx(left + 0.005)
    this.until(Stage.FOREPERIOD)
    assert this.events[-1][0] - (left + 0.005) >= DURATIONS.hold
    assert this.machine.result is None


@BY_NAME
@pytest.mark.parametrize("stage", [Stage.FOREPERIOD, Stage.MOVEMENT], ids=["in the foreperiod", "between the last sample and the go cue"])
def test_leaving_before_the_go_cue_is_too_early(task, trial, stage):
    this = Rehearsal(task, trial)
    this.until(stage)
    left = this.time + (0.004 if stage == Stage.FOREPERIOD else 0.002)  # of the last flip 0.005
    this.frame(this.here(left, this.posture + ASIDE, this.buttons))
    assert this.result.status == "too_early"
    assert this.result.judgement is None and np.isnan(this.result.reward)
    assert (left, "trial_too_early") in this.events
    this.until(Stage.DONE)
    assert this.stages[-2:] == ["feedback", "done"]


@BY_NAME
def test_a_reaction_that_must_be_a_guess_is_too_early(task, trial):
    this = Rehearsal(task, trial, limits=LIMITS._replace(min_reaction_time=0.3))
    go = this.to_go()
    this.until(Stage.DONE, this.movement(path_of(task, trial, 0.15), go))
    assert this.result.status == "too_early"
    assert this.result.judgement is not None


@BY_NAME
def test_no_movement_is_too_slow_and_has_no_action(task, trial):
    this = Rehearsal(task, trial)
    go = this.to_go()
    this.until(Stage.DONE)
    assert this.result.status == "too_slow"
    assert this.result.judgement is None
    when = next(time for time, name in this.events if name == "trial_too_slow")
    assert when - go == pytest.approx(LIMITS.max_reaction_time + LIMITS.max_movement_time, abs=2 * FRAME)


@pytest.mark.parametrize("frame", [FRAME, 1.0], ids=["frame by frame", "in one go"])
def test_a_movement_that_ends_after_the_time_is_up_is_not_judged(frame):
    this = Rehearsal()
    go = this.to_go()
    samples = this.movement(path_of(REACH, SHOT, 2.9), go)
    while this.machine.stage == Stage.MOVEMENT:
        this.frame(between(samples, this.time, this.time + frame), frame)
    assert this.result.status == "too_slow"
    assert this.result.judgement is None


@BY_NAME
@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (LIMITS._replace(max_reaction_time=0.2), "too_slow"),
        (LIMITS._replace(max_movement_time=0.15), "too_slow"),
        (LIMITS._replace(min_movement_time=1.5), "too_fast"),
    ],
    ids=["late start", "long movement", "short movement"],
)
def test_a_movement_outside_the_limits_is_judged_all_the_same(task, trial, limits, status):
    this = Rehearsal(task, trial, limits=limits)
    go = this.to_go()
    this.until(Stage.DONE, this.movement(path_of(task, trial, 0.4 if "max_reaction" in str(limits) else 0.25), go))
    assert this.result.status == status


@pytest.mark.parametrize(("start", "lasts", "status"), [(0.5, 4.5, "completed"), (0.5, 5.5, "too_slow"), (9.0, 4.5, "completed")])
def test_a_movement_with_a_long_halt_is_timed_from_its_first_onset(start, lasts, status):
    time = np.arange(0, start + lasts + 1, 0.005)
    halfway, rest = (np.asarray(minimum_jerk((time - begins) / 0.4)) for begins in (start, start + lasts - 0.2))
    path = Path(time, np.stack([0 * time, 0.05 * halfway + 0.07 * rest], axis=1), np.zeros(len(time), int), len(time))
    this = Rehearsal(limits=Limits(0.1, 10.0, 0.05, 5.0))
    this.until(Stage.DONE, this.movement(path, this.to_go()))
    assert this.result.status == status
    assert this.result.judgement is not None
    assert this.result.judgement.timing.onset == pytest.approx(start + 0.06, abs=0.02)
    assert this.result.judgement.timing.end == pytest.approx(start + lasts, abs=0.05)


def test_a_silent_mouse_is_a_hand_at_rest_from_its_last_sample_on():
    this = Rehearsal(REACH, SEEN)
    go = this.to_go()
    whole = this.movement(path_of(REACH, SEEN), go)
    moved = np.any(np.diff(whole.position, axis=0, prepend=whole.position[:1]) != 0, axis=1)
    mouse = Samples(*(column[moved] for column in whole))
    this.until(Stage.DONE, mouse)
    seen = Rehearsal(REACH, SEEN)
    assert seen.to_go() == go
    seen.until(Stage.DONE, whole)
    assert this.result.status == seen.result.status == "completed"
    assert this.result.judgement is not None and seen.result.judgement is not None
    np.testing.assert_allclose(this.result.judgement.action, seen.result.judgement.action)
    assert this.result.judgement.timing.end == pytest.approx(seen.result.judgement.timing.end, abs=0.0015)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.002, 0.04), min_size=1, max_size=8), st.integers(0, 2), st.floats(0.15, 0.5))
def test_however_the_samples_are_cut_up_the_result_is_the_same(gaps, case, wait):
    """Frames come early or late; the release, the passing of the target and the rest lie between them."""
    task, trial = CASES[case]
    results = []
    for frames in ([FRAME], gaps):
        this = Rehearsal(task, trial)
        go = this.to_go()
        samples = this.movement(path_of(task, trial, round(wait, 3)), go)
        last = this.time
        for number in range(2000):
            if this.machine.stage == Stage.DONE:
                break
            after = frames[number % len(frames)]
            this.frame(between(samples, last, this.time + after), after)
            last = this.time
        results.append((this.result, [event for event in this.events if event[1] == "outcome" or event[1].startswith("trial_")]))
    (one, ends), (other, other_ends) = results
    assert ends == other_ends
    assert one.status == other.status == "completed"
    for field_ in ("path", "judgement"):
        for a, b in zip(getattr(one, field_), getattr(other, field_), strict=True):
            np.testing.assert_equal(a, b)


def test_the_release_is_at_its_sample_and_not_at_the_frame():
    ends = []
    for frame in (FRAME, 0.2):  # the second sees the release 0.2 s late
        this = Rehearsal(SKITTLES, THROW)
        go = this.to_go()
        samples = this.movement(path_of(SKITTLES, THROW), go)
        last = this.time
        while this.machine.stage == Stage.MOVEMENT:
            this.frame(between(samples, last, this.time + frame), frame)
            last = this.time
        ends.append((this.result.path.time[-1], this.result.judgement.timing.end, this.events[-1]))
    assert ends[0] == ends[1]
    release = samples.host_time[np.argmax(samples.buttons == 0)]
    assert ends[0][2][0] == pytest.approx(release, abs=1e-9)


@pytest.mark.parametrize("status", ["aborted", "device_fault"])
def test_abort_ends_at_once_but_a_finished_movement_stands(status):
    for stage in (Stage.HOME, Stage.HOLD, Stage.FOREPERIOD, Stage.MOVEMENT, Stage.OUTCOME, Stage.FEEDBACK):
        this = Rehearsal(SKITTLES, THROW)
        if stage <= Stage.MOVEMENT:
            this.until(stage)
        else:
            this.until(stage, this.movement(path_of(SKITTLES, THROW), this.to_go()))
        this.machine.abort(this.time, status)
        assert this.machine.stage == Stage.DONE
        if stage <= Stage.MOVEMENT:
            assert (this.result.status, this.result.judgement) == (status, None), stage
        else:
            assert this.result.status == "completed", stage
            assert this.result.judgement is not None and this.result.reward == this.result.judgement.outcome.reward
        assert [name for _, name in this.machine.events][-1] == "done"


def test_abort_changes_nothing_in_a_trial_that_is_over():
    this = Rehearsal(SKITTLES, THROW)
    this.until(Stage.DONE, this.movement(path_of(SKITTLES, THROW), this.to_go()))
    result = this.result
    this.machine.abort(this.time)
    assert this.result is result and not this.machine.events


def test_who_does_not_come_home_in_time_is_reminded():
    away = Hand(np.array([0.05, 0.0]), 0)
    this = Rehearsal(durations=DURATIONS._replace(home_limit=0.5), hand=away)
    this.until(Stage.FEEDBACK)
    assert this.result.status == "wrong_start"
    assert this.time - BEGAN == pytest.approx(0.5, abs=2.1 * FRAME)


def test_a_hand_that_was_never_seen_is_not_at_home():
    this = Rehearsal(hand=Hand(np.full(2, np.nan), 0))
    for _ in range(10):
        this.frame()
    assert this.machine.stage == Stage.HOME
    this.frame(this.here(this.time + 0.01, (0.0, 0.0)))
    assert this.machine.stage == Stage.HOLD


def test_without_a_foreperiod_the_go_cue_follows_the_hold():
    this = Rehearsal(durations=DURATIONS._replace(foreperiod=0.0))
    this.to_go()
    assert this.stages == ["hold", "movement"]


def test_what_is_pending_is_shown_as_begun():
    this = Rehearsal()
    this.until(Stage.FOREPERIOD)
    this.time += DURATIONS.foreperiod + FRAME
    this.machine.feed(at_times([], np.empty((0, 2))), this.time)
    assert this.machine.stage == Stage.FOREPERIOD
    view = this.machine.view(this.time, 7)
    assert (view.stage, view.stage_time, view.score) == (Stage.MOVEMENT, 0.0, 7)
    this.machine.flipped(this.time + 0.01)
    assert this.machine.view(this.time + 0.02, 7).stage_time == pytest.approx(0.01)


def test_a_long_wait_with_many_samples_is_kept_whole():
    this = Rehearsal(limits=Limits(0.1, 10.0, 0.05, 2.0))
    go = this.to_go()
    this.until(Stage.DONE, this.movement(path_of(REACH, SHOT, 6.0), go))
    assert this.result.status == "completed"
    assert this.result.path is not None and this.result.path.count > 6000


def test_a_withheld_reward_is_not_delivered():
    this = Rehearsal(SKITTLES, THROW._replace(reward_shown=False))
    this.until(Stage.DONE, this.movement(path_of(SKITTLES, THROW), this.to_go()))
    assert np.isnan(this.result.reward)
    assert this.result.judgement is not None and np.isfinite(this.result.judgement.outcome.reward)
