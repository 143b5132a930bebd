"""The simulated participant: it brings the hand home, acts after the go cue, and does the same again for the same history."""

import numpy as np
import pytest

from devices.device import Motion
from devices.simulated import SimulatedDevice
from protocols.history import Committed
from protocols.movement import Limits
from protocols.release import GRIP
from protocols.skittles import Skittles
from protocols.task import Outcome, Stage, Trial
from protocols.workspace import Workspace
from rig.session.judge import Judge
from rig.session.participant import GRIP_DELAY, HOMING_TIME, SimulatedParticipant, after_waiting, homing
from rig.session.trial import Durations, Hand, TrialMachine

TASK = Skittles(shown_time=0.15)
WORKSPACE = Workspace(TASK.hand_origin, 0.25)
TRIAL = Trial(3, 1, 3, 1, 0, (0.38, 0.43))


class Script:
    """An actor of one action, that remembers what it was told."""

    def __init__(self, action=(115.0, 3.2)):
        self.action, self.told = np.array(action), []

    def act(self, trial):
        self.told.append(("act", int(trial.number)))
        return self.action

    def learn(self, committed):
        self.told.append(("learn", int(committed.trial.number)))


class Recorded:
    """A player that keeps what it is to play."""

    def __init__(self):
        self.played: list[tuple[Motion, float]] = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return

    def play(self, motion, at):
        self.played.append((motion, at))


def participant(player, actor=None, seed=5, reaction_time=(0.3, 0.04), motor_sd=()):
    return SimulatedParticipant(actor or Script(), TASK, WORKSPACE, player, seed, reaction_time, motor_sd)


def motions(**options) -> tuple[Motion, Motion]:
    """Of one trial: homing and throw."""
    player = Recorded()
    someone = participant(player, **options)
    someone.choose(TRIAL)
    someone.begin(TRIAL, np.array([0.1, 0.1]), 10.0)
    someone.go(TRIAL, 12.0)
    assert [at for _, at in player.played] == [10.0, 12.0]
    return player.played[0][0], player.played[1][0]


def test_homing_is_smooth_and_takes_hold_only_once_there():
    start, end = np.array([0.3, -0.1]), np.array([-0.2, 0.4])
    path = homing(start, end, GRIP)
    np.testing.assert_array_equal(path.position[0], start)
    np.testing.assert_array_equal(path.position[-1], end)
    held = np.flatnonzero(path.buttons)
    assert held.tolist() == [path.count - 1]
    assert path.time[held[0]] == pytest.approx(HOMING_TIME + GRIP_DELAY)
    speed = np.linalg.norm(np.diff(path.position, axis=0), axis=1) / 0.001
    assert speed.max() == pytest.approx(1.875 * np.linalg.norm(end - start) / HOMING_TIME, rel=0.01)  # Flash & Hogan 1985
    assert speed[0] < 0.01 * speed.max()


def test_the_hand_waits_before_it_moves():
    path = TASK.execute(np.array([2.0, 3.2]), TRIAL)
    later = after_waiting(path, 0.2)
    assert later.count == int(path.count) + 200
    assert np.all(later.position[:201] == later.position[0])
    np.testing.assert_array_equal(later.position[200:], np.asarray(path.position)[: int(path.count)])
    np.testing.assert_allclose(np.diff(later.time), 0.001)


def test_a_throw_is_the_intended_one_where_there_is_no_motor_noise():
    _, throw = motions()
    path = after_waiting(TASK.execute(np.array([np.radians(115.0), 3.2]), TRIAL), 0.0)
    np.testing.assert_allclose(throw.position[-path.count :], WORKSPACE.to_device(np.asarray(path.position)), atol=1e-12)


def test_the_reaction_is_never_a_guess_and_varies_from_trial_to_trial():
    waits = []
    player = Recorded()
    someone = participant(player, reaction_time=(0.15, 0.05))
    for number in range(1, 30):
        someone.choose(TRIAL._replace(number=number))
        someone.go(TRIAL._replace(number=number), 1.0)
        motion = player.played[-1][0]
        moved = np.flatnonzero(np.any(motion.position != motion.position[0], axis=1))[0]
        waits.append(motion.time[moved])
    assert min(waits) >= 0.12
    assert max(waits) > 0.2


def test_everything_follows_from_seed_and_trial():
    noisy = {"motor_sd": (5.0, 0.3)}
    once, again, another = motions(**noisy), motions(**noisy), motions(seed=6, **noisy)
    for a, b in zip((*once[0], *once[1]), (*again[0], *again[1]), strict=True):
        np.testing.assert_array_equal(a, b)
    for other in (another, motions()):
        assert not np.array_equal(once[1].position[-1], other[1].position[-1])


def test_a_device_that_was_never_seen_starts_from_the_posture():
    player = Recorded()
    participant(player).begin(TRIAL, np.full(2, np.nan), 0.0)
    motion = player.played[0][0]
    assert np.all(np.isfinite(motion.position))
    assert np.all(motion.position == motion.position[0])


def test_catching_up_is_living_through_it_again():
    actor = Script()
    nothing = Outcome(*(np.nan,) * len(Outcome._fields))
    history = [Committed(TRIAL._replace(number=n), "completed", actor.action, nothing, 0.0, False) for n in (1, 2)]
    participant(Recorded(), actor).catch_up(history)
    assert actor.told == [("act", 1), ("learn", 1), ("act", 2), ("learn", 2)]


def test_go_needs_a_choice():
    with pytest.raises(AssertionError, match="choose comes before go"):
        participant(Recorded()).go(TRIAL, 1.0)


def test_a_whole_trial_through_the_simulated_device_is_completed_as_intended():
    """Participant, device, machine and judge, on a clock of the test's own."""
    clock = [50.0]
    with SimulatedDevice(lambda: clock[0]) as device:
        someone = participant(device)
        machine = TrialMachine(
            TASK, TRIAL, Durations(0.1, 0.1, 0.1, 60.0), Limits(0.1, 10, 0.0, 5), WORKSPACE, Judge(TASK, 4096), Hand(np.full(2, np.nan), 0)
        )
        someone.choose(TRIAL)
        someone.begin(TRIAL, machine.hand.position, clock[0])
        for _ in range(1000):
            if machine.stage == Stage.DONE:
                break
            clock[0] += 1 / 60
            machine.feed(device.read(), clock[0])
            before = machine.stage
            machine.flipped(clock[0])
            if machine.stage == Stage.MOVEMENT != before:
                someone.go(TRIAL, clock[0])
    assert machine.result is not None and machine.result.judgement is not None
    assert machine.result.status == "completed"
    np.testing.assert_allclose(machine.result.judgement.action, [115.0, 3.2], rtol=2e-3)
