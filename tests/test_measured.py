"""The page of measurements, from results that are whole, half there, or not there."""

import json

import pytest

from benchmarks import keep, measured


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results, and a page beside it."""
    monkeypatch.setattr(keep, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(measured, "PAGE", tmp_path / "measured.md")
    return tmp_path / "results"


def found(words: str) -> list[tuple[str, ...]]:
    return [row for row in measured.rows() if words in row[0]]


def test_what_was_not_measured_has_no_row(results):
    measured.write_page()
    assert list(measured.rows()) == []
    assert "1 kHz" not in measured.PAGE.read_text()


def test_a_result_says_when_and_where_it_was_measured(results):
    keep.keep("parity", {"throws": 600, "largest_difference": 3e-15, "growth_of_a_1e-9_shift": 1.66})
    ((what, _, found_, at),) = found("NumPy")
    assert "600 throws" in what and found_.startswith("3.0e-15")
    assert at.startswith(keep.kept("parity")["measured"]["when"]) and "cores, Python 3" in at
    measured.write_page()
    assert at in measured.PAGE.read_text()


def test_rows_are_left_out_one_by_one(results):
    results.mkdir()
    (results / "session.json").write_text(json.dumps({"trials": 9, "recording_matches_journal": True}))
    (results / "starts.json").write_text("{ torn")
    assert [row[2:] for row in measured.rows()] == [("yes", "date not kept")]


def test_two_devices_are_kept_side_by_side(results):
    keep.keep("kills", {"kills": 36, "committed_trials_lost": 0}, "simulated")
    keep.keep("kills", {"kills": 14, "committed_trials_lost": 1}, "mouse")
    assert [row[2] for row in found("kill -9")] == ["0 lost", "1 lost"]
