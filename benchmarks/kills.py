"""Kills a session with SIGKILL at random moments, resumes it each time, and compares the end with a session that nobody killed.

``python -m benchmarks.kills [DEVICE...]``. Writes ``benchmarks/results/kills.json``.
"""

import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from benchmarks.keep import keep
from protocols.errors import BadInput
from protocols.schedule import next_trial
from rig.folder import JOURNAL, TWIN
from rig.journal.reader import read_journal
from rig.session.plan import stored_plan
from rig.twin.store import KINDS, open_twin, read_twin
from rig.twin.twin import TwinPlan
from rig.virtual_screen import virtual_screen

QUICK = Path(__file__).with_name("quick.toml")
SEED = 20
#: What a clock measured; everything else of a simulated session must come out the same to the last bit.
MEASURED = {"start", "late_frames", "flip_delay", "go_time"}
KILLS = {"simulated": (36, 120), "mouse": (14, 50)}  # how many, and in how many trials
GONE = 5.0  # s after a kill in which all children must be gone


class Killed(NamedTuple):
    """What one kill did."""

    after: float  # s from the start of the program, or from this start's first committed trial
    in_trials: bool  # counted from that trial
    committed: int  # trials seen committed just before
    kept: int  # trials committed, as found afterwards
    children: int  # of the program when it was killed
    gone_after: float  # s until the last of them was gone


def launch(arguments: list[str | Path]) -> subprocess.Popen:
    """The command line in a process of its own, its words kept out of the way."""
    return subprocess.Popen([sys.executable, "-m", "rig.cli", *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def pilot(root: Path, device: str, trials: int) -> list[str | Path]:
    return ["pilot", QUICK, "--device", device, "--trials", str(trials), "--seed", str(SEED), "--data", root]


def folder_of(root: Path) -> Path:
    return root / "quick" / "PILOT1" / "session-1"


def next_start(root: Path, device: str, trials: int) -> list[str | Path]:
    """Resume, or begin where a kill came before there was anything to resume."""
    return ["resume", folder_of(root)] if (folder_of(root) / JOURNAL).exists() else pilot(root, device, trials)


def over(root: Path) -> bool:
    """Whether the session came to its end, which a kill of its last second may find it after."""
    try:
        with read_journal(folder_of(root) / JOURNAL) as journal:
            return any(start["how_ended"] == "finished" for start in journal.starts())
    except BadInput:
        return False


def finish(root: Path, device: str, trials: int) -> None:
    """Run a session to its end."""
    if over(root):
        return
    program = launch(next_start(root, device, trials))
    _, words = program.communicate()
    if program.returncode:
        raise RuntimeError(f"exit code {program.returncode}: {words.decode()}")


def kill_once(root: Path, device: str, trials: int, after: float, in_trials: bool) -> Killed | None:
    """Start, and kill after ``after`` seconds; None if the session was over before."""
    before = count(root)
    program = launch(next_start(root, device, trials))
    while in_trials and count(root) == before and program.poll() is None:
        time.sleep(0.2)
    try:
        program.wait(after)
        return None
    except subprocess.TimeoutExpired:
        pass
    children = psutil.Process(program.pid).children(recursive=True)
    committed = count(root)
    program.kill()
    program.communicate()
    began = time.monotonic()
    while any(map(runs, children)) and time.monotonic() - began < 3 * GONE:
        time.sleep(0.02)
    return Killed(after, in_trials, committed, count(root), len(children), time.monotonic() - began)


def runs(process: psutil.Process) -> bool:
    """A zombie has ended; in a container nobody may collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def count(root: Path) -> int:
    """Committed trials, of a journal that may not be there yet."""
    try:
        with read_journal(folder_of(root) / JOURNAL) as journal:
            return journal.last_trial()
    except BadInput:
        return 0


def records(root: Path) -> list[dict[str, Any]]:
    with read_journal(folder_of(root) / JOURNAL) as journal:
        return [{name: value for name, value in record.items() if name not in MEASURED} for record in journal.records()]


def twin_rows(folder: Path) -> list[dict[str, Any]]:
    """All that the twin stored, but for when."""
    with read_twin(folder / TWIN) as store:
        rows = [row for kind in KINDS for row in store.rows(kind)]
    return [asdict(replace(row, predicted_at=0.0, committed_at=0.0)) for row in rows]


def same(one: Any, other: Any) -> bool:
    """Equal to the last bit, NaN to NaN, in all arrays of a row."""
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray | float):
        return np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True)
    return one == other


def schedule_holds(folder: Path) -> bool:
    """Whether each trial that was given is the one that follows, by the schedule, from those before it."""
    plan = stored_plan(folder)
    with read_journal(folder / JOURNAL) as journal:
        committed = journal.committed()
    return all(
        same(next_trial(plan.protocol, plan.condition, plan.seed, committed[:place], plan.trials), given.trial)
        for place, given in enumerate(committed)
    )


def recomputed(folder: Path) -> list[dict[str, Any]]:
    """The twin's rows, made anew from the journal alone."""
    from rig.twin.process import Twin

    plan = stored_plan(folder)
    with tempfile.TemporaryDirectory() as empty, read_journal(folder / JOURNAL) as journal:
        place = TwinPlan(folder, plan.protocol, plan.condition, plan.seed, plan.trials, plan.loaded.path.parent)
        with open_twin(Path(empty) / TWIN) as store:
            Twin(place, journal, store, None).catch_up()
        return twin_rows(Path(empty))


def run_kills(root: Path, device: str, kills: int, trials: int) -> list[Killed]:
    """Kill a session up to ``kills`` times at random moments, a third of them while it starts, then let it finish."""
    chance = random.Random(SEED)
    done = []
    for number in range(kills):
        in_trials = number % 3 != 0
        killed = kill_once(root, device, trials, chance.uniform(0.0, 4.0) if in_trials else chance.uniform(0.5, 20.0), in_trials)
        if killed is None:
            break
        done.append(killed)
        if over(root):
            break
    finish(root, device, trials)
    return done


def figures(device: str, kills: int, trials: int) -> dict[str, Any]:
    """All of it for one device."""
    with tempfile.TemporaryDirectory() as scratch:
        killed, whole = Path(scratch) / "killed", Path(scratch) / "whole"
        done = run_kills(killed, device, kills, trials)
        result: dict[str, Any] = {
            "kills": len(done),
            "kills_between_first_and_last_trial": sum(kill.in_trials for kill in done),
            "trials": count(killed),
            "committed_trials_lost": sum(max(0, kill.committed - kill.kept) for kill in done),
            "kills_with_a_child_left_after_5_s": sum(kill.gone_after > GONE for kill in done),
            "longest_until_all_children_gone_s": round(max(kill.gone_after for kill in done), 2),
            "twin_rows_as_recomputed": same(twin_rows(folder_of(killed)), recomputed(folder_of(killed))),
        }
        if device == "simulated":
            finish(whole, device, trials)
            result["records_as_uninterrupted"] = same(records(killed), records(whole))
            result["twin_rows_as_uninterrupted"] = same(twin_rows(folder_of(killed)), twin_rows(folder_of(whole)))
        else:
            result["schedule_as_planned"] = schedule_holds(folder_of(killed))
        return result


def main() -> None:
    wanted = sys.argv[1:] or list(KILLS)
    with virtual_screen():
        for device in wanted:
            keep("kills", figures(device, *KILLS[device]), device)


if __name__ == "__main__":
    main()
