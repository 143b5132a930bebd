"""Brings a data source of the page up to date by as little as possible: new rows are streamed, changed ones patched."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource

Columns = Mapping[str, np.ndarray]


def new_source(columns: Columns) -> ColumnDataSource:
    """A source that starts with these columns."""
    return ColumnDataSource(data=dict(columns))


def update(source: ColumnDataSource, columns: Columns) -> None:
    """Make the source hold these columns. Rows may be added at the end and change; where rows are fewer, all is sent anew."""
    data: Any = source.data
    before = len(next(iter(data.values()))) if data else 0
    after = len(next(iter(columns.values())))
    if after < before or data.keys() != columns.keys():
        source.data = dict(columns)
        return
    patches = {name: found for name, values in columns.items() if (found := _changes(data[name], values[:before]))}
    if patches:
        source.patch(patches)
    if after > before:
        source.stream({name: values[before:] for name, values in columns.items()})


def _changes(before: Any, after: np.ndarray) -> list[tuple[int, object]]:
    """(row, value) of what differs."""
    old, new = np.asarray(before), np.asarray(after)
    both_missing = np.isnan(old) & np.isnan(new) if old.dtype.kind == new.dtype.kind == "f" else np.zeros(len(new), bool)
    return [(int(row), new[row : row + 1].tolist()[0]) for row in np.flatnonzero((old != new) & ~both_missing)]
