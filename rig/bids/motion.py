"""The samples of one start of a session as Motion-BIDS: samples, channels, events.

A mouse sends events, not samples at a fixed rate. The standard's way for samples at uneven times is a channel of type LATENCY, in s
from the first sample; nothing is interpolated. Each start of the program is a run of its own: LSL time may begin anew between them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from devices.device import Samples
from rig.bids.files import write_json, write_table
from rig.bids.latents import MEANING, NOTHING, Latent
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from rig.journal.writer import Event
from rig.session.sampling import joined

if TYPE_CHECKING:
    from rig.bids.session import BidsSession

CHANNEL_COLUMNS = ("name", "component", "type", "tracked_point", "units", "reference_frame", "description")
TILT = "how far the pen leans, to the right (x) or towards the user (y)"
POSITION = "position, from the centre of the device or screen"
ABSENT = ("ACCEL", "ANGACCEL", "GYRO", "JNTANG", "MAGN", "ORNT", "VEL")  # kinds of channel that the standard wants counted too
PAUSE = 0.05  # s: longer times between samples are pauses of the hand and don't count in the rate


class Motion(NamedTuple):
    """A motion file that was written."""

    name: str
    acq_time: str


class Channel(NamedTuple):
    """One column of ``motion.tsv``."""

    name: str
    component: str
    type: str
    units: str
    meaning: str
    point: str = "hand"  # what is tracked

    def row(self) -> tuple[str, ...]:
        """As a line of ``channels.tsv``."""
        frame = "screen" if self.type in ("POS", "ORNT") else "n/a"
        return (self.name, self.component, self.type, self.point, self.units, frame, self.meaning)


class _Start(NamedTuple):
    samples: Samples
    events: list[Event]
    rate: float  # Hz, while the hand moves
    onset: float  # LSL time of the first sample


def write_motion(session: "BidsSession", start: dict[str, Any], folder: Path, latents: Mapping[int, Latent] | None = None) -> Motion | None:
    """Write the samples, channels and events of one start; None where it has no sample. ``latents`` of its trials go beside events."""
    found = _read(session, start["start"])
    if found is None:
        return None
    device = start.get("device") or {}
    system = str(device.get("kind", "device")).title().replace("_", "")
    stem = f"{session.entities}_tracksys-{system}_run-{start['start']}"
    folder.mkdir(exist_ok=True)
    channels = _channels(device)
    _write_samples(folder / f"{stem}_motion.tsv", found)
    write_json(folder / f"{stem}_motion.json", _motion_json(session, start, found, channels, system))
    write_table(folder / f"{stem}_channels.tsv", CHANNEL_COLUMNS, [channel.row() for channel in channels])
    write_json(folder / f"{stem}_channels.json", {**_frame_json(), "Simulated": session.simulated})
    events = f"{session.entities}_run-{start['start']}_events"
    _write_events(folder / f"{events}.tsv", found, latents)
    write_json(folder / f"{events}.json", {**_events_json(session, start), **(MEANING if latents is not None else {})})
    from rig.bids.session import utc_text

    return Motion(f"{stem}_motion.tsv", utc_text(start["utc"] + found.onset - start["lsl"]))


def _read(session: "BidsSession", number: int) -> _Start | None:
    with read_journal(session.folder / JOURNAL, thorough=False) as journal:
        mine = {stored.number for stored in journal.stored() if stored.start == number}
        chunks = [samples for trial, samples in journal.paths() if trial in mine and len(samples)]
        events = [event for event in journal.events() if event.start == number]
    if not chunks:
        return None
    samples = joined(chunks)
    return _Start(samples, sorted(events, key=lambda event: event.time), _rate(samples.host_time), float(samples.host_time[0]))


def _rate(time: np.ndarray) -> float:
    gaps = np.diff(time)
    moving = gaps[gaps < PAUSE]
    return round(1 / float(np.mean(moving)), 3) if len(moving) else 0.0


def _channels(device: dict[str, Any]) -> tuple[Channel, ...]:
    axes = tuple(device.get("axes") or ("x", "y"))
    return (
        Channel("latency", "n/a", "LATENCY", "s", "time of the sample from the first one, LSL clock"),
        *map(_axis, axes),
        Channel("buttons", "n/a", "MISC", "n/a", "bit mask; bit 0 is the grip or left button"),
        Channel("force", "n/a", "MISC", "n/a", "grip force (N) or pen pressure (0 to 1)"),
        Channel("device_time", "n/a", "MISC", "s", "time by the device's own clock"),
        Channel("counter", "n/a", "MISC", "n/a", "one more for each sample that the device made; a gap means lost samples"),
    )


def _axis(axis: str) -> Channel:
    """``x``, or with two hands ``left_x``, each from the centre of its own device; ``tilt_x`` of a pen."""
    side, _, component = axis.rpartition("_")
    if side == "tilt":
        return Channel(axis, component, "ORNT", "rad", TILT, "pen")
    return Channel(axis, component if component in ("x", "y", "z") else "n/a", "POS", "m", POSITION, f"{side} hand" if side else "hand")


def _write_samples(file: Path, start: _Start) -> None:
    """No head line, as the standard asks; latencies in whole microseconds."""
    import pandas as pd

    samples = start.samples
    table = pd.DataFrame({"latency": [f"{late:.6f}" for late in samples.host_time - start.onset]})
    for axis in range(samples.position.shape[1]):
        table[f"axis{axis}"] = samples.position[:, axis]
    table = table.assign(buttons=samples.buttons, force=samples.force, device_time=samples.device_time, counter=samples.counter)
    table.to_csv(file, sep="\t", header=False, index=False, na_rep="n/a", mode="x", lineterminator="\n")


def _motion_json(session: "BidsSession", start: dict[str, Any], found: _Start, channels: tuple[Channel, ...], system: str) -> dict:
    device, time = start.get("device") or {}, found.samples.host_time
    duration = float(time[-1] - time[0])
    kinds = [channel.type for channel in channels]
    nominal = float(device.get("nominal_rate") or 0.0)
    return {
        **session.task_metadata(),
        "TrackingSystemName": system,
        "SamplingFrequency": nominal or found.rate,
        "SamplingFrequencyEffective": round((len(time) - 1) / duration, 3) if duration > 0 else 0.0,
        "SamplingFrequencyNote": "fixed rate" if nominal else "event-driven: the mean rate while the hand moves; see the LATENCY channel",
        "Manufacturer": "n/a",
        "ManufacturersModelName": str(device.get("model", "n/a")),
        "SoftwareVersions": _software(start),
        "DeviceCalibration": device.get("calibration") or {},
        "DeviceNotes": list(device.get("notes") or ()),
        "RecordingType": "continuous",
        "RecordingDuration": duration,
        "MotionChannelCount": len(channels),
        **{f"{kind}ChannelCount": kinds.count(kind) for kind in ("POS", "LATENCY", "MISC", *ABSENT)},
        "TrackedPointsCount": len({channel.point for channel in channels if channel.type == "POS"}),
        "MissingValues": "n/a",
        "SubjectArtefactDescription": "n/a",
    }


def _software(start: dict[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in (start.get("versions") or {}).items()) or "twinrig"


def _frame_json() -> dict[str, Any]:
    screen = {
        "Description": "plane of the device or screen: x to the right, y up (on a desk: away from the participant); origin at its centre",
        "SpatialAxes": "RU_",
        "RotationRule": "n/a",
        "RotationOrder": "n/a",
    }
    return {"reference_frame": {"Description": "frame in which positions are given", "Levels": {"screen": screen}}}


def _write_events(file: Path, start: _Start, latents: Mapping[int, Latent] | None) -> None:
    rows = [(f"{event.time - start.onset:.6f}", None, event.name, event.trial, dict(event.data) or None) for event in start.events]
    names = ("onset", "duration", "trial_type", "trial", "details")
    if latents is not None:
        names += Latent._fields
        rows = [(*row, *latents.get(event.trial or 0, NOTHING)) for row, event in zip(rows, start.events, strict=True)]
    write_table(file, names, rows)


def _events_json(session: "BidsSession", start: dict[str, Any]) -> dict[str, Any]:
    return {
        "onset": {"Description": "time from the first sample of the motion file of the same run; LSL clock", "Units": "s"},
        "duration": {"Description": "n/a: events are moments", "Units": "s"},
        "trial_type": {"Description": "what happened: the stages of a trial, how it ended, and what went wrong with the rig"},
        "trial": {"Description": "number of the trial in the beh table; n/a between trials"},
        "details": {"Description": "more of it, where there is more"},
        "Simulated": session.simulated,
        "StimulusPresentation": {
            "OperatingSystem": str(start.get("platform", "n/a")),
            "SoftwareName": "twinrig on PsychoPy",
            "SoftwareRRID": "RRID:SCR_006571",
            "SoftwareVersion": _software(start),
        },
    }
