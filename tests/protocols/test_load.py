"""Protocol files: what is right loads, and each of many mistakes is told by file, place and remedy."""

import hashlib
from pathlib import Path

import pytest

from protocols.errors import BadInput
from protocols.load import LIBRARY, library, load_protocol, parse_protocol

SKITTLES = """
name = "study"
title = "A study"
version = "1"
languages = ["en", "de"]
task.kind = "skittles"
targets.front = { x = 0.38, y = 0.43 }
workspace = { hand_scale = 0.25, display_scale = 0.065 }

[[phases]]
name = "practice"
kind = "training"
instruction = "practice"

[[phases.blocks]]
trials = 60
repeat = 2

[texts.en]
practice = "Throw."
age = "How old are you?"

[texts.de]
practice = "Werfen."
age = "Wie alt sind Sie?"
"""

REACH = """
name = "study"
title = "A study"
version = "1"
task.kind = "reach"
targets.right = { angle_deg = 0.0, distance = 0.08 }
targets.up = { angle_deg = 90.0, distance = 0.08 }

[[phases]]
name = "baseline"
kind = "baseline"

[[phases.blocks]]
trials = 10
feedback = "endpoint"

[[phases]]
name = "training"
kind = "training"

[[phases.blocks]]
trials = 20
perturbation = { rotation_deg = 30.0 }
"""

BIMANUAL = """
name = "study"
title = "A study"
version = "1"
task.kind = "bimanual"
targets.right = { angle_deg = 0.0, distance = 0.12 }
participant.motor_sd = [0.01, 0.01, 0.01, 0.01]
twin.parameters.initial_mean = [0.0, 0.0, 0.0, 0.0]

[[phases]]
name = "baseline"
kind = "baseline"

[[phases.blocks]]
trials = 10
perturbation.mapping = "mean"
"""

ARC = """
name = "study"
title = "A study"
version = "1"
targets.right = { x = 0.25, y = 0.0 }
task.kind = "arc"

[[phases]]
name = "baseline"
kind = "baseline"

[[phases.blocks]]
trials = 10
movement_time = [0.6, 0.9]
"""

QUESTION = '[[questions.before]]\nkey = "age"\ntext = "age"\n'

# Each: what is wrong | in which file | what is changed to what | place that is named | part of the remedy
MISTAKES = [
    ("not TOML", SKITTLES, "trials = 60", "trials = = 60", "line 16", "correct that line"),
    ("unquoted text", SKITTLES, '"1"', "one", "line 4", "need quotes"),
    ("key twice", SKITTLES, "repeat = 2", "trials = 61", "line 17", "correct that line"),
    ("unknown key", SKITTLES, "trials = 60", "trials = 60\ntrails = 60", "phases[0].blocks[0].trails", "did you mean 'trials'"),
    ("unknown table", SKITTLES, "workspace", "workspce", "workspce", "did you mean 'workspace'"),
    (
        "unknown constant",
        SKITTLES,
        'task.kind = "skittles"',
        'task = { kind = "skittles", stifness = 1.0 }',
        "task.stifness",
        "'stiffness'",
    ),
    ("other task's constant", REACH, 'kind = "reach"', 'kind = "reach"\ntask.mass = 0.1', "task.mass", "start_radius"),
    ("missing version", SKITTLES, 'version = "1"', "", "version", "add version"),
    ("missing trials", SKITTLES, "trials = 60", "", "phases[0].blocks[0].trials", "number of trials"),
    ("missing kind of task", SKITTLES, 'task.kind = "skittles"', "task.mass = 0.1", "task.kind", "kind = 'skittles'"),
    ("unknown task", SKITTLES, '"skittles"', '"skitles"', "task.kind", "did you mean 'skittles'"),
    ("unknown kind of phase", SKITTLES, '"training"', '"trainig"', "phases[0].kind", "did you mean 'training'"),
    ("unknown feedback", REACH, '"endpoint"', '"end"', "phases[0].blocks[0].feedback", "use one of none, endpoint, continuous"),
    ("unknown order", SKITTLES, "repeat = 2", 'order = "shuffle"', "phases[0].blocks[0].order", "did you mean 'shuffled'"),
    ("text for a number", SKITTLES, "trials = 60", 'trials = "60"', "phases[0].blocks[0].trials", "valid integer"),
    ("number for a text", SKITTLES, 'version = "1"', "version = 1", "version", "valid string"),
    ("fraction of a trial", SKITTLES, "trials = 60", "trials = 60.5", "phases[0].blocks[0].trials", "integer"),
    ("number for a choice", SKITTLES, "repeat = 2", "reward.shown = 1", "phases[0].blocks[0].reward.shown", "true or false"),
    ("a number that is none", SKITTLES, "hand_scale = 0.25", "hand_scale = nan", "workspace.hand_scale", "finite number"),
    ("no trials", SKITTLES, "trials = 60", "trials = 0", "phases[0].blocks[0].trials", "greater than or equal to 1"),
    ("negative time", SKITTLES, "[[phases]]", "timing.hold = -1.0\n[[phases]]", "timing.hold", "greater than or equal to 0 (in s)"),
    (
        "share above one",
        REACH,
        "trials = 10",
        "trials = 10\nfeedback_probability = 1.5",
        "phases[0].blocks[0].feedback_probability",
        "less than or",
    ),
    ("no blocks", SKITTLES, "[[phases.blocks]]\ntrials = 60\nrepeat = 2", "blocks = []", "phases[0].blocks", "at least 1 item"),
    ("bad name", SKITTLES, 'name = "study"', 'name = "my study"', "name", "letters, digits"),
    ("overdamped", SKITTLES, 'task.kind = "skittles"', 'task = { kind = "skittles", damping = 0.7 }', "task.damping", "use less than 0.63"),
    (
        "lever in the post",
        SKITTLES,
        'kind = "skittles"',
        'kind = "skittles"\ntask.pivot = [0.0, -0.6]',
        "task.pivot",
        "move the pivot away",
    ),
    (
        "three coordinates",
        SKITTLES,
        'kind = "skittles"',
        'kind = "skittles"\ntask.pivot = [0.0, 1.0, 2.0]',
        "task.pivot",
        "at most 2 items",
    ),
    ("target half given", SKITTLES, "{ x = 0.38, y = 0.43 }", "{ x = 0.38 }", "targets.front", "give one pair"),
    (
        "target twice given",
        REACH,
        "{ angle_deg = 0.0, distance = 0.08 }",
        "{ x = 0.1, y = 0.0, distance = 0.08 }",
        "targets.right",
        "one pair",
    ),
    ("target in the post", SKITTLES, "{ x = 0.38, y = 0.43 }", "{ x = 0.1, y = 0.1 }", "targets.front", "farther from (0, 0)"),
    ("target on the start", REACH, "angle_deg = 0.0, distance = 0.08", "angle_deg = 0.0, distance = 0.01", "targets.right", "start_radius"),
    (
        "target off the scene",
        REACH,
        "angle_deg = 0.0, distance = 0.08",
        "angle_deg = 0.0, distance = 0.5",
        "targets.right",
        "largest_extent",
    ),
    ("scene too large", SKITTLES, "display_scale = 0.065", "display_scale = 1.0", "workspace.display_scale", "use 0.625 or less"),
    ("phase twice", REACH, 'name = "training"', 'name = "baseline"', "phases[1].name", "a name of its own"),
    ("unknown target", REACH, "trials = 10", 'trials = 10\ntargets = ["left"]', "phases[0].blocks[0].targets", "use one of right, up"),
    ("uneven sharing", REACH, "trials = 10", 'trials = 11\norder = "blocked"', "phases[0].blocks[0].trials", "multiple of 2"),
    (
        "rotation with skittles",
        SKITTLES,
        "repeat = 2",
        "perturbation.rotation_deg = 30.0",
        "phases[0].blocks[0].perturbation",
        "use the task reach",
    ),
    ("zone with skittles", SKITTLES, "repeat = 2", 'reward = { rule = "binary", zone.kind = "following" }', "reward.zone", "hit_distance"),
    ("aim with skittles", SKITTLES, "repeat = 2", "aim_report = true", "phases[0].blocks[0].aim_report", "remove it"),
    ("mapping with reach", REACH, "rotation_deg = 30.0", 'mapping = "mean"', "phases[1].blocks[0].perturbation.mapping", "task bimanual"),
    ("unknown mapping", BIMANUAL, '"mean"', '"men"', "phases[0].blocks[0].perturbation.mapping", "did you mean 'mean'"),
    ("rotation with two hands", BIMANUAL, 'mapping = "mean"', "rotation_deg = 30.0", "phases[0].blocks[0].perturbation", "task reach"),
    ("zone with two hands", BIMANUAL, "trials = 10", 'trials = 10\nreward.zone.kind = "following"', "reward.zone", "by target_radius"),
    ("aim with two hands", BIMANUAL, "trials = 10", "trials = 10\naim_report = true", "phases[0].blocks[0].aim_report", "remove it"),
    ("noise of two actions", BIMANUAL, "[0.01, 0.01, 0.01, 0.01]", "[0.01, 0.01]", "participant.motor_sd", "one for each action (4)"),
    ("negative noise", BIMANUAL, 'kind = "bimanual"', 'kind = "bimanual"\ntask.cursor_noise = -0.1', "task.cursor_noise", "(in m)"),
    ("two hands' target off the scene", BIMANUAL, "distance = 0.12", "distance = 0.15", "targets.right", "largest_extent"),
    ("target off the channel's end", ARC, "x = 0.25", "x = 0.2", "targets.right", "x = 0.25"),
    ("channel closed", ARC, 'kind = "arc"', 'kind = "arc"\ntask.width = 0.6', "task.width", "twice radius"),
    ("plan beyond its horizon", ARC, 'kind = "arc"', 'kind = "arc"\ntask.interval = 0.3', "task.interval", "horizon longer"),
    ("unknown representation", ARC, 'kind = "arc"', 'kind = "arc"\ntask.representation = "subgoal"', "representation", "'subgoals'"),
    ("rotation of an arc", ARC, "trials = 10", "trials = 10\nperturbation.gain = 2.0", "phases[0].blocks[0].perturbation", "task reach"),
    ("band turned round", ARC, "[0.6, 0.9]", "[0.9, 0.6]", "phases[0].blocks[0].movement_time", "the least first"),
    ("endless band", ARC, "[0.6, 0.9]", "[0.6, 9.0]", "phases[0].blocks[0].movement_time", "to 15.9 s"),
    ("noise of two places", ARC, 'kind = "arc"', 'kind = "arc"\nparticipant.motor_sd = [0.1, 0.1]', "participant.motor_sd", "(12)"),
    (
        "zone without kind",
        REACH,
        "trials = 10",
        "trials = 10\nreward.zone.low_deg = 5.0",
        "phases[0].blocks[0].reward.zone",
        'kind = "fixed"',
    ),
    (
        "zone half given",
        REACH,
        "trials = 10",
        'trials = 10\nreward = { rule = "binary", zone = { kind = "fixed", low_deg = 5.0 } }',
        ".zone",
        "high_deg",
    ),
    (
        "zone upside down",
        REACH,
        "trials = 10",
        'trials = 10\nreward = { rule = "binary", zone = { kind = "fixed", low_deg = 5.0, high_deg = 1.0 } }',
        "phases[0].blocks[0].reward.zone.low_deg",
        "swap them",
    ),
    (
        "graded zone",
        REACH,
        "trials = 10",
        'trials = 10\nreward.zone.kind = "following"',
        "phases[0].blocks[0].reward.zone",
        'rule = "binary"',
    ),
    (
        "list for a constant",
        REACH,
        "rotation_deg = 30.0",
        "rotation_deg = [0.0, 30.0]",
        "phases[1].blocks[0].perturbation.rotation_deg",
        "one number",
    ),
    ("short list", REACH, "rotation_deg = 30.0", 'rotation_deg = [0.0, 30.0], schedule = "list"', "perturbation.rotation_deg", "20 values"),
    ("long ramp", REACH, "rotation_deg = 30.0", 'rotation_deg = [0.0, 9.0, 30.0], schedule = "gradual"', ".rotation_deg", "[from, to]"),
    (
        "radians and turns",
        REACH,
        "rotation_deg = 30.0",
        "rotation_deg = 300.0",
        "phases[1].blocks[0].perturbation.rotation_deg",
        "-180 to 180",
    ),
    ("gain of nothing", REACH, "rotation_deg = 30.0", "gain = 0.0", "phases[1].blocks[0].perturbation.gain", "above 0"),
    (
        "late continuous cursor",
        REACH,
        "trials = 20",
        "trials = 20\nfeedback_delay = 0.5",
        "phases[1].blocks[0].feedback_delay",
        '"endpoint"',
    ),
    (
        "limits crossed",
        REACH,
        "[[phases]]",
        "limits = { min_movement_time = 2.0, max_movement_time = 1.0 }\n[[phases]]",
        "limits.min_movement",
        "smaller",
    ),
    ("endless trial", REACH, "[[phases]]", "limits.max_movement_time = 6.0\n[[phases]]", "limits.max_movement_time", "to 15.9 s"),
    ("wait crossed", REACH, "[[phases]]", "timing.foreperiod = [0.7, 0.3]\n[[phases]]", "timing.foreperiod", "the least first"),
    ("unknown status", REACH, "[[phases]]", 'requeue.statuses = ["slow"]\n[[phases]]', "requeue.statuses[0]", "too_slow"),
    ("endless repetition", REACH, "[[phases]]", 'requeue.statuses = ["completed"]\n[[phases]]', "requeue.statuses", "remove it"),
    ("text missing", SKITTLES, 'practice = "Werfen."', "", "phases[0].instruction", "add practice to [texts.de]"),
    ("text for nobody", SKITTLES, "[texts.de]", "[texts.fr]", "texts.fr", "add 'fr' to languages"),
    (
        "choice without choices",
        SKITTLES,
        "[texts.en]",
        QUESTION + 'kind = "choice"\n[texts.en]',
        "questions.before[0].choices",
        "give choices",
    ),
    (
        "number of nothing",
        SKITTLES,
        "[texts.en]",
        QUESTION + 'kind = "yes_no"\nlow = 1.0\n[texts.en]',
        "questions.before[0].low",
        '"number"',
    ),
    (
        "ages crossed",
        SKITTLES,
        "[texts.en]",
        QUESTION + 'kind = "number"\nlow = 9.0\nhigh = 1.0\n[texts.en]',
        "questions.before[0].low",
        "swap",
    ),
    (
        "impossible answer",
        SKITTLES,
        "[texts.en]",
        QUESTION + 'kind = "yes_no"\nrequired = "si"\n[texts.en]',
        "questions.before[0].required",
        "true",
    ),
    (
        "question twice",
        SKITTLES,
        "[texts.en]",
        (QUESTION + 'kind = "number"\n') * 2 + "[texts.en]",
        "questions.before[1].key",
        "of its own",
    ),
    (
        "half an order",
        REACH,
        "[[phases]]",
        'counterbalance.conditions.A.phase_order = ["baseline"]\n[[phases]]',
        ".A.phase_order",
        "baseline, training",
    ),
    (
        "unknown swap",
        REACH,
        "[[phases]]",
        'counterbalance.conditions.A.targets.left = "up"\n[[phases]]',
        "conditions.A.targets",
        "right, up",
    ),
    (
        "sign of two",
        REACH,
        "[[phases]]",
        "counterbalance.conditions.A.rotation_sign = 2\n[[phases]]",
        "A.rotation_sign",
        "use one of -1, 1",
    ),
    (
        "sessions and phases",
        REACH,
        "[[phases]]",
        'study = { sessions = 2, phases = [["baseline"]] }\n[[phases]]',
        "study.phases",
        "one list of phases",
    ),
    (
        "exclusion of nothing",
        REACH,
        "[[phases]]",
        'exclusions = [{ name = "a", column = "error" }]\n[[phases]]',
        "exclusions[0]",
        "add low or high",
    ),
    (
        "two sources",
        REACH,
        "[[phases]]",
        'twin = { from_fit = "fit.json", from_first_trials = 20 }\n[[phases]]',
        "twin.from_fit",
        "keep one",
    ),
    (
        "words for parameters",
        REACH,
        "[[phases]]",
        'twin.parameters.alpha_mean = "0.1"\n[[phases]]',
        "twin.parameters.alpha_mean",
        "a number or a list",
    ),
    ("noise of one action", SKITTLES, "[[phases]]", "participant.motor_sd = [1.0]\n[[phases]]", "participant.motor_sd", "each action (2)"),
]


@pytest.mark.parametrize(("found", "source", "old", "new", "place", "remedy"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_each_mistake_is_told_by_file_place_and_remedy(found, source, old, new, place, remedy, tmp_path):
    assert old in source
    file = tmp_path / "study.toml"
    file.write_text(source.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput) as error:
        load_protocol(file)
    message = str(error.value)
    assert message.startswith(f"{file}: ")
    assert place in message
    assert remedy in message
    assert "pydantic" not in message and "tuple" not in message
    assert error.value.exit_code == 2


def test_the_files_without_mistakes_load():
    for source in (SKITTLES, REACH):
        assert parse_protocol(source, "study.toml").name == "study"


def test_all_mistakes_are_told_at_once_one_a_line():
    with pytest.raises(BadInput) as error:
        parse_protocol(SKITTLES.replace("trials = 60", "trails = 60").replace('version = "1"', ""), "study.toml")
    places = [line.split(": ")[1] for line in str(error.value).splitlines()]
    assert sorted(places) == ["phases[0].blocks[0].trails", "phases[0].blocks[0].trials", "version"]


def test_not_text(tmp_path):
    file = tmp_path / "study.toml"
    file.write_bytes(b'name = "a"\ntitle = "\xff"\n')
    with pytest.raises(BadInput, match=r"study\.toml: line 2: not UTF-8 text: save the file"):
        load_protocol(file)


def test_no_such_file(tmp_path):
    with pytest.raises(BadInput, match=r"there is no such file.*skittles"):
        load_protocol(tmp_path / "study.toml")


def test_a_bare_word_is_a_library_name_even_beside_a_file_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "skittles").write_text("not a protocol")
    monkeypatch.chdir(tmp_path)
    assert load_protocol("skittles").path == LIBRARY / "skittles.toml"
    (tmp_path / "study").write_text(SKITTLES)
    with pytest.raises(BadInput, match=r"no protocol 'study' in the library.*\./study\.toml"):
        load_protocol("study")
    assert load_protocol("./study").protocol.name == "study"
    assert load_protocol(Path("study")).protocol.name == "study"


def test_a_near_miss_of_a_library_name_is_recognised():
    with pytest.raises(BadInput, match="did you mean 'skittles'"):
        load_protocol("skitles")


def test_the_hash_is_of_the_bytes_and_the_text_is_whole():
    loaded = load_protocol("skittles")
    content = (LIBRARY / "skittles.toml").read_bytes()
    assert loaded.hash == hashlib.sha256(content).hexdigest()
    assert loaded.source.encode() == content
    assert parse_protocol(loaded.source, "kept") == loaded.protocol


def test_the_library_has_the_ready_protocols():
    assert {"skittles", "reach-rotation", "reach-reward"} <= set(library())
