"""Writing large trials tables from arrays, part by part, in every format of the trials table; whole or not at all.

No cell becomes a Python object: numbers go from NumPy to Arrow, and Arrow writes them, in full precision, as parquet or as text.
"""

import contextlib
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from protocols.columns import Column
from rig.journal.stored import to_json
from rig.tables.trials import MISSING, format_of, writing

_TYPES = {"number": pa.float64(), "count": pa.int64(), "text": pa.string(), "truth": pa.bool_()}


class TableFile:
    """An open table; made by ``open_table``."""

    def __init__(self, schema: pa.Schema, write: Any) -> None:
        self._schema, self._write = schema, write

    def write(self, columns: Mapping[str, Any], rows: int) -> None:
        """Write so many rows. ``columns`` are arrays of NumPy or Arrow by name; NaN and what isn't there is missing."""
        arrays = [_array(columns.get(field.name), field.type, rows) for field in self._schema]
        self._write(pa.Table.from_arrays(arrays, schema=self._schema))


@contextlib.contextmanager
def open_table(columns: Sequence[Column], file: Path, about: Mapping[str, Any]) -> Iterator[TableFile]:
    """A table to be written part by part. The file has its name only once all of it is there; a ``.tsv`` has its ``.json`` beside it.

    ``about`` says how the table came about; parquet keeps it as JSON under the key ``twinrig`` of the schema's metadata.

    Raises:
        BadInput: the name has no known ending, a file of that name exists, or it can't be written.
    """
    kind = format_of(file)
    schema = pa.schema(
        [pa.field(column.name, _TYPES[column.kind], metadata={"unit": column.unit, "meaning": column.meaning}) for column in columns],
        metadata={"twinrig": to_json(about)},
    )
    with writing(file, columns) as draft, _OPENERS[kind](draft, schema) as write:
        yield TableFile(schema, write)


def repeated(words: Sequence[str | None], times: int) -> pa.Array:
    """The same words so many times over: one for each trial of every simulation."""
    distinct = list(dict.fromkeys(words))
    places = np.array([distinct.index(word) for word in words], dtype=np.int32)
    return pa.array(distinct, pa.string()).take(pa.array(np.tile(places, times)))


def _array(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if kind == pa.string() and values.dtype != object:
        return pa.array(values, from_pandas=True).cast(kind)
    if values.dtype.kind != "f" or kind == pa.float64():
        return pa.array(values, kind, from_pandas=True)
    return pa.array(np.nan_to_num(values).astype(kind.to_pandas_dtype()), kind, mask=np.isnan(values))


@contextlib.contextmanager
def _parquet(draft: Path, schema: pa.Schema) -> Iterator[Any]:
    words: Any = [field.name for field in schema if field.type == pa.string()] or False
    with pyarrow.parquet.ParquetWriter(draft, schema, use_dictionary=words, write_statistics=False) as writer:
        yield lambda table: writer.write_table(table, row_group_size=len(table) or None)


@contextlib.contextmanager
def _text(draft: Path, schema: pa.Schema, separator: str, compressed: bool) -> Iterator[Any]:
    import pyarrow.csv

    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=separator, quoting_style="none")
    with gzip.open(draft, "wb") if compressed else draft.open("wb") as stream:
        stream.write((separator.join(schema.names) + "\n").encode())

        def write(table: pa.Table) -> None:
            cells = [column.cast(pa.string()).fill_null(MISSING) for column in table.columns]
            pyarrow.csv.write_csv(pa.Table.from_arrays(cells, names=table.column_names), stream, options)

        yield write


_OPENERS: dict[str, Any] = {
    ".tsv": lambda draft, schema: _text(draft, schema, "\t", False),
    ".csv": lambda draft, schema: _text(draft, schema, ",", False),
    ".csv.gz": lambda draft, schema: _text(draft, schema, ",", True),
    ".parquet": _parquet,
}
