"""From a protocol file to a checked Protocol, or to errors that name file, place and remedy."""

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError

from protocols.errors import BadInput
from protocols.rules import Problem, problems
from protocols.schema import Protocol
from protocols.schema_task import KINDS

LIBRARY = Path(__file__).with_name("library")


class Loaded(NamedTuple):
    """A protocol with the exact text it came from."""

    protocol: Protocol
    source: str  # the file's text
    hash: str  # SHA-256 of the file's bytes, hexadecimal
    path: Path


def library() -> tuple[str, ...]:
    """Names of the protocols that come with twinrig."""
    return tuple(sorted(file.stem for file in LIBRARY.glob("*.toml")))


def find_protocol(name: str | Path) -> Path:
    """The file meant: a bare word is always a library name, anything with a slash or a suffix is a path.

    Raises:
        BadInput: there is none.
    """
    text = str(name)
    path = Path(name)
    if isinstance(name, str) and path.name == text and not path.suffix:
        if text in library():
            return LIBRARY / f"{text}.toml"
        remedy = f"use one of {', '.join(library())}, or give a path such as ./{text}.toml{_meant(text, library())}"
        raise BadInput(f"no protocol {text!r} in the library: {remedy}")
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file: correct the path, or use a library name ({', '.join(library())})")
    return path


def load_protocol(name: str | Path) -> Loaded:
    """Read and check a protocol: a library name, or a path.

    Raises:
        BadInput: there is no such file, or it has mistakes; all are named, one a line, with file, place and remedy.
    """
    path = find_protocol(name)
    content = path.read_bytes()
    try:
        source = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}: line {line}: not UTF-8 text: save the file with the encoding UTF-8") from error
    return Loaded(parse_protocol(source, str(path)), source, hashlib.sha256(content).hexdigest(), path)


def parse_protocol(source: str, file: str) -> Protocol:
    """Check the text of a protocol; ``file`` is what errors call it.

    Raises:
        BadInput: as ``load_protocol``.
    """
    try:
        data = _frozen(tomllib.loads(source))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{file}: not valid TOML: {error}: correct that line (texts and dates need quotes, lists need commas)") from error
    try:
        protocol = Protocol.model_validate(data)
    except ValidationError as error:
        raise _bad(file, _innermost([_problem(e, data) for e in error.errors(include_url=False)])) from error
    found = tuple(problems(protocol))
    if found:
        raise _bad(file, found)
    return protocol


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return {key: _frozen(item) for key, item in value.items()} if isinstance(value, dict) else value


def _innermost(found: Sequence[Problem]) -> list[Problem]:
    """Without those that only say that something within them is wrong."""
    return [p for p in found if not any(other.place.startswith((f"{p.place}.", f"{p.place}[")) for other in found)]


def _bad(file: str, found: Sequence[Problem]) -> BadInput:
    return BadInput("\n".join(f"{file}: {p.place}: {p.found}: {p.remedy}" for p in found))


def _problem(error: Any, data: Any) -> Problem:
    """One pydantic error in our words."""
    path = _path_in(data, error["loc"])
    place, got, context = _place(path), error["input"], error.get("ctx", {})
    match error["type"]:
        case "missing":
            return Problem(place, "is missing", _required_remedy(path))
        case "extra_forbidden":
            known = _known_keys(path[:-1], data)
            meant = _meant(str(path[-1]), known)
            return Problem(place, "unknown key", f"remove it or correct its name{meant} (known here: {', '.join(known)})")
        case "literal_error" | "union_tag_invalid" | "enum":
            expected = context.get("expected") or context.get("expected_tags", "")
            place, got = (f"{place}.kind", context["tag"]) if "tag" in context else (place, got)
            names = [name.strip().strip("'") for name in str(expected).replace(" or ", ", ").split(",")]
            return Problem(place, f"unknown value {got!r}", f"use one of {', '.join(names)}{_meant(str(got), names)}")
        case "union_tag_not_found":
            return Problem(f"{place}.kind", "is missing", f"add it: kind = {' or '.join(map(repr, KINDS))}")
        case "string_pattern_mismatch":
            return Problem(place, f"got {got!r}", "use letters, digits, - and _ only, beginning with a letter")
    said = error["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("Tuple ").replace(" after validation", "")
    said = f"it {said}" if said.startswith("should") else said[0].lower() + said[1:]
    return Problem(place, f"got {_shown(got)}", said.replace("tuple", "list").replace("a valid boolean", "true or false") + _unit(path))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"a table with the keys {', '.join(value) or '(none)'}"
    if isinstance(value, tuple):
        return repr(list(value)) if len(value) < 8 else f"a list of {len(value)}"
    return {True: "true", False: "false"}.get(value, repr(value)) if isinstance(value, bool) else repr(value)


def _unit(path: Sequence[str | int]) -> str:
    extra = getattr(_field_at(path), "json_schema_extra", None) or {}
    return f" (in {extra['unit']})" if extra.get("unit") else ""


def _field_at(path: Sequence[str | int]) -> Any:
    return _model_at(path[:-1]).get(str(path[-1])) if path else None


def _required_remedy(path: Sequence[str | int]) -> str:
    name, field = path[-1], _field_at(path)
    meaning = f" ({field.description})" if field is not None and field.description else ""
    return f"add {name}{meaning}"


def _path_in(data: Any, loc: Iterable[Any]) -> tuple[str | int, ...]:
    """A pydantic location without the tags of unions, which aren't keys of the file."""
    loc, path, here = tuple(loc), [], data
    for index, part in enumerate(loc):
        inside = (isinstance(here, dict) and part in here) or (isinstance(here, tuple) and isinstance(part, int) and part < len(here))
        if inside:
            here = here[part]
        elif index < len(loc) - 1:
            continue
        path.append(part)
    return tuple(path)


def _place(path: Sequence[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "(whole file)"


def _known_keys(path: Sequence[Any], data: Any) -> list[str]:
    here: Any = data
    for part in path:
        here = here[part]
    return list(_model_at(path, here.get("kind") if isinstance(here, dict) else None))


def _model_at(path: Sequence[str | int], kind: Any = None) -> dict[str, Any]:
    """Fields of the model that describes the table at a path; empty where the table is free."""
    models: list[type[BaseModel]] = [Protocol]
    for part in path:
        if isinstance(part, int):
            continue
        fields = [m.model_fields[part] for m in models if part in m.model_fields]
        models = [m for field in fields for m in _models_in(field.annotation)] or models
    if kind is not None and len(models) > 1:
        models = [m for m in models if kind in get_args(m.model_fields["kind"].annotation)] or models
    return {key: field for model in models for key, field in model.model_fields.items()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
