"""``twinrig infer``: what live inference says of a session that is over, or goes on with what it had said."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``infer``."""
    parser.add_argument("session", type=Path, metavar="SESSION_DIR", help="folder of the session; live.sqlite is written into it")


def main(options: argparse.Namespace) -> dict[str, Any]:
    """Infer after each trial as it would have been done live, and say where that has come."""
    from rig.arithmetic import work_in_one_thread
    from rig.cli import say
    from rig.folder import JOURNAL, LIVE, session_lock
    from rig.session.plan import stored_plan
    from rig.twin.twin import TwinPlan

    work_in_one_thread()
    from rig.inference.observer import Observer
    from rig.inference.store import open_live, read_inferred
    from rig.journal.reader import read_journal

    plan = stored_plan(options.session)
    followed = TwinPlan(plan.folder, plan.protocol, plan.condition, plan.seed, folder=plan.loaded.path.parent)
    with session_lock(plan.folder), read_journal(plan.folder / JOURNAL) as journal, open_live(plan.folder / LIVE) as store:
        Observer(followed, journal, store, None).catch_up()
    found = read_inferred(plan.folder)
    if found is None:
        say(options, f"{plan.folder}: no trial to infer from")
        return {"session": str(plan.folder), "trials": 0}
    last = {name: dict(zip(("low", "median", "high"), values[-1].tolist(), strict=True)) for name, values in found.quantiles.items()}
    for name, one in last.items():
        say(options, f"{name:32} {one['median']:10.4g}   90 % within {one['low']:.4g} to {one['high']:.4g}")
    evidence = {name: float(values[-1]) for name, values in found.evidence.items()}
    for name, nats in evidence.items():
        say(options, f"log evidence of {name}: {nats:.2f}")
    return {"session": str(plan.folder), "trials": len(found.trial), "learner": found.learner, "parameters": last, "log_evidence": evidence}
