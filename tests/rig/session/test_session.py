"""Whole sessions as a user starts them: real window, streams, recorder, journal and twin, and an experimenter at the keyboard."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import psutil
import pytest
from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from benchmarks.kills import twin_rows
from devices.device import Motion
from devices.registry import find_device
from protocols.errors import BadInput
from rig.folder import JOURNAL, TWIN
from rig.journal.reader import read_journal
from rig.session.recorded import stored_movements
from rig.streams.xdf import read_xdf, scan_xdf
from rig.tables.trials import read_trials, trials_table
from rig.twin.store import read_twin
from tests.contracts import check_device
from tests.rig.session.replays import differing
from tests.short import write_short

pytestmark = [pytest.mark.slow, pytest.mark.screen]
TWINRIG = Path(sys.executable).with_name("twinrig")
SIMULATED = ("--device", "simulated", "--data", "data", "--windowed")
PATIENCE = 300.0  # s, for anything that is waited for
SEED, REACTION = 5, (0.2, 0.06)
RETENTION, INITIAL_SD = 0.5, 8.0  # states of the learner are in units of its initial SD
LIMIT = 0.25  # s, of the reaction time in the first session


@dataclass
class Ran:
    """A session that is over."""

    folder: Path
    code: int
    printed: dict[str, Any]
    said: str

    def records(self) -> list[dict[str, Any]]:
        with read_journal(self.folder / JOURNAL) as journal:
            return journal.records()

    def events(self) -> list[tuple[str, int | None]]:
        with read_journal(self.folder / JOURNAL) as journal:
            return [(event.name, event.trial) for event in journal.events()]

    def names(self) -> list[str]:
        return [name for name, _ in self.events()]


class Running:
    """A session that is under way, in a process of its own."""

    def __init__(self, folder: Path, *words: Any, cwd: Path):
        self.folder = cwd / folder
        command = [str(word) for word in (TWINRIG, *words, "--json")]
        self.process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=300)

    def end(self) -> Ran:
        said, errors = self.process.communicate(timeout=PATIENCE)
        return Ran(self.folder, self.process.returncode, json.loads(said) if said else {}, errors)

    def until(self, what: Callable[[], Any], meanwhile: Callable[[], Any] = lambda: None) -> Any:
        """Wait for something true; the session must not end before."""
        deadline = time.monotonic() + PATIENCE
        while not (found := what()):
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline, "it did not come about"
            meanwhile()
            time.sleep(0.1)
        return found

    def over(self) -> bool:
        """Whether its trials are; it still has to close."""
        return self.process.poll() is not None or bool(self._journal(lambda journal: journal.starts()[-1]["how_ended"]))

    def answer(self, key: str) -> Any:
        return self._journal(lambda journal: journal.answers().get(key))

    def committed(self) -> int:
        return self._journal(lambda journal: journal.last_trial()) or 0

    def begun(self) -> int:
        return self._journal(lambda journal: len(journal.presentations())) or 0

    def has(self, event: str) -> bool:
        return bool(self._journal(lambda journal: event in [e.name for e in journal.events()]))

    def _journal(self, look: Callable) -> Any:
        try:
            with read_journal(self.folder / JOURNAL, thorough=False) as journal:
                return look(journal)
        except BadInput:
            return None  # not made yet

    def trials_more(self, count: int) -> None:
        wanted = self.committed() + count
        self.until(lambda: self.committed() >= wanted)

    def child(self, which: Callable[[psutil.Process], bool]) -> psutil.Process:
        def look():
            for process in psutil.Process(self.process.pid).children(recursive=True):
                try:
                    if which(process):
                        return process
                except psutil.Error:
                    continue
            return None

        return self.until(look)


class Keyboard:
    """The experimenter's keys and the participant's mouse, by the X server's own events."""

    def __init__(self, screen: str):
        self._display = Display(screen)

    def press(self, name: str) -> None:
        code = self._display.keysym_to_keycode(XK.string_to_keysym(name))
        xtest.fake_input(self._display, X.KeyPress, code)
        xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.sync()

    def move(self, x: int, y: int) -> None:
        xtest.fake_input(self._display, X.MotionNotify, x=x, y=y)
        self._display.sync()


@pytest.fixture(scope="module")
def keyboard(screen):
    return Keyboard(screen)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def first(screen, place) -> Ran:
    """A session that nobody disturbs, in German, with all that a protocol may ask for."""
    blocks = ("trials = 2\nreward.shown = false\nbreak_after = true", 'trials = 4\nfeedback = "endpoint"\naim_report = true')
    file = write_short(
        place,
        blocks=blocks,
        max_reaction_time=LIMIT,
        reaction_time=REACTION[0],
        reaction_time_sd=REACTION[1],
        retention=RETENTION,
        questions=True,
    )
    words = (
        "run",
        file,
        "--participant",
        "P01",
        "--device",
        "simulated",
        "--data",
        "data",
        "--windowed",
        "--seed",
        SEED,
        "--language",
        "de",
    )
    with Running(Path("data/short/P01/session-1"), *words, cwd=place) as running:
        return running.end()


def waited(record: dict[str, Any]) -> float:
    """How long the simulated participant waited before it reached, s: the arithmetic of rig.session.participant."""
    random = np.random.default_rng([SEED, record["trial"], record["attempt"]])
    return round(max(0.12, random.normal(*REACTION)), 3)


def test_a_session_ends_with_a_whole_record(first):
    assert first.code == 0, first.said
    files = {path.name for path in first.folder.iterdir()}
    assert {"journal.sqlite", "twin.sqlite", "protocol.toml", "start-1.xdf", "report-1.html"} <= files
    assert first.printed["recording"]["ok"], first.said
    assert first.printed["trials"] == len(first.records())
    with read_journal(first.folder / JOURNAL) as journal:
        start = journal.starts()[0]
    assert start["how_ended"] == "finished"
    assert start["device"]["kind"] == "simulated" and start["xdf"] == "start-1.xdf"


def test_trials_that_break_a_limit_come_again_at_the_end_of_their_block(first):
    records = first.records()
    for record in records:
        late = waited(record) + 0.035 > LIMIT  # a straight reach passes 0.05 m/s after some 30 ms
        if abs(waited(record) + 0.03 - LIMIT) > 0.01:
            assert record["status"] == ("too_slow" if late else "completed"), record["trial"]
    asked = [record for record in records if record["requeue"]]
    assert asked and all(record["status"] == "too_slow" for record in asked)
    attempts = [(record["block"], record["scheduled_trial"], record["attempt"]) for record in records]
    for record in asked:
        again = (record["block"], record["scheduled_trial"], record["attempt"] + 1)
        assert again in attempts
        between = attempts[attempts.index((*again[:2], record["attempt"])) + 1 : attempts.index(again)]
        rest_of_block = {slot for block, slot, attempt in attempts if block == again[0] and attempt == 1 and slot > again[1]}
        assert rest_of_block <= {slot for _, slot, _ in between} or record["attempt"] > 1
    done = {record["scheduled_trial"] for record in records if record["status"] == "completed" or record["attempt"] == 3}
    assert done == set(range(1, 7))


def test_points_are_of_delivered_rewards(first):
    delivered = [record for record in first.records() if record["block"] == 2]
    assert all(record["reward"] is None for record in first.records() if record["block"] == 1)
    assert first.printed["points"] == sum(round(record["points"]) for record in delivered)
    assert first.printed["points"] > 0


@pytest.mark.parametrize("source", [".", "start-1.xdf"])
def test_a_stored_session_is_played_again_with_the_same_actions_and_outcomes(first, source):
    count, wrong = differing(first.folder, first.folder / source)
    assert count > 2 and wrong == []


def test_the_twin_of_a_recording_that_is_played_again_is_where_it_was(first, place):
    file = first.folder / "start-1.xdf"
    words = ("pilot", place / "short.toml", "--device", "replay", "--replay", file, "--seed", SEED, "--data", "again")
    done = subprocess.run([TWINRIG, *map(str, words), "--windowed", "--json"], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    again = place / json.loads(done.stdout)["session"]
    for ours, theirs in zip(twin_rows(again), twin_rows(first.folder), strict=True):
        assert (ours["kind"], ours["trial"]) == (theirs["kind"], theirs["trial"])
        for one, other in zip(jax.tree.leaves(ours["state"]), jax.tree.leaves(theirs["state"]), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


def test_the_recording_has_the_movements_of_the_journal(first):
    ours, recorded = stored_movements(first.folder), stored_movements(first.folder / "start-1.xdf")
    assert recorded.keys() == ours.keys()
    for number, motion in ours.items():
        again = Motion(*(column[: len(motion.time)] for column in recorded[number]))  # the recording goes on to the trial's commit
        assert len(again.time) == len(motion.time)
        np.testing.assert_allclose(again.time, motion.time, atol=1e-9, rtol=0)
        np.testing.assert_array_equal(again.position, motion.position)
        np.testing.assert_array_equal(again.buttons, motion.buttons)


@pytest.mark.parametrize("source", [".", "start-1.xdf"])
@pytest.mark.parametrize("step", [0.01, 10.0])
def test_a_replay_keeps_the_devices_contract_at_its_own_times_and_at_once(first, source, step):
    motion = next(iter(stored_movements(first.folder / source).values()))
    time = [100.0]

    def clock() -> float:
        return time[0]

    def wait(seconds: float) -> None:
        time[0] += step

    opener = find_device("replay")
    samples = check_device(lambda: opener(clock), clock, lambda device: device.play(motion, clock() + 0.05), len(motion.time) + 100, wait)
    begin = int(np.searchsorted(samples.host_time, 100.05 - 1e-9))
    np.testing.assert_array_equal(samples.position[begin : begin + len(motion.time)], motion.position)


def test_a_recording_of_something_else_is_refused(tmp_path):
    (tmp_path / "other.xdf").write_bytes(b"nothing")
    with pytest.raises(BadInput, match=r"other.xdf.*recording that twinrig made"):
        stored_movements(tmp_path / "other.xdf")
    with pytest.raises(BadInput, match="no such recording"):
        stored_movements(tmp_path / "absent.xdf")


def test_questions_aims_breaks_and_language_are_on_record(first):
    with read_journal(first.folder / JOURNAL) as journal:
        assert journal.answers() == {"consent": True, "hand": "right", "age": 58.0}
        assert journal.session()["language"] == "de"
        events = journal.events()
    names = [event.name for event in events]
    assert names.count("break") == 1 and names.count("block") == 2
    assert [event.data["phase"] for event in events if event.name == "block"] == ["practice"] * 2
    pause = next(event.time for event in events if event.name == "block" and event.data["block"] == 2)
    assert pause - next(event.time for event in events if event.name == "break") >= 0.3
    assert [record["aim_report_deg"] for record in first.records()] == [0.0 if r["block"] == 2 else None for r in first.records()]


def test_every_trial_s_events_lie_in_order_within_it(first):
    stages = ["hold", "foreperiod", "movement", "outcome", "feedback", "done"]
    for record in first.records():
        names = [name for name, trial in first.events() if trial == record["trial"] and name in stages]
        assert names == stages, record["trial"]


def test_the_twin_has_learned_from_every_trial(first):
    with read_twin(first.folder / TWIN) as twin:
        assert [row.trial for row in twin.rows("yoked")] == [record["trial"] for record in first.records()]


def test_commands_work_on_a_session_that_is_over(first, tmp_path):
    before = {path.name: path.read_bytes() for path in first.folder.iterdir() if path.suffix in (".sqlite", ".xdf", ".toml")}
    for words, made in (
        (("trials", first.folder, "--out", tmp_path / "trials.tsv"), "trials.tsv"),
        (("rescore", first.folder, "--protocol", first.folder / "protocol.toml", "--out", tmp_path / "again.tsv"), "again.tsv"),
        (("report", first.folder, "--out", tmp_path / "report.html"), "report.html"),
        (("export", first.folder, "--bids", tmp_path / "bids", "--accept-simulated"), "bids/dataset_description.json"),
    ):
        done = subprocess.run([TWINRIG, *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / made).stat().st_size > 0
    assert len((tmp_path / "trials.tsv").read_text().splitlines()) == 1 + len(first.records())
    assert_as_it_was(tmp_path / "again.tsv", tmp_path / "trials.tsv")
    assert len(trials_table(first.folder)[1]) == len(first.records())
    assert {path.name: path.read_bytes() for path in first.folder.iterdir() if path.name in before} == before


def assert_as_it_was(again: Path, trials: Path) -> None:
    """Judged again by its own protocol, a session that a real window and device ran is what it was, but for how many threads round."""
    stored, table = read_trials(trials), read_trials(again)
    assert set(table["reproduced"]) == {True}
    for name, column in stored.items():
        same = np.testing.assert_array_equal if column.dtype == object else np.testing.assert_allclose
        same(table[name], column, err_msg=name)


def test_a_finished_session_is_not_resumed(first, place):
    before = (first.folder / JOURNAL).read_bytes()
    done = subprocess.run([TWINRIG, "resume", first.folder], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "finished" in done.stderr
    assert (first.folder / JOURNAL).read_bytes() == before


def test_check_measures_this_rig(screen, place):
    words = ("check", "./short.toml", "--device", "simulated", "--windowed", "--json")
    environment = {**os.environ, "TWINRIG_SETTINGS": str(place / "rig.toml")}
    done = subprocess.run([TWINRIG, *words], cwd=place, env=environment, capture_output=True, text=True, check=False)
    result = json.loads(done.stdout)
    assert done.returncode == (1 if result["verdict"] == "fail" else 0)
    assert {"streams", "recorder", "refresh"} <= {finding["name"] for finding in result["findings"]}


def test_a_second_session_of_that_name_is_refused_and_changes_nothing(first, place):
    before = (first.folder / JOURNAL).read_bytes()
    words = ("run", "short.toml", "--participant", "P01", *SIMULATED)
    done = subprocess.run([TWINRIG, *words], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "exists already" in done.stderr and "--session 2" in done.stderr
    assert (first.folder / JOURNAL).read_bytes() == before


@pytest.fixture(scope="module")
def second(first, place, keyboard) -> Ran:
    """The next session of that participant: keys, a killed twin, a killed recorder, a full disk, and an early end."""
    folder = place / "second"
    folder.mkdir()
    file = write_short(folder, blocks=("trials = 60",), retention=RETENTION, reaction_time=0.13)
    words = ("run", file, "--participant", "P01", "--continue-from", first.folder, *SIMULATED)
    with Running(Path("data/short/P01/session-2"), *words, cwd=place) as running:
        running.until(lambda: running.committed() >= 1)
        for key, event in (("p", "experimenter_pause"), ("s", "experimenter_skip"), ("r", "experimenter_repeat")):
            keyboard.press(key)
            running.until(lambda event=event: running.has(event))
            running.trials_more(1)
        running.child(lambda process: any(file.path.endswith("twin.sqlite") for file in process.open_files())).kill()
        running.trials_more(2)
        running.child(lambda process: process.name().startswith("LabRecorder")).kill()
        running.until(lambda: running.has("recorder_restarted"))
        running.trials_more(1)
        disk_full(running)
        running.trials_more(2)
        return quit_session(running, keyboard)


def quit_session(running: Running, keyboard: Keyboard) -> Ran:
    """Escape in a trial, and yes to the question that follows."""
    keyboard.press("Escape")
    running.until(lambda: running.has("experimenter_quit"))
    while not running.over():
        keyboard.press("y")
        time.sleep(0.3)
    return running.end()


def disk_full(running: Running) -> None:
    """For two seconds the session can write to no file."""
    session = psutil.Process(running.process.pid)
    free = session.rlimit(psutil.RLIMIT_FSIZE)
    session.rlimit(psutil.RLIMIT_FSIZE, (1, free[1]))
    time.sleep(2.0)
    session.rlimit(psutil.RLIMIT_FSIZE, free)


def test_a_session_goes_on_from_an_earlier_one_with_the_twin_s_state(first, second):
    with read_journal(second.folder / JOURNAL) as journal:
        kept = journal.session()
    assert kept["session"] == 2 and kept["participant"] == "P01"
    assert Path(kept["continue_from"]) == first.folder
    with read_twin(first.folder / TWIN) as earlier, read_twin(second.folder / TWIN) as later:
        last = earlier.rows("yoked")[-1].state["mean"]
        began = later.rows("yoked")[0].prediction["mean"]
    assert np.all(last != 0.0)  # 0 is where the first session began
    np.testing.assert_allclose(began, INITIAL_SD * RETENTION * last[0])


def test_the_experimenter_pauses_skips_repeats_and_quits(second):
    assert second.code == 3, second.said
    assert "resume" in second.said
    events = second.events()
    records = {record["trial"]: record for record in second.records()}
    of = {name.removeprefix("experimenter_"): trial for name, trial in events if name.startswith("experimenter_")}
    assert set(of) == {"pause", "skip", "repeat", "quit"}
    assert records[of["skip"]]["status"] == "aborted" and not records[of["skip"]]["requeue"]
    assert records[of["repeat"]]["status"] == "completed" and records[of["repeat"]]["requeue"]
    for wish in ("pause", "quit"):
        assert records[of[wish]]["requeue"] == (records[of[wish]]["status"] == "aborted")
    assert second.names().count("resumed") == 1
    with read_journal(second.folder / JOURNAL) as journal:
        assert journal.starts()[0]["how_ended"] == "aborted"


def test_a_killed_twin_is_started_again_and_misses_nothing(second):
    assert "twin_restarted" in second.names() and "the twin died" in second.said
    with read_twin(second.folder / TWIN) as twin:
        assert [row.trial for row in twin.rows("yoked")] == [record["trial"] for record in second.records()]


def test_a_killed_recorder_goes_on_in_a_second_file(second):
    assert "THE RECORDER DIED" in second.said
    assert (second.folder / "start-1.xdf").exists() and (second.folder / "start-1b.xdf").exists()
    with read_journal(second.folder / JOURNAL) as journal:
        verified = journal.starts()[0]["verification"]
        numbers = [stored.number for stored in journal.stored()]
        counters = np.concatenate([journal.path_of(number).counter for number in numbers])
    assert verified["files"] == {"start-1.xdf": False, "start-1b.xdf": True}
    assert all("missing" in finding["text"] for finding in verified["findings"] if finding["level"] == "fail")  # while there was none
    assert len(scan_xdf(second.folder / "start-1b.xdf").source_ids) == 5
    assert numbers == list(range(1, len(numbers) + 1))
    assert np.all(np.diff(counters) == 1)  # not one sample is missing from the journal


def test_a_full_disk_pauses_the_session_and_loses_nothing(second):
    assert "can't be written" in second.said and "nothing is lost" in second.said
    with read_journal(second.folder / JOURNAL) as journal:
        began = [(presentation.number, presentation.attempt) for presentation in journal.presentations()]
        stored = [(committed.trial.number, committed.trial.attempt) for committed in journal.committed()]
    assert began == stored


@pytest.fixture(scope="module")
def refused(screen, place, keyboard) -> Ran:
    """A person who says no to the first question."""
    folder = place / "third"
    folder.mkdir()
    file = write_short(folder, blocks=("trials = 4",), questions=True)
    words = ("run", file, "--participant", "P02", "--device", "mouse", "--data", "people", "--windowed")
    with Running(Path("people/short/P02/session-1"), *words, cwd=place) as running:
        running.until(lambda: running.answer("consent") is False, lambda: keyboard.press("n"))
        return running.end()


def test_without_consent_no_trial_is_given(refused):
    assert refused.code == 3
    assert "'consent'" in refused.said
    assert refused.records() == []
    with read_journal(refused.folder / JOURNAL) as journal:
        assert journal.answers() == {"consent": False}


@pytest.fixture(scope="module")
def mended(refused, place, keyboard) -> Ran:
    """The same session resumed, with consent; its mouse dies in a trial."""
    with Running(refused.folder, "resume", refused.folder, cwd=place) as running:
        running.until(lambda: running.answer("consent"), lambda: keyboard.press("y"))
        running.until(lambda: running.answer("hand") == "right", lambda: choose(keyboard))
        running.until(running.begun, lambda: keyboard.press("space"))
        wander(keyboard, 100)
        running.child(lambda process: any("mouse_server" in word for word in process.cmdline())).parent().kill()
        running.until(lambda: running.committed() == 1)
        time.sleep(1.0)
        running.until(lambda: running.begun() == 2, lambda: (time.sleep(1.0), keyboard.press("space")))
        wander(keyboard, 600)
        return quit_session(running, keyboard)


def choose(keyboard: Keyboard) -> None:
    """The second of two choices."""
    keyboard.press("2")
    keyboard.press("Return")


MOVES = 50


def wander(keyboard: Keyboard, start: int) -> None:
    """Fifty places for the pointer, and time for them to be read."""
    time.sleep(1.0)
    for step in range(MOVES):
        keyboard.move(start + step, 300)
        time.sleep(0.002)
    time.sleep(2.0)


def test_a_mouse_that_dies_pauses_the_session_and_is_opened_anew(mended):
    assert mended.code == 3, mended.said
    assert "its process ended unexpectedly" in mended.said
    records = mended.records()
    assert [record["status"] for record in records] == ["device_fault", "aborted"]
    assert records[0]["requeue"]
    assert mended.names().count("device_fault") == 1 and mended.names().count("device_reopened") == 1
    with read_journal(mended.folder / JOURNAL) as journal:
        for number in (1, 2):
            samples = journal.path_of(number)
            assert len(samples) >= MOVES  # each place of the pointer
            assert records[number - 1]["lost_samples"] == 0
        verified, after = journal.starts()[-1]["verification"], journal.path_of(2).host_time
    assert all("missing" in finding["text"] for finding in verified["findings"] if finding["level"] == "fail")
    recording = read_xdf(mended.folder / "start-2.xdf")
    stamps = np.concatenate([stream.stamps for stream in recording.streams if stream.name == "twinrig.mouse"])
    assert np.isin(after, stamps).all()  # the session waited for the recorder to have found the device
