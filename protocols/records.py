"""Name, unit and meaning of every stored column, once, and the one function that turns a trial into a row.

``docs/reference/records.md`` is made from these tables. Degrees are used here, in files, and on screens; nowhere else.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from protocols.columns import EVENT, FRAME, MEASURE, RESCORED, SAMPLE, SESSION, START, TWIN, Column, Kind, count, text, truth
from protocols.history import STATUSES, Committed
from protocols.task import Feedback, HandMapping, RewardRule, Task, Timing

__all__ = [
    "EVENT", "FORCE", "FRAME", "MEASURE", "RESCORED", "SAMPLE", "SESSION", "START", "TASKS", "TWIN", "Certificate", "Column", "Value",
    "action_columns", "columns_of", "plain", "scored_columns", "trial_columns", "trial_record",
]  # fmt: skip

Value = float | int | str | bool | None


class Certificate(NamedTuple):
    """The timing certificate of one trial: how well the rig kept time while it ran."""

    sample_rate: float  # Hz, achieved
    largest_gap: float  # s, between two samples
    lost_samples: int  # by the device's own counter
    late_frames: int  # flips later than 1.5 periods after the last one
    flip_delay: float  # s, from the newest sample drawn to the flip that showed it; median over the trial


_FEEDBACK = {
    "none": "neither cursor nor flight is shown",
    "endpoint": "shown once, where the movement ended",
    "continuous": "shown throughout",
}
_MAPPING = {
    "de_novo": "x by the left hand's y, y by the right hand's x",
    "left": "the left hand alone",
    "right": "the right hand alone",
    "mean": "the mean of both hands",
}
_REWARD_RULE = {"graded": "minus the error, in m", "binary": "1 on a hit, else 0", "points": "the points"}
_FORCE = {
    "none": "nothing",
    "viscous": "a force against the velocity",
    "curl": "a force across the velocity",
    "channel": "walls along the way to the target",
}
_STATUS = {
    "completed": "the movement was made within all limits",
    "too_early": "the hand left the start before the go cue",
    "too_slow": "the movement began or ended too late",
    "too_fast": "the movement was faster than allowed",
    "wrong_start": "the hand was not in the start posture",
    "aborted": "the experimenter ended the trial",
    "device_fault": "the device failed during the trial",
}
assert tuple(_STATUS) == STATUSES

_PLACE = (
    text("participant", "code of the participant, letters and digits; never a name"),
    count("session", "session of this participant with this protocol, from 1"),
    count("simulation", "number of the simulation, from 1; n/a for people and pilots"),
    count("start", "start of the program within the session, from 1; more than 1 after a resume"),
    count("block", "block of the protocol, from 1"),
    text("phase", "phase of the protocol by name, such as baseline, training, washout"),
    count("trial", "number of the trial within the session, from 1, in the order given"),
    count("attempt", "1, or more where this place of the schedule was given again"),
    count("scheduled_trial", "place of the trial in the schedule, from 1; the same for all attempts at it"),
    text("task", "name of the task"),
)
_TARGET = (
    Column("target_x", "m", "target, to the right, in the workspace of the task"),
    Column("target_y", "m", "target, away from the participant, in the workspace of the task"),
)
_REACH = (
    Column("target_angle_deg", "deg", "direction of the target from the start, counter-clockwise from the right"),
    Column("perturbation_rotation_deg", "deg", "rotation of the cursor about the start, counter-clockwise"),
    Column("perturbation_gain", "", "extent of the cursor over extent of the hand"),
    Column("perturbation_clamp_deg", "deg", "direction of a clamped cursor relative to the target; n/a: no error clamp"),
)
_BIMANUAL = (_REACH[0], text("perturbation_mapping", "what drove the cursor", _MAPPING))
_GIVEN = {"reach": _REACH, "bimanual": _BIMANUAL}
_RULES = (
    text("feedback", "when the participant saw the cursor, or the flight (skittles)", _FEEDBACK),
    text("reward_rule", "what the reward is made from", _REWARD_RULE),
    Column("movement_time_low", "s", "shorter movements are too fast, in a block with a band of its own; n/a: by the limits"),
    Column("movement_time_high", "s", "longer movements are too slow, in a block with a band of its own"),
)
_ZONE = (
    Column("zone_low_deg", "deg", "lower edge of the reward zone, relative to the target; n/a: hits are by error"),
    Column("zone_high_deg", "deg", "upper edge of the reward zone, relative to the target"),
)
_ACTIONS = {
    "skittles": (
        Column("action_release_angle_deg", "deg", "angle of the lever at the release, as executed"),
        Column("action_release_speed", "m/s", "signed speed of the lever's tip at the release, as executed, by linear regression"),
    ),
    "reach": (Column("action_reach_angle_deg", "deg", "direction of the hand at target distance, relative to the target, as executed"),),
    "bimanual": (
        Column("action_left_x", "m", "left hand to the right of its start at a stated time after movement onset, as executed"),
        Column("action_left_y", "m", "left hand up from its start at that time, as executed"),
        Column("action_right_x", "m", "right hand to the right of its start at that time, as executed"),
        Column("action_right_y", "m", "right hand up from its start at that time, as executed"),
    ),
    "arc": tuple(
        Column(f"action_{axis}{place}", "m", f"{axis} of the hand {place} subgoal intervals after the onset, as executed")
        for place in range(1, 7)
        for axis in ("x", "y")
    ),
    "arc-primitives": tuple(
        Column(f"action_weight_{axis}{place}", "m", f"weight of primitive {place} along {axis} that comes nearest to the path, as executed")
        for place in range(1, 7)
        for axis in ("x", "y")
    ),
}
TASKS = tuple(_ACTIONS)  # the names of all tasks
_ARC = (
    Column("inside_share", "", "share of the way that lay inside the channel"),
    Column("time_inside", "s", "time inside the channel, while moving"),
    Column("radial_mean", "m", "mean distance from the middle of the channel along the way, outward positive"),
    Column("radial_sd", "m", "standard deviation of that distance along the way"),
    Column("path_length", "m", "length of the way"),
    Column("mean_speed", "m/s", "mean speed while moving"),
    Column("cost_channel", "", "part of minus the graded reward: distance from the middle of the channel"),
    Column("cost_endpoint", "", "part of minus the graded reward: distance of the end from the target"),
    Column("cost_stop", "", "part of minus the graded reward: speed at the end"),
    Column("cost_effort", "", "part of minus the graded reward: acceleration"),
)
_DETAILS = {
    "skittles": (
        Column("action_release_angle_quadratic_deg", "deg", "angle of the lever at the release, by quadratic regression"),
        Column("action_release_speed_quadratic", "m/s", "signed speed of the lever's tip at the release, by quadratic regression"),
        Column("release_time", "s", "from the go cue to the release"),
    ),
    "reach": (),
    "bimanual": (
        Column("peak_speed", "m/s", "greatest filtered speed of the cursor"),
        Column("path_length_ratio", "", "way of the cursor over the distance it reached; 1 is straight"),
    ),
    **dict.fromkeys(("arc", "arc-primitives"), _ARC),
}
FORCE = (  # of protocols with force fields alone
    text("perturbation_force", "what acted on the hand", _FORCE),
    Column("perturbation_force_strength", "N s/m", "force over speed of the block's field, for which a channel may stand in"),
    Column("lateral_force", "N", "channel trials: greatest force of the hand against the walls, to the left of the way positive"),
    Column("adaptation_index", "", "channel trials of a curl field: slope of that force on the one that would undo the field"),
)
_RESULT = (
    Column("reward", "", "reward as delivered, in the unit of reward_rule; n/a where it was withheld or the trial gave none"),
    Column("scored_reward", "", "reward that the trial earned by its rule, delivered or not"),
    Column("points", "points", "points earned by this trial"),
    truth("feedback_shown", "whether the result was shown to the participant"),
    count("hit_shown", "1 where a hit was shown, 0 where a miss was shown, n/a where neither"),
    Column("error", "m", "unsigned error, penalty included"),
    Column("miss_distance", "m", "closest approach to the target, or distance of the endpoint, without penalty"),
    Column("hand_error_deg", "deg", "signed direction of the hand relative to the target"),
    Column("cursor_error_deg", "deg", "signed error as shown: target minus cursor; n/a where no cursor was shown"),
    count("hit", "1 for a hit, 0 for none"),
    count("post_hit", "1 where the ball struck the post, else 0"),
    Column("reaction_time", "s", "from the go cue to the onset of the movement"),
    Column("movement_time", "s", "from the onset to the end of the movement"),
    text("status", "how the trial ended", _STATUS),
    truth("simulated", "whether the movement was made by a program (simulated participant or replay)"),
    Column("aim_report_deg", "deg", "where the participant said to aim, relative to the target"),
)
_CERTIFICATE = (
    Column("sample_rate", "Hz", "sample rate achieved in this trial"),
    Column("largest_gap", "s", "largest gap between two samples of this trial"),
    count("lost_samples", "samples lost, by the device's own counter"),
    count("late_frames", "flips later than 1.5 periods after the flip before"),
    Column("flip_delay", "s", "from the newest sample drawn to the flip that showed it, median"),
)
_LAST = (
    truth("flagged", "whether the trial broke one of the protocol's timing limits"),
    truth("requeue", "whether this place of the schedule is to be given again"),
    Column("go_time", "s", "LSL time of the go cue; n/a where none was given"),
)


def action_columns(task_name: str) -> tuple[Column, ...]:
    """The action columns of a task, in the order of its action vector; none for a task that isn't known here."""
    return _ACTIONS.get(task_name, ())


def trial_columns(task_name: str, simulated: bool = False) -> tuple[Column, ...]:
    """The columns of a trials table of this task, in order; simulated tables also hold the intended actions."""
    reach = task_name == "reach"
    actions = action_columns(task_name)
    intended = tuple(_intended(column) for column in actions) if simulated else ()
    task = _TARGET + _GIVEN.get(task_name, ()) + _RULES + (_ZONE if reach else ())
    return _PLACE + task + actions + _DETAILS.get(task_name, ()) + intended + _RESULT + _CERTIFICATE + _LAST


def scored_columns(task_name: str) -> tuple[str, ...]:
    """The names of the columns that follow from a movement and from how it is judged, but for ``details``; the others say what happened."""
    rules = (*_RULES[1:], *(_ZONE if task_name == "reach" else ()))
    lived = ("reward", "feedback_shown", "hit_shown", "status", "simulated", "aim_report_deg")
    return tuple(column.name for column in (*rules, *action_columns(task_name), *_RESULT) if column.name not in lived)


def _intended(column: Column) -> Column:
    return Column(f"intended_{column.name}", column.unit, f"{column.meaning.split(',')[0]}, as intended, before motor noise")


def columns_of(task_name: str, records: Sequence[Mapping[str, Value]]) -> tuple[Column, ...]:
    """The columns for these records: the known ones in order, then any that a task added."""
    simulated = any(name.startswith("intended_") for record in records for name in record)
    known = trial_columns(task_name, simulated)
    names = {column.name for column in known}
    added = dict.fromkeys(name for record in records for name in record if name not in names)
    further = {column.name: column for column in FORCE}
    return known + tuple(further.get(name, Column(name, "", "as given by the task")) for name in added)


def trial_record(
    task: Task,
    committed: Committed,
    *,
    start: int,
    phase: str,
    timing: Timing,
    details: Mapping[str, Any],
    certificate: Certificate | None,
    simulated: bool,
    feedback_shown: bool,
    flagged: bool = False,
    go_time: float = math.nan,
    aim_report: float = math.nan,
    intended_action: np.ndarray | None = None,
) -> dict[str, Value]:
    """One trial as a row: every column of ``trial_columns`` but participant, session and simulation, which the session knows.

    ``aim_report`` is in rad relative to the target, ``go_time`` in LSL s, ``intended_action`` in the units of the action columns
    (simulated participants only). Missing numbers become None.
    """
    outcome = committed.outcome
    hit_shown = outcome.hit if feedback_shown else math.nan
    values: dict[str, Any] = {
        "start": start,
        "phase": phase,
        "task": task.name,
        **_trial_values(task, committed),
        **_named(task, committed.action, "action_"),
        **details,
        **(_named(task, intended_action, "intended_action_") if intended_action is not None else {}),
        "feedback_shown": bool(feedback_shown),
        "hit_shown": hit_shown,
        "reaction_time": timing.onset,
        "movement_time": float(timing.end) - float(timing.onset),
        "simulated": bool(simulated),
        "aim_report_deg": np.rad2deg(aim_report),
        **(certificate._asdict() if certificate is not None else dict.fromkeys(Certificate._fields)),
        "flagged": bool(flagged),
        "go_time": go_time,
    }
    known = (*trial_columns(task.name, intended_action is not None), *FORCE)
    kinds: dict[str, Kind] = {column.name: column.kind for column in known}
    order = [name for name in kinds if name in values] + [name for name in values if name not in kinds]
    return {name: plain(values[name], kinds.get(name, "number")) for name in order}


def _trial_values(task: Task, committed: Committed) -> dict[str, Any]:
    trial, outcome = committed.trial, committed.outcome
    values: dict[str, Any] = {
        "block": trial.block,
        "trial": trial.number,
        "attempt": trial.attempt,
        "scheduled_trial": trial.slot,
        "target_x": trial.target[0],
        "target_y": trial.target[1],
        "feedback": Feedback(int(trial.feedback)).name.lower(),
        "reward_rule": RewardRule(int(trial.reward_rule)).name.lower(),
        "movement_time_low": trial.band[0],
        "movement_time_high": trial.band[1],
        "reward": committed.reward,
        "scored_reward": outcome.reward,
        "points": outcome.points,
        "error": outcome.error,
        "miss_distance": outcome.miss_distance,
        "hand_error_deg": np.rad2deg(outcome.hand_error),
        "cursor_error_deg": np.rad2deg(outcome.cursor_error),
        "hit": outcome.hit,
        "post_hit": outcome.post_hit,
        "status": committed.status,
        "requeue": bool(committed.requeue),
    }
    given = {"reach": _reach_values, "bimanual": _bimanual_values}.get(task.name)
    return values | (given(task, committed) if given else {})


def _reach_values(task: Task, committed: Committed) -> dict[str, Any]:
    trial = committed.trial
    (start_x, start_y), _ = task.start_posture(trial)
    return {
        "target_angle_deg": np.rad2deg(np.arctan2(trial.target[1] - start_y, trial.target[0] - start_x)),
        "perturbation_rotation_deg": np.rad2deg(trial.rotation),
        "perturbation_gain": trial.gain,
        "perturbation_clamp_deg": np.rad2deg(trial.clamp),
        "zone_low_deg": np.rad2deg(trial.zone[0]),
        "zone_high_deg": np.rad2deg(trial.zone[1]),
    }


def _bimanual_values(task: Task, committed: Committed) -> dict[str, Any]:
    trial = committed.trial
    return {
        "target_angle_deg": np.rad2deg(np.arctan2(trial.target[1], trial.target[0])),
        "perturbation_mapping": HandMapping(int(trial.mapping)).name.lower(),
    }


def _named(task: Task, action: np.ndarray, prefix: str) -> dict[str, Any]:
    return {prefix + name: value for name, value in zip(task.action_names, action, strict=True)}


def plain(value: Any, kind: Kind = "number") -> Value:
    """A value as files hold it: a float, int, str or bool of Python's own, None where it is missing (NaN)."""
    if value is None or isinstance(value, str | bool):
        return value
    number = float(value)
    if math.isnan(number):
        return None
    if kind == "truth":
        return bool(number)
    return int(number) if kind == "count" and number.is_integer() else number
