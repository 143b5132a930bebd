"""A session on the simulated bench in which everything goes wrong at random moments: does it pause or go on, and is anything lost?

``python -m benchmarks.bench_faults [FAULTS]`` (200). Writes ``benchmarks/results/bench_faults.json``.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.keep import keep
from rig.clock import now
from rig.folder import JOURNAL
from rig.journal.reader import read_journal
from rig.virtual_screen import virtual_screen

PROTOCOL = Path(__file__).with_name("quick.toml")
SEED = 6


class Fault(NamedTuple):
    """Orders to the bench, each with the seconds to wait after it, and what is expected of the session."""

    orders: tuple[tuple[str, float], ...]
    said: str = ""  # words of the message with which the session pauses; "": it goes on


FAULTS = {
    "emergency stop": Fault((("emergency 1", 0.8), ("emergency 0", 0.0)), "emergency stop"),
    "hung firmware": Fault((("hang", 0.0),), "watchdog"),
    "unplugged for long": Fault((("unplug", 3.6), ("plug", 0.0)), "check the cable"),
    "unplugged for a moment": Fault((("unplug", 0.4), ("plug", 0.0))),
    "stopped for long": Fault((("stop", 1.6), ("continue", 0.0)), "gave no sample"),
    "stopped for a moment": Fault((("stop", 0.3), ("continue", 0.0))),
    "garbage": Fault((("garbage 40", 0.0),)),
    "half a packet": Fault((("drop 14", 0.0),)),
    "flipped bits": Fault((("flip 30", 0.0),)),
    "a packet dropped": Fault((("drop 27", 0.0),)),
    "host unheard": Fault((("deafen 1", 0.4), ("deafen 0", 0.0))),
}


class Injector(threading.Thread):
    """Makes one thing after another go wrong, each within a trial of its own."""

    def __init__(self, session: Any, names: list[str]) -> None:
        super().__init__(daemon=True)
        self._session, self._names = session, names
        self._random = np.random.default_rng(SEED)
        self.injected: list[tuple[str, float]] = []

    def run(self) -> None:
        """Until all are injected, or the session is over."""
        for name in self._names:
            committed = len(self._session.history)
            time.sleep(self._random.uniform(0.2, 1.2))
            self.injected.append((name, now()))
            for order, seconds in FAULTS[name].orders:
                self._order(order)
                time.sleep(seconds)
            while len(self._session.history) <= committed:
                time.sleep(0.05)

    def _order(self, order: str) -> None:
        bench = self._session.rig.device.bench
        if order in ("stop", "continue"):
            os.kill(bench.process_id, signal.SIGSTOP if order == "stop" else signal.SIGCONT)
        else:
            bench.order(order)


def faulty_session(protocol: Path, data: Path, names: list[str], trials: int) -> tuple[Path, list[tuple[str, float]]]:
    """Run a session with these faults; its folder, and when each was injected. It ends by itself after so many completed trials."""
    from rig.session.opening import open_session
    from rig.session.plan import new_plan

    plan = new_plan(str(protocol), None, 1, "manipulandum", simulated=True, data=data, seed=SEED, trials=trials, windowed=True, twin=False)
    with open_session(plan, lambda words: print(words, file=sys.stderr), new=True) as opened:
        injector = Injector(opened.session, names)
        injector.start()
        opened.session.run()
    return plan.folder, injector.injected


def figures(folder: Path, injected: list[tuple[str, float]]) -> dict[str, Any]:
    """What the session made of its faults."""
    with read_journal(folder / JOURNAL) as journal:
        events, records, stored = list(journal.events()), journal.records(), journal.stored()
        paths = [samples for _, samples in journal.paths()]
    messages = [(event.time, event.data["message"]) for event in events if event.name == "device_fault"]
    as_expected = [
        _as_expected(FAULTS[name].said, at, [*injected[i + 1 :], ("", np.inf)][0][1], messages) for i, (name, at) in enumerate(injected)
    ]
    again = {record["scheduled_trial"] for record in records if record["status"] == "completed"}
    faulty = [record for record in records if record["status"] == "device_fault"]
    return {
        "faults": len(injected),
        "of_each": dict(Counter(name for name, _ in injected)),
        "paused_or_went_on_as_expected": sum(as_expected),
        "not_as_expected": sorted({name for (name, _), fine in zip(injected, as_expected, strict=True) if not fine}),
        "trials": len(records),
        "trials_with_a_device_fault": len(faulty),
        "of_these_repeated": sum(record["scheduled_trial"] in again for record in faulty),
        "every_trial_stored": [trial.number for trial in stored] == list(range(1, len(stored) + 1)),
        "samples_in_order": all(bool(np.all(np.diff(path.host_time) > 0)) for path in paths),
    }


def _as_expected(said: str, begin: float, end: float, messages: list[tuple[float, str]]) -> bool:
    """Whether the session paused with those words, or did not pause at all, between one fault and the next."""
    heard = [words for when, words in messages if begin <= when < end]
    return any(said in words for words in heard) if said else not heard


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    random = np.random.default_rng(SEED)
    names = [name for _ in range(-(-count // len(FAULTS))) for name in random.permutation(list(FAULTS)).tolist()][:count]
    with virtual_screen(), tempfile.TemporaryDirectory() as scratch:
        keep("bench_faults", figures(*faulty_session(PROTOCOL, Path(scratch), names, trials=2 * count)))


if __name__ == "__main__":
    main()
