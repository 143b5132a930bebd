"""Calibrations on the disk: one dated file each, in a folder beside the rig's settings. A new one never takes the place of an old one."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

from protocols.errors import BadInput
from rig.settings import settings_file

Kind = Literal["screen", "device", "delay", "grid"]
REMEDY = "delete the file, or calibrate again"


class Calibration(NamedTuple):
    """What was measured, of what, and when."""

    kind: Kind
    of: str  # the screen or device that it holds for
    made: datetime  # UTC
    values: Mapping[str, float]  # SI units

    @property
    def hash(self) -> str:
        """SHA-256 of all of it, by which sessions name it."""
        return hashlib.sha256(json.dumps(self._content(), sort_keys=True).encode()).hexdigest()

    def age(self) -> timedelta:
        """Time since it was made."""
        return datetime.now(UTC) - self.made

    def stored(self) -> dict[str, Any]:
        """As it is kept, here and with every session."""
        return self._content() | {"hash": self.hash}

    def _content(self) -> dict[str, Any]:
        return {"kind": self.kind, "of": self.of, "made": self.made.isoformat(timespec="seconds"), "values": dict(self.values)}


def new_calibration(kind: Kind, of: str, values: Mapping[str, float]) -> Calibration:
    """One that was made now."""
    return Calibration(kind, of, datetime.now(UTC).replace(microsecond=0), {name: float(value) for name, value in values.items()})


def screen_name(number: int, size_px: tuple[int, int]) -> str:
    """How a screen is told from another: its number, and the mode that it is in."""
    return f"screen {number}, {size_px[0]} x {size_px[1]} px"


def folder() -> Path:
    """Where the rig's calibrations are."""
    return settings_file().parent / "calibrations"


def keep(calibration: Calibration) -> Path:
    """Keep it; returns its file.

    Raises:
        BadInput: it can't be written; says what was measured, which would be lost otherwise.
    """
    file = folder() / f"{calibration.kind}-{calibration.made:%Y-%m-%dT%H-%M-%S}-{calibration.hash[:8]}.json"
    words = json.dumps(calibration.stored(), indent=1) + "\n"
    draft = file.with_suffix(".new")
    try:
        folder().mkdir(parents=True, exist_ok=True)
        draft.write_text(words, encoding="utf-8")
        draft.replace(file)  # whole or not at all: half a file would stand in the way of all sessions
    except OSError as error:
        raise BadInput(
            f"{file}: can't be written ({error.strerror}); correct the folder's rights, and put into that file:\n{words}"
        ) from error
    return file


def latest(kind: Kind, of: str | None = None) -> Calibration | None:
    """The newest of its kind, of this screen or device (None: whichever); None where there is none.

    Raises:
        BadInput: a file is not a calibration, or was changed by hand.
    """
    found = (_read(file) for file in sorted(folder().glob(f"{kind}-*.json"), reverse=True))
    return next((calibration for calibration in found if of in (None, calibration.of)), None)


def _read(file: Path) -> Calibration:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        values = {str(name): float(value) for name, value in kept["values"].items()}
        calibration = Calibration(kept["kind"], kept["of"], datetime.fromisoformat(kept["made"]), values)
        given = kept["hash"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{file}: not a calibration ({type(error).__name__}: {error}); {REMEDY}") from error
    if given != calibration.hash:
        raise BadInput(f"{file}: was changed after it was measured (its hash is not that of its content); {REMEDY}")
    return calibration
