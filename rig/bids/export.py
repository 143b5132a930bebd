"""``twinrig export --bids``: sessions as one new BIDS dataset. It is built beside its place and moved there whole, or not at all.

docs/how-to/export-to-bids.md says what goes where.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from protocols.errors import BadInput
from rig.bids.dataset import write_dataset
from rig.bids.session import BidsSession, Scan, read_session, write_session


class Export(NamedTuple):
    """What was written."""

    folder: Path
    participants: int
    sessions: int
    files: int
    simulated: bool

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self._asdict(), "folder": str(self.folder)}


def export_bids(session_dirs: Sequence[Path], out_dir: Path, accept_simulated: bool = False, fits: Path | None = None) -> Export:
    """Write these sessions as a new BIDS dataset in ``out_dir``, which must not exist yet or be empty.

    ``accept_simulated`` lets simulated sessions be exported; the flag is kept in ``dataset_description.json``. People's and simulated
    sessions never go into one dataset. ``fits``: what ``twinrig fit`` wrote of these participants; it adds a learner's surprise, expected
    reward and prediction error to the events.

    Raises:
        BadInput: no session; one twice; a participant without a fit; a folder without a journal; simulated data without the flag, or
            beside people's; no place to write.
    """
    sessions = [read_session(Path(folder)) for folder in session_dirs]
    _check_sessions(sessions, accept_simulated)
    _check_place(out_dir)
    try:
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}.", dir=out_dir.parent))
    except OSError as error:
        raise BadInput(f"{out_dir}: can't be made ({error.strerror}); name another folder with --bids") from error
    try:
        scans: dict[BidsSession, list[Scan]] = {session: write_session(session, draft, fits) for session in sessions}
        write_dataset(draft, scans, accept_simulated)
        files = sum(path.is_file() for path in draft.rglob("*"))
        _move(draft, out_dir)
    except OSError as error:
        raise BadInput(f"{out_dir}: can't be written ({error.strerror or error}); free some space or name another folder") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Export(out_dir, len({s.participant for s in sessions}), len(sessions), files, any(s.simulated for s in sessions))


def _check_sessions(sessions: Sequence[BidsSession], accept_simulated: bool) -> None:
    if not sessions:
        raise BadInput("no session to export: name at least one session folder")
    counted = Counter((s.participant, s.number, s.task_label) for s in sessions)
    for (participant, number, task), count in counted.items():
        if count > 1:
            raise BadInput(f"participant {participant}, session {number}, task {task}: given {count} times; name each session folder once")
    simulated = [s for s in sessions if s.simulated]
    if simulated and not accept_simulated:
        raise BadInput(f"{simulated[0].folder}: simulated data, refused as human data; export it with --accept-simulated, and it is marked")
    if simulated and len(simulated) < len(sessions):
        raise BadInput(f"{simulated[0].folder}: simulated data beside people's; export them into two datasets")


def _check_place(out_dir: Path) -> None:
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        raise BadInput(f"{out_dir}: exists and isn't empty; nothing is ever overwritten: name a new folder with --bids")


def _move(draft: Path, out_dir: Path) -> None:
    draft.chmod(0o755)
    if out_dir.exists():
        out_dir.rmdir()  # empty, or this fails and nothing is lost
    draft.rename(out_dir)
