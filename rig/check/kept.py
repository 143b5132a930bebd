"""The answer of the last check, kept for the sessions that follow it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

HOLDS = timedelta(hours=12)  # a check from yesterday says nothing about today


def keep(check: dict[str, Any]) -> Path:
    """Keep a check's answer, in place of the one before; returns the file."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(check), encoding="utf-8")
    return file


def latest_check(device: str | None = None, windowed: bool | None = None) -> dict[str, Any] | None:
    """The last check's answer, where it was made within the last twelve hours and can be read.

    One of another device, or of a window rather than the full screen, says nothing about this session; None: whichever was checked.
    """
    try:
        check = json.loads(_file().read_text(encoding="utf-8"))
        age = datetime.now(UTC) - datetime.fromisoformat(check["when"])
        same = device in (None, check["device"]) and windowed in (None, check["windowed"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return check if same and age < HOLDS else None


def _file() -> Path:
    return user_state_path("twinrig") / "check.json"
