"""One session in BIDS: the trials table as ``beh``, the samples as ``motion``, the recording under ``sourcedata``."""

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from protocols.errors import BadInput
from protocols.load import parse_protocol
from protocols.schema import Protocol
from rig.bids.files import write_json
from rig.bids.latents import latents_of
from rig.bids.motion import write_motion
from rig.folder import JOURNAL, PROTOCOL, open_session_folder
from rig.journal.reader import read_journal
from rig.tables.trials import descriptions, trials_table, write_trials


@dataclass(frozen=True)
class BidsSession:
    """What is known of a session before anything of it is written."""

    folder: Path
    participant: str
    number: int
    task_label: str
    protocol: Protocol
    simulated: bool
    kept: dict[str, Any]  # the journal's session table
    starts: tuple[dict[str, Any], ...]
    answers: dict[str, Any]

    def __hash__(self) -> int:
        """By folder, which is one session's."""
        return hash(self.folder)

    @property
    def entities(self) -> str:
        """The beginning of every file name."""
        return f"sub-{self.participant}_ses-{self.number}_task-{self.task_label}"

    @property
    def place(self) -> Path:
        """The session's folder within the dataset."""
        return Path(f"sub-{self.participant}", f"ses-{self.number}")

    def task_metadata(self) -> dict[str, Any]:
        """What every sidecar says of the task and of who moved."""
        protocol = self.protocol
        instructions = [protocol.words(p.instruction, self.kept["language"]) for p in protocol.phases if p.instruction]
        return {
            "TaskName": self.task_label,
            "TaskDescription": f"{protocol.title}. {protocol.summary}".strip(),
            "Instructions": " ".join(" ".join(instructions).split()) or "none",
            "ProtocolHash": self.kept["protocol_hash"],
            "Simulated": self.simulated,
        }


class Scan(NamedTuple):
    """One line of ``scans.tsv``."""

    filename: str  # within the session's folder
    acq_time: str


def read_session(folder: Path) -> BidsSession:
    """A session, by its journal.

    Raises:
        BadInput: there is no journal, it is damaged, or it has no trial.
    """
    with read_journal(open_session_folder(folder) / JOURNAL) as journal:
        kept, starts, answers, trials = journal.session(), journal.starts(), journal.answers(), journal.last_trial()
    if not trials:
        raise BadInput(f"{folder}: no trial was completed in this session; leave it out of the export")
    protocol = parse_protocol(kept["protocol_text"], str(folder / PROTOCOL)).for_session(kept["session"])
    label = re.sub(r"[^A-Za-z0-9]", "", protocol.name)
    return BidsSession(folder, kept["participant"], kept["session"], label, protocol, bool(kept["simulated"]), kept, tuple(starts), answers)


def write_session(session: BidsSession, root: Path, fits: Path | None = None) -> list[Scan]:
    """Write all files of a session; the lines for its ``scans.tsv``. ``fits``: of the learner whose latent variables go beside events.

    Raises:
        BadInput: there is no fit of the session's participant.
    """
    latents = None if fits is None else latents_of(session, fits)
    (root / session.place).mkdir(parents=True, exist_ok=True)
    scans = [_write_beh(session, root)]
    for start in session.starts:
        if written := write_motion(session, start, root / session.place / "motion", latents):
            scans.append(Scan(f"motion/{written.name}", written.acq_time))
        _copy_recordings(session, start, root)
    _copy(session.folder / PROTOCOL, root / "sourcedata" / session.place / f"{session.entities}_protocol.toml")
    return scans


def _write_beh(session: BidsSession, root: Path) -> Scan:
    folder = root / session.place / "beh"
    folder.mkdir(exist_ok=True)
    file = folder / f"{session.entities}_beh.tsv"
    columns, rows = trials_table(session.folder)
    write_trials(columns, rows, file)
    sidecar = file.with_suffix(".json")
    sidecar.unlink()  # the columns alone; written again with what BIDS asks for
    write_json(sidecar, {**session.task_metadata(), **descriptions(columns)})
    return Scan(f"beh/{file.name}", utc_text(session.starts[0]["utc"]))


def utc_text(utc: float) -> str:
    """Seconds since 1970 as BIDS writes a time, in UTC."""
    return datetime.fromtimestamp(utc, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _copy_recordings(session: BidsSession, start: dict[str, Any], root: Path) -> None:
    """The recordings of one start; a restarted recorder has made several, whose names end in a letter."""
    number = start["start"]
    files = sorted(session.folder.glob(f"start-{number}.xdf")) + sorted(session.folder.glob(f"start-{number}[b-z-]*.xdf"))
    for part, file in enumerate(files, 1):
        name = f"{session.entities}_run-{number}{f'_part-{part}' if len(files) > 1 else ''}.xdf"
        _copy(file, root / "sourcedata" / session.place / name)


def _copy(file: Path, target: Path) -> None:
    if file.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
