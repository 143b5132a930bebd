"""A short pilot on the bench as a person starts it: real firmware, real terminal, real streams, against the plant's own truth."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from devices.bench.truth import Truth, read_truth
from devices.device import Samples
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from rig.session.sampling import joined
from tests.devices.benches import bench
from tests.short import SKITTLES, write_short

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.screen, pytest.mark.timeout(900)]
TRIALS = 3
COUNT = 360 / 10_000  # deg, of the lever's encoder
LEVER = 0.4  # m
WINDOW = 0.02  # s before the release, on which its speed is fitted
CURL = 'trials = 2\nforce = {{ kind = "curl", strength = 15.0, channel_probability = {} }}'


class Pilot(NamedTuple):
    """What a pilot left."""

    said: dict
    start: dict
    records: list[dict]
    samples: Samples  # of all trials
    truth: Truth  # by the board's clock, as the samples are: the two agree however late a busy machine was

    def on_board(self, time: float) -> float:
        """The board's time (s) of the sample that is nearest to an LSL time."""
        return float(self.samples.device_time[np.argmin(np.abs(self.samples.host_time - time))])


#: One pilot after the other in one program, as two in the command line: they share what takes the time, libraries and compilation.
PILOTS = """
import sys
from rig.cli import main
sys.exit(max(main(words.splitlines()) for words in sys.argv[1:]))
"""


def pilot_words(root: Path, **protocol) -> str:
    """The command line of a pilot of a short protocol, a word a line."""
    words = ("pilot", write_short(root, **protocol), "--device", "manipulandum", "--no-twin", "--windowed", "--data", root, "--seed", 4)
    return "\n".join(map(str, (*words, "--json")))


def what_it_left(said: dict) -> Pilot:
    folder = Path(said["session"])
    with read_journal(folder / JOURNAL) as journal:
        samples = joined([samples for _, samples in journal.paths()])
        (start,) = journal.starts()
        return Pilot(said, start, journal.records(), samples, read_truth(folder / "truth-1.f64").on_board())


@pytest.fixture(scope="module")
def both(screen, tmp_path_factory):
    """Throws, then reaches in a field and in a channel."""
    bench(tmp_path_factory.mktemp("bench"))  # or a skip
    lines = (
        pilot_words(tmp_path_factory.mktemp("throws"), kind=SKITTLES, blocks=(f"trials = {TRIALS}",)),
        pilot_words(tmp_path_factory.mktemp("reaches"), blocks=(CURL.format(0.0), CURL.format(1.0)), reaction_time=0.4),
    )
    done = subprocess.run([sys.executable, "-c", PILOTS, *lines], capture_output=True, text=True, check=False)
    # On a machine so busy that the board stops its motors, the device is opened anew, which the recording lacks: exit code 1.
    assert done.returncode == 0 or (done.returncode == 1 and "heard nothing from this computer" in done.stderr), done.stderr
    first, end = json.JSONDecoder().raw_decode(done.stdout)
    return what_it_left(first), what_it_left(json.loads(done.stdout[end:]))


@pytest.fixture(scope="module")
def throws(both) -> Pilot:
    return both[0]


@pytest.fixture(scope="module")
def reaches(both) -> Pilot:
    return both[1]


def test_all_trials_are_completed_and_recorded(throws):
    assert throws.said["completed"] == TRIALS and throws.said["simulated"]
    assert throws.said["recording"]["ok"], throws.said["recording"]


def test_no_packet_is_lost_or_broken(throws):
    assert {*np.diff(throws.samples.counter)} == {1}
    assert np.diff(throws.samples.device_time).max() < 0.001 + 1e-9
    report = throws.start["manipulandum"]
    assert [report[name] for name in ("crc_errors", "encoder_errors", "reconnections")] == [0, 0, 0]
    assert np.isfinite(report["clock_residual_p99"])
    assert throws.start["device"]["simulated"] and "bench" in throws.start["device"]["model"]


def test_a_release_is_where_the_plant_let_go(throws):
    releases = throws.truth.releases()
    completed = [record for record in throws.records if record["status"] == "completed"]
    assert len(completed) == TRIALS
    for record in completed:
        stamp = throws.on_board(record["go_time"] + record["release_time"])
        nearest = int(np.argmin(np.abs(releases.time - stamp)))
        angle, speed = np.degrees(releases.position[nearest, 0]), LEVER * releases.velocity[nearest, 0]
        assert abs(stamp - releases.time[nearest]) < 1e-5
        assert abs((record["action_release_angle_deg"] - angle + 180) % 360 - 180) < COUNT
        step = np.radians(COUNT) / WINDOW * LEVER  # m/s of the tip: a count within the regression's window
        off = abs(record["action_release_speed_quadratic"] - speed)
        assert off < step + (0.01 + wavering(throws.samples, stamp)) * abs(speed)


def wavering(samples: Samples, stamp: float) -> float:
    """By what share the clock map has stretched the time before a release: 0 where the machine kept up."""
    before = (samples.device_time > stamp - WINDOW) & (samples.device_time <= stamp)
    return float(np.ptp((samples.host_time - samples.device_time)[before])) / WINDOW


def test_a_field_acts_on_the_hand_while_it_moves_and_a_channel_keeps_it_straight(reaches):
    records = [record for record in reaches.records if record["status"] == "completed"]
    assert [record["perturbation_force"] for record in records] == ["curl"] * 2 + ["channel"] * 2
    truth, away = reaches.truth, {"curl": [], "channel": []}
    for record in records:
        onset = record["go_time"] + record["reaction_time"]
        moving = (truth.time > reaches.on_board(onset)) & (truth.time < reaches.on_board(onset + record["movement_time"]))
        away[record["perturbation_force"]].append(np.abs(truth.position[moving, 0]).max())
        if record["perturbation_force"] == "curl":
            assert truth.force[moving, 0].max() > 2, "to the right"
            speed = np.interp(truth.time[moving] - 0.004, truth.time, truth.velocity[:, 1])
            assert np.corrcoef(truth.force[moving, 0], speed)[0, 1] > 0.95
        else:
            aim = record["intended_action_reach_angle_deg"]
            assert abs(aim) < 2 or np.sign(record["lateral_force"]) == np.sign(aim), "pressed to the side that was aimed at"
            assert np.isfinite(record["adaptation_index"])
    assert np.median(away["channel"]) < 0.5 * np.median(away["curl"])


def test_no_force_is_left_once_a_reach_is_over(reaches):
    """On the way home, which takes the hand 0.35 s, the motors are off: for a part of it at least, however late the order came."""
    truth, ends = reaches.truth, [record["go_time"] + record["reaction_time"] + record["movement_time"] for record in reaches.records]
    going = np.linalg.norm(truth.velocity, axis=1) > 0.05
    for end, following in zip(ends[:-1], reaches.records[1:], strict=True):
        home = going & (truth.time > reaches.on_board(end) + 0.05) & (truth.time < reaches.on_board(following["go_time"]))
        assert home.sum() > 100
        assert np.mean(truth.force[home].any(axis=1)) < 0.5
    assert not truth.force[truth.time < reaches.on_board(reaches.records[0]["go_time"]) - 1.5].any(), "none before the first"
    assert not truth.force[-1].any(), "none after the last"
