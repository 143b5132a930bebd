"""The trials table: out of a journal, into a file, and back. Numbers keep full precision; missing is ``n/a``."""

import csv
import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from protocols.errors import BadInput
from protocols.records import TASKS, Column, Value, columns_of, trial_columns
from rig.folder import JOURNAL, open_session_folder
from rig.journal.reader import read_journal

MISSING = "n/a"
FORMATS = (".tsv", ".csv", ".csv.gz", ".parquet")

Row = Mapping[str, Value]
_KINDS = {column.name: column.kind for task in TASKS for column in trial_columns(task, simulated=True)}


class TrialsTable(NamedTuple):
    """One row a trial, in order. A row may lack columns; what it lacks is missing."""

    columns: tuple[Column, ...]
    rows: list[dict[str, Value]]


def trials_table(session_dir: Path) -> TrialsTable:
    """Columns and rows of the trials table of a session, also of one that kill -9 left behind.

    Raises:
        BadInput: the folder has no journal, or a damaged one.
    """
    with read_journal(open_session_folder(session_dir) / JOURNAL) as journal:
        session, records = journal.session(), journal.records()
    who = {"participant": session.get("participant"), "session": session.get("session"), "simulation": None}
    return TrialsTable(columns_of(session.get("task", ""), records), [{**who, **record} for record in records])


def write_trials(columns: Sequence[Column], rows: Sequence[Row], file: Path) -> None:
    """Write a table as ``.tsv`` (with a ``.json`` that describes its columns), ``.csv``, ``.csv.gz`` or ``.parquet``, whole or not at all.

    Raises:
        BadInput: the format is none of these, the file exists already, or it can't be written.
    """
    kind = format_of(file)
    with writing(file, columns) as draft:
        _WRITERS[kind](columns, rows, draft)


def format_of(file: Path) -> str:
    """The ending that says a table's format.

    Raises:
        BadInput: it is none of ``FORMATS``.
    """
    for ending in sorted(FORMATS, key=len, reverse=True):
        if file.name.endswith(ending) and file.name != ending:
            return ending
    raise BadInput(f"{file}: expected a name that ends with {', '.join(FORMATS)}; correct the name")


@contextmanager
def writing(file: Path, columns: Sequence[Column]) -> Iterator[Path]:
    """A draft to be written, which takes the name of ``file`` at the end; a ``.tsv`` gets its ``.json`` beside it.

    Raises:
        BadInput: a file of that name exists already, or it can't be written.
    """
    sidecar = [file.with_suffix(".json")] if format_of(file) == ".tsv" else []
    for target in (file, *sidecar):
        if target.exists():
            raise BadInput(f"{target}: exists already and is never overwritten; name another file with --out, or move it away")
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield draft
        _claim(draft, file)
        for target in sidecar:
            _write_descriptions(columns, draft)
            _claim(draft, target)
    except OSError as error:
        raise BadInput(f"{file}: can't be written ({error.strerror or error}); name another file with --out") from error
    finally:
        draft.unlink(missing_ok=True)


def _claim(draft: Path, target: Path) -> None:
    with target.open("x"):  # claims the name, so that no other program's file is replaced
        pass
    draft.replace(target)


def _cell(value: Any) -> str:
    if value is None or value != value:
        return MISSING
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return str(value)


def write_text(columns: Sequence[Column], rows: Sequence[Row], file: TextIO, separator: str) -> None:
    """Write a table, one line a row, to an open file such as standard output."""
    names = [column.name for column in columns]
    writer = csv.writer(file, delimiter=separator, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)


def _write_tsv(columns: Sequence[Column], rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        write_text(columns, rows, file, "\t")


def _write_csv(columns: Sequence[Column], rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        write_text(columns, rows, file, ",")


def _write_gzip(columns: Sequence[Column], rows: Sequence[Row], path: Path) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        write_text(columns, rows, file, ",")


def _write_parquet(columns: Sequence[Column], rows: Sequence[Row], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    types = {"number": pa.float64(), "count": pa.int64(), "text": pa.string(), "truth": pa.bool_()}
    fields = [pa.field(column.name, types[column.kind], metadata={"unit": column.unit, "meaning": column.meaning}) for column in columns]
    values = [pa.array([row.get(field.name) for row in rows], field.type, from_pandas=True) for field in fields]
    pyarrow.parquet.write_table(pa.Table.from_arrays(values, schema=pa.schema(fields)), path)


_WRITERS: dict[str, Callable[[Sequence[Column], Sequence[Row], Path], None]] = {
    ".tsv": _write_tsv,
    ".csv": _write_csv,
    ".csv.gz": _write_gzip,
    ".parquet": _write_parquet,
}


def descriptions(columns: Sequence[Column]) -> dict[str, dict[str, Any]]:
    """The columns as BIDS describes them in a ``.json`` beside a ``.tsv``."""
    return {column.name: _description(column) for column in columns}


def _description(column: Column) -> dict[str, Any]:
    units = {"Units": column.unit} if column.unit else {}
    levels = {"Levels": dict(column.levels)} if column.levels else {}
    return {"Description": column.meaning, **units, **levels}


def _write_descriptions(columns: Sequence[Column], path: Path) -> None:
    path.write_text(json.dumps(descriptions(columns), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_trials(file: Path) -> dict[str, np.ndarray]:
    """The columns of a table by name: numbers as float64 (missing: NaN), words and truths as objects (missing: None).

    Columns that twinrig doesn't know are numbers where every cell is one. A session's folder is read as its trials table.

    Raises:
        BadInput: the file is missing, has no format that twinrig reads, or isn't a table.
    """
    if file.is_dir():
        columns, rows = trials_table(file)
        return {column.name: _array(file, column.name, [row.get(column.name) for row in rows]) for column in columns}
    kind = format_of(file)
    try:
        cells = _read_parquet(file) if kind == ".parquet" else _read_text(file, kind)
    except FileNotFoundError:
        raise BadInput(f"{file}: no such file; name a trials table") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not a {kind} table in UTF-8 (byte {error.start + 1} can't be read); save it again as UTF-8") from error
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as error:
        raise BadInput(f"{file}: not a {kind} table ({error}); write it anew") from error
    return {name: _array(file, name, column) for name, column in cells.items()}


def _read_text(file: Path, kind: str) -> dict[str, list[Any]]:
    opened = gzip.open if kind == ".csv.gz" else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.reader(stream, delimiter="\t" if kind == ".tsv" else ",", strict=True))
    if not lines:
        raise ValueError("it is empty")
    names, *rows = lines
    for line, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise ValueError(f"line {line}: expected {len(names)} cells, got {len(row)}")
    if len(set(names)) != len(names):
        raise ValueError(f"two columns have the same name: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {name: [None if cell in (MISSING, "NA", "") else cell for cell in column] for name, column in zip(names, columns, strict=True)}


def _read_parquet(file: Path) -> dict[str, list[Any]]:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(file).read().to_pydict()


def _array(file: Path, name: str, cells: list[Any]) -> np.ndarray:
    known = _KINDS.get(name)
    if known == "text":
        return np.array([None if cell is None else str(cell) for cell in cells], dtype=object)
    if known == "truth" or (known is None and _all_truths(cells)):
        return np.array([_truth(file, name, line, cell) for line, cell in enumerate(cells, 1)], dtype=object)
    try:
        return np.array([np.nan if cell is None else float(cell) for cell in cells], dtype=np.float64)
    except ValueError as error:
        if known is not None:
            row, cell = next((row, cell) for row, cell in enumerate(cells, 1) if cell is not None and not _is_number(cell))
            raise BadInput(f"{file}: column '{name}', row {row}: expected a number or {MISSING}, got '{cell}'; correct the cell") from error
        return np.array(cells, dtype=object)


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _all_truths(cells: list[Any]) -> bool:
    present = [cell for cell in cells if cell is not None]
    return bool(present) and all(str(cell).lower() in ("true", "false") for cell in present)


def _truth(file: Path, name: str, row: int, cell: Any) -> bool | None:
    if cell is None or isinstance(cell, bool):
        return cell
    words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
    if str(cell).lower() not in words:
        raise BadInput(f"{file}: column '{name}', row {row}: expected true, false (or 1, 0) or {MISSING}, got '{cell}'; correct the cell")
    return words[str(cell).lower()]
