"""``twinrig fit``, from table to file to twin."""

import json
import re

import numpy as np
import pytest

from protocols.load import load_protocol
from protocols.tasks import make_task
from rig.cli import main
from rig.models.learner_choice import twin_choice

HEAD = "participant,trial,target_angle_deg,action_reach_angle_deg,reward,simulated"


def table(folder, people=("A1",), trials=60, simulated="false"):
    random = np.random.default_rng(2)
    target = next(iter(load_protocol("reach-reward").protocol.targets.values()))
    angle = float(np.degrees(np.arctan2(*target.position()[::-1])))
    rows = [
        f"{person},{n + 1},{angle},{reach},{-abs(reach - 5) / 10},{simulated}"
        for person in people
        for n, reach in enumerate(np.cumsum(random.normal(0.1, 0.2, trials)) + random.normal(0, 3, trials))
    ]
    file = folder / "trials.csv"
    file.write_text("\n".join([HEAD, *rows]) + "\n")
    return file


def command(file, out, *more):
    return main(["fit", str(file), "--protocol", "reach-reward", "--out", str(out), *map(str, more)])


def test_each_participant_gets_a_fit_beside_its_floors(tmp_path, capsys):
    out = tmp_path / "fits"
    assert command(table(tmp_path, ("A1", "B2")), out, "--learner", "local-level", "--starts", 3, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert [fit["participant"] for fit in printed["fits"]] == ["A1", "B2"]
    stored = json.loads((out / "B2" / "fit.json").read_text())
    assert stored == printed["fits"][1]
    assert stored["log_likelihood_floors"]["local-level"] == pytest.approx(stored["log_likelihood"], abs=0.01)
    assert set(stored["parameters"]) == {f"{name}.reach_angle_deg" for name in ("initial_mean", "initial_sd", "level_sd")}
    assert stored["fault"] is None
    assert stored["n_trials"] == 60 and 0 < stored["starts_at_best"] <= 6 and not stored["simulated"]


def test_a_fit_says_the_best_value_and_the_median_and_so_does_its_report(tmp_path, capsys):
    out, page = tmp_path / "fits", tmp_path / "fit.html"
    assert command(table(tmp_path), out, "--learner", "local-level", "--starts", 3) == 0
    assert main(["report", str(out), "--out", str(page)]) == 0
    printed, shown = capsys.readouterr().out, page.read_text(encoding="utf-8")
    for name, found in json.loads((out / "fit.json").read_text())["parameters"].items():
        low, high = ("open" if end is None else f"{end:.4g}" for end in found["interval"])
        best, middle = f"{found['estimate']:.4g}", f"{found['median']:.4g}"
        assert f"{name:<32} {best}   (median {middle}, 95 %: {low} to {high})" in printed
        assert re.search(rf"<td[^>]*>{name}</td>\s*<td[^>]*>{best}</td>\s*<td[^>]*>{middle}</td>", shown)


def test_a_fit_is_taken_by_a_twin(tmp_path):
    out = tmp_path / "fits"
    fixes = [word for fix in ("initial_mean=0", "motor_sd=0.5", "initial_baseline=-0.5", "baseline_decay=0.9") for word in ("--fix", fix)]
    assert command(table(tmp_path), out, "--learner", "policy-gradient", "--starts", 3, *fixes) == 0
    found = json.loads((out / "fit.json").read_text())
    assert 0 < abs(found["matching_error"]) < 0.01
    stored = found["parameters"]
    assert stored["baseline_decay"] == {"estimate": 0.9, "se": None, "fixed": True}
    protocol = load_protocol("reach-reward").protocol
    twin = protocol.twin.model_copy(
        update={"from_fit": "fit.json", "learner": "policy-gradient", "parameters": {}, "from_first_trials": None}
    )
    params = twin_choice(protocol.model_copy(update={"twin": twin}), make_task(protocol), out).params()
    assert float(params.alpha_plus) == stored["alpha_mean"]["estimate"]
    assert float(params.initial_sd[0]) == stored["initial_sd.reach_angle_deg"]["estimate"]


def test_what_cannot_be_fitted_is_said_and_nothing_is_overwritten(tmp_path, capsys):
    file, out = table(tmp_path), tmp_path / "fits"
    for more, words in [
        (("--learner", "astrology"), "no learner 'astrology'"),
        (("--learner", "local-level", "--fix", "speed=1"), "no parameter 'speed'"),
        (("--learner", "local-level", "--fix", "level_sd=1", "--fix", "level_sd=2"), "given twice"),
        (("--learner", "local-level", "--starts", 0), "--starts"),
    ]:
        assert command(file, out, *more) == 2
        assert words in capsys.readouterr().err
    out.mkdir(exist_ok=True)
    (out / "notes").write_text("mine")
    assert command(file, out, "--learner", "local-level") == 2
    assert "is not empty" in capsys.readouterr().err
    assert command(table(tmp_path, simulated="true"), tmp_path / "new", "--learner", "local-level") == 2
    assert "--accept-simulated" in capsys.readouterr().err
    assert command(table(tmp_path, trials=2), tmp_path / "few", "--learner", "local-level") == 2
    assert "participant 'A1': 2 trials have an action" in capsys.readouterr().err
    assert not (tmp_path / "few").exists()
    assert command(table(tmp_path), tmp_path / "still", "--learner", "local-level", "--derive", "action_reach_angle_deg=3") == 2
    assert "all 60 actions 'reach_angle_deg' are the same" in capsys.readouterr().err


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(tmp_path, capsys):
    file, out = table(tmp_path, ("A1", "B2")), tmp_path / "fits"
    more = ("--learner", "trend", "--starts", 2)
    assert command(file, out, *more) == 0
    first, second = ((out / name / "fit.json").read_text() for name in ("A1", "B2"))
    capsys.readouterr()
    assert command(file, out, *more) == 2
    assert "this run is finished" in capsys.readouterr().err
    (out / "B2" / "fit.json").rename(out / "B2" / "fit.json.part")
    assert command(file, out, *more, "--json") == 0
    said = capsys.readouterr()
    assert [fit["participant"] for fit in json.loads(said.out)["fits"]] == ["A1", "B2"]
    assert "B2 (2 of 2)" in said.err and "A1 (" not in said.err
    assert (out / "A1" / "fit.json").read_text() == first
    assert json.loads((out / "B2" / "fit.json").read_text())["reached"] == json.loads(second)["reached"]
    assert command(table(tmp_path, ("A1", "B2"), trials=61), out, *more) == 2
    assert "asked for differently (trials" in capsys.readouterr().err
