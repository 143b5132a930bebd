"""A session on the simulated bench, motors on, in which everything goes wrong at random moments.

Does it pause or go on as it should, are the motors off in time on the plant, and is anything lost?
``python -m benchmarks.bench_faults [FAULTS]`` (200, a quarter of an hour). Writes ``benchmarks/results/bench_faults.json``.
"""

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.injector import FAULTS, Injected, Injector
from benchmarks.keep import keep
from devices.bench.truth import Truth, read_truth
from protocols.errors import Aborted
from rig.clock import now
from rig.folder import JOURNAL
from rig.journal.reader import Journal, read_journal
from rig.virtual_screen import virtual_screen

PROTOCOL = Path(__file__).with_name("pushed.toml")
SEED = 6
IN_TIME = 0.25  # s, of the plant


def faulty_session(data: Path, names: Sequence[str]) -> tuple[Path, list[Injected], bool]:
    """Run a session with these faults; its folder, what was injected, and whether its recording matches its journal."""
    from rig.session.opening import open_session
    from rig.session.plan import new_plan

    plan = new_plan(str(PROTOCOL), None, 1, "manipulandum", simulated=True, data=data, seed=SEED, trials=5000, windowed=True, twin=False)
    with suppress(Aborted), open_session(plan, lambda words: print(words, file=sys.stderr), new=True) as opened:
        injector = Injector(opened.session, names, SEED)
        opened.session.rig.pictures = injector.watch
        injector.start()
        opened.session.run()
    return plan.folder, injector.injected, opened.verification is not None and opened.verification.ok


def session_figures(journal: Journal, injected: Sequence[Injected]) -> dict[str, Any]:
    """What the session said and did, and what it kept."""
    records, stored = journal.records(), journal.stored()
    fine = [_as_specified(fault, end, _messages(journal)) for fault, end in _with_ends(injected)]
    faulty = [record for record in records if record["status"] == "device_fault"]
    given_again = {record["scheduled_trial"] for record in records if record["status"] == "completed"}
    paths = [samples for _, samples in journal.paths()]
    return {
        "faults": len(injected),
        "of_each": dict(Counter(fault.name for fault in injected)),
        "paused_or_went_on_as_specified": sum(fine),
        "not_as_specified": dict(Counter(fault.name for fault, good in zip(injected, fine, strict=True) if not good)),
        "trials": len(records),
        "trials_with_a_device_fault": len(faulty),
        "of_these_repeated": sum(record["scheduled_trial"] in given_again for record in faulty),
        "every_trial_stored": [trial.number for trial in stored] == list(range(1, len(stored) + 1)),
        "samples_in_order": all(bool(np.all(np.diff(path.host_time) > 0)) for path in paths),
    }


def motor_figures(journal: Journal, injected: Sequence[Injected], truth: Truth) -> dict[str, Any]:
    """How long the motors still gave torque, of the plant's time, after each fault that has to stop them."""
    reopened = [event.time for event in journal.events() if event.name == "device_reopened"]
    pushing = truth.time[np.any(truth.force != 0, axis=1)]
    took = defaultdict(list)
    for fault in injected:
        if FAULTS[fault.name].said:
            until = min((time for time in reopened if time > fault.time), default=truth.time[-1])
            after = pushing[(pushing > fault.time) & (pushing < until)]
            took[fault.name].append(float(after[-1]) - fault.time if len(after) else 0.0)
    late = [time for times in took.values() for time in times]
    return {
        "faults_that_stop_the_motors": len(late),
        "torque_0_in_time": sum(time <= IN_TIME for time in late),
        "torque_after_a_fault_ms": {name: round(1e3 * max(times)) for name, times in took.items()},
        "pushing_at_the_fault": sum(time > 0 for time in late),
        "torque_after_a_fault_ms_at_most": round(1e3 * max(late, default=0.0)),
    }


def _messages(journal: Journal) -> list[tuple[float, str]]:
    return [(event.time, event.data["message"]) for event in journal.events() if event.name == "device_fault"]


def _with_ends(injected: Sequence[Injected]) -> zip:
    return zip(injected, [*(fault.time for fault in injected[1:]), np.inf], strict=True)


def _as_specified(fault: Injected, end: float, messages: list[tuple[float, str]]) -> bool:
    """Whether the session paused with one of its words, or did not pause at all, before the next fault."""
    heard = [words for when, words in messages if fault.time <= when < end]
    said = FAULTS[fault.name].said
    fine = any(word in words for word in said for words in heard) if said else not heard
    if not fine:
        print(f"{fault}: expected {said or 'to go on'}, heard {heard}", file=sys.stderr)
    return fine


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    random = np.random.default_rng(SEED)
    names = [name for _ in range(-(-count // len(FAULTS))) for name in random.permutation(list(FAULTS)).tolist()][:count]
    with virtual_screen(), tempfile.TemporaryDirectory() as scratch:
        begin = now()
        folder, injected, matches = faulty_session(Path(scratch), names)
        minutes = round((now() - begin) / 60, 1)
        with read_journal(folder / JOURNAL) as journal:
            found = session_figures(journal, injected) | motor_figures(journal, injected, read_truth(folder / "truth-1.f64"))
    keep("bench_faults", found | {"recording_matches_journal": matches, "minutes": minutes})


if __name__ == "__main__":
    main()
