"""Progress of long computations, for whoever sits at the terminal."""

import sys
from collections.abc import Iterable
from typing import Any


def shown(results: Iterable[Any], total: int, name: str) -> list[Any]:
    """The results, with progress and the time that is left on standard error."""
    from rich.console import Console
    from rich.progress import track

    console = Console(file=sys.stderr)
    return list(track(results, name, total, console=console, disable=not console.is_terminal))
