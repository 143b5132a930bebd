"""Begins to watch: which session, at which priority, and as a child beside a session that asked for it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devices.process import set_priority, spawn, stop
from protocols.errors import BadInput
from rig.arithmetic import work_in_one_thread
from rig.folder import JOURNAL
from rig.session.plan import PILOTS
from rig.settings import load_settings


def newest_session() -> Path:
    """The session here whose journal was written to last, of people or of pilots.

    Raises:
        BadInput: there is none.
    """
    roots = (load_settings().data, PILOTS)
    found = [journal for root in roots if root.is_dir() for journal in root.rglob(JOURNAL)]
    if not found:
        raise BadInput(f"no session below {' or '.join(map(str, roots))}: name a session's folder, such as data/skittles/P01/session-1")
    return max(found, key=_written).parent


def _written(journal: Path) -> float:
    log = journal.with_name(f"{JOURNAL}-wal")
    return max(file.stat().st_mtime for file in (journal, log) if file.exists())


def serve(folder: Path, port: int | None, network: bool, ready: Callable[[str], None]) -> None:
    """Serve the page of a session in this process until it is told to end. It steps back behind everything else."""
    set_priority("low")
    work_in_one_thread()
    streams = folder / "lsl_api.cfg"
    if streams.is_file():  # read by liblsl as it is first used
        os.environ.setdefault("LSLAPICFG", str(streams.resolve()))
    from rig.monitor.server import WatchServer

    WatchServer(folder, port, network).run(ready)


@contextmanager
def watched_beside(folder: Path, wanted: bool) -> Iterator[None]:
    """The page from a child of this process, which says its address and ends with the block. It may die before: nobody looks after it."""
    if not wanted:
        yield
        return
    page = spawn(_beside, (folder,), "twinrig-watch", "low")
    try:
        yield
    finally:
        stop(page, 0.0)


def _beside(folder: Path) -> None:
    serve(folder, None, False, lambda address: print(f"watch: {address}", file=sys.stderr, flush=True))
