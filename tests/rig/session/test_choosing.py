"""What a session does to choose: in a thread beside the frames, what it found is kept, and compiling leaves no trace."""

import json
from pathlib import Path

import pytest

from protocols.schedule import first_choice, next_trial, planned_blocks
from protocols.tasks import make_task
from rig.session.choosing import open_choosing, said
from rig.session.plan import new_plan
from tests.analysis.test_telling_apart import FUTURES, SEED
from tests.protocols.test_choosing import TEXT
from tests.short import write_short

OPEN = TEXT.replace("trials = 6", "trials = 12").replace("[2.0, 8.0, 4.0]", f"[2.0, 8.0, 4.0], futures = {FUTURES}")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWINRIG_SETTINGS", str(tmp_path / "rig.toml"))
    monkeypatch.setenv("DISPLAY", ":99")
    write_short(tmp_path)
    Path("open.toml").write_text(OPEN, encoding="utf-8")
    return lambda file: new_plan(file, "P01", None, "simulated", True, seed=SEED)


def test_a_choice_is_kept_with_what_speaks_for_it(plan):
    made = plan("./open.toml")
    run = first_choice(made.protocol, made.condition, planned_blocks(made.protocol, made.condition, SEED)[0])
    with open_choosing(made, make_task(made.protocol)) as choosing:
        choosing.warm()
        told = choosing.begin(run).result()
    kept = json.loads(json.dumps(said(run, told)))
    assert kept["text"] == "half width 8 deg" and kept["chosen"] == told.index == 1
    assert kept["candidates_deg"] == pytest.approx([2.0, 8.0, 4.0]) and kept["slot"] == 1 and kept["log_bayes"] == 0
    assert [max(row) > 0 for row in kept["gain"]] == [True] * 3
    trial = next_trial(made.protocol, made.condition, SEED, [], choose=lambda run: told.index)
    assert run.candidates.of(trial) == 1


def test_where_nothing_is_left_open_nothing_is_opened(plan):
    made = plan("./short.toml")
    with open_choosing(made, make_task(made.protocol)) as choosing:
        assert choosing is None
