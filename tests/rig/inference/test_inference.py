"""Live inference beside a session: real journals, a real task, and the same rows however often it was begun anew."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.figures.inference import parameter_words
from protocols.errors import BadInput
from rig.inference.handle import start_inference
from rig.inference.observer import KEEP, Observer
from rig.inference.store import open_live, read_inferred
from rig.journal.reader import read_journal
from rig.monitor import words
from rig.monitor.follow import Follower
from rig.report.inference import inference_section, narrowed
from rig.twin.twin import TwinPlan
from tests.rig.twin.twin_examples import REACH, commit_all, new_session, play, protocol

SEED, TRIALS = 5, KEEP + 8
LIVE = 'live = { particles = 200, rivals = ["local-level"] }\n'
TEXT = REACH.replace("[task]", f"{LIVE}[task]", 1)


@pytest.fixture(scope="module")
def study():
    return protocol(TEXT)


@pytest.fixture(scope="module")
def reaches(study):
    return list(play(study, TRIALS, SEED))


def infer(folder: Path, study) -> None:
    """Catch up with a whole journal, in this process."""
    with read_journal(folder / "journal.sqlite") as journal, open_live(folder / "live.sqlite") as store:
        Observer(TwinPlan(folder, study, "", SEED), journal, store, None).catch_up()


def rows(folder: Path) -> dict:
    """What has to be the same."""
    with open_live(folder / "live.sqlite") as store:
        return {
            (row.learner, row.trial): (row.quantiles, row.log_prob, row.log_evidence, row.effective)
            for learner in store.learners()
            for row in store.rows(learner)
        }


@pytest.fixture(scope="module")
def whole(tmp_path_factory, study, reaches) -> Path:
    """A session that was inferred in one go."""
    folder = new_session(tmp_path_factory.mktemp("inference") / "whole", protocol_text=TEXT, session=1)
    commit_all(folder, reaches)
    infer(folder, study)
    return folder


def test_begun_again_it_says_the_same(tmp_path, study, reaches, whole):
    folder = new_session(tmp_path / "session")
    for part in (reaches[:3], reaches[3 : KEEP + 3], reaches[KEEP + 3 :]):  # before anything was kept, after, and after that
        commit_all(folder, part)
        infer(folder, study)
    assert rows(folder) == rows(whole)


def test_what_is_read_is_what_was_inferred(whole):
    found = read_inferred(whole)
    assert found is not None
    assert found.learner == "policy-gradient"
    np.testing.assert_array_equal(found.trial, np.arange(1, TRIALS + 1))
    assert {"alpha_mean", "initial_sd.reach_angle_deg"} <= found.quantiles.keys()
    for low, median, high in (values.T for values in found.quantiles.values()):
        assert np.all((low <= median) & (median <= high)) and np.any(low < high)
    assert list(found.evidence) == ["policy-gradient", "local-level"]
    assert all(np.isfinite(values).all() for values in found.evidence.values())
    later = read_inferred(whole, after=TRIALS - 2)
    assert later is not None and later.trial.tolist() == [TRIALS - 1, TRIALS]


def test_page_and_report_say_what_is_believed_by_now(whole):
    """The page in a line, the report in tables, both of the last trial."""
    record = Follower(whole).record
    found = read_inferred(whole)
    low, median, high = found.quantiles["alpha_mean"][-1]
    line = words.inference(record)
    assert f"policy-gradient by trial {TRIALS}: " in line and f"alpha mean <em>{median:.2g}</em> ({low:.2g} to {high:.2g})" in line
    gain = found.evidence["policy-gradient"][-1] - found.evidence["local-level"][-1]
    assert f"evidence over local-level <em>{gain:+.1f}</em> nats" in line
    (section,) = inference_section(replace(record, inferred=found))
    parameters, rivals = section.tables
    assert [row[0] for row in parameters.rows] == [parameter_words(name) for name in found.quantiles]
    told = [narrowed(values) < 0.7 for values in found.quantiles.values()]
    assert parameters.verdicts == ["pass" if one else "warn" for one in told] and any(told) and not all(told)
    assert rivals.rows[0][:2] == ("local-level", f"{gain:+.1f}")


def test_an_interval_narrows_on_the_scale_of_its_parameter():
    rate, place = np.array([[0.1, 1, 10], [0.5, 1, 2]]), np.array([[-2.0, 0, 2], [-1, 0, 0]])
    assert narrowed(rate) == pytest.approx(np.log(4) / np.log(100))
    assert narrowed(place) == pytest.approx(0.25)


def test_nothing_was_inferred(tmp_path):
    assert read_inferred(new_session(tmp_path / "session")) is None


def test_other_learners_than_it_was_begun_with_are_refused(study, whole):
    other = study.model_copy(update={"live": study.live.model_copy(update={"rivals": ("random-walk",)})})
    with pytest.raises(BadInput, match="local-level"):
        infer(whole, other)


@pytest.mark.slow
def test_beside_a_session(tmp_path, study, reaches, whole):
    """Its own process, told of each commit, says what it says in one go; what is rounded otherwise there comes to nothing this early."""
    folder = new_session(tmp_path / "session")
    with start_inference(TwinPlan(folder, study, "", SEED)) as inference:
        assert inference.wait_ready(300).trial == 0
        commit_all(folder, reaches[:4], inference.notify)
        deadline = time.monotonic() + 300
        while (inference.last is None or inference.last.trial < 4) and inference.alive() and time.monotonic() < deadline:
            inference.poll()
            time.sleep(0.01)
    assert inference.last is not None and inference.trial == inference.last.trial == 4
    assert inference.last.message["learners"].keys() == {"policy-gradient", "local-level"}
    here, there = rows(whole), rows(folder)
    assert len(there) == 8
    assert there["policy-gradient", 1][1:] == pytest.approx(here["policy-gradient", 1][1:], rel=1e-9)


def test_one_that_is_begun_anew_says_how_far_it_had_come(whole, study):
    """So that a session which is resumed and ended at once doesn't wait for an answer that was given before."""
    with start_inference(TwinPlan(whole, study, "", SEED)) as inference:
        assert inference.wait_ready(300).trial == inference.trial == TRIALS


def test_a_rival_that_is_the_twins_own_learner_is_refused():
    with pytest.raises(BadInput, match=r"live\.rivals\[0\]"):
        protocol(TEXT.replace('"local-level"', '"policy-gradient"'))
