"""A protocol of few, fast trials as text, for tests of whole sessions."""

from pathlib import Path

#: What a simulated participant needs for one trial is about a second: it brings the hand home, reacts, and reaches.
HEAD = """
name = "short"
title = "A short session"
version = "1"
languages = ["en", "de"]

[task]
kind = "{task}"
{constants}

[workspace]
hand_scale = {hand_scale}
display_scale = {display_scale}

[limits]
max_reaction_time = {max_reaction_time}
max_movement_time = 3.0
max_home_time = 20.0

[requeue]
statuses = ["too_early", "too_slow", "device_fault"]

[timing]
hold = 0.05
foreperiod = [0.05, 0.1]
feedback = 0.05
inter_trial = 0.02

[breaks]
seconds = 0.3

[points]
points_hit = 10.0
points_range = {points_range}
bonus = {{ currency = "EUR", per_point = 0.1, maximum = 5.0 }}

[study]
sessions = 3
retention = {retention}

[twin]
free = 5

[twin.parameters]
{parameters}

[participant]
reaction_time = {reaction_time}
reaction_time_sd = {reaction_time_sd}
"""

QUESTIONS = """
[[questions.before]]
key = "consent"
text = "consent"
kind = "yes_no"
required = true

[[questions.before]]
key = "hand"
text = "hand"
kind = "choice"
choices = ["left", "right"]
required = "right"

[[questions.after]]
key = "age"
text = "age"
kind = "number"
low = 18.0
high = 98.0

[texts.en]
consent = "Do you agree?"
hand = "Which hand?"
left = "the left one"
right = "the right one"
age = "How old are you?"
practice = "Reach."

[texts.de]
consent = "Sind Sie einverstanden?"
hand = "Welche Hand?"
left = "die linke"
right = "die rechte"
age = "Wie alt sind Sie?"
practice = "Greifen Sie."
"""

REACH = {
    "task": "reach",
    "constants": "largest_extent = 0.11",
    "hand_scale": 1.0,
    "display_scale": 1.0,
    "points_range": 0.05,
    "parameters": "initial_mean = [0.0]\ninitial_sd = [8.0]",
    "target": "angle_deg = 90.0\ndistance = 0.08",
}
SKITTLES = {
    "task": "skittles",
    "constants": "shown_time = 0.15",
    "hand_scale": 0.25,
    "display_scale": 0.065,
    "points_range": 0.6,
    "parameters": "initial_mean = [110.0, 3.2]\ninitial_sd = [8.0, 0.4]",
    "target": "x = 0.38\ny = 0.43",
}


BIMANUAL = {
    "task": "bimanual",
    "constants": "largest_extent = 0.14",
    "hand_scale": 1.0,
    "display_scale": 0.8,
    "points_range": 0.12,
    "parameters": "initial_mean = [0.0, 0.08, 0.08, 0.0]\ninitial_sd = [0.02, 0.02, 0.02, 0.02]",
    "target": "angle_deg = 45.0\ndistance = 0.12",
}
ARC = {
    "task": "arc",
    "constants": "margin = 0.02",
    "hand_scale": 0.3,
    "display_scale": 0.35,
    "points_range": 0.08,
    "parameters": "initial_mean = [-0.202, 0.147, -0.077, 0.238, 0.077, 0.238, 0.202, 0.147, 0.25, 0.0, 0.25, 0.0]\n"
    "initial_sd = [0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]",
    "target": "x = 0.25\ny = 0.0",
}


def short_protocol(
    kind: dict = REACH,
    blocks: tuple[str, ...] = ("trials = 4",),
    max_reaction_time: float = 2.0,
    reaction_time: float = 0.15,
    reaction_time_sd: float = 0.0,
    retention: float = 1.0,
    questions: bool = False,
) -> str:
    """The TOML text of a study of one phase with these blocks; each block is the inside of its table."""
    head = HEAD.format(
        **kind, max_reaction_time=max_reaction_time, reaction_time=reaction_time, reaction_time_sd=reaction_time_sd, retention=retention
    )
    phase = '\n[[phases]]\nname = "practice"\nkind = "training"\n' + ('instruction = "practice"\n' if questions else "")
    inside = "".join(f"\n[[phases.blocks]]\n{block}\n" for block in blocks)
    return f"{head}\n[targets.front]\n{kind['target']}\n{phase}{inside}{QUESTIONS if questions else ''}"


def write_short(folder: Path, **options) -> Path:
    """The same as a file in the folder."""
    file = folder / "short.toml"
    file.write_text(short_protocol(**options), encoding="utf-8")
    return file
