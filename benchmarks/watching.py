"""A pilot that is watched in a browser every other half minute: how soon a trial is seen, what the page costs, what frames are late.

``python -m benchmarks.watching [MINUTES]``. Writes ``benchmarks/results/watching.json``. The browser runs on the same machine,
at the lowest priority; next door it would cost the rig nothing. Let nothing else run meanwhile.
"""

import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from benchmarks.keep import keep
from benchmarks.session import TRIAL
from rig.clock import now
from rig.folder import JOURNAL
from rig.journal.reader import Journal, read_journal
from rig.monitor.channel import LOOPBACK
from rig.monitor.control import read_control
from rig.screen.frames import LATE
from rig.virtual_screen import virtual_screen
from tests.browser import Tab, browser

HALF = 30.0  # s with the page, then as long without
MESSAGES = 1000  # malformed ones, to the session and to the page
PACE = 0.004  # s between two of them
SEEN = """(() => {
    const source = Bokeh.documents[0].get_model_by_name('learning').renderers.find(one => one.data_source.data.error).data_source;
    let known = source.data.trial.length;
    window.seen = [];
    const look = () => requestAnimationFrame(() => {
        for (; known < source.data.trial.length; known++) window.seen.push([source.data.trial[known], Date.now() / 1000]);
    });
    source.streaming.connect(look);
    source.change.connect(look);
    return true;
})()"""


class Period(NamedTuple):
    """Half a minute, LSL time."""

    watched: bool
    begin: float
    end: float
    cpu: float  # s of the page's server


@contextmanager
def page(folder: Path):
    """``twinrig watch`` of a session: its process and address."""
    words = [sys.executable, "-m", "rig.cli", "watch", str(folder), "--port", "0"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        yield psutil.Process(process.pid), next(line.split()[1] for line in process.stderr or () if line.startswith("open "))
    finally:
        process.terminate()
        process.communicate()


def wait_for_trial(folder: Path, trial: int) -> None:
    while True:
        if (folder / JOURNAL).is_file():
            with read_journal(folder / JOURNAL, thorough=False) as journal:
                if journal.last_trial() >= trial:
                    return
        time.sleep(0.5)


def half(tab: Tab, address: str, server: psutil.Process, watched: bool) -> tuple[Period, list[list[float]]]:
    """Half a minute with the page or without: what it cost, and when each trial was seen (UTC)."""
    tab.open(address if watched else "about:blank")
    if watched:
        tab.until("window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle")
        tab.run(SEEN)
    begin, before = now(), sum(server.cpu_times()[:2])
    time.sleep(HALF)
    period = Period(watched, begin, now(), sum(server.cpu_times()[:2]) - before)
    return period, tab.run("window.seen") if watched else []


def shout(folder: Path, address: str) -> dict[str, Any]:
    """A thousand malformed messages to the session, and as many wrong tokens to the page."""
    control, place, forbidden = read_control(folder), address.split("?")[0], 0
    assert control is not None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for number in range(MESSAGES):
            stranger.sendto(b"%d malformed" % number, (LOOPBACK, control.port))
            time.sleep(PACE)
    for number in range(MESSAGES):
        try:
            urllib.request.urlopen(f"{place}?token={number}")
        except urllib.error.HTTPError as error:
            forbidden += error.code == 403
    return {"sent": MESSAGES, "wrong_tokens_refused": forbidden}


def late_frames(journal: Journal, periods: list[Period]) -> dict[str, Any]:
    """Late frames of the trials with and without the page, and the difference of their shares with its 95 % interval."""
    period = 1 / journal.starts()[0]["window"]["refresh"]
    counts = {True: [], False: []}
    for frames in journal.frames().values():
        inside = [
            one for one in periods if len(frames.flip_time) > 1 and one.begin <= frames.flip_time[0] and frames.flip_time[-1] <= one.end
        ]
        if inside:
            intervals = np.diff(frames.flip_time)
            counts[inside[0].watched].append((int((intervals > LATE * period).sum()), len(intervals)))
    found: dict[str, Any] = {}
    shares, errors = {}, {}
    for watched, trials in counts.items():
        late, frames = np.array(trials, float).T
        shares[watched] = late.sum() / frames.sum()
        errors[watched] = np.sqrt(((late - shares[watched] * frames) ** 2).sum()) / frames.sum()  # trials, not frames, are independent
        name = "with" if watched else "without"
        found |= {f"frames_{name}": int(frames.sum()), f"late_{name}": int(late.sum())}
    difference, half_width = 100 * (shares[True] - shares[False]), 196 * float(np.hypot(*errors.values()))
    return found | {
        "difference_percent": round(difference, 3),
        "interval_percent": [round(difference - half_width, 3), round(difference + half_width, 3)],
    }


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    halves = max(2, int(60 * minutes / HALF))
    with tempfile.TemporaryDirectory() as root, virtual_screen():
        folder = Path(root) / "skittles" / "PILOT1" / "session-1"
        trials = str(int(halves * (HALF + 8) / TRIAL) + 30)
        words = [sys.executable, "-m", "rig.cli", "pilot", "skittles", "--trials", trials, "--seed", "11", "--data", root]
        session = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        try:
            wait_for_trial(folder, 2)
            with page(folder) as (server, address), browser(nice=19) as tab:
                both = [half(tab, address, server, number % 2 == 0) for number in range(halves)]
                refused = shout(folder, address)
                time.sleep(8.0)
        finally:
            session.terminate()
            session.wait()
        with read_journal(folder / JOURNAL) as journal:
            keep("watching", figures(journal, both) | refused | refusals(journal))


def figures(journal: Journal, both: list[tuple[Period, list[list[float]]]]) -> dict[str, Any]:
    """All figures of one pilot."""
    periods, seen = [period for period, _ in both], [one for _, times in both for one in times]
    clock, committed = journal.starts()[0], {stored.number: stored.committed_at for stored in journal.stored()}
    delays = np.array([utc - (committed[int(trial)] + clock["utc"] - clock["lsl"]) for trial, utc in seen])
    share = {
        watched: 100
        * sum(one.cpu for one in periods if one.watched == watched)
        / sum(one.end - one.begin for one in periods if one.watched == watched)
        for watched in (True, False)
    }
    return {
        "minutes": round(sum(one.end - one.begin for one in periods) / 60, 1),
        "trials_seen": len(delays),
        "commit_to_seen_s": {f"p{p}": round(float(np.percentile(delays, p)), 3) for p in (50, 99, 100)},
        "cpu_percent_of_a_core": {"with_a_viewer": round(share[True], 1), "without": round(share[False], 1)},
        **late_frames(journal, periods),
    }


def refusals(journal: Journal) -> dict[str, Any]:
    """What the session says it refused."""
    told = [event.data for event in journal.events() if event.name == "command_refused"]
    return {"malformed_refused_and_logged": sum(int(one["count"]) for one in told), "events_for_that": len(told)}


if __name__ == "__main__":
    main()
