"""Pilots with a virtual pen and with two virtual mice, as a person starts them: X server, reader, streams, journal, report."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from devices.virtual_hands import COUNT, HEIGHT, TILT, WIDTH
from protocols.errors import BadInput
from protocols.task import TWO_HANDS
from rig.bids.export import export_bids
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from rig.virtual_pointers import check_installed
from tests.short import BIMANUAL, REACH, write_short

pytestmark = [pytest.mark.slow, pytest.mark.screen, pytest.mark.timeout(900)]
TRIALS = 2


def run_pilot(root: Path, device: str, kind: dict) -> dict:
    """A pilot of a short protocol on a screen of its own; what it printed."""
    try:
        check_installed()
    except BadInput as error:
        pytest.skip(f"NOT TESTED: {error}")
    file = write_short(root, kind=kind, blocks=(f"trials = {TRIALS}",))
    words = ("pilot", file, "--device", device, "--no-twin", "--windowed", "--data", root / "data", "--seed", 4, "--json")
    done = subprocess.run([sys.executable, "-m", "rig.cli", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_pilot(pilot: dict, device: str) -> list[tuple[dict, np.ndarray]]:
    """What holds with either; the completed trials' records and positions."""
    assert pilot["completed"] == TRIALS and pilot["recording"]["ok"], pilot["recording"]
    assert Path(pilot["report"]).stat().st_size > 100_000
    with read_journal(Path(pilot["session"]) / JOURNAL) as journal:
        records, (start,) = journal.records(), journal.starts()
        paths = [journal.path_of(record["trial"]) for record in records]
    assert start["device"]["kind"] == device and start["device"]["simulated"]
    assert start["pointer"]["injected"] >= start["pointer"]["received"] > 100 * TRIALS, "some may still be on their way"
    assert {*np.diff(np.concatenate([path.counter for path in paths]))} == {1}
    done = [(record, path.position) for record, path in zip(records, paths, strict=True) if record["status"] == "completed"]
    assert len(done) == TRIALS
    return done


def test_a_pen_reaches(tmp_path):
    pilot = run_pilot(tmp_path, "tablet", REACH)
    for record, position in check_pilot(pilot, "tablet"):
        assert position.shape[1] == 4, "with tilt"
        np.testing.assert_allclose(position[:, 2:], np.tile(np.radians(TILT), (len(position), 1)))
        assert (np.abs(position[:, :2]) <= (WIDTH / 2, HEIGHT / 2)).all()
        assert abs(record["action_reach_angle_deg"] - record["intended_action_reach_angle_deg"]) < 6, "within the motor noise"
    export_bids([Path(pilot["session"])], tmp_path / "bids", accept_simulated=True)
    channels = next((tmp_path / "bids").rglob("*_channels.tsv")).read_text().splitlines()
    assert [line.split("\t")[1:5] for line in channels if line.startswith("tilt")] == [[c, "ORNT", "pen", "rad"] for c in "xy"]
    program = Path(sys.executable).with_name("bids-validator-deno")
    said = subprocess.run([program, "--json", tmp_path / "bids"], capture_output=True, text=True, timeout=600, check=False)
    assert [issue for issue in json.loads(said.stdout)["issues"]["issues"] if issue["severity"] == "error"] == []


def test_two_mice_drive_the_cursor_of_both_hands(tmp_path):
    for record, position in check_pilot(run_pilot(tmp_path, "two-pointers", BIMANUAL), "two-pointers"):
        np.testing.assert_allclose(position / COUNT, np.rint(position / COUNT), atol=1e-6, err_msg="whole counts")
        for name in TWO_HANDS:
            assert abs(record[f"action_{name}"] - record[f"intended_action_{name}"]) < 0.002
