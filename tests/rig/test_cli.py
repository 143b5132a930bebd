"""The command line as a user meets it: real processes, exit codes, words on the right stream."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rig.cli import COMMANDS

TWINRIG = Path(sys.executable).with_name("twinrig")


def twinrig(*words, **options):
    return subprocess.run([TWINRIG, *map(str, words)], capture_output=True, text=True, check=False, timeout=600, **options)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    done = twinrig(command, "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout


@pytest.mark.alone
def test_help_answers_at_once():
    """By the processor's time, which other programs don't add to; benchmarks.starts has the clock's."""
    twinrig("--help")  # bytecode
    times = []
    for _ in range(5):
        began = os.times()
        assert twinrig("--help").returncode == 0
        ended = os.times()
        times.append(ended.children_user + ended.children_system - began.children_user - began.children_system)
    assert min(times) < 0.3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nosuch", "--participant", "P01"), "nosuch"),
        (("run", "skittles", "--participant", "Anna Maier"), "participant"),
        (("run", "skittles", "--participant", "P-01"), "letters and digits"),
        (("run", "skittles", "--participant", "P01", "--device", "joystick"), "joystick"),
        (("run", "skittles", "--participant", "P01", "--session", "0"), "session"),
        (("run", "skittles", "--participant", "P01", "--session", "99"), "99"),
        (("run", "skittles", "--participant", "P01", "--language", "tlh"), "tlh"),
        (("run", "skittles", "--participant", "P01", "--continue-from", "nowhere"), "nowhere"),
        (("run", "./missing.toml", "--participant", "P01"), "missing.toml"),
        (("pilot", "skittles", "--device", "replay"), "--replay"),
        (("pilot", "skittles", "--trials", "0"), "--trials"),
        (("resume", "nowhere"), "nowhere"),
        (("check", "--device", "joystick"), "joystick"),
        (("run", "skittles", "--participant", "P01", "--device", "manipulandum"), "--port"),
        (("run", "skittles", "--participant", "P01", "--device", "manipulandum", "--port", "nowhere"), "manipulandum.toml"),
        (("pilot", "skittles", "--port", "nowhere"), "--port nowhere"),
        (("pilot", "skittles", "--device", "manipulandum", "--port", "nowhere"), "--port nowhere"),
        (("check", "--device", "manipulandum"), "--port"),
        (("check", "bimanual"), "4 axes (left_x, left_y, right_x, right_y)"),
        (("pilot", "bimanual"), "choose from two-pointers"),
        (("trials", "nowhere"), "nowhere"),
        (("rescore", "nowhere", "--protocol", "skittles", "--out", "t.tsv"), "nowhere"),
        (("measure", "nowhere.csv", "--out", "m.csv"), "nowhere.csv"),
        (("infer", "nowhere"), "nowhere"),
        (("watch", "nowhere"), "nowhere"),
        (("devices", "mouse", "--seconds", "nan"), "--seconds"),
        (("calibrate", "delay"), "--stream"),
        (("calibrate", "delay", "--stream", "diode", "--channel", "0"), "--channel 0"),
        (("calibrate", "grid", "--device", "mouse"), "tablet, two-pointers"),
        (("fit", "nowhere.csv", "--protocol", "skittles", "--learner", "policy-gradient", "--seed", f"{2**70}", "--out", "f"), "--seed"),
        (("recover", "skittles", "--learner", "policy-gradient", "--trials", "²", "--out", "f"), "--trials"),
        (("report", "nowhere", "--out", "r.html"), "nowhere"),
        (("export", "nowhere", "--bids", "b"), "nowhere"),
        (("protocol", "show"), "PROTOCOL"),
        (("protocol", "check", "nosuch"), "nosuch"),
        (("protocol", "check", "reach-rotation", "--condition", "nosuch"), "nosuch"),
        (("learners", "nosuch"), "nosuch"),
        (("simulate", "skittles", "--learner", "nosuch", "--out", "t.csv"), "nosuch"),
        (("simulate", "skittles", "--learner", "policy-gradient", "--set", "alpha=1", "--out", "t.csv"), "alpha"),
        (("simulate", "skittles", "--learner", "policy-gradient", "--simulations", "0", "--out", "t.csv"), "--simulations"),
        (("simulate", "skittles", "--learner", "policy-gradient", "--trials", "0", "--out", "t.csv"), "--trials"),
        (("simulate", "skittles", "--learner", "policy-gradient", "--condition", "left", "--out", "t.csv"), "has no condition 'left'"),
        (("simulate", "skittles", "--learner", "policy-gradient", "--out", "t.xls"), "t.xls"),
        (("predict", "nowhere.csv", "--protocol", "skittles", "--learner", "policy-gradient", "--out", "t.csv"), "nowhere.csv"),
        (("run", "skittles"), "--participant"),
        (("run", "skittles", "--participant", "P01", "--sesion", "2"), "--sesion 2"),
        (("protocol", "list", "reach-reward"), "protocol show reach-reward"),
        (("nosuch",), "nosuch"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(words, said, tmp_path):
    done = twinrig(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert [path for path in tmp_path.rglob("*") if path.is_dir() and path.name.startswith("session-")] == []


def test_json_goes_to_standard_output_alone(tmp_path):
    done = twinrig("protocol", "list", "--json", cwd=tmp_path)
    assert {protocol["name"] for protocol in json.loads(done.stdout)["protocols"]} >= {"skittles", "reach-rotation", "reach-reward"}


@pytest.mark.parametrize("name", ["skittles", "reach-rotation", "reach-reward", "bimanual"])
def test_protocol_check_rehearses_each_ready_protocol(name, tmp_path):
    done = twinrig("protocol", "check", name, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["simulated"]["participants"] == 20


def test_protocol_show_prints_a_file_that_can_be_run(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(twinrig("protocol", "show", "skittles").stdout)
    assert twinrig("protocol", "check", "mine.toml", "--brief", cwd=tmp_path).returncode == 0


def test_devices_and_learners_are_listed():
    assert "mouse" in twinrig("devices").stdout
    assert "policy-gradient" in twinrig("learners").stdout
    assert "alpha_mean" in twinrig("learners", "policy-gradient").stdout
