"""What there is to play again: the movements of a stored session, from its journal or from a recording of it (XDF)."""

import json
from pathlib import Path

import numpy as np

from devices.device import Motion, Samples
from protocols.errors import BadInput
from rig import folder as folders
from rig.journal.reader import read_journal
from rig.streams.xdf import Stream, read_xdf

RECORDING = ".xdf"


def check_replay(stored: Path) -> None:
    """See that there is a session's folder or a recording.

    Raises:
        BadInput: there is neither.
    """
    if stored.suffix != RECORDING:
        folders.open_session_folder(stored)
    elif not stored.is_file():
        raise BadInput(f"{stored}: there is no such recording; name a session's folder, or the XDF file in it")


def stored_movements(stored: Path) -> dict[int, Motion]:
    """The movements by trial, each in s from its go cue, on the device's own axes (m).

    Raises:
        BadInput: it can't be read, or isn't twinrig's.
    """
    check_replay(stored)
    return _of_recording(stored) if stored.suffix == RECORDING else _of_journal(stored)


def since_go(samples: Samples, go_time: float) -> Motion:
    """The samples from a go cue on (LSL s), beginning with where the hand was at it."""
    first = int(np.searchsorted(samples.host_time, go_time, side="right"))
    held = max(first - 1, 0)
    return Motion(
        np.concatenate([[0.0], samples.host_time[first:] - go_time]),
        np.concatenate([samples.position[held : held + 1], samples.position[first:]]),
        np.concatenate([samples.buttons[held : held + 1], samples.buttons[first:]]),
    )


def _of_journal(session: Path) -> dict[int, Motion]:
    with read_journal(folders.open_session_folder(session) / folders.JOURNAL) as journal:
        stored = {trial.number: trial.go_time for trial in journal.stored() if np.isfinite(trial.go_time)}
        return {number: since_go(journal.path_of(number), go_time) for number, go_time in stored.items()}


def _of_recording(file: Path) -> dict[int, Motion]:
    try:
        streams = read_xdf(file).streams
    except (OSError, ValueError) as error:
        raise BadInput(f"{file}: can't be read ({error}); name a recording that twinrig made") from error
    motion = [stream for stream in streams if stream.type == "Motion" and stream.channels[:1] == ("device_time",)]
    trials = [stream for stream in streams if stream.name == "twinrig.trials"]
    if len(motion) != 1 or len(trials) != 1:
        raise BadInput(f"{file}: expected one stream of movement and 'twinrig.trials', found {[s.name for s in streams]}; name another")
    samples, motions = _samples(motion[0]), {}
    for stamp, line in zip(trials[0].stamps, trials[0].values, strict=True):
        told = json.loads(line)
        if told.get("go_time") is not None:
            motions[told["trial"]] = since_go(_until(samples, stamp), told["go_time"])
    return motions


def _samples(stream: Stream) -> Samples:
    """A motion stream's samples; between ``device_time`` and ``buttons`` stand the axes."""
    axes = stream.channels[1 : stream.channels.index("buttons")]
    return Samples(
        device_time=stream.column("device_time"),
        host_time=stream.stamps,
        position=np.column_stack([stream.column(axis) for axis in axes]),
        buttons=stream.column("buttons").astype(np.int64),
        force=stream.column("force"),
        counter=stream.column("counter").astype(np.int64),
    )


def _until(samples: Samples, time: float) -> Samples:
    """Those up to an LSL time (s): of a trial, its commit."""
    count = int(np.searchsorted(samples.host_time, time, side="right"))
    return Samples(*(column[:count] for column in samples))
