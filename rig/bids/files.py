"""The two kinds of small file in a BIDS dataset: tables and JSON. ``n/a`` is missing; numbers keep full precision."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """A JSON file, which must not exist yet."""
    with file.open("x", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2, ensure_ascii=False)
        stream.write("\n")


def write_table(file: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A tab-separated table, which must not exist yet. Tabs and line ends within words become spaces."""
    with file.open("x", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerow(head)
        writer.writerows([cell(value) for value in row] for row in rows)


def cell(value: Any) -> str:
    """One value as a table holds it."""
    if value is None or value == "" or value != value:
        return "n/a"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return " ".join(str(value).split())
