"""What is said of the learners: the command, the table of learner and task, and the page of the reference."""

import argparse
from pathlib import Path

import pytest

from analysis.registry import LEARNERS, build_learner, learner_parameters, misfit
from protocols.errors import BadInput
from protocols.reach import Reach
from protocols.records import TASKS as RECORDED
from protocols.schema_task import KINDS
from protocols.skittles import Skittles
from rig.commands import learners
from rig.models.learner_choice import check_learners
from rig.models.learner_words import described, library_tasks, parameter_tables
from rig.models.learners_page import learners_page
from tests.rig.twin.twin_examples import REACH, protocol

TASKS = library_tasks()
PAGE = Path(__file__).parents[3] / "docs/reference/learners.md"


def said(name, capsys, json=False):
    result = learners.main(argparse.Namespace(name=name, json=json))
    return result, capsys.readouterr().out


def test_every_kind_of_task_is_in_the_table(capsys):
    result, words = said(None, capsys)
    assert set(KINDS) <= set(result["tasks"]) and result["tasks"] == list(RECORDED)
    assert list(result["fits"]) == list(LEARNERS) == result["learners"]
    assert all(row.keys() == TASKS.keys() for row in result["fits"].values())
    assert len(words.splitlines()) >= len(LEARNERS) + 1


def test_json_leaves_standard_output_alone(capsys):
    assert said(None, capsys, json=True)[1] == said("two-rate", capsys, json=True)[1] == ""


def test_what_does_not_fit_says_why():
    with pytest.raises(BadInput, match="choose error = slope"):
        build_learner("error-based", {"error": "signed"}, Skittles.action_names, Skittles())
    with pytest.raises(BadInput, match="needs the task"):
        build_learner("error-based", {}, Skittles.action_names)
    with pytest.raises(BadInput, match="no option 'speed'"):
        build_learner("win-stay", {"speed": "high"}, Reach.action_names)
    with pytest.raises(BadInput, match="choose from return, go-on"):
        build_learner("win-stay", {"lose": "give-up"}, Reach.action_names)
    with pytest.raises(BadInput, match="10 or more"):
        build_learner("past-blocks", {"window": "3"}, Reach.action_names)
    assert misfit("error-based", Reach()) == ""


def test_a_learner_is_described_on_each_task(capsys):
    result, words = said("error-based", capsys)
    assert result["needs"]["reach"] == ("cursor_error",) and result["needs"]["skittles"] == ("error", "reward")
    rates = {task: table[0]["unit"] for task, table in result["parameters_by_task"].items()}
    assert rates["reach"] == "" and rates["skittles"] == "1/m2"
    assert "1/m2" in words and "Thoroughman 2000" in words


def test_parameters_that_a_task_has_no_use_for_are_named():
    tables = parameter_tables(described("policy-gradient", TASKS))
    without = {task: table.without for table in tables for task in table.tasks}
    assert without["skittles"] == () and "alpha_angle" in without["reach"]


def test_page_is_what_the_learners_say():
    assert PAGE.read_text(encoding="utf-8") == learners_page(), "run: python -m rig.models.learners_page docs/reference/learners.md"


@pytest.mark.parametrize("name", LEARNERS)
def test_what_is_checked_without_arithmetic_is_what_a_task_refuses(name):
    """A rival that doesn't fit the task is said before anything is loaded, and so before the session."""

    def refused(task):
        try:
            learner_parameters(name, {}, task.action_names)
        except BadInput as error:
            return str(error)
        return ""

    assert {task: refused(made) for task, made in TASKS.items()} == {task: misfit(name, made) for task, made in TASKS.items()}


def test_rivals_are_held_to_their_values_before_the_session():
    file, study = Path("study.toml"), protocol(REACH.replace("[task]", 'live.rivals = ["win-stay", "local-level"]\n[task]'))
    check_learners(study, file)
    with pytest.raises(BadInput, match=r"study.toml: \[live\] rivals: there is no learner 'nobody'"):
        check_learners(study.model_copy(update={"live": study.live.model_copy(update={"rivals": ("nobody",)})}), file)
