"""The ledger of conditions: the same person, the same condition; balanced; safe against rigs and power cuts."""

import collections
import itertools
import multiprocessing
import os
from pathlib import Path

import pytest

from protocols.errors import BadInput
from protocols.load import load_protocol, parse_protocol
from protocols.schema import Condition, Counterbalance
from rig.ledger import COLUMNS, LEDGER, draw_condition, place

HEAD = """
name = "study"
title = "A study"
version = "1"
task.kind = "reach"
targets.up = { angle_deg = 90.0, distance = 0.08 }
phases = [{ name = "practice", kind = "training", blocks = [{ trials = 1 }] }]
"""


def study(conditions: int = 3, method: str = "rotate"):
    names = "".join(f"counterbalance.conditions.C{i} = {{}}\n" for i in range(conditions))
    return parse_protocol(f'{HEAD}counterbalance.method = "{method}"\n{names}', "study.toml")


def lines_of(root: Path) -> list[tuple[str, str]]:
    """Participant and condition of every whole line, as they stand in the file."""
    text = (root / LEDGER).read_text(encoding="utf-8")
    heading, *lines = [tuple(line.split("\t")) for line in text[: text.rfind("\n") + 1].splitlines()]
    assert heading == COLUMNS
    return [(participant, condition) for _, participant, condition, _ in lines]


def test_the_same_participant_keeps_the_condition(tmp_path):
    made = study()
    drawn = {code: draw_condition(tmp_path, made, code) for code in ("P1", "P2", "P3", "P4")}
    assert drawn == {"P1": "C0", "P2": "C1", "P3": "C2", "P4": "C0"}
    assert {code: draw_condition(tmp_path, made, code) for code in reversed(drawn)} == drawn
    assert lines_of(tmp_path) == list(drawn.items())


def test_protocols_are_dealt_apart(tmp_path):
    draw_condition(tmp_path, study(), "P1")
    assert draw_condition(tmp_path, load_protocol("reach-rotation").protocol, "P2") == "counterclockwise"
    assert draw_condition(tmp_path, study(), "P2") == "C1"


def test_nothing_is_written_without_counterbalancing(tmp_path):
    assert draw_condition(tmp_path, load_protocol("skittles").protocol, "P1") == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", ["rotate", "latin", "random_blocks"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_every_method_is_balanced_in_each_round(method, size):
    table = Counterbalance(method=method, conditions={f"C{i}": Condition() for i in range(size)})
    dealt = [place(table, "study", index) for index in range(12 * size)]
    for start in range(0, len(dealt), size):
        assert sorted(dealt[start : start + size]) == sorted(table.conditions)


@pytest.mark.parametrize("size", [3, 4, 5])
def test_latin_rows_balance_places_and_neighbours(size):
    table = Counterbalance(method="latin", conditions={str(i): Condition() for i in range(size)})
    rows = size if size % 2 == 0 else 2 * size
    dealt = [int(place(table, "study", i)) for i in range(rows * size)]
    lines = [dealt[i : i + size] for i in range(0, len(dealt), size)]
    for column in zip(*lines, strict=True):
        assert set(collections.Counter(column).values()) == {rows // size}
    neighbours = collections.Counter(pair for line in lines for pair in itertools.pairwise(line))
    assert len(neighbours) == size * (size - 1) and len(set(neighbours.values())) == 1


def test_random_blocks_are_random_but_the_same_on_every_rig():
    table = Counterbalance(method="random_blocks", conditions={f"C{i}": Condition() for i in range(3)})
    dealt = [place(table, "study", i) for i in range(90)]
    assert dealt == [place(table, "study", i) for i in range(90)]
    assert len({tuple(dealt[i : i + 3]) for i in range(0, 90, 3)}) > 3
    assert dealt != [place(table, "other", i) for i in range(90)]


def _draw(root: str, rig: int) -> None:
    for number in range(9):
        draw_condition(Path(root), study(), f"R{rig}N{number}")


def test_rigs_that_draw_at_once_stay_balanced(tmp_path):
    context = multiprocessing.get_context("spawn")
    rigs = [context.Process(target=_draw, args=(str(tmp_path), rig)) for rig in range(2)]
    for rig in rigs:
        rig.start()
    for rig in rigs:
        rig.join(60)
        assert rig.exitcode == 0
    lines = lines_of(tmp_path)
    assert len({participant for participant, _ in lines}) == len(lines) == 18
    assert [condition for _, condition in lines] == ["C0", "C1", "C2"] * 6


@pytest.mark.parametrize("left", range(1, 60, 7))
def test_a_line_half_written_by_a_power_cut_counts_for_nothing(tmp_path, left):
    made = study()
    draw_condition(tmp_path, made, "P1")
    whole = (tmp_path / LEDGER).read_bytes()
    draw_condition(tmp_path, made, "P2")
    line = (tmp_path / LEDGER).read_bytes()[len(whole) :]
    (tmp_path / LEDGER).write_bytes(whole + line[: min(left, len(line) - 1)])
    assert lines_of(tmp_path) == [("P1", "C0")]
    assert draw_condition(tmp_path, made, "P3") == "C1", "the place of the torn line is free"
    assert draw_condition(tmp_path, made, "P4") == "C2"
    assert (tmp_path / LEDGER).read_bytes().startswith(whole), "nothing is ever overwritten"


@pytest.mark.parametrize("left", [1, 5, 20])
def test_a_heading_half_written_is_made_good(tmp_path, left):
    made = study()
    draw_condition(tmp_path, made, "P1")
    (tmp_path / LEDGER).write_bytes((tmp_path / LEDGER).read_bytes()[:left])
    assert [draw_condition(tmp_path, made, code) for code in ("P1", "P2", "P1")] == ["C0", "C1", "C0"]


def test_a_damaged_line_is_told(tmp_path):
    draw_condition(tmp_path, study(), "P1")
    with (tmp_path / LEDGER).open("a") as file:
        file.write("study P2 C1\n")
    with pytest.raises(BadInput, match=r"conditions\.tsv: line 3: expected 4 columns .* restore the line"):
        draw_condition(tmp_path, study(), "P3")


def test_a_condition_that_the_file_has_no_more_is_told(tmp_path):
    for code in ("P1", "P2", "P3"):
        draw_condition(tmp_path, study(3), code)
    with pytest.raises(BadInput, match="no condition 'C2'"):
        draw_condition(tmp_path, study(2), "P3")


def test_a_ledger_that_is_held_is_told(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr("rig.ledger.PATIENCE", 0.1)
    draw_condition(tmp_path, study(), "P1")
    descriptor = os.open(tmp_path / LEDGER, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="held by another process"):
            draw_condition(tmp_path, study(), "P2")
    finally:
        os.close(descriptor)
    assert draw_condition(tmp_path, study(), "P2") == "C1"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadInput, match="can't be written"):
        draw_condition(tmp_path / "away", study(), "P1")
