"""``twinrig recover``: cut short and gone on with, with any number of workers."""

import json
import shutil

import pytest

from rig.cli import main
from rig.models.recovery import RESULT, SETS, Asked, truth_of


def command(out, *more):
    words = ["recover", "reach-reward", "--learner", "random-walk,local-level", "--trials", "40", "--simulations", "2", "--starts", "2"]
    return main([*words, "--workers", "1", "--out", str(out), *more])


def sets_of(folder):
    found = [json.loads(line) for line in (folder / SETS).read_text().splitlines() if line.endswith("}")]
    return sorted(found, key=lambda one: (one["simulated"], one["index"]))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("recovery") / "whole"
    assert command(out) == 0
    return out


def test_tables_and_figures_are_written(finished):
    result = json.loads((finished / RESULT).read_text())
    found = result["results"]["40"]
    assert found["parameters"]["local-level"]["sets"] == 2
    assert [sum(row) for row in found["confusion"]] == [1, 1]
    names = {file.name for file in finished.iterdir()}
    for stem in ("parameters-random-walk-40", "confusion-40", "inversion-40"):
        assert {f"{stem}.svg", f"{stem}.pdf"} <= names
    assert (finished / "parameters-local-level-40.tsv").read_text().startswith("parameter\tscale")


def test_it_has_a_report(finished, tmp_path):
    page = tmp_path / "recovery.html"
    assert main(["report", str(finished), "--out", str(page)]) == 0
    text = page.read_text()
    assert all(words in text for words in ("SIMULATED DATA", "Who is taken for whom, 40 trials", "local-level, 40 trials", "2 data sets"))
    assert text.count("<svg") == 4  # two matrices, two scatters; two data sets are too few for trade-offs
    assert (tmp_path / "recovery-figures" / "parameters-local-level-40.pdf").stat().st_size > 1000


def test_a_run_that_was_cut_short_goes_on(finished, tmp_path, capsys):
    out = tmp_path / "again"
    out.mkdir()
    (out / "asked.json").write_text((finished / "asked.json").read_text())
    whole = (finished / SETS).read_text()
    (out / SETS).write_text(whole[: len(whole) // 2])
    kept = len(sets_of(out))
    assert 0 < kept < 4
    assert command(out) == 0
    assert sets_of(out) == sets_of(finished)
    assert (out / RESULT).read_text() == (finished / RESULT).read_text()
    assert command(out) == 2
    assert "finished" in capsys.readouterr().err
    assert command(finished, "--seed", "5") == 2
    assert "asked for differently" in capsys.readouterr().err


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(finished, tmp_path):
    assert command(tmp_path / "two", "--workers", "2") == 0
    assert sets_of(tmp_path / "two") == sets_of(finished)


def test_a_run_that_was_cut_short_while_it_drew_goes_on(finished, tmp_path):
    out = tmp_path / "drawn"
    shutil.copytree(finished, out)
    (out / RESULT).unlink()
    assert command(out) == 0
    assert (out / RESULT).read_text() == (finished / RESULT).read_text()


def test_one_practice_says_where_truths_lie_and_shares_of_1_can_vary():
    asked = Asked("reach-reward", ("explore-keep",), (20,), 1, 0, (), 1)
    truth = truth_of(asked, "explore-keep", 20)
    assert truth_of(asked, "explore-keep", 20) is truth
    for name in ("keep", "retention"):
        place = truth.space.names.index(name)
        assert truth.centre[place] == truth.space.search[place, 1]


def test_truths_are_drawn_from_the_range_that_is_asked_for(tmp_path):
    out = tmp_path / "ranged"
    assert command(out, "--range", "level_sd.reach_angle_deg=5,6", "--learner", "local-level") == 0
    truths = [one["truth"]["level_sd.reach_angle_deg"] for one in sets_of(out)]
    assert len(set(truths)) == 2 and all(5 <= truth <= 6 for truth in truths)
    assert json.loads((out / RESULT).read_text())["ranges"] == ["level_sd.reach_angle_deg=5,6"]


def test_a_file_is_no_folder_for_results(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert command(tmp_path / "file") == 2
    assert "is a file" in capsys.readouterr().err


def test_what_cannot_be_recovered_is_said(tmp_path, capsys):
    for more, words in [
        (("--trials", "many"), "--trials many"),
        (("--learner", "a,b"), "no learner 'a'"),
        (("--simulations", "0"), "--simulations"),
        (("--range", "level_sd.reach_angle_deg"), "expected"),
        (("--range", "level_sd.reach_angle_deg=1"), "expected NAME=LOW,HIGH"),
        (("--range", "level_sd.reach_angle_deg=2,1"), "the first one less"),
        (("--range", "level_sd.reach_angle_deg=-1,1"), "the first one less"),
        (("--range", "alpha_mean=0.1,1"), "no such parameter is fitted; there are"),
        (("--range", "level_sd.reach_angle_deg=1,2", "--range", "level_sd.reach_angle_deg=1,3"), "given twice"),
    ]:
        assert command(tmp_path / "none", *more) == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
