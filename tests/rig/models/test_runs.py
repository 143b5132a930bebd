"""Folders of runs: kept, gone on with, refused; and how long the rest will take."""

import json

import pytest

from protocols.errors import BadInput
from rig.models.pace import Pace
from rig.models.runs import ASKED, keeping, kept_lines, open_run, write_json

ASKS = {"learner": "trend", "starts": 3, "interval": float("nan")}


def test_the_same_run_goes_on_and_another_is_refused(tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        open_run(out, ASKS, lambda: False)
    assert json.loads((out / ASKED).read_text())["learner"] == "trend"
    with pytest.raises(BadInput, match=r"asked for differently \(starts; see asked.json\)"):
        open_run(out, {**ASKS, "starts": 4}, lambda: False)
    with pytest.raises(BadInput, match="finished"):
        open_run(out, ASKS, lambda: True)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(BadInput, match="is not empty"):
        open_run(tmp_path, ASKS, lambda: False)
    with pytest.raises(BadInput, match="is a file"):
        open_run(tmp_path / "notes", ASKS, lambda: False)
    assert [file.name for file in tmp_path.iterdir()] == ["notes"]


def test_a_file_that_was_cut_short_while_it_was_written_is_none(tmp_path):
    (tmp_path / f"{ASKED}.part").write_text('{"learner": "tr')
    open_run(tmp_path, ASKS, lambda: False)
    assert [file.name for file in tmp_path.iterdir()] == [ASKED]
    with pytest.raises(BadInput, match="is there already"):
        write_json(tmp_path / ASKED, {})


def test_lines_are_kept_one_by_one_and_one_that_was_cut_off_is_left_out(tmp_path):
    file = tmp_path / "people.jsonl"
    file.write_text('{"n": 1}\n{"n": 2')
    with keeping(file) as keep:
        keep({"n": 3})
        assert [one["n"] for one in kept_lines(file)] == [1, 3]


def test_the_pace_is_that_of_what_was_done_here():
    times = iter([100.0, 160.0, 220.0])
    pace = Pace(total=10, waiting=7, clock=lambda: next(times))
    assert pace.done("P04") == "P04 (4 of 10, about 6 min left)"
    assert pace.done("P05") == "P05 (5 of 10, about 5 min left)"
    times = iter([0.0, 2.0, 3.0])
    pace = Pace(2, 2, lambda: next(times))
    assert [pace.done("A"), pace.done("B")] == ["A (1 of 2, about 2 s left)", "B (2 of 2)"]
