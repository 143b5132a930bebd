"""What a column is, and the columns of every stored table but the trials, which ``protocols/records.py`` has."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["number", "count", "text", "truth"]


class Column(NamedTuple):
    """One column of a table. Missing is ``n/a`` in files, None in Python."""

    name: str
    unit: str  # "" where it has none
    meaning: str
    levels: Mapping[str, str] | None = None  # word -> its meaning, for columns that hold words
    kind: Kind = "number"


def count(name: str, meaning: str, unit: str = "") -> Column:
    """A column of whole numbers."""
    return Column(name, unit, meaning, kind="count")


def text(name: str, meaning: str, levels: Mapping[str, str] | None = None) -> Column:
    """A column of words."""
    return Column(name, "", meaning, levels, kind="text")


def truth(name: str, meaning: str) -> Column:
    """A column of true and false."""
    return Column(name, "", meaning, {"true": "yes", "false": "no"}, "truth")


SESSION = (
    text("format", "version of this layout of the journal"),
    text("twinrig_version", "version of twinrig that made the session"),
    text("session_id", "random identifier, as in the source_id of every stream"),
    text("participant", "code of the participant"),
    count("session", "session of this participant with this protocol, from 1"),
    text("protocol_name", "name of the protocol"),
    text("protocol_hash", "SHA-256 of the protocol file"),
    text("protocol_text", "the protocol file, word for word"),
    text("protocol_file", "where that file was, as an absolute path: what it names, such as from_fit, is looked for from there"),
    text("condition", "counterbalancing condition, drawn once from the ledger and kept"),
    count("seed", "seed from which all randomness of the session derives"),
    text("language", "language of the texts shown"),
    text("task", "name of the task"),
    text("device", "input device, by its name on the command line"),
    text("port", "serial port of a manipulandum; n/a: another device, or the bench"),
    truth("simulated", "whether the movements are made by a program"),
    count("trials_limit", "number of completed trials to end after; n/a: the whole protocol"),
    text("continue_from", "folder of the earlier session that this one goes on from, as an absolute path; n/a: none"),
    text("replay", "folder of the session whose samples are played again, as an absolute path; n/a: none"),
    truth("windowed", "whether it began in a window rather than on the full screen"),
    truth("twin", "whether the learners practise beside the session"),
    truth("infer", "whether the parameters of the participant are inferred beside the session"),
)
START = (
    count("start", "start of the program within the session, from 1"),
    Column("utc", "s", "UTC at the start, since 1970"),
    Column("lsl", "s", "LSL time of the same instant; its zero moves with a reboot"),
    text("platform", "operating system, processor, Python"),
    text("versions", "versions of twinrig and of the libraries it stands on"),
    text("device", "kind, model, axes, rate and calibration of the input device, and the priority it was granted"),
    text("calibrations", "calibrations of this screen and device: kind, of what, when made, values and their hash"),
    text("window", "screen, size, refresh measured, pacing"),
    text("pointer", "events that the simulated participant injected into the real pointer, and events received; n/a: it moved none"),
    text("manipulandum", "its clock map, broken frames, encoder errors and reconnections, at the end; n/a: another device"),
    text("settings", "the rig's settings"),
    text("check", "what the check before the session found; n/a: none of the last twelve hours was of such a rig"),
    text("xdf", "name of the first recording of this start"),
    text("verification", "what the comparison of the recording with the journal found"),
    Column("ended_at", "s", "LSL time at which this start ended; n/a: it was killed, or is still running"),
    text("how_ended", "how this start ended: finished, aborted, or the error"),
)
SAMPLE = (
    Column("device_time", "s", "time by the device's own clock; n/a where it has none"),
    Column("host_time", "s", "LSL time at which the sample was read from the hardware"),
    Column("x", "m", "to the right, from the centre of the device or screen; of two hands left_x, left_y, right_x, right_y"),
    Column("y", "m", "up or away, from the centre of the device or screen"),
    count("buttons", "bit mask; bit 0 is the grip or left button"),
    Column("force", "N or 0..1", "grip force, or pen pressure; n/a where there is none"),
    count("counter", "one more for each sample that the device made"),
)
EVENT = (
    count("start", "start of the program within the session, from 1"),
    count("trial", "trial during which it happened; n/a between trials"),
    Column("time", "s", "LSL time"),
    text("name", "what happened, such as go_cue or release"),
    text("data", "more of it, as JSON"),
)
RESCORED = (
    text(
        "rescored_status", "how the trial would have ended by the protocol it was judged with again; n/a: its movement wasn't over by then"
    ),
    text("rescored_with", "SHA-256 of the protocol file that it was judged with again"),
    text("rescored_by", "version of twinrig that judged it again"),
    truth("reproduced", "whether judging it again by the session's own protocol gives what is stored; n/a: there was nothing to judge"),
)
FRAME = (
    count("trial", "trial that the frame belongs to"),
    Column("flip_time", "s", "LSL time of the flip"),
    Column("work_time", "s", "work done for this frame before the flip was asked for"),
)
MEASURES = {
    "mean": "mean of a column over a block's trials: the learning curve",
    "sd": "standard deviation of a column over a block's trials (n - 1)",
    "lag_1": "autocorrelation of an action with that of the trial before",
    "bias": "root mean square of the part of the directional error that the target's direction explains",
    "variance": "mean square of the rest",
    "speed_accuracy": "mean in one of five bins of movement time, as many trials in each",
    "tolerance_cost": "mean error spared if the cloud of actions lay at the best place",
    "noise_cost": "mean error spared if the cloud were shrunk by the best factor",
    "covariation_cost": "mean error spared if the same values were paired better, by greedy swaps",
    "covariation_optimal_cost": "the same, by the best pairing there is",
    "manifold_ratio": "variance of the actions along the solution manifold over that across it",
    "lag_1_along": "autocorrelation of deviations along the solution manifold with those of the trial before",
    "lag_1_across": "the same across it",
    "tangling": "trajectory tangling of the hand's mean path, mean over its times",
    "tangling_p90": "the same, 90th percentile",
}
MEASURE = (
    text("participant", "code of the participant; simulation<n> of simulations; else the file's name"),
    count("session", "session of this participant, from 1"),
    text("phase", "phase of the block; n/a: the whole session"),
    count("block", "block of the protocol, from 1; n/a: the whole session"),
    Column("target_x", "m", "target, to the right; n/a: all targets"),
    Column("target_y", "m", "target, away from the participant"),
    text("measure", "what the number is", MEASURES),
    text("of", "what was measured: a column of the trials table, |column| for its size, all actions together, or the hand"),
    Column("value", "as in unit", "the number; n/a: not computed, and the note says why"),
    text("unit", "its unit; n/a: it has none"),
    count("trials", "trials that went into it"),
    text("note", "how it was computed, with all settings; or why it wasn't"),
    truth("simulated", "whether simulated trials went into it"),
)
TWIN = (
    text(
        "kind",
        "which learner",
        {
            "yoked": "sees the person's actions and rewards",
            "free_person": "acts for itself, on the very trials that the person got",
            "free_own": "acts for itself, on its own course of the schedule",
        },
    ),
    count("trial", "trial that was predicted and then learned from"),
    text("prediction", "policy before the trial: mean, covariance, log_var, angle, reward_baseline (units of the action columns)"),
    Column("log_prob", "", "natural log of the likelihood of the action; density in the units of the action columns"),
    Column("surprise", "", "minus log_prob"),
    text("state", "state of the learner after the trial: named arrays, exact"),
    text("free", "actions, rewards and errors of the free learners: named arrays, exact"),
    Column("shift_growth", "", "growth of a small shift of the yoked state; large values mark an unstable state"),
    Column("predicted_at", "s", "LSL time at which the prediction was made"),
    Column("committed_at", "s", "LSL time at which the trial was committed"),
)
