"""The files that describe a whole BIDS dataset: description, README, CHANGES, participants, scans."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rig.bids.files import write_json, write_table
from rig.bids.session import BidsSession, Scan

BIDS_VERSION = "1.10.0"
README = """# {title}

{kind} recorded with twinrig {version}, a rig for motor-skill experiments. Exported on {date}.

Tasks: {tasks}.

- `beh/*_beh.tsv`: one row a trial; the `.json` beside it says what each column means. Missing is `n/a`.
- `motion/*_motion.tsv`: every sample of the input device, as it came. Devices that send events, such as a mouse, have no fixed
  rate: the first channel, of type LATENCY, holds the time of each sample in s. Each start of the program is a run.
- `motion/*_events.tsv`: stages of the trials, and what happened to the rig.
- `sourcedata/`: the XDF recordings of all streams, and the protocol file word for word.

Participants are codes; no names were recorded.
{warning}"""
SIMULATED = "\n**These data are simulated: a program made the movements. They are not data of people.**\n"


def write_dataset(root: Path, scans: Mapping[BidsSession, Sequence[Scan]], accept_simulated: bool) -> None:
    """Write all that stands above the sessions."""
    sessions = list(scans)
    _write_description(root, sessions, accept_simulated)
    _write_words(root, sessions)
    _write_participants(root, sessions)
    _write_scans(root, scans)


def _write_description(root: Path, sessions: Sequence[BidsSession], accept_simulated: bool) -> None:
    simulated = any(session.simulated for session in sessions)
    titles = list(dict.fromkeys(session.protocol.title for session in sessions))
    write_json(
        root / "dataset_description.json",
        {
            "Name": ("SIMULATED: " if simulated else "") + "; ".join(titles),
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "License": "n/a",
            "Authors": ["n/a"],
            "Acknowledgements": "n/a",
            "HowToAcknowledge": "n/a",
            "Funding": ["n/a"],
            "EthicsApprovals": ["n/a"],
            "ReferencesAndLinks": ["n/a"],
            "GeneratedBy": [{"Name": "twinrig", "Version": version("twinrig")}],
            "SourceDatasets": [{"URL": "sourcedata", "Version": "n/a"}],
            "Simulated": simulated,
            "AcceptSimulated": accept_simulated,
        },
    )


def _write_words(root: Path, sessions: Sequence[BidsSession]) -> None:
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    simulated = any(session.simulated for session in sessions)
    tasks = {f"`{session.task_label}` ({session.protocol.summary or session.protocol.title})" for session in sessions}
    words = {
        "title": "; ".join(dict.fromkeys(session.protocol.title for session in sessions)),
        "kind": "Simulated data" if simulated else "Behaviour and movements of people,",
        "version": version("twinrig"),
        "date": date,
        "tasks": "; ".join(sorted(tasks)),
        "warning": SIMULATED if simulated else "",
    }
    (root / "README.md").write_text(README.format(**words), encoding="utf-8")
    (root / "CHANGES").write_text(f"1.0.0 {date}\n  - Exported by twinrig {version('twinrig')}.\n", encoding="utf-8")


ASKED = {"age": "age", "sex": "sex", "handedness": "handedness"}  # BIDS column: key of the answer
SEX = {"female": "F", "male": "M", "other": "O"}
HAND = {"right": "R", "left": "L", "both": "A"}


def _write_participants(root: Path, sessions: Sequence[BidsSession]) -> None:
    rows = {}
    for session in sorted(sessions, key=lambda s: (s.participant, s.number)):
        rows.setdefault(session.participant, _participant(session))
    write_table(root / "participants.tsv", ("participant_id", "species", "age", "sex", "handedness", "simulated"), rows.values())
    write_json(
        root / "participants.json",
        {
            "participant_id": {"Description": "code of the participant; never a name"},
            "species": {"Description": "binomial species name; n/a where a program made the movements"},
            "age": {"Description": "age as answered at the first session exported", "Units": "year"},
            "sex": {"Description": "as answered", "Levels": {"F": "female", "M": "male", "O": "other"}},
            "handedness": {"Description": "as answered", "Levels": {"R": "right", "L": "left", "A": "both"}},
            "simulated": {"Description": "whether a program made the movements", "Levels": {"true": "yes", "false": "no"}},
        },
    )


def _participant(session: BidsSession) -> tuple[Any, ...]:
    asked = {column: session.answers.get(key) for column, key in ASKED.items()}
    person = not session.simulated
    return (
        f"sub-{session.participant}",
        "homo sapiens" if person else None,
        asked["age"] if person else None,
        SEX.get(str(asked["sex"])) if person else None,
        HAND.get(str(asked["handedness"])) if person else None,
        session.simulated,
    )


SCAN_COLUMNS = {
    "protocol": "name and version of the protocol",
    "protocol_hash": "SHA-256 of the protocol file",
    "condition": "counterbalancing condition",
    "seed": "seed from which the schedule follows",
    "session_id": "random identifier of the session, as in the XDF recording",
    "simulated": "whether a program made the movements",
}


def _write_scans(root: Path, scans: Mapping[BidsSession, Sequence[Scan]]) -> None:
    """One file a session folder; sessions of several tasks share it."""
    places: dict[Path, list[tuple[Any, ...]]] = {}
    for session, lines in scans.items():
        kept, protocol = session.kept, session.protocol
        more = (f"{protocol.name} {protocol.version}", kept["protocol_hash"], kept["condition"], kept["seed"], kept["session_id"])
        places.setdefault(session.place, []).extend((*line, *more, session.simulated) for line in lines)
    for place, rows in places.items():
        file = root / place / f"{'_'.join(place.parts)}_scans"
        write_table(file.with_suffix(".tsv"), ("filename", "acq_time", *SCAN_COLUMNS), rows)
    columns = {"filename": "file, within the session's folder", "acq_time": "UTC of the first sample (motion) or of the start (beh)"}
    write_json(root / "scans.json", {name: {"Description": meaning} for name, meaning in {**columns, **SCAN_COLUMNS}.items()})
