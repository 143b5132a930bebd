"""What the process of live inference does: open its stream, compile, catch up, and then infer after each trial."""

import contextlib
from typing import Any

from rig.folder import JOURNAL, LIVE
from rig.inference.observer import Observer
from rig.inference.store import open_live
from rig.journal.reader import read_journal
from rig.twin.process import listen
from rig.twin.twin import Ready, TwinPlan


def run_inference(plan: TwinPlan, line: Any, notes: tuple[str, ...]) -> None:
    """Live until told to close, or until the session's end of the line is gone."""
    with read_journal(plan.session_dir / JOURNAL, thorough=False) as journal, open_live(plan.session_dir / LIVE) as store:
        observer = Observer(plan, journal, store, plan.publish() if plan.publish else None)
        line.send(Ready(store.last_trial(), notes))
        observer.warm()
        open_line = True
        while open_line:
            answer = observer.catch_up()
            if answer is not None:
                with contextlib.suppress(OSError):
                    line.send(answer)
            open_line = listen(line)
        observer.catch_up()
