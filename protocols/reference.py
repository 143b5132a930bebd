"""The reference page of protocol files, made from the schema: ``python -m protocols.reference docs/reference/protocol-file.md``."""

import json
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from protocols.schema import Protocol
from protocols.words import WORDS

_OPENING = """# Protocol files

A protocol is a TOML file. It is read strictly: an unknown key, a value of the wrong kind or out of bounds, and whatever can't work together
is an error that names the file, the key and the remedy. Numbers are in SI units; angles are in degrees, and their names end in `_deg`.
This page is made from the program's own schema (`python -m protocols.reference`); how to write a file is said in
[Write a protocol](../how-to/write-a-protocol.md).

A key without a default has to be given. `[[table]]` stands for a list: write it again for each entry.
"""


def protocol_page() -> str:
    """The whole page, Markdown."""
    sections = [_OPENING, *_sections(Protocol, "", "The whole file", set())]
    return "\n".join(sections) + _closing()


def _sections(model: type[BaseModel], path: str, heading: str, seen: set[tuple[str, type[BaseModel]]]) -> list[str]:
    if (path, model) in seen:
        return []
    seen.add((path, model))
    own = [f"## {heading}\n", f"{(model.__doc__ or '').strip().replace('``', '`')}\n", _table(model)]
    for name, field in _own_first(model).items():
        for inner in _models_in(field.annotation):
            below = f"{path}.{name}".lstrip(".") + (".NAME" if get_origin(field.annotation) is dict else "")
            title = f"`[[{below}]]`" if _is_list(field.annotation) else f"`[{below}]`"
            own += _sections(inner, below, title + (f" of kind {_kind(inner)}" if name == "task" else ""), seen)
    return own


def _table(model: type[BaseModel]) -> str:
    rows = ["| key | values | unit | default | meaning |", "|---|---|---|---|---|"]
    for name, field in _own_first(model).items():
        extra: Any = field.json_schema_extra or {}
        cells = (f"`{name}`", _values(field), extra.get("unit") or "-", _default(field), (field.description or "").replace("|", "\\|"))
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _own_first(model: type[BaseModel]) -> dict[str, FieldInfo]:
    own = [name for name in model.__annotations__ if name in model.model_fields]
    return {name: model.model_fields[name] for name in (*own, *(n for n in model.model_fields if n not in own))}


def _values(field: FieldInfo) -> str:
    words = _type_words(field.annotation)
    bounds = [f"{sign} {getattr(limit, key):g}" for limit in field.metadata for key, sign in _BOUNDS.items() if hasattr(limit, key)]
    return ", ".join([words, *bounds])


_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "number or list of numbers"}


def _type_words(annotation: Any) -> str:
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    inner = [part for part in get_args(annotation) if part not in (type(None), ...)]
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        return f"list of {_type_words(inner[0])}" if ... in get_args(annotation) else f"[{', '.join(_type_words(part) for part in inner)}]"
    if origin is dict:
        return f"table: name = {_type_words(inner[1])}"
    if inner:
        return " or ".join(dict.fromkeys(_type_words(part) for part in inner if not hasattr(part, "discriminator")))
    return "table"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "-"
    if field.default_factory is not None:
        return "its defaults"
    value = field.default
    if value is None or value == () or value == {}:
        return "none"
    return f"`{json.dumps(value)}`"  # written as TOML would have it


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


def _kind(model: type[BaseModel]) -> str:
    return ", ".join(get_args(model.model_fields["kind"].annotation))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _closing() -> str:
    rows = ["## Words that come with twinrig\n", "A text of the same key in `[texts.LANGUAGE]` takes their place.\n"]
    rows += ["| key | " + " | ".join(WORDS) + " |", "|---" * (len(WORDS) + 1) + "|"]
    for key in WORDS["en"]:
        rows.append(f"| `{key}` | " + " | ".join(WORDS[language].get(key, "-").replace("\n", " ") for language in WORDS) + " |")
    return "\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(protocol_page(), encoding="utf-8")
