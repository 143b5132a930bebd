"""What the page shows is what the journal holds: of a finished session, and of one that goes on trial by trial."""

import math

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.document.events import ColumnDataChangedEvent, ColumnsPatchedEvent, ColumnsStreamedEvent
from bokeh.models import ColumnDataSource

from rig.folder import JOURNAL, TWIN
from rig.journal.reader import read_journal
from rig.monitor.alarms import alarms
from rig.monitor.follow import Follower
from rig.monitor.page import WatchPage
from rig.monitor.sources import new_source, update
from rig.monitor.standing import Schedule, standing
from rig.monitor.watched import Watched
from rig.report.data import read_record
from rig.report.policy import expected_errors
from rig.twin.store import read_twin
from tests.rig.monitor.replayed import again


@pytest.fixture(scope="module")
def grown(throws, tmp_path_factory) -> dict:
    """The page beside a session that goes on, and what it sent to the browser with each trial."""
    folder = tmp_path_factory.mktemp("running") / "session-1"
    sent: list[list] = []
    states, document, page = [], Document(), None
    for number in again(throws, folder):
        if page is None:
            page = WatchPage(document, Watched(folder))
            document.on_change(lambda event: sent[-1].append(event))
        sent.append([])
        page._watched._looked = -math.inf
        page.update()
        page.move()
        states.append((number, page._watched.standing, len(page.views[0].source.data["trial"])))
    return {"page": page, "sent": sent, "states": states, "folder": folder}


def numbers(source: ColumnDataSource, name: str) -> np.ndarray:
    return np.asarray(source.data[name], float)


def test_a_finished_session_is_read_as_the_report_reads_it(throws):
    followed, record = Follower(throws), read_record(throws)
    assert followed.record.rows == record.rows
    assert followed.record.twin is not None and record.twin is not None
    for name in ("mean", "covariance", "surprise", "shift_growth"):
        np.testing.assert_array_equal(getattr(followed.record.twin, name), getattr(record.twin, name))
    np.testing.assert_array_equal(followed.record.twin.free_error["free-own"].high, record.twin.free_error["free-own"].high)
    expected = expected_errors(record.task, record.committed, record.twin.mean, record.twin.covariance)
    np.testing.assert_allclose(followed.expected, expected, rtol=1e-12)


def test_every_view_of_a_running_session_is_right_against_the_journal(grown):
    page, folder = grown["page"], grown["folder"]
    with read_journal(folder / JOURNAL) as journal, read_twin(folder / TWIN) as twin:
        records, committed, yoked = journal.records(), journal.committed(), twin.rows("yoked")
    curve, surprise, timing, space = page.views
    np.testing.assert_array_equal(numbers(curve.source, "trial"), [record["trial"] for record in records])
    np.testing.assert_allclose(numbers(curve.source, "error"), [100 * one.outcome.error for one in committed])
    acted = [bool(np.isfinite(one.action).all()) for one in committed]
    np.testing.assert_allclose(
        numbers(surprise.source, "surprise"), [row.surprise if ok else math.nan for row, ok in zip(yoked, acted, strict=True)]
    )
    np.testing.assert_allclose(numbers(timing.source, "largest_gap"), [1e3 * record["largest_gap"] for record in records])
    np.testing.assert_array_equal(numbers(timing.source, "late_frames"), [record["late_frames"] for record in records])
    same = [one for one in committed if tuple(one.trial.target) == space.target]
    np.testing.assert_allclose(numbers(space.source, "x"), [one.action[0] for one in same])
    np.testing.assert_allclose(numbers(space.source, "y"), [one.action[1] for one in same])
    mean = yoked[-1].prediction["mean"]
    np.testing.assert_allclose([numbers(space.yoked, axis)[:-1].mean() for axis in "xy"], mean)
    assert len(numbers(space.person, "x")) and len(space.manifold.data["xs"]) and len(space.map.data["image"]) == 1


def test_what_was_grown_is_what_a_late_page_shows(grown):
    late = WatchPage(Document(), Watched(grown["folder"]))
    for view, other in zip(grown["page"].views, late.views, strict=True):
        assert view.source.data.keys() == other.source.data.keys()
        for name in view.source.data:
            np.testing.assert_array_equal(np.asarray(view.source.data[name]), np.asarray(other.source.data[name]), name)


def test_each_trial_is_there_at_the_look_after_its_commit(grown):
    assert [(number, shown) for number, _, shown in grown["states"]][:-1] == [(n, n) for n in range(15)]


def test_plots_over_trials_are_streamed_and_patched_never_sent_anew(grown):
    sources = {view.source for view in grown["page"].views[:3]}
    anew = [event for trial in grown["sent"][1:] for event in trial if isinstance(event, ColumnDataChangedEvent)]
    assert not any(event.model in sources for event in anew)
    for trial in grown["sent"][2:-1]:
        streamed = [event for event in trial if isinstance(event, ColumnsStreamedEvent) and event.model in sources]
        assert len(streamed) == 3
        assert all(len(values) == 1 for event in streamed for values in event.data.values())
        patched = [event for event in trial if isinstance(event, ColumnsPatchedEvent) and event.model in sources]
        assert all(len(values) <= 8 for event in patched for values in event.patches.values())  # half the widest running mean


def test_a_look_without_news_sends_nothing(throws):
    document = Document()
    page = WatchPage(document, Watched(throws))
    told: list = []
    document.on_change(told.append)
    page._watched._looked = -math.inf
    page.update()
    page.move()
    assert told == []


def test_sources_follow_any_change():
    source = new_source({"a": np.array([1.0, np.nan, 3.0]), "b": np.array(["x", "y", "z"])})
    for a, b in (([1.0, 2.0, 3.0, np.nan], list("xyzw")), ([1.0, np.nan, 3.0, 4.0], list("xqzw")), ([5.0], ["q"]), ([], [])):
        update(source, {"a": np.array(a, float), "b": np.array(b, object)})
        np.testing.assert_array_equal(np.asarray(source.data["a"], float), a)
        assert list(source.data["b"]) == b


def test_standing_of_a_session_that_goes_on(grown):
    by_trial = {number: now for number, now, _ in grown["states"]}
    assert (by_trial[0].done, by_trial[0].block, by_trial[0].state) == (
        0,
        1,
        "interrupted",
    )  # its program is this test, which says nothing of it
    assert by_trial[-1].state == "finished" and by_trial[-1].done == by_trial[-1].of == 14
    assert by_trial[-1].completed == 13
    folder, record = grown["folder"], grown["page"]._watched.followed.record
    running = [dict(record.starts[0], how_ended=None)]
    alive = standing(Follower(folder).record.__class__(**{**vars(record), "starts": running}), Schedule(record), alive=True)
    assert alive.state == "running" and alive.of > 14 and alive.seconds_left > 0


def test_alarms_are_raised_and_stay_until_acknowledged(throws):
    watched = Watched(throws)
    found = watched.alarms()
    assert {one.trial for one in found} == {8}
    assert any("timing beyond" in one.words and "180 ms" in one.words for one in found) and any("restarted" in one.words for one in found)
    watched.acknowledge(found[0].key)
    assert watched.alarms() == found[1:]
    assert alarms(watched.followed.record, "finished")[0] == found[0]


def test_a_damaged_twin_is_trouble_and_no_end(throws, tmp_path):
    folder = tmp_path / "session-1"
    for number in again(throws, folder):
        if number == 2:
            watched = Watched(folder)
            kept = (folder / TWIN).read_bytes()
        if number == 3:
            break
    (folder / TWIN).write_bytes(b"not a database" * 100)
    watched.followed.poll()
    assert "twin.sqlite" in watched.followed.trouble and any("twin.sqlite" in one.words for one in watched.alarms())
    (folder / TWIN).write_bytes(kept)
    watched.followed.poll()
    assert watched.followed.trouble == ""
