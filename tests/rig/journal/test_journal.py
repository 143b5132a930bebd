"""The journal with real files: kill -9, full disks, damage, exact numbers, and how long a commit takes."""

import json
import math
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.device import Samples
from protocols.errors import BadInput, JournalError
from protocols.history import Committed
from protocols.task import Outcome, Trial
from rig.journal.file import JOURNAL_ID
from rig.journal.reader import Journal, read_journal
from rig.journal.stored import number, numbers, pack, to_json, unpack
from rig.journal.writer import Event, JournalWriter, create_journal
from tests.rig.journal.journal_examples import SESSION, commit, committed, frames, new_journal, record, samples, write_for_ever

linux = pytest.mark.skipif(sys.platform != "linux", reason="mounts a small file system")


def same(one: Samples, other: Samples) -> None:
    for field, a, b in zip(Samples._fields, one, other, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=field)


def check_whole(journal: Journal, last: int, count: int = 3000) -> None:
    """Trials 1 to ``last`` are there with every part as it was written, and none but them."""
    kept = journal.committed()
    assert [each.trial.number for each in kept] == list(range(1, last + 1))
    for got, number_ in zip(kept, range(1, last + 1), strict=True):
        assert to_json(got) == to_json(committed(number_))
    assert journal.records() == [record(number_) for number_ in range(1, last + 1)]
    assert [event.trial for event in journal.events() if event.name == "go_cue"] == list(range(1, last + 1))
    for (number_, got), shown in zip(journal.paths(), journal.frames().values(), strict=True):
        same(got, samples(number_, count))
        np.testing.assert_array_equal(shown.flip_time, frames(number_).flip_time)


def test_what_is_written_comes_back(tmp_path):
    path = tmp_path / "journal.sqlite"
    create_journal(path, SESSION | {"protocol_text": 'it\'s "ä"; DROP TABLE trials;'})
    told = []
    with JournalWriter(path, time.perf_counter, lambda trial, at: told.append((trial, at))) as journal:
        assert journal.begin_start({"utc": 1.5, "lsl": 0.25, "device": {"kind": "mouse", "axes": ("x", "y")}}) == 1
        journal.event(Event(0.5, "instructions", {"page": 1}))
        commit(journal, 1)
        commit(journal, 2).wait()
        journal.answer("age", 31)
        journal.answer("age", 32)
        journal.note("condition", "b")
        journal.update_start({"xdf": "start-1.xdf"})
        journal.begin_trial(3, 1, 3, began=9.0)
        journal.event(Event(9.5, "pause", {}))
        journal.end_start("aborted")
    assert [trial for trial, _ in told] == [1, 2]
    with read_journal(path) as stored:
        check_whole(stored, 2)
        same(stored.path_of(2), samples(2))
        assert stored.session() == SESSION | {"protocol_text": 'it\'s "ä"; DROP TABLE trials;', "condition": "b"}
        assert stored.answers() == {"age": 32}
        assert [(each.number, each.began) for each in stored.presentations()] == [(1, 0.5), (2, 1.5), (3, 9.0)]
        assert [event.name for event in stored.events()] == ["instructions", "go_cue", "go_cue", "pause"]
        (start,) = stored.starts()
        assert (start["device"]["axes"], start["xdf"], start["how_ended"]) == (["x", "y"], "start-1.xdf", "aborted")
        assert [each.trial.number for each in stored.committed(after=1)] == [2]
        assert [each.go_time for each in stored.stored()] == [1.0, 2.0]
        assert stored.last_trial() == 2
        with pytest.raises(BadInput, match="no trial 9; expected 1 to 2"):
            stored.path_of(9)


def test_every_commit_reaches_the_disk_before_it_is_acknowledged(tmp_path):
    with JournalWriter(new_journal(tmp_path), time.perf_counter) as journal:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        assert [journal._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked] == ["wal", 2, 1], "2 is FULL"


def test_odd_words_are_stored(tmp_path):
    path = new_journal(tmp_path)
    with JournalWriter(path, time.perf_counter) as journal:
        journal.begin_start({"platform": "caf\udce9"})
        journal.answer("remark", "a\udcff 🎯")
        journal.end_start("no such file: \udcff")
    with read_journal(path) as stored:
        assert stored.answers()["remark"] == "a\udcff 🎯"
        assert stored.starts()[1]["how_ended"] == r"no such file: \udcff"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_callback_that_breaks_leaves_nobody_waiting(tmp_path):
    def wrong(trial: int, at: float) -> None:
        raise SystemExit

    path = new_journal(tmp_path)
    with pytest.raises(JournalError, match="resume"), JournalWriter(path, time.perf_counter, wrong) as journal:
        journal.begin_start({})
        commit(journal, 1, 300)
        commit(journal, 2, 300)
    with read_journal(path) as stored:
        check_whole(stored, 1, 300)


def test_a_second_start_goes_on_where_the_first_ended(tmp_path):
    path = new_journal(tmp_path, trials=2)
    with JournalWriter(path, time.perf_counter) as journal:
        assert journal.begin_start({"utc": 9.0}) == 2
        commit(journal, 3, 300)
    with read_journal(path) as stored:
        check_whole(stored, 3, 300)
        assert [each.start for each in stored.stored()] == [1, 1, 2]


def test_a_reader_sees_commits_while_the_writer_runs(tmp_path):
    path = new_journal(tmp_path)
    with JournalWriter(path, time.perf_counter) as journal, read_journal(path) as stored:
        journal.begin_start({})
        for trial in (1, 2, 3):
            commit(journal, trial, 300).wait()
            assert stored.last_trial() == trial


def test_a_closed_journal_is_one_file_and_reading_leaves_no_trace(tmp_path):
    path = new_journal(tmp_path, trials=1)
    before = path.read_bytes()
    with read_journal(path) as stored:
        assert stored.last_trial() == 1
    assert [file.name for file in tmp_path.iterdir()] == ["journal.sqlite"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("moment", range(3))
def test_kill_9_loses_no_acknowledged_trial(tmp_path, moment):
    path = new_journal(tmp_path)
    reader, writer = multiprocessing.get_context("spawn").Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(str(path), writer))
    child.start()
    writer.close()
    acknowledged = [reader.recv()]
    time.sleep(random.Random(moment).uniform(0.0, 0.4))
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    while True:
        try:
            acknowledged.append(reader.recv())
        except EOFError:
            break
    with read_journal(path) as stored:
        last = stored.last_trial()
        assert acknowledged[-1] <= last <= acknowledged[-1] + 1, "a commit may be on the disk before it was told of"
        check_whole(stored, last)
    with JournalWriter(path, time.perf_counter) as journal:  # and it can be gone on with
        assert journal.begin_start({}) == 3
        commit(journal, last + 1).wait()
    with read_journal(path) as stored:
        check_whole(stored, last + 1)


def fill(journal: JournalWriter, limit: int = 200) -> int:
    """Commit until the disk refuses; the number of the trial that was refused."""
    for trial in range(1, limit):
        ticket = commit(journal, trial)
        try:
            ticket.wait(20)
        except JournalError as error:
            assert "disk" in str(error)
            assert "go on" in str(error)
            return trial
    raise AssertionError("the disk never filled")


def test_a_full_database_fails_the_ticket_and_a_retry_stores_everything(tmp_path):
    path = new_journal(tmp_path)
    told = []
    with JournalWriter(path, time.perf_counter, lambda trial, _: told.append(trial)) as journal:
        journal.begin_start({})
        journal._connection.execute("PRAGMA max_page_count = 500")
        refused = fill(journal)
        after = commit(journal, refused + 1)
        with pytest.raises(JournalError, match="full"):
            after.done()
        assert told == list(range(1, refused))
        journal.retry()
        with pytest.raises(JournalError, match="full"):
            after.wait(20)
        journal._connection.execute("PRAGMA max_page_count = 100000")
        journal.retry()
        after.wait(20)
        assert journal.fault == ""
    with read_journal(path) as stored:
        check_whole(stored, refused + 1)


def test_closing_with_a_full_disk_says_so(tmp_path):
    path = new_journal(tmp_path)
    with pytest.raises(JournalError, match="full"), JournalWriter(path, time.perf_counter) as journal:
        journal.begin_start({})
        journal._connection.execute("PRAGMA max_page_count = 500")
        fill(journal)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB; the test skips where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@linux
def test_a_disk_that_is_full_and_then_freed_loses_nothing(small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2_500_000))
    path = new_journal(small_disk)
    with JournalWriter(path, time.perf_counter) as journal:
        journal.begin_start({})
        refused = fill(journal)
        with read_journal(path) as stored:
            check_whole(stored, refused - 1)
        ballast.unlink()
        journal.retry()
        commit(journal, refused + 1).wait(20)
    with read_journal(path) as stored:
        check_whole(stored, refused + 1)


@linux
def test_a_killed_journal_is_read_from_a_read_only_disk(small_disk):
    path = new_journal(small_disk, trials=2)
    with JournalWriter(path, time.perf_counter) as journal:
        journal.begin_start({})
        commit(journal, 3, 300).wait()
        killed = small_disk / "killed"
        killed.mkdir()
        for suffix in ("", "-wal"):  # what kill -9 and a reboot leave
            shutil.copyfile(f"{path}{suffix}", killed / f"journal.sqlite{suffix}")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for folder in (small_disk, killed):
        with read_journal(folder / "journal.sqlite") as stored:
            check_whole(stored, 3, 300)


def overwrite(path: Path, at: int, garbage: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(garbage)


def test_a_journal_that_can_t_be_read_is_named_with_a_remedy_and_left_alone(tmp_path):
    good = new_journal(tmp_path, trials=3)
    whole = good.read_bytes()
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE trials (number)")
    connection.close()
    newer = bytearray(whole)
    newer[60:64] = (99).to_bytes(4, "big")  # user_version
    cases = {
        "empty": (b"", "another kind of database"),
        "garbage": (random.Random(1).randbytes(5000), "damaged"),
        "truncated": (whole[: len(whole) // 2], "damaged"),
        "few bytes": (whole[:50], "damaged"),
        "scrambled schema": (whole[:110] + random.Random(2).randbytes(3000) + whole[3110:], "damaged"),
        "scrambled middle": (whole[:4096] + random.Random(3).randbytes(8192) + whole[12288:], "damaged"),
        "another database": (other.read_bytes(), "another kind of database"),
        "newer": (bytes(newer), "layout 99.*install that twinrig"),
    }
    for name, (content, finding) in cases.items():
        path = tmp_path / name / "journal.sqlite"
        path.parent.mkdir()
        path.write_bytes(content)
        with pytest.raises(BadInput, match=finding) as caught, read_journal(path) as stored:
            check_whole(stored, 3, 300)
        assert str(path) in str(caught.value), name
        with pytest.raises(BadInput), JournalWriter(path, time.perf_counter):
            pass
        assert path.read_bytes() == content, name
        assert [file.name for file in path.parent.iterdir()] == ["journal.sqlite"], name


def test_samples_that_changed_on_the_disk_are_found(tmp_path):
    path = new_journal(tmp_path, trials=1)
    block = samples(1, 300).position.tobytes()
    at = path.read_bytes().find(samples(1, 300).host_time[5:6].tobytes() + block[80:96])
    assert at > 0
    overwrite(path, at, b"\x00\x01\x02")
    with read_journal(path) as stored, pytest.raises(BadInput, match="trial 1 are not as they were written"):
        stored.path_of(1)


def test_a_missing_journal_and_one_that_exists(tmp_path):
    with pytest.raises(BadInput, match="no such file"), read_journal(tmp_path / "journal.sqlite"):
        pass
    path = new_journal(tmp_path, trials=1)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="never overwritten"):
        create_journal(path, SESSION)
    assert path.read_bytes() == before
    with pytest.raises(BadInput, match="can't be made"):
        create_journal(tmp_path / "absent" / "journal.sqlite", SESSION)


def test_a_twin_that_died_does_not_stop_the_writer(tmp_path):
    def broken(trial: int, at: float) -> None:
        raise BrokenPipeError

    path = new_journal(tmp_path)
    with JournalWriter(path, time.perf_counter, broken) as journal:
        journal.begin_start({})
        commit(journal, 1, 300).wait(20)
        commit(journal, 2, 300).wait(20)


def test_a_trial_is_never_stored_twice(tmp_path):
    path = new_journal(tmp_path, trials=1)
    with pytest.raises(JournalError, match="UNIQUE"), JournalWriter(path, time.perf_counter) as journal:
        journal.begin_start({})
        again = commit(journal, 1)
        with pytest.raises(JournalError, match="UNIQUE"):
            again.wait()
        journal.retry()
        again.wait()
    with read_journal(path) as stored:
        check_whole(stored, 1, 300)


floats = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(st.lists(floats, min_size=1, max_size=5), floats)
def test_numbers_come_back_bit_for_bit(values, one):
    array = np.array(values)
    np.testing.assert_array_equal(numbers(json.loads(to_json(array))), array)
    np.testing.assert_array_equal(number(json.loads(to_json(one))), one)
    np.testing.assert_array_equal(np.signbit(number(json.loads(to_json(-0.0)))), True)
    back = unpack(pack({"a": array, "b": np.float64(one), "c": np.arange(6).reshape(2, 3), "d": np.zeros((0, 2))}))
    assert back["a"].tobytes() == array.tobytes()
    assert back["b"].shape == ()
    assert back["c"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert back["d"].shape == (0, 2)


def test_words_are_refused_as_arrays():
    with pytest.raises(TypeError, match="expected numbers"):
        pack({"names": np.array(["a", "b"])})


@settings(max_examples=20, deadline=None)
@given(number_=floats, reward=floats, action=st.lists(floats, min_size=2, max_size=2), target=st.tuples(floats, floats))
def test_a_committed_trial_comes_back_bit_for_bit(tmp_path_factory, number_, reward, action, target):
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    create_journal(path, SESSION)
    trial = Trial(1, 1, 1, 1, 0, target, rotation=number_, clamp=number_)
    reward += 0.0  # SQLite keeps no sign of 0
    given_ = Committed(trial, "completed", np.array(action), Outcome(*[np.float64(number_)] * 8), reward, requeue=False)  # type: ignore[arg-type]
    with JournalWriter(path, time.perf_counter) as journal:
        journal.begin_start({})
        journal.commit_trial(given_, {"error": number_ if not math.isnan(number_) else None}, samples(1, 3))
    with read_journal(path) as stored:
        (got,) = stored.committed()
        assert to_json(got) == to_json(given_)
        np.testing.assert_array_equal(got.action, given_.action)
        np.testing.assert_array_equal([got.reward, got.trial.clamp, *got.trial.target], [reward, number_, *target])
        assert stored.records()[0]["error"] == (None if math.isnan(number_) else number_)


@pytest.mark.alone
def test_how_long_a_commit_takes(tmp_path, capsys):
    path = new_journal(tmp_path)
    worked, queued, stored = [], [], []
    with JournalWriter(path, time.perf_counter) as journal:
        journal.begin_start({})
        for trial in range(1, 201):
            given_, row, path_, shown = committed(trial), record(trial), samples(trial), frames(trial)
            before, mine = time.perf_counter(), time.thread_time()
            ticket = journal.commit_trial(given_, row, path_, (), shown)
            worked.append(time.thread_time() - mine)
            queued.append(time.perf_counter() - before)
            ticket.wait()
            stored.append(time.perf_counter() - before)
    with capsys.disabled():
        for words, times in (("handing over", queued), ("on the disk", stored)):
            middle, late = np.percentile(np.array(times) * 1e3, [50, 99])
            print(f"\n  trial of 3000 samples, {words}: p50 {middle:.2f} ms, p99 {late:.2f} ms")
    assert np.percentile(worked, 50) < 0.004, "handing a trial over is part of a frame; of this thread's own time"
    assert min(stored) < 0.2


def test_the_application_id_is_in_the_file(tmp_path):
    assert new_journal(tmp_path).read_bytes()[68:72] == JOURNAL_ID.to_bytes(4, "big")
