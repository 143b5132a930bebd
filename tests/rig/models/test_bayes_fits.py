"""``twinrig fit --method bayes``, from table to file to twin."""

import json

import numpy as np
import pytest
import xarray

from rig.cli import main
from tests.rig.models.test_fits import table

SHORT = ("--draws", 200, "--warmup", 150, "--chains", 2)


def command(file, out, *more):
    words = ["fit", str(file), "--protocol", "reach-reward", "--method", "bayes", "--out", str(out), *map(str, more)]
    return main(words)


@pytest.fixture(scope="module")
def group_fit(tmp_path_factory):
    """Three people as one group."""
    folder = tmp_path_factory.mktemp("group")
    more = ("--learner", "local-level", "--hierarchical", "--fix", "initial_mean=0", *SHORT)
    assert command(table(folder, ("A1", "B2", "C3")), folder / "fits", *more) == 0
    return folder / "fits"


@pytest.mark.slow
def test_a_group_is_drawn_and_kept(group_fit):
    out = group_fit
    stored = json.loads((out / "B2" / "fit.json").read_text())
    assert stored["participant"] == "B2" and stored["method"] == "bayes" and stored["hierarchical"]
    told = stored["parameters"]["level_sd.reach_angle_deg"]
    assert told["interval"][0] < told["estimate"] < told["interval"][1] and told["sd"] > 0 and told["ess"] > 20 and told["r_hat"] < 1.2
    assert stored["parameters"]["initial_mean.reach_angle_deg"]["fixed"]
    assert stored["log_likelihood"] == pytest.approx(stored["log_likelihood_floors"]["local-level"], abs=4)
    group = json.loads((out / "group.json").read_text())
    assert group["participants"] == ["A1", "B2", "C3"]
    with xarray.open_dataset(out / "group.nc", group="posterior", engine="h5netcdf") as drawn:
        of_b2 = drawn["level_sd.reach_angle_deg"].sel(participant="B2")
        assert of_b2.shape == (2, 200) and float(of_b2.mean()) == pytest.approx(told["estimate"])
        middle = float(drawn["level_sd.reach_angle_deg.group_mean"].median())
        assert np.exp(middle) == pytest.approx(group["parameters"]["level_sd.reach_angle_deg"]["median_person"]["estimate"])


@pytest.mark.slow
def test_a_group_has_a_report_with_figures_for_print(group_fit, tmp_path, capsys):
    page = tmp_path / "group.html"
    assert main(["report", str(group_fit), "--out", str(page), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["participants"] == 3
    text = page.read_text()
    assert all(words in text for words in ("local-level fitted to 3 participants", "median person", "half-normal", "Doubts", "B2"))
    assert text.count("<svg") == 3
    names = {file.name for file in (tmp_path / "group-figures").iterdir()}
    assert names == {f"{name}.{kind}" for name in ("parameters", "beliefs", "chains") for kind in ("svg", "pdf")}
    assert main(["report", str(group_fit), "--out", str(page)]) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--hierarchical",), "a group has at least 3 participants"),
        (("--prior", "level_sd"), "expected name=value"),
        (("--prior", "level_sd=1,broad"), "expected two numbers"),
        (("--prior", "speed=1,1"), "isn't fitted; the parameters that are"),
        (("--prior", "level_sd=-1,1"), "the middle has to lie between"),
        (("--draws", 5), "from 100"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path, capsys, more, said):
    assert command(table(tmp_path), tmp_path / "fits", "--learner", "local-level", *more) == 2
    assert said in capsys.readouterr().err
