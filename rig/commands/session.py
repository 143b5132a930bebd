"""What ``run``, ``pilot`` and ``resume`` share: open the rig, run the session, say what came of it."""

import argparse
import signal
import sys
from typing import Any

from rig.monitor.start import watched_beside
from rig.session.plan import Plan


def run(plan: Plan, options: argparse.Namespace, new: bool) -> dict[str, Any]:
    """One start of a session, from the window's first frame to the report. A recording that doesn't match makes its verdict ``fail``."""
    from rig.session.opening import open_session

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end, it closes in order
    with (
        open_session(plan, say, new, pictures=getattr(options, "pictures", None)) as opened,
        watched_beside(plan.folder, options.watch),
    ):
        opened.session.run()
    summary = opened.summary()
    if opened.recorder is not None and not (opened.verification and opened.verification.ok):
        summary["verdict"] = "fail"
    if plan.simulated:
        from rig.report.report import report  # brings the figures, for which no participant waits

        report(plan.folder, plan.folder / f"report-{opened.start}.html")
        summary["report"] = str(plan.folder / f"report-{opened.start}.html")
    for words in opened.closing_words(summary):
        say(words)
    return summary
