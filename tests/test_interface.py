"""What labs' scripts rely on: commands, options, learners, protocols, columns. What isn't there yet is listed, and nothing else."""

import argparse
import importlib
import json
from pathlib import Path

import pytest

from analysis.registry import LEARNERS, learner_options
from protocols.load import library
from protocols.policy_columns import policy_columns
from protocols.records import action_columns, trial_columns
from rig.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]

CONTRACT = {
    "run": "--participant --session --device --port --data --seed --windowed --watch --continue-from",
    "pilot": "--device --trials --data --seed",
    "resume": "",
    "watch": "",
    "check": "--device",
    "trials": "--out",
    "rescore": "--protocol --out",
    "protocol": "",
    "devices": "",
    "learners": "",
    "simulate": "--learner --set --trials --simulations --seed --out",
    "predict": "--protocol --learner --set --column --derive --out",
    "fit": "--protocol --learner --method --fix --starts --seed --scheduler --accept-simulated --column --derive --out",
    "compare": "--protocol --learners --seed --column --derive --out",
    "recover": "--learner --trials --simulations --seed --out",
    "measure": "--protocol --column --derive --out",
    "report": "--out",
    "export": "--bids",
}
#: Take an entry out once it is there: its test fails as long as it stands here.
NOT_YET: set[str] = set()

#: Commands that other tests run, and where; the rest is run below.
RUN_IN = {
    "run": "tests/rig/session/test_session.py",
    "pilot": "tests/rig/session/test_pilot.py",
    "resume": "tests/rig/session/test_session.py",
    "check": "tests/rig/session/test_session.py",
    "trials": "tests/rig/session/test_session.py",
    "rescore": "tests/rig/session/test_session.py",
    "protocol": "tests/rig/test_cli.py",
    "devices": "tests/rig/test_cli.py",
    "learners": "tests/rig/test_cli.py",
    "fit": "tests/rig/models/test_fits.py",
    "compare": "tests/rig/models/test_compare.py",
    "recover": "tests/rig/models/test_recovery.py",
    "report": "tests/rig/session/test_session.py",
    "watch": "tests/rig/monitor/test_running.py",
    "export": "tests/rig/session/test_session.py",
}
RUN_HERE = ("simulate", "predict", "measure")

NAMED = (
    "policy-gradient error-based two-rate task-outcome explore-keep reward-variability win-stay reward-weighted actor-critic"
    " credit-assignment node-perturbation weight-perturbation reward-hebb past-blocks random-walk local-level trend"
)
COLUMNS = (
    "participant session simulation start block phase trial attempt task target_x feedback reward_rule"
    " action_release_angle_deg action_release_speed action_release_speed_quadratic intended_action_release_speed reward scored_reward"
    " points feedback_shown hit_shown error hand_error_deg cursor_error_deg hit post_hit reaction_time movement_time status simulated"
    " sample_rate largest_gap lost_samples late_frames flip_delay policy_mean_release_speed policy_sd_release_speed policy_cov_1_2"
    " policy_log_var_1 policy_angle reward_baseline advantage log_prob"
)
OPTIONS = {
    "covariance": "angle cholesky diagonal",
    "gradient": "plain natural",
    "critic": "running features distributional",
    "exploration": "white gsde lattice",
    "asymmetry": "off on",
    "context": "none target-relative table features",
}


def parser_of(command):
    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(f"rig.commands.{command}").add_arguments(parser)
    return parser


def options_of(command):
    return {option for action in parser_of(command)._actions for option in action.option_strings}


@pytest.mark.parametrize("command", CONTRACT)
def test_a_command_has_its_options(command):
    if command in NOT_YET:
        assert command not in COMMANDS, f"'{command}' is there: take it off NOT_YET"
        return
    wanted = set(CONTRACT[command].split())
    later = {option for option in wanted if f"{command} {option}" in NOT_YET}
    there = options_of(command)
    assert wanted - later <= there
    assert not later & there, f"{later & there} is there: take it off NOT_YET"


def test_methods_of_fit():
    choices = next(action.choices for action in parser_of("fit")._actions if "--method" in action.option_strings)
    assert {"ml", "bayes"} == {*choices, *(["bayes"] if "fit --method bayes" in NOT_YET else [])}
    assert ("bayes" in choices) != ("fit --method bayes" in NOT_YET), "--method bayes is there: take it off NOT_YET"


def test_every_command_is_run_by_a_test():
    assert {*RUN_IN, *RUN_HERE} >= CONTRACT.keys() - NOT_YET
    for command, file in RUN_IN.items():
        assert f'"{command}"' in (ROOT / file).read_text(encoding="utf-8"), f"{file} doesn't run '{command}'"


def test_a_simulation_is_predicted_and_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = ("--protocol", "reach-reward")
    for words in (
        ("simulate", "reach-reward", "--learner", "local-level", "--trials", "30", "--simulations", "2", "--seed", "3", "--out", "t.tsv"),
        ("predict", "t.tsv", *given, "--learner", "local-level", "--accept-simulated", "--out", "p.parquet"),
        ("measure", "p.parquet", *given, "--accept-simulated", "--out", "m.csv"),
    ):
        assert main([*words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["out"] == words[-1]
    assert (tmp_path / "m.csv").read_text().count("simulation2,") > 10


def test_learners_and_their_options_are_there():
    assert set(NAMED.split()) <= set(LEARNERS)
    known = learner_options("policy-gradient")
    for name, choices in OPTIONS.items():
        assert set(choices.split()) <= set(known[name]), name


def test_the_library_and_the_columns_are_there():
    assert {"skittles", "reach-rotation", "reach-reward", "bimanual", "arc"} <= set(library())
    columns = {column.name for column in (*trial_columns("skittles", True), *policy_columns(action_columns("skittles"), False))}
    assert columns >= set(COLUMNS.split())
    assert "action_reach_angle_deg" in {column.name for column in trial_columns("reach")}
