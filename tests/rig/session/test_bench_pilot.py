"""A short pilot on the bench as a person starts it: real firmware, real terminal, real streams, against the plant's own truth."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from devices.bench.truth import read_truth
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from tests.devices.benches import bench
from tests.short import SKITTLES, write_short

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.screen, pytest.mark.timeout(300)]
TRIALS = 4
COUNT = 360 / 10_000  # deg, of the lever's encoder


CURL = 'trials = 3\nforce = {{ kind = "curl", strength = 15.0, channel_probability = {} }}'


def run_pilot(root: Path, **protocol):
    """A pilot of a short protocol; what it printed."""
    bench(root)  # or a skip
    file = write_short(root, **protocol)
    words = ("pilot", file, "--device", "manipulandum", "--no-twin", "--windowed", "--data", root / "data", "--seed", 4, "--json")
    done = subprocess.run([sys.executable, "-m", "rig.cli", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def pilot(screen, tmp_path_factory):
    return run_pilot(tmp_path_factory.mktemp("bench"), kind=SKITTLES, blocks=(f"trials = {TRIALS}",))


@pytest.fixture
def journal(pilot):
    with read_journal(Path(pilot["session"]) / JOURNAL) as reader:
        yield reader


def test_all_trials_are_completed_and_recorded(pilot):
    assert pilot["completed"] == TRIALS and pilot["simulated"]
    assert pilot["recording"]["ok"], pilot["recording"]


def test_no_packet_is_lost_or_broken(journal):
    samples = [journal.path_of(record["trial"]) for record in journal.records()]
    counter = np.concatenate([path.counter for path in samples])
    device_time = np.concatenate([path.device_time for path in samples])
    assert {*np.diff(counter)} == {1}
    assert np.diff(device_time).max() < 0.001 + 1e-9
    (start,) = journal.starts()
    report = start["manipulandum"]
    assert report["crc_errors"] == report["encoder_errors"] == report["reconnections"] == 0
    assert report["clock_residual_p99"] < 0.0005
    assert start["device"]["simulated"] and "bench" in start["device"]["model"]


def test_a_release_is_where_the_plant_let_go(pilot, journal):
    releases = read_truth(Path(pilot["session"]) / "truth-1.f64").releases()
    for record in journal.records():
        nearest = int(np.argmin(np.abs(releases.time - record["go_time"] - record["release_time"])))
        angle, turn = np.degrees(releases.position[nearest, 0]), releases.velocity[nearest, 0]
        assert abs(record["go_time"] + record["release_time"] - releases.time[nearest]) < 0.005, "whatever the machine is busy with"
        assert abs((record["action_release_angle_deg"] - angle + 180) % 360 - 180) < COUNT
        step = np.radians(COUNT) / 0.02 * 0.4  # m/s of the tip: a count within the regression's window
        assert abs(record["action_release_speed_quadratic"] - 0.4 * turn) < step + 0.01 * abs(0.4 * turn)


def test_a_field_acts_on_the_hand_while_it_moves_and_a_channel_keeps_it_straight(screen, tmp_path):
    said = run_pilot(tmp_path, blocks=(CURL.format(0.0), CURL.format(1.0)))
    truth = read_truth(Path(said["session"]) / "truth-1.f64")
    with read_journal(Path(said["session"]) / JOURNAL) as journal:
        records = [record for record in journal.records() if record["status"] == "completed"]
        paths = {record["trial"]: journal.path_of(record["trial"]) for record in records}
    assert [record["perturbation_force"] for record in records] == ["curl"] * 3 + ["channel"] * 3
    away = {"curl": [], "channel": []}
    for record in records:
        begin = record["go_time"] + record["reaction_time"]
        path, moving = paths[record["trial"]], (truth.time > begin) & (truth.time < begin + record["movement_time"])
        during = (path.host_time > begin) & (path.host_time < begin + record["movement_time"])
        away[record["perturbation_force"]].append(np.abs(path.position[during, 0]).max())
        if record["perturbation_force"] == "curl":
            assert truth.force[moving, 0].max() > 2, "to the right"
            speed = np.interp(truth.time[moving] - 0.004, truth.time, truth.velocity[:, 1])
            assert np.corrcoef(truth.force[moving, 0], speed)[0, 1] > 0.95
        else:
            aim = record["intended_action_reach_angle_deg"]
            assert abs(aim) < 2 or np.sign(record["lateral_force"]) == np.sign(aim), "pressed to the side that was aimed at"
            assert np.isfinite(record["adaptation_index"])
    between = np.ones(len(truth.time), bool)
    for record in records:
        between &= (truth.time < record["go_time"] - 1.5) | (
            truth.time > record["go_time"] + record["reaction_time"] + record["movement_time"] + 0.3
        )
    assert not truth.force[between].any(), "no force outside of trials"
    assert np.median(away["channel"]) < 0.5 * np.median(away["curl"])
