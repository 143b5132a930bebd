"""Measures of tables and sessions: what is computed is right, and what isn't says why."""

import jax
import numpy as np
import pytest

from analysis.measures.hand import Move, mean_path
from analysis.measures.tnc import Settings, tnc_costs
from protocols.errors import BadInput
from protocols.load import load_protocol
from protocols.movement import minimum_jerk
from protocols.records import MEASURE, trial_columns
from protocols.skittles import Skittles
from protocols.task import Trial
from rig.tables.measure import measure_to, read_settings
from rig.tables.tables import Source
from rig.tables.trials import read_trials, write_trials
from tests.machine import run_session
from tests.short import SKITTLES, short_protocol

pytestmark = pytest.mark.timeout(900)  # seconds where nothing else runs; sessions and compiling wait for a busy machine
RANDOM = np.random.default_rng(8)
COARSE = Settings(grid=5, steps=10)
TWO = ((0.38, 0.43), (0.05, 1.055))
SECOND = "\n[targets.second]\nx = 0.05\ny = 1.055\n"


@pytest.fixture(scope="module")
def protocol(tmp_path_factory):
    file = tmp_path_factory.mktemp("protocols") / "two.toml"
    file.write_text(short_protocol(SKITTLES) + SECOND, encoding="utf-8")
    return load_protocol(file)


def throw(number, **more):
    """One throw; blocks of 20, targets in turn."""
    x, y = TWO[number % 2]
    who = {"participant": "P1", "session": 1, "block": 1 + (number - 1) // 20, "phase": "practice", "trial": number, "task": "skittles"}
    action = {"action_release_angle_deg": 100 + 9 * RANDOM.standard_normal(), "action_release_speed": 3 + 0.3 * RANDOM.standard_normal()}
    result = {"reward": -0.3, "error": 0.01 * number, "hit": number % 2, "reaction_time": 0.3, "movement_time": 0.2 + 0.001 * number}
    return {**who, "target_x": x, "target_y": y, **action, **result, "status": "completed", "simulated": False, **more}


def measured(tmp_path, rows, protocol=None, settings=COARSE, accept_simulated=False):
    write_trials(trial_columns("skittles"), rows, tmp_path / "trials.csv")
    result = measure_to(tmp_path / "m.tsv", Source([tmp_path / "trials.csv"], (), (), accept_simulated), protocol, settings)
    return result, read_trials(tmp_path / "m.tsv")


def value(table, measure, of, **where):
    """The one number of this kind and place."""
    here = (table["measure"] == measure) & (table["of"] == of)
    for name, wanted in where.items():
        here &= table[name] == wanted
    assert here.sum() == 1, (measure, of, where, here.sum())
    return table["value"][here][0]


@jax.jit
def scored(actions, target):
    """Error of actions in rad and m/s."""
    return jax.vmap(lambda action: Skittles(shown_time=0.15).score(action, Trial(1, 1, 1, 1, 0, target)).error)(actions)


def test_costs_are_those_of_each_block_and_target(protocol, tmp_path):
    rows = [throw(n) for n in range(1, 41)]
    result, table = measured(tmp_path, rows, protocol)
    for block in (1, 2):
        for x, y in TWO:
            mine = [row for row in rows if row["block"] == block and row["target_x"] == x]
            actions = np.array([[row["action_release_angle_deg"], row["action_release_speed"]] for row in mine])

            def errors(given, target=np.array([x, y])):
                flat = np.stack([np.radians(given[..., 0]), given[..., 1]], axis=-1).reshape(-1, 2)
                padded = np.zeros((512, 2))
                padded[: len(flat)] = flat
                return np.asarray(scored(padded, target))[: len(flat)].reshape(given.shape[:-1])

            expected = tnc_costs(actions, errors, COARSE)
            for name in ("tolerance", "noise", "covariation", "covariation_optimal"):
                found = value(table, f"{name}_cost", "actions", block=block, target_x=x)
                assert found == pytest.approx(getattr(expected, name), abs=1e-9), name
    assert result["not_computed"].keys() == {f"{m} of hand_error_deg" for m in ("bias", "variance")} | {"tangling of hand"}
    note = table["note"][table["measure"] == "noise_cost"][0]
    assert note == "centre mean, grid 5 x 5 over 4 SD, 10 steps, post penalty 0.6 m"


def test_curves_are_means_of_blocks_without_trials_that_were_broken_off(tmp_path):
    rows = [throw(n) for n in range(1, 31)]
    rows[3] |= {"status": "aborted", "error": 99.0}
    _, table = measured(tmp_path, rows)
    errors = [row["error"] for row in rows if row["status"] == "completed"]
    assert value(table, "mean", "error", block=1) == pytest.approx(np.mean(errors[:19]))
    assert value(table, "sd", "error", block=2) == pytest.approx(np.std(errors[19:], ddof=1))
    assert list(table["trials"][(table["measure"] == "mean") & (table["of"] == "error")]) == [19, 10]
    assert set(table["phase"][table["block"] == 1]) == {"practice"}


def test_lag_one_does_not_go_from_block_to_block(tmp_path):
    """Within each block the speed alternates; between them it jumps, which a plain autocorrelation takes for a likeness."""
    rows = [throw(n, action_release_speed=3.0 + (n > 20) + 0.01 * (-1) ** n) for n in range(1, 41)]
    _, table = measured(tmp_path, rows)
    assert value(table, "lag_1", "action_release_speed") == pytest.approx(-1.0)


def test_speed_and_accuracy_in_five_bins(tmp_path):
    _, table = measured(tmp_path, [throw(n) for n in range(1, 21)])
    here = (table["measure"] == "speed_accuracy") & (table["of"] == "error")
    np.testing.assert_allclose(table["value"][here], [0.025, 0.065, 0.105, 0.145, 0.185])
    assert list(table["trials"][here]) == [4] * 5


def test_sessions_and_people_are_measured_apart(tmp_path):
    rows = [throw(n) for n in range(1, 11)] + [throw(n, session=2, error=2.0) for n in range(1, 11)]
    rows += [throw(n, participant="P2", error=5.0) for n in range(1, 11)]
    result, table = measured(tmp_path, rows)
    assert result["participants"] == ["P1", "P2"]
    found = [value(table, "mean", "error", participant=who, session=session) for who, session in (("P1", 1), ("P1", 2), ("P2", 1))]
    np.testing.assert_allclose(found, [0.055, 2.0, 5.0])


def test_what_cannot_be_computed_says_why(tmp_path):
    rows = [{k: v for k, v in throw(n).items() if k not in ("error", "movement_time")} for n in range(1, 11)]
    result, table = measured(tmp_path, rows)
    missing = np.isnan(table["value"])
    assert all(note.startswith("not computed: ") for note in table["note"][missing])
    assert not any(str(note).startswith("not computed") for note in table["note"][~missing])
    assert result["not_computed"]["mean of error"] == "not computed: the table has nothing in column 'error'"
    assert "add --protocol" in result["not_computed"]["tolerance_cost of actions"]
    assert "session's folder" in result["not_computed"]["tangling of hand"]
    assert set(table["measure"]) <= set(dict(MEASURE[6].levels or {}))


def test_throws_that_are_all_alike_have_no_costs(protocol, tmp_path):
    alike = {"action_release_angle_deg": 100.0, "action_release_speed": 3.0}
    result, table = measured(tmp_path, [throw(n, **alike) for n in range(1, 11)], protocol)
    assert "none that differ" in result["not_computed"]["noise_cost of actions"]
    assert "no spread" in result["not_computed"]["lag_1 of action_release_speed"]
    assert np.isnan(table["value"][table["measure"] == "lag_1_along"]).all()


def test_simulated_trials_are_asked_for_and_said(tmp_path):
    rows = [throw(n, simulated=True) for n in range(1, 11)]
    with pytest.raises(BadInput, match="--accept-simulated"):
        measured(tmp_path, rows)
    (tmp_path / "trials.csv").unlink()
    result, table = measured(tmp_path, rows, accept_simulated=True)
    assert result["simulated"] and set(table["simulated"]) == {True}


def test_settings_of_the_costs():
    assert read_settings(["grid=9", "centre=median", "span=2.5"]) == Settings("median", 9, 2.5, 100)
    for wrong in ("grids=9", "grid=many", "grid"):
        with pytest.raises(BadInput, match="--tnc"):
            read_settings([wrong])


def test_a_mean_path_is_the_movement():
    """Three minimum-jerk reaches of 0.1 m with onsets of their own, sampled at 200 Hz."""
    time = np.arange(0, 1.2, 0.005)
    moves = [
        Move(1, 0, wait, 0.4, time, np.outer(0.1 * np.asarray(minimum_jerk((time - wait) / 0.4)), [np.cos(turn), np.sin(turn)]))
        for wait, turn in ((0.2, -0.1), (0.3, 0.0), (0.27, 0.1))
    ]
    path = mean_path(moves)
    expected = 0.1 * np.asarray(minimum_jerk(np.arange(41) / 40))
    np.testing.assert_allclose(path[:, 0], expected * (1 + 2 * np.cos(0.1)) / 3, atol=5e-4)
    np.testing.assert_allclose(path[:, 1], 0, atol=1e-9)


def test_a_session_s_folder_has_the_hand_s_paths(tmp_path):
    text = short_protocol(SKITTLES, ("trials = 3", "trials = 3"))
    (tmp_path / "short.toml").write_text(text, encoding="utf-8")
    folder = run_session(tmp_path / "data", tmp_path / "short.toml", lambda trial: np.array([90.0 + 6 * trial.number, 3.0]))
    result = measure_to(tmp_path / "m.csv", Source([folder], (), (), True), None, COARSE)
    table = read_trials(tmp_path / "m.csv")
    for block in (1, 2):
        mean, most = (value(table, name, "hand", block=block) for name in ("tangling", "tangling_p90"))
        assert 0 < mean < most
        assert value(table, "tolerance_cost", "actions", block=block) >= 0, "the session's own protocol is taken"
    assert value(table, "mean", "reaction_time", block=1) > 0.2
    assert "tangling of hand" not in result["not_computed"]
