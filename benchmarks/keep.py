"""How every benchmark prints and stores what it found: with when, on how many cores and with which Python."""

import json
import os
import platform
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def keep(name: str, found: dict[str, Any], part: str = "") -> None:
    """Print a result and store it as ``benchmarks/results/NAME.json``; a ``part`` goes beside the file's other parts."""
    stamped = found | {"measured": {"when": date.today().isoformat(), "cores": os.cpu_count(), "python": platform.python_version()}}
    print(part or name, json.dumps(stamped, indent=1), flush=True)
    RESULTS.mkdir(exist_ok=True)
    stored = kept(name) | {part: stamped} if part else stamped
    (RESULTS / f"{name}.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def kept(name: str) -> dict[str, Any]:
    """A stored result; empty where there is none, or none that can be read."""
    try:
        return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
