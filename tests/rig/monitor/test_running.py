"""A real session with its page: commands come through and are kept, strangers are refused, and a browser shows what the journal holds."""

import json
import socket
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager

import numpy as np
import pytest

from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from rig.monitor.channel import LOOPBACK
from rig.monitor.control import CONTROL, read_control
from rig.monitor.watched import Watched
from tests.browser import browser, found_browser
from tests.rig.session.test_session import SIMULATED, TWINRIG, Running
from tests.short import SKITTLES, write_short

pytestmark = [pytest.mark.slow, pytest.mark.screen]


@contextmanager
def watch(folder):
    """``twinrig watch`` of a session; its address."""
    process = subprocess.Popen([str(TWINRIG), "watch", str(folder), "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        yield next(line.split()[1] for line in process.stderr if line.startswith("open "))
    finally:
        process.terminate()
        process.communicate(timeout=300)


@pytest.fixture(scope="module")
def ran(screen, tmp_path_factory):
    """A session that was paused, resumed, noted on, shouted at, and ended, all from elsewhere; its page went along."""
    folder = tmp_path_factory.mktemp("commanded")
    write_short(folder, kind=SKITTLES, blocks=("trials = 200",), max_reaction_time=5.0, reaction_time=2.0)  # time to interrupt a trial
    words = ("pilot", "./short.toml", *SIMULATED, "--seed", 5, "--watch")
    with Running("data/short/PILOT1/session-1", *words, cwd=folder) as session:
        session.until(lambda: session.committed() >= 2)
        page = next(line.split()[1] for line in session.process.stderr if line.startswith("watch: "))
        with urllib.request.urlopen(page) as answer:
            assert answer.status == 200
        mode = (session.folder / CONTROL).stat().st_mode & 0o777
        watched = Watched(session.folder)
        trials = session.begun()
        session.until(lambda: session.begun() > trials)
        assert watched.command("pause")
        session.until(lambda: session.has("experimenter_pause"))
        watched._looked = 0.0
        watched.look()
        paused = watched.standing.state
        watched.entered()
        session.until(lambda: watched.live.look(watched.alive) or watched.live.health().connected)
        watched.left()
        left = watched.live.health().connected
        shout(read_control(session.folder).port)
        assert watched.command("note", "the lamp flickers")
        session.until(lambda: session.has("experimenter_note") and session.has("command_refused"))
        trials = session.committed()
        assert watched.command("acknowledge", "event-0")
        assert watched.command("resume")
        session.until(lambda: session.committed() > trials)
        assert watched.command("end")
        done = session.end()
    return {"done": done, "mode": mode, "paused": paused, "left": left, "folder": session.folder}


def shout(port):
    """What a stranger on this machine might send."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for message in (
            b"",
            b"\xff" * 9,
            b"[]",
            json.dumps({"action": "end"}).encode(),
            json.dumps({"token": "x", "action": "end"}).encode(),
        ):
            for _ in range(8):
                stranger.sendto(message, (LOOPBACK, port))


def test_commands_do_what_the_keys_do(ran):
    done = ran["done"]
    assert done.code == 3, done.said
    assert "experimenter's page" in done.said
    names = done.names()
    order = [names.index(name) for name in ("experimenter_pause", "experimenter_note", "resumed", "experimenter_end")]
    assert order == sorted(order)
    assert ran["paused"] == "paused"
    interrupted = [record for record in done.records() if record["status"] == "aborted"]
    assert interrupted and all(record["requeue"] for record in interrupted)


def test_streams_are_heard_while_somebody_looks(ran):
    assert ran["left"] is False


def test_a_note_and_an_acknowledgement_are_kept(ran):
    with read_journal(ran["folder"] / JOURNAL) as journal:
        told = {event.name: event.data for event in journal.events()}
    assert told["experimenter_note"]["text"] == "the lamp flickers" and told["experimenter_note"]["written"] > 1.6e9
    assert told["alarm_acknowledged"]["key"] == "event-0"


def test_strangers_are_refused_and_counted(ran):
    with read_journal(ran["folder"] / JOURNAL) as journal:
        refused = [event.data for event in journal.events() if event.name == "command_refused"]
    counts = {why: sum(one["count"] for one in refused if one["why"] == why) for why in ("malformed", "no token", "wrong token")}
    assert counts == {"malformed": 24, "no token": 8, "wrong token": 8}


def test_the_token_is_for_the_user_alone_and_ends_with_the_session(ran):
    assert ran["mode"] == 0o600
    assert not (ran["folder"] / CONTROL).exists()


@pytest.mark.skipif(found_browser() is None, reason="no Chromium on this machine: the page is not looked at in a browser")
def test_a_browser_shows_what_the_journal_holds(ran, tmp_path):
    with read_journal(ran["folder"] / JOURNAL) as journal:
        committed, records = journal.committed(), journal.records()
    column = "Array.from(Bokeh.documents[0].get_model_by_name('{}').renderers.find(r => r.data_source.data['{}']).data_source.data['{}'])"
    with watch(ran["folder"]) as address, browser() as tab:
        tab.open(address)
        tab.until("window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle")
        errors = tab.run(column.format("learning", "error", "error"))
        gaps = tab.run(column.format("timing", "largest_gap", "largest_gap"))
        text = tab.run("Bokeh.documents[0].get_model_by_name('head').text")
        tab.picture(tmp_path / "page.png")
        address_shown = tab.run("location.href")
    np.testing.assert_allclose(np.array(errors, float), [100 * float(one.outcome.error) for one in committed])  # null comes as NaN
    np.testing.assert_allclose(np.array(gaps, float), np.array([record["largest_gap"] for record in records], float) * 1e3)
    assert "SIMULATED" in text and "PILOT1" in text and "ended early" in text
    assert "token" not in address_shown
    assert (tmp_path / "page.png").stat().st_size > 30_000
