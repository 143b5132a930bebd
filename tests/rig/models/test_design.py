"""``twinrig design`` on two schedules, cut short and gone on with."""

import json

import pytest

from rig.cli import main


@pytest.mark.slow
def test_two_schedules_are_weighed(tmp_path, capsys):
    out = tmp_path / "design"
    words = ["design", "reach-reward", "reach-rotation", "--learners", "local-level,trend", "--trials", "60", "--simulations", "2"]
    words += ["--starts", "2", "--workers", "1", "--out", str(out)]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((out / "design.json").read_text())
    assert {one["protocol"] for one in found["fewest_people"]} == {"reach-reward", "reach-rotation"}
    assert all(0 <= power["right"] <= 1 for some in found["powers"].values() for power in some)
    assert (out / "power-local-level-trend.pdf").stat().st_size > 1000
    page = tmp_path / "design.html"
    assert main(["report", str(out), "--out", str(page)]) == 0
    assert all(words in page.read_text() for words in ("local-level or trend", "reach-rotation", "trials of each person", "<svg"))
    capsys.readouterr()
    assert main(words) == 2 and "finished" in capsys.readouterr().err
    (out / "design.json").unlink()
    lines = (out / "reach-reward" / "sets.jsonl").read_text().splitlines(keepends=True)
    (out / "reach-reward" / "sets.jsonl").write_text("".join(lines[:-1]))
    for file in out.glob("power-*"):
        file.unlink()
    assert main([*words, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["powers"] == found["powers"]


def test_what_cannot_be_weighed_is_said(tmp_path, capsys):
    for more, said in ((["--learners", "trend"], "at least two"), (["--learners", "trend,astrology"], "no learner 'astrology'")):
        assert main(["design", "reach-reward", "--trials", "10", "--out", str(tmp_path / "x"), *more]) == 2
        assert said in capsys.readouterr().err
