"""Tables as learners see them: our own, other people's, and those that can't be used."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from analysis.predict import record
from protocols.errors import BadInput
from protocols.history import Committed
from protocols.load import load_protocol
from protocols.records import trial_columns, trial_record
from protocols.skittles import Skittles
from protocols.task import Outcome, Timing, Trial
from rig.models.learner_choice import targets_of
from rig.tables.tables import load_tables
from rig.tables.trials import write_trials

SKITTLES = load_protocol("skittles").protocol
ROTATION = load_protocol("reach-rotation").protocol
ROWS = [
    {
        "participant": "P1",
        "session": 1,
        "block": 1,
        "phase": "practice",
        "trial": n,
        "task": "skittles",
        "target_x": 0.38,
        "target_y": 0.43,
        "action_release_angle_deg": 80.0 + n,
        "action_release_speed": 3.5,
        "reward": -0.1 * n,
        "hand_error_deg": None,
        "status": "completed",
        "simulated": False,
    }
    for n in range(1, 5)
]


def written(folder, rows, name="trials.csv"):
    file = folder / name
    write_trials(trial_columns("skittles"), rows, file)
    return file


def test_a_committed_trial_is_read_as_its_twin_saw_it(tmp_path):
    outcomes = [Outcome(-0.1 * n, 0.1 * n, 0.3, math.nan, 0.2 + n, n % 2, 0.0, 10.0) for n in range(1, 4)]
    trials = [Trial(n, 1, n, 1, 0, (0.38, 0.43)) for n in range(1, 4)]
    history = [
        Committed(trials[i], "completed", np.array([85.0 + i, 1 / 3]), outcomes[i], (-0.1, math.nan, -0.3)[i], False) for i in range(3)
    ]
    rest = {"start": 1, "phase": "practice", "timing": Timing(0.3, 0.5), "details": {}, "certificate": None}
    rows = [trial_record(Skittles(), one, **rest, simulated=True, feedback_shown=True) for one in history]
    write_trials(trial_columns("skittles"), rows, tmp_path / "t.tsv")
    (part,) = load_tables([tmp_path / "t.tsv"], SKITTLES, accept_simulated=True, needs=("reward",))
    expected = record(targets_of(SKITTLES), history)
    np.testing.assert_array_equal(part.seen.action, expected.action)
    np.testing.assert_array_equal(part.seen.context.index, expected.context.index)
    for ours, theirs in zip(part.seen.outcome, expected.outcome, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-15)
    assert part.participant == "t" and part.trial.tolist() == [1, 2, 3]


def test_participants_are_split_and_statuses_heeded(tmp_path):
    rows = [{**row, "participant": who} for row in ROWS for who in ("P2", "P1")]
    rows[2] |= {"status": "aborted"}
    rows[4] |= {"status": "too_slow", "reward": None}
    second, first = load_tables([written(tmp_path, rows)], SKITTLES)
    assert (second.participant, first.participant) == ("P2", "P1")
    np.testing.assert_array_equal(second.seen.reward, [-0.1, np.nan, np.nan, -0.4])
    np.testing.assert_array_equal(second.seen.action[:, 0], [81, np.nan, 83, 84])
    assert second.row.tolist() == [1, 3, 5, 7] and first.phase.tolist() == ["practice"] * 4
    assert second.table["trial"].tolist() == [1, 2, 3, 4] and not second.simulated


def test_sessions_in_two_files_are_one_participant(tmp_path):
    files = [written(tmp_path, [{**row, "session": n} for row in ROWS], f"{n}.csv") for n in (1, 2)]
    (part,) = load_tables(files, SKITTLES)
    assert part.session.tolist() == [1] * 4 + [2] * 4 and part.seen.action.shape == (8, 2)
    with pytest.raises(BadInput, match=r"1\.csv: row 1: trial 1 .* comes after trial 4"):
        load_tables(files[::-1], SKITTLES)


def test_simulations_are_refused_or_split(tmp_path):
    file = written(tmp_path, [{**row, "participant": None, "simulation": k, "simulated": True} for k in (1, 2) for row in ROWS])
    with pytest.raises(BadInput, match="--accept-simulated"):
        load_tables([file], SKITTLES)
    parts = load_tables([file], SKITTLES, accept_simulated=True)
    assert [part.participant for part in parts] == ["simulation1", "simulation2"] and all(part.simulated for part in parts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "reach"}, "row 3: task 'reach'"),
        ({"reward": math.inf}, "row 3: column 'reward' is inf"),
        ({"action_release_speed": -math.inf}, "row 3: column 'action_release_speed' is -inf"),
        ({"trial": 1}, "row 3: trial 1 .* comes after trial 2"),
        ({"trial": 2.5}, "row 3: column 'trial' is 2.5"),
        ({"trial": None}, "row 3: column 'trial' is nan"),
        ({"target_x": 0.5}, "row 3: target .* is none of protocol 'skittles'"),
        ({"status": "bored"}, "row 3: status 'bored'"),
        ({"participant": "../P1"}, r"participant '\.\./P1'"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(tmp_path, change, said):
    with pytest.raises(BadInput, match=said):
        load_tables([written(tmp_path, [*ROWS[:2], {**ROWS[2], **change}, ROWS[3]])], SKITTLES)


THEIRS = "SN,TN,ti,hand_theta,tgtsize\n7,1,0,1.5,6\n7,2,45,NA,16\n8,1,90,-2,16\n8,3,135,2.5,6\n"
NAMES = ("participant=SN", "trial=TN", "action_reach_angle_deg=hand_theta", "target_angle_deg=ti")


def test_a_table_from_elsewhere(tmp_path):
    file = tmp_path / "theirs.csv"
    file.write_text(THEIRS)
    seven, eight = load_tables([file], ROTATION, NAMES, ("hit=tgtsize>10", "reward=2*hit"), needs=("reward", "hit"))
    assert (seven.participant, eight.participant) == ("7", "8")
    np.testing.assert_array_equal(seven.seen.action, [[1.5], [np.nan]])
    np.testing.assert_array_equal(eight.seen.outcome.hit, [1, 0])
    np.testing.assert_array_equal(eight.seen.reward, [2, 0])
    assert eight.seen.context.index.tolist() == [2, 3] and eight.trial.tolist() == [1, 3]
    np.testing.assert_allclose(eight.seen.context.target[0], [0, 0.08], atol=1e-9)


@pytest.mark.parametrize(
    ("columns", "needs", "said"),
    [
        (NAMES, ("reward",), "has no column 'reward'; name it with --column reward=NAME"),
        (NAMES, ("cursor_error",), "'cursor_error_deg'"),
        (NAMES[:2], (), "has no column 'action_reach_angle_deg'"),
        (NAMES[:3], (), "has no column 'target_x', and protocol 'reach-rotation' has 8 targets"),
        (("participant=who",), (), "there is no column 'who'; choose from SN, TN"),
        (("participant",), (), "expected name=value"),
    ],
)
def test_what_is_missing_is_named(tmp_path, columns, needs, said):
    file = tmp_path / "theirs.csv"
    file.write_text(THEIRS)
    with pytest.raises(BadInput, match=said):
        load_tables([file], ROTATION, columns, needs=needs)


def test_words_where_numbers_belong(tmp_path):
    file = tmp_path / "theirs.csv"
    file.write_text(THEIRS.replace("-2", "left"))
    with pytest.raises(BadInput, match="row 3: column 'action_reach_angle_deg' holds 'left'"):
        load_tables([file], ROTATION, NAMES)


def test_human_reaches(shared_data):
    derives = ("hit=tgtsize>10", "reward=hit", "cursor_error_deg=0-ri")
    names = ("participant=SN", *NAMES[1:])
    parts = load_tables([shared_data / "kim2019_clamp_e1.csv.gz"], ROTATION, names, derives, needs=("reward", "hit", "cursor_error"))
    assert len(parts) == 48 and all(part.seen.action.shape == (880, 1) for part in parts)


def test_human_reaches_by_the_expressions_of_the_tutorial(shared_data):
    page = Path(__file__).parents[3] / "docs/tutorials/fit-human-data.md"
    command = page.read_text(encoding="utf-8").split("```")[1]
    names, derives = re.findall(r"--column (\S+)", command), re.findall(r'--derive "(.+?)"', command)
    assert len(names) == len(derives) == 3
    parts = load_tables([shared_data / "kim2019_clamp_e1.csv.gz"], ROTATION, names, derives, needs=("hit", "cursor_error"))
    action = np.stack([part.seen.action[:, 0] for part in parts])
    assert np.isnan(action).sum() == 32 and np.nanmax(np.abs(action)) < 70
    clamp = np.stack([part.seen.outcome.cursor_error for part in parts])[:, 120:760]
    np.testing.assert_allclose(np.abs(clamp), np.radians(3.5))
    hit = np.stack([part.seen.outcome.hit for part in parts])
    assert set(hit[:, 120:760].mean(axis=1)) == {0.0, 1.0} and (hit[:, 120] == 1).sum() == 16
    assert 0 < hit[:, 40:120].mean() < 1 and not hit[:, :40].any()
    late, before = (np.nanmean(action[:, span], axis=1) for span in (slice(680, 760), slice(80, 120)))
    drift = np.sign(clamp[:, 0]) * (late - before)  # against the clamp, which is where the error asks the hand to go
    assert drift[hit[:, 120] == 1].mean() == pytest.approx(19.4, abs=0.05) and drift[hit[:, 120] == 0].mean() == pytest.approx(
        29.0, abs=0.05
    )
