"""What a fitted learner practises: the person's own trials, where the table says what they were."""

import numpy as np
import pytest

from protocols.errors import BadInput
from protocols.load import load_protocol
from protocols.task import Feedback
from rig.models.practice import practice
from rig.tables.tables import load_tables

HEAD = "participant,trial,target_angle_deg,action_reach_angle_deg"
PROTOCOL = load_protocol("reach-rotation").protocol


def person_of(folder, columns, rows):
    file = folder / "trials.csv"
    file.write_text("\n".join([f"{HEAD},{columns}", *(f"A1,{n},{45 * n % 360},1.0,{row}" for n, row in enumerate(rows, 1))]) + "\n")
    (person,) = load_tables([file], PROTOCOL)
    return person


def test_columns_of_the_table_take_the_place_of_the_protocols(tmp_path):
    rows = ["-30,n/a,none,-2,2", "0,3.5,endpoint,-180,180", "0,n/a,2,1,-1"]
    columns = "perturbation_rotation_deg,perturbation_clamp_deg,feedback,zone_low_deg,zone_high_deg"
    course = practice(PROTOCOL, person_of(tmp_path, columns, rows), 0)
    assert np.rad2deg(course.trials.rotation) == pytest.approx([-30, 0, 0])
    assert np.rad2deg(course.trials.clamp) == pytest.approx([np.nan, 3.5, np.nan], nan_ok=True)
    assert course.trials.feedback.tolist() == [Feedback.NONE, Feedback.ENDPOINT, Feedback.CONTINUOUS]
    assert np.rad2deg(course.rules.low) == pytest.approx([-2, -180, 1])
    angles = np.rad2deg(np.arctan2(course.trials.target[:, 1], course.trials.target[:, 0])) % 360
    assert angles == pytest.approx([45, 90, 135])


def test_without_such_columns_it_is_the_protocols_by_place_of_the_schedule(tmp_path):
    training = 16 + 40 + 24 + 1
    course = practice(PROTOCOL, person_of(tmp_path, "scheduled_trial", [str(training), str(training), "1"]), 0)
    assert np.rad2deg(course.trials.rotation) == pytest.approx([30, 30, 0])
    assert course.trials.number.tolist() == [1, 2, 3]


def test_a_word_that_is_none_is_said_with_its_row(tmp_path):
    with pytest.raises(BadInput, match=r"row 2: column 'feedback' is 'seldom', expected one of none \(0\)"):
        practice(PROTOCOL, person_of(tmp_path, "feedback", ["none", "seldom"]), 0)
