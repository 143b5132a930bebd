"""Kills the twin, the recorder and the device's process of running sessions with SIGKILL, and sees what that did.

``python -m benchmarks.parts [PART...]``. Writes ``benchmarks/results/parts.json``.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.keep import keep
from benchmarks.kills import SEED, count, folder_of, pilot, recomputed, same, twin_rows
from rig.folder import JOURNAL, TWIN
from rig.journal.reader import Journal, read_journal
from rig.virtual_screen import virtual_screen

KILLS, TRIALS = 5, 40
PAUSE = (6.0, 11.0)  # s between two kills: a device takes about four to open again
PATIENCE = 300.0  # s for a session


def _holds(name: str) -> Callable[[psutil.Process], bool]:
    return lambda process: any(Path(file.path).name == name for file in process.open_files())


#: How the process is found among the session's children, and the events that tell of its end and its return.
PARTS: dict[str, tuple[Callable[[psutil.Process], bool], str, str]] = {
    "twin": (_holds(TWIN), "twin_restarted", "twin_restarted"),
    "recorder": (lambda process: process.name().startswith("LabRecorder"), "recorder_died", "recorder_restarted"),
    "device": (lambda process: any("mouse_server" in word for word in process.cmdline()), "device_fault", "device_reopened"),
}


def kill_parts(program: subprocess.Popen, root: Path, is_part: Callable[[psutil.Process], bool]) -> int:
    """Kill the part again and again, at random moments of the session; how many times."""
    chance, done = random.Random(SEED), 0
    while count(root) == 0 and program.poll() is None:
        time.sleep(0.2)
    while done < KILLS and program.poll() is None:
        time.sleep(chance.uniform(*PAUSE))
        if (part := _find(program.pid, is_part)) is not None:
            part.kill()
            done += 1
    return done


def _find(session: int, is_part: Callable[[psutil.Process], bool]) -> psutil.Process | None:
    try:
        for process in psutil.Process(session).children(recursive=True):
            if is_part(process):
                return process.parent() if any("mouse_server" in word for word in process.cmdline()) else process
    except psutil.Error:  # it ended while it was looked at
        pass
    return None


def run_session(root: Path, is_part: Callable[[psutil.Process], bool]) -> tuple[int, int, str]:
    """A pilot through the real pointer while the part is killed: kills, exit code, what it said."""
    command = [sys.executable, "-m", "rig.cli", *map(str, pilot(root, "mouse", TRIALS))]
    with (root / "said.txt").open("w+") as said:
        program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        done = kill_parts(program, root, is_part)
        program.wait(PATIENCE)
        said.seek(0)
        return done, program.returncode, said.read()


def figures(part: str) -> dict[str, Any]:
    """All of it for one part."""
    is_part, ended, returned = PARTS[part]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        kills, code, said = run_session(root, is_part)
        folder = folder_of(root)
        with read_journal(folder / JOURNAL) as journal:
            names = [event.name for event in journal.events()]
            result = {
                "kills": kills,
                "exit_code": code,
                "ends_noticed": names.count(ended),
                "returns": names.count(returned),
                "words": next((line for line in said.splitlines() if _tells(part, line)), ""),
                **_what_is_kept(journal),
            }
        return result | {"twin_rows_as_recomputed": same(twin_rows(folder), recomputed(folder))}


def _tells(part: str, line: str) -> bool:
    return {"twin": "the twin died", "recorder": "THE RECORDER DIED", "device": "mouse:"}[part] in line


def _what_is_kept(journal: Journal) -> dict[str, Any]:
    statuses = [committed.status for committed in journal.committed()]
    samples = [samples for _, samples in journal.paths()]
    host = np.concatenate([chunk.host_time for chunk in samples])
    return {
        "trials": len(statuses),
        "completed": statuses.count("completed"),
        "asked": TRIALS,
        "presented_and_not_committed": len(journal.presentations()) - len(statuses),
        "samples_in_order": bool(np.all(np.diff(host) > 0)),
        "samples_lost": int(sum(record["lost_samples"] for record in journal.records())),
    }


def main() -> None:
    with virtual_screen():
        for part in sys.argv[1:] or PARTS:
            keep("parts", figures(part), part)


if __name__ == "__main__":
    main()
