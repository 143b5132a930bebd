"""Two hands through the rig: device, trial, journal, table, report, dataset, and a pilot from beginning to end."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.simulate import simulate
from devices.device import Motion
from devices.simulated import SimulatedDevice
from protocols.bimanual import Bimanual
from protocols.errors import BadInput
from protocols.load import load_protocol
from protocols.movement import Limits
from protocols.task import TWO_HANDS, Stage, Trial
from protocols.tasks import make_task
from protocols.workspace import Workspace
from protocols.zone import zone_rule
from rig.bids.export import export_bids
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from rig.models.learner_choice import targets_of, twin_choice
from rig.report.data import read_record
from rig.report.report import report
from rig.session.input import DeviceSlot
from rig.session.judge import Judge
from rig.session.participant import SimulatedParticipant
from rig.session.plan import new_plan
from rig.session.replay import ReplayedParticipant
from rig.session.trial import Durations, Hand, TrialMachine
from rig.streams.info import motion_channels
from rig.tables.trials import read_trials
from tests.sessions import Recipe, build_session
from tests.short import BIMANUAL, write_short

TASK = Bimanual()
TRIAL = Trial(1, 1, 1, 1, 0, (0.072, 0.096))
WORKSPACE = Workspace(TASK.hand_origin, 0.5)
ACTION = np.array([0.03, 0.07, 0.1, -0.02])


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Path:
    return build_session(tmp_path_factory.mktemp("people"), Recipe(protocol="bimanual", participant="P03", trials=6, simulated=True))


class Actor:
    """Does the same each time."""

    def act(self, trial):
        return ACTION

    def learn(self, committed):
        pass


def test_a_whole_trial_is_completed_as_intended_in_all_four_coordinates():
    clock = [50.0]
    with SimulatedDevice(lambda: clock[0], axes=TWO_HANDS) as device:
        someone = SimulatedParticipant(Actor(), TASK, WORKSPACE, device, 3, (0.3, 0.0))
        durations, limits, unseen = Durations(0.1, 0.1, 0.1, 60.0), Limits(0.1, 10, 0.0, 5), Hand(np.full(4, np.nan), 0)
        machine = TrialMachine(TASK, TRIAL, durations, limits, WORKSPACE, Judge(TASK, 4096), unseen)
        someone.choose(TRIAL)
        someone.begin(TRIAL, machine.hand.position, clock[0])
        for _ in range(1000):
            if machine.stage == Stage.DONE:
                break
            clock[0] += 1 / 60
            machine.feed(device.read(), clock[0])
            before = machine.stage
            machine.flipped(clock[0])
            assert len(machine.view(clock[0], 0).hand) == 4
            if machine.stage == Stage.MOVEMENT != before:
                someone.go(TRIAL, clock[0])
    assert machine.result is not None and machine.result.judgement is not None and machine.result.path is not None
    assert machine.result.status == "completed"
    np.testing.assert_allclose(machine.result.judgement.action, ACTION, atol=1e-6)
    assert machine.result.judgement.outcome.error == pytest.approx(np.hypot(0.07 - 0.072, 0.1 - 0.096), abs=1e-6)
    assert machine.result.path.position.shape[1] == 4


def test_further_axes_of_a_device_are_no_part_of_the_workspace():
    np.testing.assert_array_equal(WORKSPACE.from_device(np.array([[1.0, 2.0, 3.0, 4.0, 9.0]])), [[2.0, 4.0, 6.0, 8.0]])
    np.testing.assert_array_equal(WORKSPACE.to_device(np.array([2.0, 4.0, 6.0, 8.0])), [1.0, 2.0, 3.0, 4.0])


def test_a_mouse_is_refused_before_a_folder_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":99")
    with pytest.raises(BadInput, match=r"mouse.* 4 axes \(left_x, left_y, right_x, right_y\).*choose from .*simulated"):
        new_plan("bimanual", "P01", None, "mouse", simulated=False, data=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_plugged_in_has_the_last_word_on_its_axes(monkeypatch):
    """Two pointers may be asked for by name, and one be missing."""
    monkeypatch.setattr("rig.session.input.find_device", lambda name: lambda clock, *where: SimulatedDevice(clock))
    window = SimpleNamespace(metres_per_pixel=0.00025, screen_size_px=(1280, 1024), screen_corner_px=(0, 0))
    slot = DeviceSlot("mouse", window, axes=TWO_HANDS)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=r"4 axes \(left_x.*this one has 2 \(x, y\)"):
        slot.__enter__()
    assert not slot.status().alive, "what was opened is closed again"


def test_every_coordinate_is_in_the_journal_and_ends_where_it_was_scored(session):
    record = read_record(session)
    for stored, committed in zip(record.stored, record.committed, strict=True):
        movement = record.movement(stored.number)
        assert movement.shape[1] == 5 and len(movement) > 100
        assert committed.trial.mapping == 2, "the first day begins with the right hand"
        with read_journal(session / JOURNAL) as journal:
            assert journal.path_of(stored.number).position.shape[1] == 4
    hands = record.movement(1)[-1, 1:]
    end = record.task.cursor(hands, record.committed[0].trial, np)  # type: ignore[attr-defined]
    assert np.hypot(*(end - record.committed[0].trial.target)) == pytest.approx(
        float(record.committed[0].outcome.error), abs=0.002
    )  # rest begins here


def test_the_stream_says_which_hand_and_which_direction():
    channels = motion_channels(TWO_HANDS)[1:5]
    assert [(c.label, c.type) for c in channels] == [(a, f"Position{a[-1].upper()}") for a in TWO_HANDS]
    assert motion_channels(("x", "y"))[1].type == "PositionX"


def test_the_report_shows_cursor_hands_and_direction(session, tmp_path):
    report(session, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    for words in ("Cursor paths", "Paths of the left hand", "Paths of the right hand", "|direction error| (deg)"):
        assert words in text or words.replace("|", "") in text
    assert "Action space" not in text, "four actions have no plane"


def test_the_dataset_has_two_tracked_points_and_is_valid(session, tmp_path):
    export_bids([session], tmp_path / "bids", accept_simulated=True)
    channels = next((tmp_path / "bids").rglob("*_channels.tsv")).read_text().splitlines()
    points = [line.split("\t")[3] for line in channels if "\tPOS\t" in line]
    assert points == ["left hand", "left hand", "right hand", "right hand"]
    sidecar = json.loads(next((tmp_path / "bids").rglob("*_motion.json")).read_text())
    assert (sidecar["TrackedPointsCount"], sidecar["POSChannelCount"], sidecar["MotionChannelCount"]) == (2, 4, 9)
    program = Path(sys.executable).with_name("bids-validator-deno")
    done = subprocess.run([program, "--json", tmp_path / "bids"], capture_output=True, text=True, timeout=600, check=False)
    assert [issue for issue in json.loads(done.stdout)["issues"]["issues"] if issue["severity"] == "error"] == []


class Recorded:
    """A player that keeps what it was told."""

    def __init__(self):
        self.played: list[Motion] = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return

    def play(self, motion, at):
        self.played.append(motion)


def test_a_session_is_played_again_with_both_hands_but_not_on_another_task(session, tmp_path):
    player = Recorded()
    again = ReplayedParticipant(session, TASK, WORKSPACE, player)
    again.begin(TRIAL, np.full(4, np.nan), 10.0)
    again.go(TRIAL, 11.0)
    assert [motion.position.shape[1] for motion in player.played] == [4, 4]
    throws = build_session(tmp_path, Recipe(trials=2))
    with pytest.raises(BadInput, match=r"2 axes, and this task needs 4 \(left_x, left_y, right_x, right_y\)"):
        ReplayedParticipant(throws, TASK, WORKSPACE, player)


@pytest.mark.slow
@pytest.mark.screen
@pytest.mark.timeout(900)
def test_a_pilot_runs_to_its_end_with_twin_recorder_and_report(screen, tmp_path):
    protocol = write_short(tmp_path, kind=BIMANUAL, blocks=("trials = 5",))
    words = [
        sys.executable,
        "-m",
        "rig.cli",
        "pilot",
        str(protocol),
        "--device",
        "simulated",
        "--seed",
        "4",
        "--data",
        str(tmp_path / "data"),
    ]
    done = subprocess.run([*words, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pilot = json.loads(done.stdout)
    assert pilot["completed"] >= 4 and pilot["recording"]["ok"], pilot["recording"]
    assert Path(pilot["report"]).stat().st_size > 100_000
    table = tmp_path / "trials.tsv"
    subprocess.run([sys.executable, "-m", "rig.cli", "trials", pilot["session"], "--out", str(table)], check=True, capture_output=True)
    trials = read_trials(table)
    for name in TWO_HANDS:
        done_, meant = np.asarray(trials[f"action_{name}"], float), np.asarray(trials[f"intended_action_{name}"], float)
        assert np.nanmedian(np.abs(done_ - meant)) < 0.002


@pytest.mark.slow
def test_learners_with_the_library_s_values_err_as_the_published_ones_do():
    """|directional error| by fifths of 3000 trials is 78, 48, 31, 19, 14 deg in the published code (20 runs)."""
    loaded = load_protocol("bimanual")
    protocol, task = loaded.protocol, make_task(loaded.protocol)
    choice, targets = twin_choice(protocol, task, loaded.path.parent), targets_of(protocol)
    drawn = np.random.default_rng(1).integers(len(targets), size=3000)
    trials = [Trial(n + 1, 1, n + 1, 1, 0, tuple(targets[place])) for n, place in enumerate(drawn)]
    rule = zone_rule(protocol.phases[3].blocks[0], protocol.condition(""))
    turns = simulate(task, choice.learner, choice.params(), targets, trials, [rule] * len(trials), 3, 20)
    error = np.abs(np.degrees(np.asarray(turns.outcome.hand_error))).reshape(20, 5, -1)
    np.testing.assert_allclose(np.nanmean(error, axis=(0, 2)), [78, 48, 31, 19, 14], atol=8)
