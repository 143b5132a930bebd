"""``twinrig compare`` on two people whose reaches are a level seen through noise."""

import json

import pytest

from rig.cli import main
from tests.rig.models.test_fits import table


@pytest.mark.slow
def test_learners_floors_and_the_group(tmp_path, capsys):
    file = table(tmp_path, ("A1", "B2"), trials=100)
    words = ["compare", str(file), "--protocol", "reach-reward", "--learners", "policy-gradient", "--starts", "2"]
    assert main([*words, "--out", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "out" / "compare.json").read_text())
    person = found["participants"][1]
    assert {"policy-gradient", "reward-shuffled:policy-gradient", "local-level", "random-walk"} <= set(person["learners"])
    assert person["learners"]["random-walk"]["bic"] > person["learners"]["local-level"]["bic"]
    floor = person["learners"]["local-level"]["floor"]
    assert person["learners"][floor]["gain"]["mean"] == 0
    assert {look["name"] for look in person["looks"]["policy-gradient"]} >= {"reward late", "reach_angle_deg: lag-1 autocorrelation"}
    course = person["courses"]["policy-gradient"]["reach_angle_deg"]
    assert course["last"][-1] == 100 and all(low <= high for low, high in zip(course["low"], course["high"], strict=True))
    assert "least BIC" in person["verdict"][0]
    assert sum(row["frequency"] for row in found["group"]["learners"].values()) == pytest.approx(1)
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "finished" in capsys.readouterr().err
    (tmp_path / "out" / "compare.json").unlink()
    lines = (tmp_path / "out" / "people.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "out" / "people.jsonl").write_text(lines[0] + lines[1][:100])
    assert main([*words, "--out", str(tmp_path / "out"), "--json"]) == 0
    again = capsys.readouterr()
    assert json.loads(again.out) == found and "A1 (" not in again.err
    page = tmp_path / "compared.html"
    assert main(["report", str(tmp_path / "out"), "--out", str(page)]) == 0
    text = page.read_text()
    assert all(words in text for words in ("learners on 2 participants", "protected exceedance", "reward-shuffled", "has the least BIC"))
    stems = ("gains", "evidence", "practice-reach_angle_deg")
    assert {file.name for file in (tmp_path / "compared-figures").iterdir()} == {
        f"{stem}.{kind}" for stem in stems for kind in ("svg", "pdf")
    }
