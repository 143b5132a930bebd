"""The arc through the rig: a pilot from window to report, its table, its dataset; and trials that break off or come too late."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from protocols.arc import Arc
from rig.tables.trials import read_trials, trials_table
from tests.machine import run_session
from tests.short import ARC, short_protocol, write_short

pytestmark = pytest.mark.timeout(900)
TRIALS = 3
MEAN = np.array([float(number) for number in ARC["parameters"].split("[")[1].split("]")[0].split(",")])


def twinrig(*words):
    done = subprocess.run([sys.executable, "-m", "rig.cli", *map(str, words), "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.screen
def test_a_pilot_runs_to_its_end_and_is_exported(screen, tmp_path):
    file = write_short(tmp_path, kind=ARC, blocks=(f"trials = {TRIALS}",))
    pilot = twinrig("pilot", file, "--device", "simulated", "--seed", 4, "--no-twin", "--data", tmp_path / "data")
    folder = Path(pilot["session"])
    assert pilot["completed"] >= TRIALS and pilot["recording"]["ok"], pilot["recording"]
    report = Path(pilot["report"]).read_text(encoding="utf-8")
    assert "Action space" not in report and "Movements" in report, "twelve actions have no plane, but the hand has paths"
    rows = trials_table(folder).rows
    for row in rows:
        places = np.array([row[f"action_{axis}{place}"] for place in range(1, 7) for axis in ("x", "y")])
        assert np.hypot(places[10] - 0.25, places[11]) < 0.1, "it ends near the target"
        assert 0.5 < row["path_length"] < 1.1 and 0 < row["inside_share"] <= 1
    twinrig("export", folder, "--bids", tmp_path / "bids", "--accept-simulated")
    written = read_trials(next((tmp_path / "bids").rglob("*_beh.tsv")))
    np.testing.assert_array_equal(written["action_x6"], [row["action_x6"] for row in rows])
    program = Path(sys.executable).with_name("bids-validator-deno")
    done = subprocess.run([program, "--json", tmp_path / "bids"], capture_output=True, text=True, timeout=600, check=False)
    assert [issue for issue in json.loads(done.stdout)["issues"]["issues"] if issue["severity"] == "error"] == []


def test_a_path_along_the_middle_is_a_hit_and_one_across_is_none(tmp_path):
    """The second trial's places lie on the straight way from start to target; the third is not made."""
    straight = np.column_stack([np.linspace(-0.25, 0.25, 7)[1:], np.zeros(6)]).ravel()
    text = short_protocol(ARC, ("trials = 3\nmovement_time = [0.4, 1.6]",)).replace('"too_slow", ', "")
    (tmp_path / "short.toml").write_text(text, encoding="utf-8")
    folder = run_session(tmp_path / "data", tmp_path / "short.toml", lambda trial: (MEAN, straight, None)[trial.number - 1])
    along, across, none = trials_table(folder).rows
    assert [row["status"] for row in (along, across, none)] == ["completed", "completed", "too_slow"]
    assert along["inside_share"] > 0.9 and along["error"] < 0.02
    assert across["hit"] == 0 and across["inside_share"] < 0.6 and across["scored_reward"] < along["scored_reward"]
    assert none["error"] is None and none["action_x1"] is None and none["reward"] is None
    assert np.hypot(along["action_x3"], along["action_y3"]) == pytest.approx(Arc().radius, abs=0.02)
