"""The columns of the records: complete, in the contract's order, and filled from a trial with the right units."""

import math
from pathlib import Path

import numpy as np
import pytest

from protocols.bimanual import Bimanual
from protocols.history import STATUSES, Committed
from protocols.records import EVENT, FRAME, SAMPLE, SESSION, START, TASKS, TWIN, Certificate, columns_of, trial_columns, trial_record
from protocols.records_page import records_page
from protocols.skittles import Skittles
from protocols.task import MISSING, Feedback, Outcome, RewardRule, Timing, Trial

ROOT = Path(__file__).resolve().parents[2]
TRIAL = Trial(
    number=7, attempt=2, slot=5, block=3, phase=1, target=(0.1, 0.1), rotation=math.pi / 6, gain=1.5, clamp=MISSING,
    feedback=Feedback.ENDPOINT, reward_rule=RewardRule.BINARY, zone=(-math.pi / 18, math.pi / 18),
)  # fmt: skip
OUTCOME = Outcome(1.0, 0.02, 0.015, -math.pi / 4, math.pi / 2, 1.0, 0.0, 10.0)  # type: ignore[arg-type]


class Reach:
    """As much of a reach as a record asks for: its name, its action, its start."""

    name = "reach"
    action_names = ("reach_angle_deg",)

    def start_posture(self, trial):
        return (0.0, 0.2), 0


def record(task=None, reward=1.0, outcome=OUTCOME, action=(12.5,), **more):
    committed = Committed(TRIAL, "completed", np.array(action), outcome, reward, requeue=False)
    given = {
        "start": 1,
        "phase": "training",
        "timing": Timing(0.25, 0.75),  # type: ignore[arg-type]
        "details": {},
        "certificate": Certificate(999.5, 0.0021, 0, 1, 0.012),
        "simulated": False,
        "feedback_shown": True,
    }
    return trial_record(task or Reach(), committed, **(given | more))  # type: ignore[arg-type]


def test_degrees_and_words_in_files_where_radians_and_numbers_are_inside():
    row = record(aim_report=math.pi / 3)
    expected = {
        "perturbation_rotation_deg": 30.0,
        "perturbation_gain": 1.5,
        "zone_low_deg": -10.0,
        "zone_high_deg": 10.0,
        "hand_error_deg": -45.0,
        "cursor_error_deg": 90.0,
        "aim_report_deg": 60.0,
        "target_angle_deg": -45.0,
        "action_reach_angle_deg": 12.5,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert (row["feedback"], row["reward_rule"], row["phase"]) == ("endpoint", "binary", "training")
    assert (row["trial"], row["attempt"], row["scheduled_trial"], row["block"]) == (7, 2, 5, 3)
    assert (row["reaction_time"], row["movement_time"]) == (0.25, 0.5)


def test_two_hands_have_their_mapping_and_no_rotation_or_zone():
    task = Bimanual()
    row = record(task, action=(0.01, 0.02, 0.03, 0.04))
    assert [row[f"action_{name}"] for name in ("left_x", "left_y", "right_x", "right_y")] == [0.01, 0.02, 0.03, 0.04]
    assert (row["perturbation_mapping"], row["target_angle_deg"]) == ("de_novo", pytest.approx(45.0))
    assert not [name for name in row if name.startswith(("zone", "perturbation_rotation"))]
    assert set(row) <= {column.name for column in trial_columns("bimanual")}


def test_missing_is_none_and_never_a_number():
    nothing = Outcome(*[np.float64(MISSING)] * 8)  # type: ignore[arg-type]
    timing = Timing(0.3, MISSING)  # type: ignore[arg-type]
    row = record(reward=MISSING, outcome=nothing, action=(MISSING,), timing=timing, certificate=None)
    missing = ["reward", "scored_reward", "points", "error", "hit", "hit_shown", "movement_time", "action_reach_angle_deg"]
    missing += ["perturbation_clamp_deg", "aim_report_deg", "go_time", "sample_rate", "lost_samples"]
    assert [row[name] for name in missing] == [None] * len(missing)
    assert row["reaction_time"] == 0.3


def test_a_withheld_reward_is_missing_but_still_scored():
    row = record(reward=MISSING, feedback_shown=False)
    assert (row["reward"], row["scored_reward"], row["hit"], row["hit_shown"], row["feedback_shown"]) == (None, 1.0, 1, None, False)


def test_values_are_of_the_kind_that_their_column_promises():
    kinds = {"number": float, "count": int, "text": str, "truth": bool}
    row = record(details={"action_extent": np.float32(0.5)})
    promised = {column.name: kinds[column.kind] for column in trial_columns("reach")}
    wrong = {name: value for name, value in row.items() if name in promised and value is not None and type(value) is not promised[name]}
    assert wrong == {}
    assert type(row["action_extent"]) is float
    assert columns_of("reach", [row])[-1].name == "action_extent"


def test_a_row_has_every_column_but_those_of_the_session_and_follows_their_order():
    for task, action in ((Reach(), (1.0,)), (Skittles(), (60.0, 3.0))):
        details = {column.name: 1.0 for column in trial_columns(task.name) if "quadratic" in column.name or column.name == "release_time"}
        row = record(task=task, action=action, details=details, intended_action=np.array(action), simulated=True)
        expected = [column.name for column in trial_columns(task.name, simulated=True)]
        assert list(row) == [name for name in expected if name not in ("participant", "session", "simulation")]


def test_the_action_columns_of_skittles_are_those_of_the_task():
    names = [column.name for column in trial_columns("skittles")]
    at = names.index("action_release_angle_deg")
    assert names[at : at + 2] == [f"action_{name}" for name in Skittles().action_names]


def test_the_order_of_the_contract():
    contract = [
        "participant", "session", "simulation", "start", "block", "phase", "trial", "attempt", "task", "target_x",
        "perturbation_rotation_deg", "feedback", "reward_rule", "zone_low_deg", "action_reach_angle_deg", "reward", "scored_reward",
        "points", "feedback_shown", "hit_shown", "error",
        "hand_error_deg", "cursor_error_deg", "hit", "post_hit", "reaction_time", "movement_time",
        "status", "simulated", "sample_rate", "largest_gap", "lost_samples", "late_frames", "flip_delay",
    ]  # fmt: skip
    names = [column.name for column in trial_columns("reach")]
    assert [name for name in names if name in contract] == contract


def test_intended_actions_are_only_in_simulated_tables():
    assert not [column for column in trial_columns("skittles") if column.name.startswith("intended_")]
    simulated = [column.name for column in trial_columns("skittles", simulated=True) if column.name.startswith("intended_")]
    assert simulated == ["intended_action_release_angle_deg", "intended_action_release_speed"]


def test_every_column_has_a_name_of_its_own_and_a_meaning():
    for table in (SESSION, START, SAMPLE, EVENT, FRAME, TWIN, *(trial_columns(task, True) for task in TASKS)):
        assert len({column.name for column in table}) == len(table)
        assert all(column.meaning for column in table)
        assert all((column.unit == "deg") == column.name.endswith("_deg") for column in table)
    statuses = next(column.levels for column in trial_columns("reach") if column.name == "status")
    assert tuple(statuses or ()) == STATUSES


def test_the_reference_page_is_up_to_date():
    page = (ROOT / "docs" / "reference" / "records.md").read_text(encoding="utf-8")
    assert page == records_page(), "run: python -m protocols.records_page docs/reference/records.md"
