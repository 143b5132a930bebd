"""Movements judged again: by the same rules they are what they were, by others what those make of them."""

import jax
import numpy as np
import pytest

from protocols.errors import BadInput
from protocols.load import load_protocol
from protocols.records import RESCORED, scored_columns
from protocols.task import Trial
from protocols.tasks import make_task
from protocols.workspace import Workspace
from rig.folder import JOURNAL
from rig.session.rejudge import movements
from rig.tables.rescore import rescore_to
from rig.tables.trials import read_trials, trials_table
from tests.machine import run_session
from tests.short import REACH, SKITTLES, short_protocol

pytestmark = pytest.mark.timeout(900)  # seconds where nothing else runs; sessions and compiling wait for a busy machine
STILL = 2  # the trial in which the hand does not move
AIMS = np.array([1.0, -9.0, 4.0, 6.0, -2.0, 12.0, 3.0])  # deg, by trial
REACHES = short_protocol(REACH, ("trials = 4", 'trials = 3\nfeedback = "endpoint"'), max_reaction_time=1.0).replace('"too_slow", ', "")
THROWS = short_protocol(SKITTLES, ("trials = 4",))


def written(folder, text, name="other.toml"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def reaches(tmp_path_factory):
    """Seen throughout, then at the endpoint, with a pointer that is silent while it is still."""
    root = tmp_path_factory.mktemp("reaches")
    act = lambda trial: None if trial.number == STILL else AIMS[trial.number - 1 : trial.number]  # noqa: E731
    return run_session(root / "data", written(root, REACHES, "short.toml"), act, silent=True)


@pytest.fixture(scope="module")
def throws(tmp_path_factory):
    root = tmp_path_factory.mktemp("throws")
    act = lambda trial: np.array([100.0 + 5 * trial.number, 3.0])  # noqa: E731
    return run_session(root / "data", written(root, THROWS, "short.toml"), act)


def rescored(session, tmp_path, text):
    result = rescore_to(tmp_path / "again.tsv", session, load_protocol(written(tmp_path, text)))
    return result, read_trials(tmp_path / "again.tsv")


@pytest.mark.parametrize("kind", ["reaches", "throws"])
def test_by_its_own_protocol_a_session_is_what_it_was(kind, request, tmp_path):
    session = request.getfixturevalue(kind)
    result = rescore_to(tmp_path / "again.parquet", session, load_protocol(session / "protocol.toml"))
    assert result["changed"] == result["not_reproduced"] == result["unfinished"] == []
    stored, table = trials_table(session).rows, read_trials(tmp_path / "again.parquet")
    assert result["judged"] == sum(row["reaction_time"] is not None for row in stored) == len(stored) - (kind == "reaches")
    for name in table.keys() - {column.name for column in RESCORED}:
        before = [row.get(name) for row in stored]
        after = [None if value is None or value != value else value for value in table[name]]
        assert before == after, name
    assert list(table)[-len(RESCORED) :] == [column.name for column in RESCORED]
    assert list(table["rescored_status"]) == [row["status"] for row in stored]


def test_what_was_not_judged_stays_so(reaches, tmp_path):
    _, table = rescored(reaches, tmp_path, REACHES.replace("max_reaction_time = 1.0", "max_reaction_time = 9.0"))
    row = STILL - 1
    assert table["status"][row] == table["rescored_status"][row] == "too_slow" and table["reproduced"][row] is None
    assert np.isnan([table[name][row] for name in ("action_reach_angle_deg", "error", "hit", "points")]).all()


def test_a_larger_target_is_hit_more_often_and_what_was_delivered_stands(reaches, tmp_path):
    result, table = rescored(reaches, tmp_path, REACHES.replace("largest_extent = 0.11", "largest_extent = 0.11\ntarget_radius = 0.012"))
    stored = trials_table(reaches).rows
    error = np.array([np.nan if row["error"] is None else row["error"] for row in stored])
    np.testing.assert_array_equal(table["hit"], np.where(np.isnan(error), np.nan, error <= 0.012))
    assert result["hits"] == {"stored": int(np.sum(error <= 0.008)), "rescored": int(np.sum(error <= 0.012))}
    assert result["hits"]["stored"] < result["hits"]["rescored"] and len(result["changed"]) > 0
    assert result["not_reproduced"] == []
    for name in ("reward", "hit_shown", "error", "action_reach_angle_deg", "status"):
        assert [row[name] for row in stored] == [None if value is None or value != value else value for value in table[name]], name


def test_another_reward_rule_and_zone(reaches, tmp_path):
    block = 'trials = 3\nfeedback = "endpoint"'
    fixed = 'reward.rule = "binary"\nreward.zone = {kind = "fixed", low_deg = 0.0, high_deg = 5.0}'
    _, table = rescored(reaches, tmp_path, REACHES.replace(block, f"{block}\n{fixed}"))
    last = table["block"] == 2
    assert list(table["reward_rule"][last]) == ["binary"] * 3 and list(table["reward_rule"][~last]) == ["graded"] * 4
    np.testing.assert_array_equal(table["hit"][last], [0, 0, 1])  # aimed at -2, 12 and 3 deg
    np.testing.assert_array_equal(table["scored_reward"][last], table["hit"][last])
    np.testing.assert_allclose(table["zone_high_deg"][last], 5.0)


def test_a_zone_that_follows_follows_the_actions_as_judged_again(reaches, tmp_path):
    block = 'trials = 3\nfeedback = "endpoint"'
    zone = 'reward.rule = "binary"\nreward.zone = {kind = "following", window = 2, half_width_deg = 3.0, direction = "around"}'
    _, table = rescored(reaches, tmp_path, REACHES.replace(block, f"{block}\n{zone}"))
    centre = (table["zone_low_deg"] + table["zone_high_deg"]) / 2
    errors = table["hand_error_deg"]
    np.testing.assert_allclose(centre[4:], [np.mean(errors[row - 2 : row]) for row in (4, 5, 6)])


def test_a_longer_regression_window_gives_a_slower_release_and_its_error(throws, tmp_path):
    text = THROWS.replace("shown_time = 0.15", "shown_time = 0.15\nrelease_window = 0.2")
    result, table = rescored(throws, tmp_path, text)
    stored = {name: np.array([row[name] for row in trials_table(throws).rows]) for name in ("action_release_speed", "error")}
    np.testing.assert_allclose(stored["action_release_speed"], 3.0, atol=1e-3)  # steady for longer than the usual window
    assert np.all(table["action_release_speed"] < 2.9) and len(result["changed"]) == 4 and result["not_reproduced"] == []
    task = make_task(load_protocol(tmp_path / "other.toml").protocol)
    actions = np.column_stack([np.radians(table["action_release_angle_deg"]), table["action_release_speed"]])
    expected = jax.jit(jax.vmap(lambda action: task.score(action, Trial(1, 1, 1, 1, 0, (0.38, 0.43)), None).error))(actions)
    np.testing.assert_allclose(table["error"], expected, atol=1e-9)


def test_other_limits_show_in_a_status_of_their_own(reaches, tmp_path):
    _, table = rescored(reaches, tmp_path, REACHES.replace("max_movement_time = 3.0", "max_movement_time = 0.1"))
    judged = table["reproduced"] == np.array(True)
    assert set(table["rescored_status"][judged]) == {"too_slow"} and set(table["status"][judged]) == {"completed"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("angle_deg = 90.0", "angle_deg = 45.0"), "trial 1 with target"),
        (('feedback = "endpoint"', 'feedback = "none"'), "trial 5 with feedback"),
    ],
)
def test_a_protocol_that_gives_other_trials_is_refused(reaches, tmp_path, change, said):
    with pytest.raises(BadInput, match=said):
        rescored(reaches, tmp_path, REACHES.replace(*change))
    assert not (tmp_path / "again.tsv").exists()


def test_a_protocol_of_another_task_is_refused(reaches, tmp_path):
    with pytest.raises(BadInput, match="of the task skittles, and the session is of reach"):
        rescored(reaches, tmp_path, THROWS)


def test_the_hand_is_where_an_earlier_trial_left_it(reaches):
    """The pointer was silent from the trial without a movement until after the next go cue."""
    task = make_task(load_protocol(reaches / "protocol.toml").protocol)
    found = list(movements(reaches / JOURNAL, Workspace(task.hand_origin, 1.0)))
    assert np.isnan(found[0].hand.position).all() and found[STILL].samples.host_time[0] > found[STILL].go_time
    assert np.hypot(*found[STILL].hand.position) < 1e-9
    assert all(np.isfinite(movement.hand.position).all() for movement in found[1:])


def test_every_scored_column_is_one_that_the_table_has(throws):
    assert set(scored_columns("skittles")) <= set(trials_table(throws).rows[0])
