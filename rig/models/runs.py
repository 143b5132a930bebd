"""The folder of a run: what was asked for is kept in it, so that the same run, cut short, goes on where it stopped."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from protocols.errors import BadInput

ASKED = "asked.json"
_PART = ".part"  # of a file that isn't whole yet


def open_run(out: Path, asked: dict[str, Any], finished: Callable[[], bool]) -> None:
    """Make a new folder and keep in it what is asked for, or go on in that of the same run.

    Raises:
        BadInput: the folder holds something else, or a run that is finished; or it is none, or can't be written.
    """
    told = json.loads(json.dumps(finite(asked)))
    if not _filled(out):
        write_json(out / ASKED, told)
        return
    try:
        before = json.loads((out / ASKED).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"--out {out}: is not empty, and nothing is ever overwritten; name a new folder") from error
    if before != told:
        other = ", ".join(key for key in told if before.get(key) != told[key])
        raise BadInput(f"--out {out}: holds a run that was asked for differently ({other}; see {ASKED}); name a new folder")
    if finished():
        raise BadInput(f"--out {out}: this run is finished; name a new folder")


def _filled(out: Path) -> bool:
    """Whether a folder holds anything but files that a run was cut short in writing."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out}: is a file; name a new folder")
    try:
        return out.exists() and any(file.suffix != _PART for file in out.iterdir())
    except OSError as error:
        raise BadInput(f"--out {out}: can't be read ({error.strerror}); name another folder") from error


def read_result(file: Path, command: str) -> dict[str, Any]:
    """What ``twinrig COMMAND`` wrote.

    Raises:
        BadInput: it can't be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{file}: can't be read as what twinrig {command} wrote ({error}); {command} again into a new folder") from error


def kept_lines(file: Path) -> Iterator[dict[str, Any]]:
    """What a run has kept whole; the last line may have been cut off."""
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue


@contextmanager
def keeping(file: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that keeps one result more, so that a run which is killed has lost none that it was told of."""
    with file.open("a", encoding="utf-8") as opened:
        opened.write("\n" if opened.tell() else "")  # ends a line that was cut off

        def keep(one: dict[str, Any]) -> None:
            opened.write(json.dumps(one) + "\n")
            opened.flush()

        yield keep


def write_json(file: Path, content: dict[str, Any]) -> None:
    """A new file, which has its name only once it is whole; what isn't finite is null.

    Raises:
        BadInput: the file is there already, or can't be written.
    """
    draft = file.with_name(file.name + _PART)
    if file.exists():
        raise BadInput(f"{file}: is there already, and nothing is ever overwritten; name another")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(finite(content), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        raise BadInput(f"{file}: can't be written ({error.strerror}); name another folder") from error


def finite(value: Any) -> Any:
    """Numbers that aren't finite as None, throughout."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
