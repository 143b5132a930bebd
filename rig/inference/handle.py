"""The session's side of live inference: a process that nobody waits for, last of all at the processor. Imports no arithmetic."""

import contextlib
import sys
from dataclasses import replace
from typing import Any

from devices.process import set_priority
from protocols.errors import BadInput, TwinrigError
from rig.arithmetic import work_in_one_thread
from rig.twin.twin import Failed, JournalFollower, TwinPlan, pin_to_last_core


def start_inference(plan: TwinPlan) -> JournalFollower:
    """Start to infer beside a session whose journal exists. It is ready once its stream is open, and compiles after that."""
    return JournalFollower(replace(plan, priority="idle"), _inference_process, "inference")


def _inference_process(plan: TwinPlan, line: Any) -> None:
    """The process's first words. It steps back before it compiles: the session may draw already."""
    work_in_one_thread()
    notes = (set_priority(plan.priority), pin_to_last_core())
    from rig.inference.process import run_inference

    try:
        run_inference(plan, line, notes)
    except TwinrigError as error:
        with contextlib.suppress(OSError):
            line.send(Failed(str(error), isinstance(error, BadInput)))
        sys.exit(error.exit_code)
