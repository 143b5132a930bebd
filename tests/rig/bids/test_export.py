"""BIDS: the validator accepts it, samples and trials come back exactly, simulated data are refused, nothing is overwritten."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from protocols.errors import BadInput
from rig.bids.export import export_bids
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from rig.tables.trials import read_trials, trials_table
from tests.sessions import Recipe, build_session


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> list[Path]:
    """Two participants; one was interrupted and resumed, and also reached."""
    root = tmp_path_factory.mktemp("people")
    recipes = (
        Recipe(trials=6),
        Recipe(participant="P02", trials=8, starts=2, faults=True),
        Recipe(protocol="reach-rotation", participant="P02", trials=6, xdf=False),
    )
    return [build_session(root, recipe) for recipe in recipes]


@pytest.fixture(scope="module")
def dataset(people, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out") / "bids"
    export_bids(people, out)
    return out


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    return build_session(tmp_path_factory.mktemp("simulated"), Recipe(participant="PILOT1", trials=3, simulated=True))


def validate(folder: Path) -> dict:
    """What bids-validator-deno says, offline."""
    program = Path(sys.executable).with_name("bids-validator-deno")
    done = subprocess.run([program, "--format", "json", "--max-rows", "-1", folder], capture_output=True, text=True, timeout=600)
    return json.loads(done.stdout)["issues"]


def errors(issues: dict) -> list[str]:
    return [f"{issue['code']} {issue.get('subCode', '')} {issue['location']}" for issue in issues["issues"] if issue["severity"] == "error"]


def test_latent_variables_stand_beside_the_events(people, tmp_path):
    parameters = {"initial_mean": [0.0], "initial_sd": [5.0], "motor_sd": [2.0], "initial_baseline": -0.5, "baseline_decay": 1.0}
    fit = {"participant": "P02", "learner": "policy-gradient", "options": {}}
    fit["parameters"] = {name: {"estimate": value} for name, value in parameters.items()}
    (tmp_path / "fit.json").write_text(json.dumps(fit))
    export_bids([people[2]], tmp_path / "bids", fits=tmp_path)
    (file,) = (tmp_path / "bids").rglob("*_events.tsv")
    events, trials = read_trials(file), read_trials(next((tmp_path / "bids").rglob("*_beh.tsv")))
    for trial, reward in zip(trials["trial"], trials["reward"], strict=True):
        mine = events["trial"] == trial
        np.testing.assert_allclose(events["prediction_error"][mine], reward + 0.5)  # a baseline that never moves
        assert mine.any() and np.isfinite(events["surprise"][mine]).all() and set(events["expected_reward"][mine]) == {-0.5}
    assert np.isnan(events["surprise"][np.isnan(events["trial"])]).all()
    assert errors(validate(tmp_path / "bids")) == []
    with pytest.raises(BadInput, match="of participant 'P01'"):
        export_bids([people[0]], tmp_path / "other", fits=tmp_path)


def test_validator_finds_no_error(dataset):
    issues = validate(dataset)
    assert errors(issues) == []
    warnings = {issue.get("subCode") or issue["code"] for issue in issues["issues"] if issue["severity"] == "warning"}
    for_the_lab = {"TOO_FEW_AUTHORS", "HEDVersion", "DeviceSerialNumber", "CogAtlasID", "CogPOID"}
    for_the_lab |= {"InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName"}
    assert warnings <= for_the_lab, "only what twinrig can't know may be missing"


def test_validator_would_have_noticed(dataset, tmp_path):
    """The test above can fail: a channel without a type is an error."""
    copy = tmp_path / "broken"
    shutil.copytree(dataset, copy)
    file = next(copy.rglob("*_channels.tsv"))
    file.write_text(file.read_text().replace("\tPOS\t", "\tWRONG\t"))
    assert errors(validate(copy))


def test_trials_come_back_exactly(dataset, people):
    written = read_trials(dataset / "sub-P02/ses-1/beh/sub-P02_ses-1_task-skittles_beh.tsv")
    _, rows = trials_table(people[1])
    for name in ("action_release_angle_deg", "error", "reward", "go_time"):
        stored = np.array([np.nan if row[name] is None else row[name] for row in rows], float)
        np.testing.assert_array_equal(written[name], stored)
    sidecar = json.loads((dataset / "sub-P02/ses-1/beh/sub-P02_ses-1_task-skittles_beh.json").read_text())
    assert set(written) <= set(sidecar)
    assert sidecar["status"]["Levels"]["too_slow"] and sidecar["error"]["Units"] == "m"
    assert sidecar["TaskName"] == "skittles" and sidecar["Simulated"] is False


def test_samples_come_back(dataset, people):
    """Each start is a run; latencies are the LSL times from the first sample, to the microsecond; positions are exact."""
    with read_journal(people[1] / JOURNAL) as journal:
        mine = {stored.number for stored in journal.stored() if stored.start == 2}
        chunks = [samples for trial, samples in journal.paths() if trial in mine]
    time, position = np.concatenate([c.host_time for c in chunks]), np.concatenate([c.position for c in chunks])
    stem = dataset / "sub-P02/ses-1/motion/sub-P02_ses-1_task-skittles_tracksys-Mouse_run-2_motion"
    table = np.genfromtxt(stem.with_suffix(".tsv"), delimiter="\t", missing_values="n/a")
    np.testing.assert_array_equal(table[:, 1:3], position)
    np.testing.assert_allclose(table[:, 0], time - time[0], atol=1e-6)
    sidecar = json.loads(stem.with_suffix(".json").read_text())
    assert sidecar["MotionChannelCount"] == table.shape[1] == 7
    assert sidecar["SamplingFrequency"] == pytest.approx(1000, rel=0.01)  # event-driven: the rate while the hand moves
    assert sidecar["SamplingFrequencyEffective"] < 1000


def test_recordings_and_protocol_are_kept(dataset, people):
    source = dataset / "sourcedata/sub-P02/ses-1"
    for run in (1, 2):
        assert (source / f"sub-P02_ses-1_task-skittles_run-{run}.xdf").read_bytes() == (people[1] / f"start-{run}.xdf").read_bytes()
    assert (source / "sub-P02_ses-1_task-reachrotation_protocol.toml").read_text() == (people[2] / "protocol.toml").read_text()
    assert not list(source.glob("*reachrotation*.xdf"))


def test_participants_and_scans(dataset):
    lines = [line.split("\t") for line in (dataset / "participants.tsv").read_text().splitlines()]
    assert [line[0] for line in lines] == ["participant_id", "sub-P01", "sub-P02"]
    assert lines[1][1:] == ["homo sapiens", "27", "F", "R", "false"]
    scans = (dataset / "sub-P02/ses-1/sub-P02_ses-1_scans.tsv").read_text().splitlines()
    named = [line.split("\t")[0] for line in scans[1:]]
    assert len(named) == 5 and all((dataset / "sub-P02/ses-1" / name).is_file() for name in named)


def test_events_have_onsets_of_their_run(dataset):
    lines = (dataset / "sub-P01/ses-1/motion/sub-P01_ses-1_task-skittles_run-1_events.tsv").read_text().splitlines()
    onsets = [float(line.split("\t")[0]) for line in lines[1:]]
    assert onsets == sorted(onsets) and abs(onsets[0]) < 1
    assert sum("trial_completed" in line for line in lines) == 6


def test_simulated_data_are_refused_unless_asked_for(simulated, people, tmp_path):
    with pytest.raises(BadInput, match="simulated data"):
        export_bids([simulated], tmp_path / "a")
    with pytest.raises(BadInput, match="two datasets"):
        export_bids([simulated, people[0]], tmp_path / "a", accept_simulated=True)
    assert not (tmp_path / "a").exists()
    assert export_bids([simulated], tmp_path / "a", accept_simulated=True).simulated
    assert errors(validate(tmp_path / "a")) == []
    description = json.loads((tmp_path / "a/dataset_description.json").read_text())
    assert description["Name"].startswith("SIMULATED") and description["AcceptSimulated"] is True
    assert "not data of people" in (tmp_path / "a/README.md").read_text()
    assert (tmp_path / "a/participants.tsv").read_text().splitlines()[1] == "sub-PILOT1\tn/a\tn/a\tn/a\tn/a\ttrue"
    for file in (tmp_path / "a").rglob("sub-*_*.json"):
        assert json.loads(file.read_text())["Simulated"] is True, file


def test_nothing_is_overwritten_and_nothing_half_done(people, dataset, tmp_path):
    before = sorted(dataset.rglob("*"))
    with pytest.raises(BadInput, match="isn't empty"):
        export_bids([people[0]], dataset)
    assert sorted(dataset.rglob("*")) == before
    with pytest.raises(BadInput, match="given 2 times"):
        export_bids([people[0], people[0]], tmp_path / "twice")
    with pytest.raises(BadInput, match=r"journal\.sqlite"):
        export_bids([people[0], tmp_path], tmp_path / "none")
    with pytest.raises(BadInput, match="no session"):
        export_bids([], tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_will_do(people, tmp_path):
    (tmp_path / "empty").mkdir()
    assert export_bids([people[0]], tmp_path / "empty").participants == 1
    assert (tmp_path / "empty/README.md").is_file()
