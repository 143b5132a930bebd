"""The plan of a session: what can't be is refused before a folder is made, and what an earlier session says is taken over."""

import json
import sqlite3
from pathlib import Path

import pytest

from protocols.columns import SESSION
from protocols.errors import BadInput
from rig.folder import JOURNAL, MARKER
from rig.journal.writer import JournalWriter, create_journal
from rig.session.plan import Plan, new_plan, resumed_plan
from tests.short import short_protocol, write_short

TWO_CONDITIONS = """
[counterbalance]
conditions.a.rotation_sign = 1
conditions.b = { rotation_sign = -1, language = "de" }
"""


@pytest.fixture(autouse=True)
def rig(tmp_path, monkeypatch):
    """A rig of its own, with a display that nobody opens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("TWINRIG_SETTINGS", str(tmp_path / "rig.toml"))
    write_short(tmp_path)


def plan(**changed) -> Plan:
    asked = {"protocol": "./short.toml", "participant": "P01", "session": None, "device": "simulated", "simulated": True} | changed
    return new_plan(**asked)


def kept(made: Plan) -> Plan:
    """The plan, with the journal that its session would have."""
    create_journal(made.folder / JOURNAL, made.record())
    return made


def test_a_plan_is_whole_and_its_folder_is_made():
    made = plan(seed=7, language="de")
    assert made.folder == Path("pilots/short/P01/session-1") and made.folder.is_dir()
    assert (made.session, made.seed, made.language, made.condition) == (1, 7, "de", "")
    assert plan(participant="P02").seed != plan(participant="P03").seed


def test_pilots_are_numbered():
    assert [plan(participant=None).participant for _ in range(3)] == ["PILOT1", "PILOT2", "PILOT3"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"protocol": "nosuch"}, "nosuch"),
        ({"protocol": "./nosuch.toml"}, "nosuch.toml"),
        ({"participant": "Anna Maier"}, "letters and digits"),
        ({"participant": "../P01"}, "letters and digits"),
        ({"participant": ""}, "letters and digits"),
        ({"session": 0}, "session 0"),
        ({"session": 4}, "has 3"),
        ({"device": "joystick"}, "joystick"),
        ({"trials": 0}, "--trials 0"),
        ({"seed": -1}, "--seed -1"),
        ({"seed": 2**40}, "--seed"),
        ({"language": "tlh"}, "tlh"),
        ({"device": "replay"}, "--replay"),
        ({"replay": Path("somewhere")}, "--device replay"),
        ({"device": "replay", "replay": Path("somewhere")}, "somewhere"),
        ({"continue_from": Path("somewhere")}, "somewhere"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(changed, said, tmp_path):
    with pytest.raises(BadInput, match=said):
        plan(**changed)
    assert [path.name for path in tmp_path.rglob("*")] == ["short.toml"]


def test_no_display_is_said_before_a_folder_is_made(monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY")
    with pytest.raises(BadInput, match="DISPLAY"):
        plan()
    assert not (tmp_path / "pilots").exists()


def test_a_broken_settings_file_is_named(tmp_path):
    (tmp_path / "rig.toml").write_text("screen_widht = 0.5\n")
    with pytest.raises(BadInput, match="screen_widht"):
        plan()
    assert not (tmp_path / "pilots").exists()


def test_a_session_is_never_overwritten():
    kept(plan())
    with pytest.raises(BadInput, match=r"exists already.*--session 2"):
        plan()


@pytest.mark.parametrize("first", [True, False], ids=["programs first", "people first"])
def test_people_and_programs_never_share_a_data_folder(first, tmp_path):
    root = tmp_path / "data"
    device = {True: "simulated", False: "mouse"}
    plan(data=root, simulated=first, device=device[first])
    with pytest.raises(BadInput, match="never mixed"):
        plan(data=root, simulated=not first, device=device[not first], participant="P02")
    assert json.loads((root / MARKER).read_text()) == {"simulated": first}
    assert not list(root.glob("short/P02"))


def test_people_s_data_go_where_the_settings_say(tmp_path):
    (tmp_path / "rig.toml").write_text('data = "kept"\n')
    assert plan(device="mouse", simulated=False).folder == Path("kept/short/P01/session-1")


def test_a_next_session_takes_over_condition_and_number(tmp_path):
    (tmp_path / "short.toml").write_text(short_protocol() + TWO_CONDITIONS)
    assert kept(plan(participant="P00")).condition == "a"
    earlier = kept(plan())
    assert (earlier.condition, earlier.language) == ("b", "de")
    later = plan(continue_from=earlier.folder, twin=False)
    assert (later.session, later.condition, later.language) == (2, "b", "de")
    assert later.continue_from == tmp_path / earlier.folder  # found again from any folder
    assert plan(continue_from=earlier.folder, session=3, twin=False).session == 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"participant": "P02"}, "participant is 'P01'"),
        ({"protocol": "skittles"}, "protocol is 'short'"),
        ({"device": "mouse", "simulated": False}, "is 'program', and 'person' was asked for"),
        ({"session": 1}, "came no earlier"),
    ],
)
def test_a_wrong_earlier_session_is_refused(changed, said, tmp_path):
    earlier = kept(plan())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=said):
        plan(continue_from=earlier.folder, twin=False, **changed)
    assert sorted(tmp_path.rglob("*")) == before


def test_without_its_learners_an_earlier_session_is_refused(tmp_path):
    earlier = kept(plan())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=r"twin\.sqlite"):
        plan(continue_from=earlier.folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_session_follows_the_last(tmp_path):
    earlier = kept(plan(session=3))
    with pytest.raises(BadInput, match="session 4"):
        plan(continue_from=earlier.folder, twin=False)


def test_a_damaged_ledger_leaves_no_folder_behind(tmp_path):
    (tmp_path / "short.toml").write_text(short_protocol() + TWO_CONDITIONS)
    plan(participant="P00")
    ledger = tmp_path / "pilots" / "conditions.tsv"
    ledger.write_text(ledger.read_text() + "short\tP07\n")
    with pytest.raises(BadInput, match="line 3"):
        plan()
    assert not list(tmp_path.glob("pilots/short/P01/*"))


def test_a_plan_comes_back_from_its_journal(tmp_path):
    earlier = kept(plan(session=1))
    made = kept(plan(continue_from=earlier.folder, twin=False, seed=3, trials=5, windowed=True))
    (made.folder / "protocol.toml").write_text(made.loaded.source)
    again = resumed_plan(made.folder)
    for name in ("session_id", "participant", "session", "condition", "language", "seed", "device", "simulated", "trials", "windowed"):
        assert getattr(again, name) == getattr(made, name), name
    assert again.continue_from == made.continue_from
    assert again.protocol == made.protocol and again.loaded.hash == made.loaded.hash


def test_a_resumed_session_finds_an_earlier_fit_where_the_protocol_file_was(tmp_path, monkeypatch):
    (tmp_path / "study").mkdir()
    made = kept(plan(protocol=str(write_short(tmp_path / "study").relative_to(tmp_path))))
    monkeypatch.chdir("/")
    again = resumed_plan(tmp_path / made.folder)
    assert again.loaded.path.parent == tmp_path / "study"


def test_every_value_of_a_session_is_described():
    assert set(plan().record()) == {column.name for column in SESSION}


def test_a_finished_session_is_not_resumed():
    made = kept(plan())
    with JournalWriter(made.folder / JOURNAL, lambda: 1.0) as journal:
        journal.begin_start({})
        journal.end_start("aborted").wait()
        assert resumed_plan(made.folder).session_id == made.session_id
        journal.begin_start({})
        journal.end_start("finished").wait()
    with pytest.raises(BadInput, match="finished"):
        resumed_plan(made.folder)


def test_a_folder_without_a_readable_journal_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"journal\.sqlite"):
        resumed_plan(tmp_path)
    made = kept(plan())
    sqlite3.connect(made.folder / JOURNAL).close()
    (made.folder / JOURNAL).write_bytes(b"no database" * 100)
    with pytest.raises(BadInput):
        resumed_plan(made.folder)
