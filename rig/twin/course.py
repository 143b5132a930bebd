"""The course that free learners practise by themselves: the schedule without what happened to the person."""

import jax
import numpy as np

from analysis.twin import as_arrays
from protocols.schedule import PlannedBlock, block_of, planned_blocks, trial_count
from protocols.task import Trial
from protocols.zone import ZoneRule, zone_rule
from rig.twin.twin import TwinPlan


class Course:
    """The slots of a session's schedule, also beyond the file's last where a pilot goes on."""

    def __init__(self, plan: TwinPlan) -> None:
        self._plan = plan
        self._blocks = list(planned_blocks(plan.protocol, plan.condition, plan.seed))
        self._length = plan.trials or trial_count(plan.protocol, plan.condition)
        self.window = max(self._rule(block).window for block in self._blocks)

    def place(self, slot: int) -> tuple[Trial, ZoneRule]:
        """Trial and zone rule of a slot as arrays; after the last one, a trial of number 0."""
        if slot > self._length:
            trial, rule = self.place(1)
            return trial._replace(number=np.int64(0)), rule  # type: ignore[arg-type]
        while slot > self._blocks[-1].last:
            self._blocks.append(self._after(self._blocks[-1]))
        block = next(block for block in self._blocks if slot <= block.last)
        return as_arrays(block.trials[slot - block.first]), jax.tree.map(np.asarray, self._rule(block))

    def _after(self, block: PlannedBlock) -> PlannedBlock:
        plan = self._plan
        return block_of(plan.protocol, plan.condition, plan.seed, block.trials[0]._replace(block=block.number + 1))

    def _rule(self, block: PlannedBlock) -> ZoneRule:
        rule = zone_rule(block.block, self._plan.protocol.condition(self._plan.condition))
        return rule if rule.following else rule._replace(window=1)
