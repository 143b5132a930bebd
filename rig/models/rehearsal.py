"""What the simulated participant does with a protocol, by arithmetic alone: no window, no time."""

from pathlib import Path
from typing import Any

import numpy as np

from analysis.simulate import simulate
from protocols.schedule import planned_blocks
from protocols.schema import Protocol
from protocols.tasks import make_task
from protocols.zone import zone_rule
from rig.models.learner_choice import participant_choice, targets_of

PARTICIPANTS = 20


def rehearse(folder: Path, protocol: Protocol, condition: str, seed: int) -> dict[str, Any]:
    """Median error (m) and share of hits of twenty simulated participants in each block; ``folder`` is the protocol file's."""
    task = make_task(protocol)
    choice = participant_choice(protocol, task, folder)
    blocks = planned_blocks(protocol, condition, seed)
    trials = [trial for block in blocks for trial in block.trials]
    rules = [zone_rule(block.block, protocol.condition(condition)) for block in blocks for _ in block.trials]
    turns = simulate(task, choice.learner, choice.params(), targets_of(protocol), trials, rules, seed, PARTICIPANTS)
    error, hit = np.asarray(turns.outcome.error), np.asarray(turns.outcome.hit)
    result: dict[str, Any] = {"participants": PARTICIPANTS}
    for block in blocks:
        span = slice(block.first - 1, block.last)
        phase = protocol.phases[block.phase].name
        result[f"block {block.number} ({phase})"] = (
            f"median error {np.nanmedian(error[:, span]):.3f} m, hits {np.nanmean(hit[:, span]):.0%}"
        )
    return result
