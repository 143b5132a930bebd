"""Where sessions are kept: data roots that never mix people and programs, and folders that are made once and locked while in use."""

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from protocols.errors import BadInput
from rig.locks import try_lock

MARKER = "twinrig-root.json"
JOURNAL = "journal.sqlite"
TWIN = "twin.sqlite"
LIVE = "live.sqlite"
PROTOCOL = "protocol.toml"
LOCK = "session.lock"
MINIMUM_FREE = 1_000_000_000  # bytes; an hour takes 150 MB with a mouse, 500 MB with a device of 1 kHz, recording included

_PARTICIPANT = re.compile(r"[A-Za-z0-9]{1,32}")
_PROTOCOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_participant(code: str) -> str:
    """The code itself, where it is one.

    Raises:
        BadInput: it has other than 1 to 32 letters and digits.
    """
    if not _PARTICIPANT.fullmatch(code):
        raise BadInput(
            f"participant '{code}': expected a code of 1 to 32 letters and digits (A-Z, a-z, 0-9), such as P01; never use a name"
        )
    return code


def open_root(root: Path, simulated: bool, minimum_free: int = MINIMUM_FREE) -> Path:
    """A data root that can be written, made and marked where it is new.

    Raises:
        BadInput: it can't be written, has too little space, or holds people's data where ``simulated`` is meant, or the reverse.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        _mark(root, simulated)
        _check_kind(root, simulated)
        _check_writable(root)
        free = shutil.disk_usage(root).free
    except OSError as error:
        raise BadInput(
            f"data folder {root}: can't be written ({_reason(error)}); choose another with --data, or correct its rights"
        ) from error
    if free < minimum_free:
        raise BadInput(
            f"data folder {root}: {free / 1e6:.0f} MB are free, expected at least {minimum_free / 1e6:.0f} MB; "
            "free some space, or choose another folder with --data"
        )
    return root


def _mark(root: Path, simulated: bool) -> None:
    if (root / MARKER).exists():
        return
    draft = root / f".{MARKER}.{os.getpid()}"
    draft.write_text(json.dumps({"simulated": simulated}) + "\n", encoding="utf-8")
    draft.replace(root / MARKER)  # whole or not at all


def _check_kind(root: Path, simulated: bool) -> None:
    if is_simulated_root(root) == simulated:
        return
    kinds = ("people's data", "simulated data")
    raise BadInput(
        f"data folder {root}: it holds {kinds[not simulated]}, and this session makes {kinds[simulated]}; the two are never mixed: "
        "choose another folder with --data"
    )


def is_simulated_root(root: Path) -> bool:
    """Whether a data root holds simulated data.

    Raises:
        BadInput: it has no marker, or one that can't be read.
    """
    file = root / MARKER
    try:
        simulated = json.loads(file.read_text(encoding="utf-8"))["simulated"]
    except FileNotFoundError:
        raise BadInput(f"{root}: expected the file {MARKER}, which marks a data folder; name a folder that twinrig made") from None
    except (ValueError, KeyError, TypeError):
        simulated = None
    if not isinstance(simulated, bool):
        raise BadInput(f'{file}: expected {{"simulated": true}} or {{"simulated": false}}; write which kind of data the folder holds')
    return simulated


def _check_writable(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"twinrig")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def session_folder(root: Path, protocol_name: str, participant: str, session: int) -> Path:
    """The path of a session's folder; nothing is made.

    Raises:
        BadInput: participant, session or protocol name can't be part of a path.
    """
    check_participant(participant)
    if not _PROTOCOL_NAME.fullmatch(protocol_name):
        raise BadInput(f"protocol name '{protocol_name}': expected up to 64 letters, digits, dots, dashes; rename it in the protocol file")
    if session < 1:
        raise BadInput(f"session {session}: expected a number from 1; correct --session")
    return root / protocol_name / participant / f"session-{session}"


def create_session_folder(
    root: Path, protocol_name: str, participant: str, session: int, simulated: bool, minimum_free: int = MINIMUM_FREE
) -> Path:
    """Make the folder ``root/protocol/participant/session-N``, which must not exist yet.

    Raises:
        BadInput: it exists, a name can't be used, or the data root can't (see ``open_root``).
    """
    folder = session_folder(root, protocol_name, participant, session)
    open_root(root, simulated, minimum_free)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
    except FileExistsError:
        if folder.is_dir() and not (folder / JOURNAL).exists():
            return folder  # a power cut came between making the folder and its journal: nothing was begun
        raise BadInput(
            f"{folder}: this session exists already and is never overwritten; go on with it by 'twinrig resume {folder}', "
            f"or begin another with --session {_next_session(folder)}, if the study has that many"
        ) from None
    except OSError as error:
        raise BadInput(f"{folder}: can't be made ({_reason(error)}); choose another data folder with --data") from error
    return folder


def _next_session(folder: Path) -> int:
    numbers = [int(other.name[8:]) for other in folder.parent.glob("session-*") if other.name[8:].isdecimal()]
    return max(numbers, default=0) + 1


def keep_protocol(folder: Path, text: str) -> None:
    """Keep the protocol file, word for word, beside the journal. An existing copy is left as it is."""
    with contextlib.suppress(FileExistsError), (folder / PROTOCOL).open("x", encoding="utf-8", newline="") as file:
        file.write(text)


def open_session_folder(folder: Path) -> Path:
    """The folder of an existing session.

    Raises:
        BadInput: there is no journal in it.
    """
    if not (folder / JOURNAL).is_file():
        raise BadInput(f"{folder}: expected a session folder with {JOURNAL} in it; name one such as data/skittles/P01/session-1")
    return folder


@contextlib.contextmanager
def session_lock(folder: Path) -> Iterator[None]:
    """Hold the session for this process. The system frees it when the process ends, however it ends.

    Raises:
        BadInput: another process holds it, or the folder can't be written.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BadInput(f"{folder}: can't be written ({_reason(error)}); correct its rights, or copy it to a folder of your own") from error
    try:
        if not try_lock(descriptor):
            raise BadInput(f"{folder}: this session is running in another process; end it there, or wait until it has ended")
        yield
    finally:
        os.close(descriptor)  # frees the lock
