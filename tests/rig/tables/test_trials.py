"""The trials table: out of real journals, into every format and back, exactly."""

import gzip
import io
import json
import math
import multiprocessing
import os
import signal
import time

import numpy as np
import pandas
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import BadInput
from protocols.records import Column, columns_of, trial_columns
from rig.folder import JOURNAL
from rig.tables.trials import FORMATS, read_trials, trials_table, write_text, write_trials
from tests.rig.journal.journal_examples import new_journal, write_for_ever

COLUMNS = (
    Column("participant", "", "a code", kind="text"),
    Column("trial", "", "a number", kind="count"),
    Column("error", "m", "an error"),
    Column("status", "", "how it ended", {"completed": "well"}, "text"),
    Column("simulated", "", "whether", kind="truth"),
    Column("mine", "furlong", "of my own"),
)
ROWS = [
    {"participant": "007", "trial": 1, "error": 0.1 + 0.2, "status": "completed", "simulated": False, "mine": 1e-300},
    {"participant": "007", "trial": 2, "error": None, "status": None, "simulated": None, "mine": math.nan},
    {"participant": "007", "trial": None, "error": -1 / 3, "status": "too_slow", "simulated": True},
]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_table_comes_back(tmp_path, ending):
    file = tmp_path / f"trials{ending}"
    write_trials(COLUMNS, ROWS, file)
    table = read_trials(file)
    assert list(table) == [column.name for column in COLUMNS]
    assert table["participant"].tolist() == ["007"] * 3
    np.testing.assert_array_equal(table["trial"], [1, 2, math.nan])
    np.testing.assert_array_equal(table["error"], [0.1 + 0.2, math.nan, -1 / 3])
    np.testing.assert_array_equal(table["mine"], [1e-300, math.nan, math.nan])
    assert table["status"].tolist() == ["completed", None, "too_slow"]
    assert table["simulated"].tolist() == [False, None, True]
    expected = {file.name, "trials.json"} if ending == ".tsv" else {file.name}
    assert {each.name for each in tmp_path.iterdir()} == expected


@pytest.mark.parametrize("ending", FORMATS)
@settings(max_examples=15, deadline=None)
@given(values=st.lists(st.floats(width=64), min_size=1, max_size=6))
def test_floats_in_full_precision(tmp_path_factory, ending, values):
    file = tmp_path_factory.mktemp("table") / f"t{ending}"
    write_trials((Column("error", "m", ""),), [{"error": value} for value in values], file)
    np.testing.assert_array_equal(read_trials(file)["error"], values)


def test_the_text_is_what_scripts_expect(tmp_path):
    file = tmp_path / "trials.tsv"
    write_trials(COLUMNS, ROWS, file)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == [column.name for column in COLUMNS]
    assert lines[1].split("\t") == ["007", "1", "0.30000000000000004", "completed", "false", "1e-300"]
    assert lines[2].split("\t") == ["007", "2", "n/a", "n/a", "n/a", "n/a"]
    described = json.loads((tmp_path / "trials.json").read_text(encoding="utf-8"))
    assert described["error"] == {"Description": "an error", "Units": "m"}
    assert described["status"]["Levels"] == {"completed": "well"}
    assert pandas.read_csv(file, sep="\t", na_values="n/a")["error"].isna().tolist() == [False, True, False]


def test_parquet_says_units(tmp_path):
    write_trials(COLUMNS, ROWS, tmp_path / "trials.parquet")
    field = pyarrow.parquet.read_schema(tmp_path / "trials.parquet").field("error")
    assert (field.metadata or {})[b"unit"] == b"m"


@pytest.mark.parametrize("ending", FORMATS)
def test_nothing_is_overwritten(tmp_path, ending):
    file = tmp_path / f"trials{ending}"
    file.write_bytes(b"mine")
    with pytest.raises(BadInput, match="never overwritten"):
        write_trials(COLUMNS, ROWS, file)
    assert file.read_bytes() == b"mine"
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_a_sidecar_of_someone_else_is_not_overwritten(tmp_path):
    (tmp_path / "trials.json").write_text("mine")
    with pytest.raises(BadInput, match=r"trials\.json: exists"):
        write_trials(COLUMNS, ROWS, tmp_path / "trials.tsv")
    assert [each.name for each in tmp_path.iterdir()] == ["trials.json"]


def test_places_that_can_t_be_written(tmp_path):
    with pytest.raises(BadInput, match="can't be written"):
        write_trials(COLUMNS, ROWS, tmp_path / "absent" / "trials.csv")
    with pytest.raises(BadInput, match="expected a name that ends with"):
        write_trials(COLUMNS, ROWS, tmp_path / "trials.xlsx")


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        ("a.csv", b"trial,error\n1,0.5\n2\n", "line 3: expected 2 cells, got 1"),
        ("a.csv", b"trial,trial\n1,2\n", "same name: trial"),
        ("a.csv", b"trial,error\n1,big\n", "column 'error'.*'big'"),
        ("a.csv", b"trial,simulated\n1,perhaps\n", "row 1: expected true, false .or 1, 0. or n/a, got 'perhaps'"),
        ("a.csv", b"", "not a .csv table"),
        ("a.csv", b"\xff\xfe\x00", "not a .csv table in UTF-8 .byte 1"),
        ("a.csv.gz", b"trial\n1\n", "not a .csv.gz table"),
        ("a.csv.gz", gzip.compress(b"trial\n1\n", mtime=0)[:10] + b"\xff" * 20, "not a .csv.gz table"),
        ("a.parquet", b"trial\n1\n", "not a .parquet table"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path, name, content, finding):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=finding) as caught:
        read_trials(tmp_path / name)
    assert name in str(caught.value)


def test_tables_from_elsewhere(tmp_path):
    file = tmp_path / "theirs.csv"
    file.write_text("\ufeffSN,hand_theta,group,good\r\n1,2.5,a,TRUE\r\n2,NA,b,true\r\n", encoding="utf-8")
    table = read_trials(file)
    np.testing.assert_array_equal(table["SN"], [1, 2])
    np.testing.assert_array_equal(table["hand_theta"], [2.5, math.nan])
    assert table["group"].tolist() == ["a", "b"]
    assert table["good"].tolist() == [True, True]
    with pytest.raises(BadInput, match="no such file"):
        read_trials(tmp_path / "absent.csv")


def test_the_table_of_a_session(tmp_path):
    new_journal(tmp_path, trials=3)
    columns, rows = table = trials_table(tmp_path)
    stream = io.StringIO()
    write_text(*table, stream, "\t")
    assert len(stream.getvalue().splitlines()) == 4
    assert columns == columns_of("skittles", rows)
    assert [column.name for column in columns[: len(trial_columns("skittles"))]] == [column.name for column in trial_columns("skittles")]
    assert [row["trial"] for row in rows] == [1, 2, 3]
    assert {(row["participant"], row["session"], row["simulation"]) for row in rows} == {("P01", 2, None)}
    assert rows[0]["reward"] == -1 / 3


def test_the_table_of_a_session_that_kill_9_ended(tmp_path):
    path = new_journal(tmp_path)
    reader, writer = multiprocessing.get_context("spawn").Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(str(path), writer))
    child.start()
    while reader.recv() < 5:
        pass
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    columns, rows = trials_table(tmp_path)
    assert len(rows) >= 5
    write_trials(columns, rows, tmp_path / "trials.tsv")
    np.testing.assert_array_equal(read_trials(tmp_path / "trials.tsv")["reward"], [-(i + 1) / 3 for i in range(len(rows))])


def test_a_session_without_trials_gives_a_table_without_rows(tmp_path):
    new_journal(tmp_path)
    columns, rows = trials_table(tmp_path)
    write_trials(columns, rows, tmp_path / "trials.csv")
    table = read_trials(tmp_path / "trials.csv")
    assert list(table) == [column.name for column in trial_columns("skittles")]
    assert all(len(column) == 0 for column in table.values())


def test_a_folder_without_journal(tmp_path):
    with pytest.raises(BadInput, match=JOURNAL):
        trials_table(tmp_path)


@pytest.mark.alone
def test_a_large_table_is_written_in_seconds(tmp_path):
    columns = tuple(Column(f"c{i}", "", "") for i in range(50))
    rows = [{f"c{i}": (i + j) / 3 for i in range(50)} for j in range(10_000)]
    before = time.process_time()
    write_trials(columns, rows, tmp_path / "large.tsv")
    assert time.process_time() - before < 20, "of the processor's time"
