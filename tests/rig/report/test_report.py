"""Reports: whole and self-contained with and without twin and recording, after a kill, and as an index of sessions."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from protocols.errors import BadInput
from rig.folder import JOURNAL, TWIN
from rig.journal.writer import JournalWriter
from rig.report.data import read_record
from rig.report.policy import error_grid, expected_errors
from rig.report.report import report, summary
from tests.sessions import Recipe, build_session


@pytest.fixture(scope="module")
def throws(tmp_path_factory) -> Path:
    """A resumed session of throws with a live twin, one trial too slow, one flagged."""
    return build_session(tmp_path_factory.mktemp("people"), Recipe(trials=30, starts=2, twin=True, faults=True))


@pytest.fixture(scope="module")
def reaches(tmp_path_factory) -> Path:
    """A simulated session of reaches without twin and recording."""
    recipe = Recipe(protocol="reach-rotation", participant="PILOT1", trials=12, simulated=True, xdf=False)
    return build_session(tmp_path_factory.mktemp("simulated"), recipe)


def written(folder: Path, out: Path) -> str:
    report(folder, out)
    text = out.read_text(encoding="utf-8")
    _Checked().check(text)
    return text


class _Checked(HTMLParser):
    """Every element is closed, and nothing is fetched or run."""

    EMPTY = frozenset({"meta", "br", "link", "img"})

    def check(self, text: str) -> None:
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []
        assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", text)

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "iframe", "link")
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_report_of_a_session_with_everything(throws, tmp_path):
    text = written(throws, tmp_path / "r.html")
    for title in ("Learning", "Actions", "Action space", "Movements", "Prediction", "Timing", "Recording", "Exclusions", "Events"):
        assert f"<h2>{title}</h2>" in text
    for words in ("yoked learner&#39;s expectation", "solution manifold", "the person's trials (median, 5-95 %)", "their own trials"):
        assert words in text or words.replace("&#39;", "'") in text
    assert "SIMULATED" not in text
    assert "Timing simulated" in text  # paced screen
    assert "matches (events 12" in text
    assert "1 of 30 trials broke" in text and "twin restarted" in text
    assert "2 (resumed)" in text and "implausible_speed" in text and "handedness" in text


def test_numbers_are_those_of_the_journal(throws):
    record = read_record(throws)
    numbers = summary(record)
    errors = [c.outcome.error for c in record.committed if c.trial.block == 1]
    assert numbers["trials"] == 30 and numbers["completed"] == 29 and numbers["flagged"] == 1
    assert numbers["error_first_block"] == pytest.approx(float(np.nanmean(errors)))
    assert numbers["starts"] == 2 and numbers["frames"] == 30 * 60


def test_twin_is_aligned_with_the_trials(throws):
    record = read_record(throws)
    assert record.twin is not None
    assert np.isfinite(record.twin.mean).all() and record.twin.mean.shape == (30, 2)
    assert np.isnan(record.twin.surprise[4])  # too slow: no action, so no surprise
    gap = (record.actions - record.twin.mean)[0]
    expected = 0.5 * (gap @ np.linalg.solve(record.twin.covariance[0], gap) + np.linalg.slogdet(2 * np.pi * record.twin.covariance[0])[1])
    assert record.twin.surprise[0] == pytest.approx(expected)
    assert set(record.twin.free_error) == {"free-person", "free-own"}


def test_expected_error_of_a_sure_policy_is_the_task_s(throws):
    """With next to no spread, the expected error is that of the mean action: what the person earned, if the mean is their action."""
    record = read_record(throws)
    tiny = np.broadcast_to(1e-12 * np.eye(2), (30, 2, 2))
    expected = expected_errors(record.task, record.committed, record.actions, tiny)
    assert np.isnan(expected[4])
    np.testing.assert_allclose(np.delete(expected, 4), np.delete(record.numbers("error"), 4), atol=1e-4)


def test_error_map_has_the_axes_the_right_way_round(throws):
    record = read_record(throws)
    trial = record.committed[0].trial
    grid = error_grid(record.task, trial, [(90.0, 130.0), (2.0, 4.0)])
    action = np.array([grid.x[100], grid.y[20]]) / np.asarray(record.task.action_scale)
    assert grid.error[20, 100] == pytest.approx(float(record.task.score(action, trial, None).error), abs=1e-6)


def test_without_twin_and_recording_it_says_so(reaches, tmp_path):
    text = written(reaches, tmp_path / "r.html")
    assert "SIMULATED DATA" in text
    assert "twin.sqlite is absent" in text and "start-1.xdf: absent" in text
    assert "Action space" not in text  # one action
    assert "hand angle that cancels the rotation" in text


def test_killed_session_with_a_damaged_twin_is_reported_as_far_as_it_goes(throws, tmp_path):
    """Also: a stricter rule of exclusion is applied, and an answer that looks like HTML is only words."""
    copy = tmp_path / "session"
    shutil.copytree(throws, copy)
    for file in copy.glob(f"{TWIN}*"):
        file.unlink()
    (copy / TWIN).write_bytes(b"nonsense" * 1000)
    protocol = (throws / "protocol.toml").read_text().replace("high = 15.0", "high = 3.0")
    with JournalWriter(copy / JOURNAL, lambda: 0.0) as journal:
        journal.answer("strategy", "<script>alert(1)</script>")
        journal.note("protocol_text", protocol)
        journal.begin_start({"utc": 0.0, "lsl": 0.0})  # never ended, and knows of no device, window or recording
        journal.begin_trial(31, 1, 31, 0.0)
    text = written(copy, tmp_path / "r.html")
    assert "stored can&#39;t be read" in text
    assert "was killed, or is still running" in text and "1 trials were begun and not finished" in text
    assert "&lt;script&gt;alert(1)" in text
    out = int((read_record(throws).numbers("action_release_speed") > 3.0).sum())
    assert out > 0 and f"{out} of 29 trials excluded" in text


def test_session_without_a_trial(throws, tmp_path):
    from rig.journal.reader import read_journal
    from rig.journal.writer import create_journal

    with read_journal(throws / JOURNAL) as journal:
        kept = journal.session()
    (tmp_path / "empty").mkdir()
    create_journal(tmp_path / "empty" / JOURNAL, kept)
    assert "0 trials" in written(tmp_path / "empty", tmp_path / "r.html")


def test_index_of_sessions(reaches, tmp_path):
    shutil.copytree(reaches, tmp_path / "data/reach-rotation/PILOT2/session-1")
    shutil.copytree(reaches, tmp_path / "data/reach-rotation/PILOT1/session-1")
    (tmp_path / "data/broken").mkdir()
    (tmp_path / "data/broken" / JOURNAL).write_bytes(b"nonsense" * 1000)
    text = written(tmp_path / "data", tmp_path / "index.html")
    assert "2 sessions, 1 participants" in text and "(SIMULATED)" in text and "broken" in text
    for address in re.findall(r'<a href="([^"#]+)"', text):
        assert (tmp_path / address).is_file()


def test_bad_places(throws, tmp_path):
    (tmp_path / "there.html").write_text("kept")
    for folder, out, words in (
        (throws, "there.html", "never overwritten"),
        (throws, "no/such/folder.html", "there is no folder"),
        (tmp_path, "r.html", "expected a session folder"),
        (tmp_path / "absent", "r.html", "expected a session folder"),
    ):
        with pytest.raises(BadInput, match=words):
            report(folder, tmp_path / out)
    assert (tmp_path / "there.html").read_text() == "kept"
    assert not (tmp_path / "r.html").exists()
