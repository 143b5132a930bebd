"""``simulate`` and ``predict``: from a protocol to tables, and from tables to predictions."""

import json
import re

import numpy as np
import pytest

import analysis.simulate
from analysis.predict import predict
from protocols.course import course_of
from protocols.errors import BadInput
from protocols.load import load_protocol
from protocols.policy_columns import policy_columns
from protocols.records import action_columns, trial_columns
from protocols.tasks import make_task
from rig.cli import main
from rig.models.learner_choice import named_choice, targets_of
from rig.models.prediction import predict_to
from rig.models.simulation import Order, simulate_to
from rig.tables.tables import Source, load_tables
from rig.tables.trials import read_trials

SKITTLES, REWARD = load_protocol("skittles"), load_protocol("reach-reward")
ORDER = Order("policy-gradient", (), 200, 70, 5, "", 1)
SEVENTY = analysis.simulate.LANES + 6  # two batches, the second not full


@pytest.fixture(scope="module")
def throws(tmp_path_factory):
    """Seventy simulations of 200 throws."""
    file = tmp_path_factory.mktemp("simulated") / "throws.parquet"
    return file, simulate_to(file, SKITTLES, ORDER._replace(simulations=SEVENTY))


@pytest.fixture(scope="module")
def table(throws):
    return read_trials(throws[0])


def test_a_table_has_the_promised_columns_and_rows(throws, table):
    names = [column.name for column in (*trial_columns("skittles", True), *policy_columns(action_columns("skittles"), True))]
    assert list(table) == names
    np.testing.assert_array_equal(table["simulation"], np.repeat(np.arange(1, SEVENTY + 1), 200))
    np.testing.assert_array_equal(table["trial"], np.tile(np.arange(1, 201), SEVENTY))
    assert set(table["simulated"]) == {True} and set(table["status"]) == {"completed"} and set(table["unreliable"]) == {False}
    assert table["phase"][:11].tolist() == ["familiarisation"] * 10 + ["practice"]
    for never in ("reaction_time", "movement_time", "sample_rate", "flip_delay", "go_time", "release_time", "start"):
        assert np.isnan(table[never]).all(), never
    assert set(table["participant"]) == {None}
    assert set(throws[1]) >= {"seconds", "seconds_compiling", "seconds_writing", "learner", "parameters", "seed"}


def test_columns_say_what_the_learner_did(table):
    told = ~np.isnan(table["reward"])
    np.testing.assert_array_equal(told, table["phase"] != "familiarisation")
    np.testing.assert_allclose(table["reward"][told], -table["error"][told])
    np.testing.assert_allclose(table["policy_sd_release_speed"] ** 2, table["policy_cov_2_2"])
    known = ~np.isnan(table["reward_baseline"])
    np.testing.assert_array_equal(table["trial"][~known & told], 11)  # the first reward delivered
    np.testing.assert_allclose(table["advantage"][known], (table["reward"] - table["reward_baseline"])[known])
    off = table["action_release_angle_deg"] - table["intended_action_release_angle_deg"]
    assert off.std() == pytest.approx(2.0, rel=0.05)  # motor_sd is a quarter of initial_sd
    first = table["trial"] == 1
    deviation = table["action_release_angle_deg"][first] - 85.0
    assert deviation.std() == pytest.approx(table["policy_sd_release_angle_deg"][0], rel=0.25)


def test_a_simulation_alone_is_the_same_simulation(table, tmp_path):
    simulate_to(tmp_path / "one.parquet", SKITTLES, ORDER._replace(simulations=1))
    alone = read_trials(tmp_path / "one.parquet")
    last = read_and_take(tmp_path / "more.parquet", SEVENTY + 1, SEVENTY)
    for name, column in alone.items():
        np.testing.assert_array_equal(column, table[name][:200], err_msg=name)
        np.testing.assert_array_equal(last[name], table[name][-200:], err_msg=name)


def read_and_take(file, simulations, number):
    simulate_to(file, SKITTLES, ORDER._replace(simulations=simulations))
    found = read_trials(file)
    return {name: column[found["simulation"] == number] for name, column in found.items()}


def test_predicting_a_simulation_without_motor_noise_is_what_it_was(tmp_path):
    """The learner knew its own exploration; where nothing is hidden, the yoked one sees as much."""
    settings = ("motor_sd=0", "alpha_mean=0.02", "alpha_log_var=0.02")
    simulate_to(tmp_path / "t.tsv", SKITTLES, ORDER._replace(simulations=2, settings=settings))
    source = Source([tmp_path / "t.tsv"], (), (), True)
    result = predict_to(tmp_path / "p.tsv", SKITTLES, source, "policy-gradient", settings)
    before, after = read_trials(tmp_path / "t.tsv"), read_trials(tmp_path / "p.tsv")
    for column in policy_columns(action_columns("skittles"), True):
        if column.name != "unreliable":
            np.testing.assert_allclose(after[column.name], before[column.name], rtol=1e-6, atol=1e-7, err_msg=column.name)
    assert list(after) == [*[*before][:-1], "shift_growth", "unreliable"]
    assert [one["participant"] for one in result["participants"]] == ["simulation1", "simulation2"]
    assert result["participants"][0]["log_likelihood"] == pytest.approx(np.sum(before["log_prob"][:200]))
    assert result["accept_simulated"] is True and json.loads((tmp_path / "p.json").read_text())["shift_growth"]


def test_prediction_is_the_twins(throws, tmp_path):
    """Padding to the longest participant's length changes nothing."""
    task, source = make_task(SKITTLES.protocol), Source([throws[0]], (), (), True)
    predict_to(tmp_path / "p.parquet", SKITTLES, source, "policy-gradient", ())
    found = read_trials(tmp_path / "p.parquet")
    choice = named_choice(SKITTLES.protocol, task, SKITTLES.path.parent, "policy-gradient", ())
    part = load_tables([throws[0]], SKITTLES.protocol, accept_simulated=True)[3]
    alone = predict(choice.learner, choice.params(), len(targets_of(SKITTLES.protocol)), part.seen)
    rows = found["simulation"] == 4
    np.testing.assert_allclose(found["log_prob"][rows], alone.prediction.log_prob, rtol=1e-12)
    np.testing.assert_allclose(found["shift_growth"][rows], alone.shift_growth, rtol=1e-6)


def test_a_state_that_runs_away_is_said_with_its_trial(throws, tmp_path, capsys):
    source = Source([throws[0]], (), (), True)
    settings = ("motor_sd=0", "alpha_mean=50", "variance_floor=0")
    result = predict_to(tmp_path / "p.parquet", SKITTLES, source, "policy-gradient", settings)
    broken = next(one for one in result["participants"] if one["broken"])
    assert result["verdict"] == "fail" and f"participant '{broken['participant']}': {broken['fault']}" in result["trouble"]
    found = read_trials(tmp_path / "p.parquet")
    rows = found["simulation"] == int(broken["participant"].removeprefix("simulation"))
    wrong = found["trial"][rows][found["unreliable"][rows].astype(bool)]
    assert wrong[0] == broken["unreliable_from"] and wrong[-1] == 200
    said = re.fullmatch(r"trial (\d+): the policy's .* after the update on trial (\d+) \(reward (\S+)\): lower .*", broken["fault"])
    assert said and int(said[1]) == int(said[2]) + 1 and int(said[1]) >= wrong[0] and broken["log_likelihood"] is None
    assert float(said[3]) == pytest.approx(found["reward"][rows][int(said[2]) - 1], abs=1e-5)
    words = ("predict", throws[0], "--protocol", "skittles", "--learner", "policy-gradient", "--accept-simulated", "--set", *settings)
    assert main([*map(str, words), "--out", str(tmp_path / "again.parquet")]) == 1
    assert f"{broken['participant']}: no likelihood; {broken['fault']}" in capsys.readouterr().out


def test_a_simulation_that_runs_away_is_said_with_its_trial(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    absurd = ("alpha_mean=1e4", "alpha_log_var=1e4", "variance_floor=0")
    words = ["skittles", "--learner", "policy-gradient", "--trials", "200", "--simulations", str(SEVENTY), "--seed", "5"]
    assert main(["simulate", *words, "--out", "t.parquet", "--set", *absurd]) == 1
    said = re.search(r"simulation (\d+), trial (\d+): .* after the update on trial \d+ \(reward ", capsys.readouterr().err)
    table = read_trials(tmp_path / "t.parquet")
    wrong = table["unreliable"].astype(bool)
    assert said and (int(said[1]), int(said[2])) == (table["simulation"][wrong][0], table["trial"][wrong][0])


def test_a_following_zone_follows_each_simulation(tmp_path):
    simulate_to(tmp_path / "r.parquet", REWARD, Order("policy-gradient", (), None, 3, 1, "counterclockwise", 1))
    table = read_trials(tmp_path / "r.parquet")
    assert len(table["trial"]) == 3 * len(course_of(REWARD.protocol, "counterclockwise", 1))
    training = table["phase"] == "training"
    low, high = table["zone_low_deg"], table["zone_high_deg"]
    inside = (table["action_reach_angle_deg"] >= low) & (table["action_reach_angle_deg"] <= high)
    np.testing.assert_array_equal(inside[training], table["hit"][training] == 1)
    assert len(np.unique(low[training])) > 100 and np.isnan(low[table["phase"] == "washout"]).all()
    one = table["simulation"] == 2
    recent = table["hand_error_deg"][one]
    at = int(np.argmax(training[one])) + 30
    assert low[one][at] == pytest.approx(np.clip(recent[at - 10 : at].mean(), -15, 15))


def test_courses_go_on_in_the_last_phase():
    course = course_of(SKITTLES.protocol, "", 3, 300)
    assert [slot.trial.number for slot in course] == list(range(1, 301)) and course[-1].phase == "practice"
    assert course[:190] == course_of(SKITTLES.protocol, "", 3)
    with pytest.raises(BadInput, match="--trials"):
        course_of(SKITTLES.protocol, "", 3, 0)


def test_settings_of_a_learner():
    def choice(*settings, name="policy-gradient"):
        return named_choice(SKITTLES.protocol, make_task(SKITTLES.protocol), SKITTLES.path.parent, name, settings)

    same = choice("covariance=cholesky", "initial_mean.release_speed=4", "alpha_mean=0.3")
    assert same.options == {"covariance": "cholesky"} and same.learner.make_params(same.values).initial_mean.tolist() == [85.0, 4.0]
    assert float(same.params().alpha_plus) == 0.3 and float(same.params().baseline_decay) == 0.99
    assert choice("initial_mean=80,3").params().initial_mean.tolist() == [80.0, 3.0]
    for wrong, said in (
        ("alpha=1", "--set alpha: learner"),
        ("alpha_mean", "name=value"),
        ("covariance=round", "covariance"),
        ("alpha_mean=x", "alpha_mean"),
    ):
        with pytest.raises(BadInput, match=said):
            choice(wrong).params()
    with pytest.raises(BadInput, match="no learner 'nosuch'"):
        choice(name="nosuch")
