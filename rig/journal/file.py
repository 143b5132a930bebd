"""Making and opening the SQLite files of a session, and saying plainly why one can't be opened. The only module that imports sqlite3."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from protocols.errors import BadInput, JournalError
from rig.locks import sync_folder

SCHEMA_VERSION = 1
JOURNAL_ID = 0x7477_4A31  # SQLite's application_id, so that no other database is taken for a journal
TWIN_ID = 0x7477_5431
LIVE_ID = 0x7477_4C31

JOURNAL_TABLES = """
CREATE TABLE session (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE starts (number INTEGER PRIMARY KEY, info TEXT NOT NULL, ended_at REAL, how_ended TEXT) STRICT;
CREATE TABLE presentations (
    id INTEGER PRIMARY KEY, start INTEGER NOT NULL REFERENCES starts (number), number INTEGER NOT NULL, attempt INTEGER NOT NULL,
    slot INTEGER NOT NULL, began REAL NOT NULL) STRICT;
CREATE TABLE trials (
    number INTEGER PRIMARY KEY, start INTEGER NOT NULL REFERENCES starts (number), status TEXT NOT NULL, reward REAL,
    requeue INTEGER NOT NULL, trial TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL, record TEXT NOT NULL,
    go_time REAL, committed_at REAL NOT NULL) STRICT;
CREATE TABLE paths (
    trial INTEGER NOT NULL REFERENCES trials (number), kind TEXT NOT NULL, rows INTEGER NOT NULL, columns INTEGER NOT NULL,
    crc INTEGER NOT NULL, samples BLOB NOT NULL, PRIMARY KEY (trial, kind)) STRICT;
CREATE TABLE events (
    id INTEGER PRIMARY KEY, start INTEGER NOT NULL REFERENCES starts (number), trial INTEGER, time REAL NOT NULL, name TEXT NOT NULL,
    data TEXT NOT NULL) STRICT;
CREATE TABLE frames (trial INTEGER PRIMARY KEY REFERENCES trials (number), times BLOB NOT NULL) STRICT;
CREATE TABLE answers (key TEXT PRIMARY KEY, value TEXT NOT NULL, time REAL NOT NULL) STRICT;
"""
TWIN_TABLES = """
CREATE TABLE params (kind TEXT PRIMARY KEY, params TEXT NOT NULL, frozen_at REAL NOT NULL) STRICT;
CREATE TABLE trials (
    kind TEXT NOT NULL, trial INTEGER NOT NULL, prediction TEXT NOT NULL, log_prob REAL, state BLOB NOT NULL, free BLOB NOT NULL,
    shift_growth REAL, predicted_at REAL, committed_at REAL, PRIMARY KEY (kind, trial)) STRICT;
"""

LIVE_TABLES = """
CREATE TABLE priors (place INTEGER NOT NULL, learner TEXT PRIMARY KEY, prior TEXT NOT NULL, frozen_at REAL NOT NULL) STRICT;
CREATE TABLE trials (
    learner TEXT NOT NULL REFERENCES priors (learner), trial INTEGER NOT NULL, quantiles TEXT NOT NULL, log_prob REAL, log_evidence REAL,
    effective REAL, told_at REAL, committed_at REAL, PRIMARY KEY (learner, trial)) STRICT;
CREATE TABLE clouds (learner TEXT PRIMARY KEY REFERENCES priors (learner), trial INTEGER NOT NULL, cloud BLOB NOT NULL) STRICT;
"""

Connection = sqlite3.Connection
DatabaseError = sqlite3.Error


def create_database(path: Path, tables: str, application_id: int) -> None:
    """Make a new database; complete or not there at all.

    Raises:
        BadInput: it exists already, or can't be made.
    """
    if path.exists():
        raise BadInput(f"{path}: exists already and is never overwritten; name another folder")
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            pragmas = f"PRAGMA application_id = {application_id}; PRAGMA user_version = {SCHEMA_VERSION};"
            connection.executescript(f"{pragmas} BEGIN; {tables} COMMIT;")
        draft.rename(path)
        sync_folder(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise BadInput(f"{path}: can't be made ({error}); choose another data folder with --data") from error


def open_for_writing(path: Path, application_id: int, synchronous: str = "FULL") -> Connection:
    """A connection with a write-ahead log. A file that isn't ours, or is damaged, is left as it is.

    Raises:
        BadInput: it is missing, damaged, from a newer twinrig, or not a database of this kind.
    """
    with open_for_reading(path, application_id):
        pass
    with understood(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextlib.contextmanager
def open_or_make(path: Path, tables: str, application_id: int) -> Iterator[Connection]:
    """A store beside the journal to write to, made where there is none. A power cut may take its last rows, which can be computed again.

    Raises:
        BadInput: the file is damaged, or another kind of database.
    """
    if not path.exists():
        create_database(path, tables, application_id)
    connection = open_for_writing(path, application_id, synchronous="NORMAL")
    try:
        yield connection
    finally:
        close_tidily(connection)


@contextlib.contextmanager
def transaction(connection: Connection, path: Path, remedy: str) -> Iterator[None]:
    """Whatever is written within is stored whole or not at all.

    Raises:
        JournalError: the disk can't be written; ``remedy`` says what to do.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise JournalError(f"{path}: can't be written ({error}); {remedy}") from error


def close_tidily(connection: Connection) -> None:
    """Close, folding the write-ahead log into the one file, which can then be copied and read without leaving traces.

    Where a reader still holds the file the log stays beside it; nothing is lost by that.
    """
    with contextlib.closing(connection), contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 200")
        connection.execute("PRAGMA journal_mode = DELETE")


@contextlib.contextmanager
def open_for_reading(path: Path, application_id: int, thorough: bool = True) -> Iterator[Connection]:
    """A read-only connection, beside a live writer as well as to what kill -9 left, also in a folder that is read-only.

    ``thorough`` looks through the whole file for damage.

    Raises:
        BadInput: the file is missing, damaged, from a newer twinrig, or not a database of this kind.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file; expected the {path.name} of a session folder")
    with contextlib.ExitStack() as stack:
        with understood(path):
            connection = _connect(path, stack)
            _check(connection, path, application_id, thorough)
        yield connection


def _connect(path: Path, stack: contextlib.ExitStack) -> Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10.0)
    stack.callback(connection.close)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            raise
        connection = sqlite3.connect(_copy(path, stack), isolation_level=None)
        stack.callback(connection.close)
    return connection


def _copy(path: Path, stack: contextlib.ExitStack) -> Path:
    """A copy to read where SQLite must write an index of the write-ahead log and the folder is read-only."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinrig-")))
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            shutil.copyfile(part, folder / part.name)
    return folder / path.name


def _check(connection: Connection, path: Path, application_id: int, thorough: bool) -> None:
    connection.execute("PRAGMA query_only = ON")
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != application_id:
        raise BadInput(f"{path}: expected the {path.name} of a session folder, got another kind of database; name the right file")
    if version > SCHEMA_VERSION:
        made = f"written by a newer twinrig (layout {version}, this one knows up to {SCHEMA_VERSION})"
        raise BadInput(f"{path}: {made}; install that twinrig to read it")
    if thorough and (finding := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise sqlite3.DatabaseError(finding)


@contextlib.contextmanager
def understood(path: Path) -> Iterator[None]:
    """Turn what goes wrong in reading a file into BadInput that names it and the remedy."""
    try:
        yield
    except sqlite3.OperationalError as error:
        remedy = "see that the folder can be written and no other program holds the file, then try again"
        raise BadInput(f"{path}: can't be opened ({error}); {remedy}") from error
    except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as error:
        remedy = "it was left as it is: work from a backup, or from the recordings (.xdf) beside it"
        raise BadInput(f"{path}: damaged, or not made by twinrig ({error}); {remedy}") from error
