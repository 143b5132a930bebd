"""Conditions that a block leaves open, to be chosen while it runs so that two learners are told apart.

The choice holds for a run of trials of the block. It is made once, before the run's first trial, by whoever gives the trials
(``analysis.telling_apart`` says how well each candidate tells), and stands in that trial from then on: all later ones of the run, and a
session that is resumed, read it off there.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from protocols.design import Block
from protocols.design import Choose as Asked
from protocols.history import Committed
from protocols.schema_session import Condition
from protocols.task import Trial
from protocols.zone import ZoneRule

_EXACT = 1e-9  # rad, by which an edge of a zone may be off for its rounding


class Candidates(NamedTuple):
    """What a block leaves open, and what it may be."""

    what: str  # rotation, clamp or half_width
    values: tuple[float, ...]  # rad
    every: int  # trials of a run

    def run(self, place: int) -> int:
        """Which of the block's runs has its trial of that place, both from 0."""
        return place // self.every

    def given(self, trial: Trial, rule: ZoneRule, index: int) -> tuple[Trial, ZoneRule]:
        """A trial and its zone's rule with a candidate in force."""
        if self.what == "half_width":
            return trial, rule._replace(half_width=self.values[index])
        return trial._replace(**{self.what: self.values[index]}), rule

    def of(self, trial: Trial) -> int:
        """Which candidate was in force in a trial; -1: none of these."""
        had = (trial.zone[1] - trial.zone[0]) / 2 if self.what == "half_width" else getattr(trial, self.what)
        return next((index for index, value in enumerate(self.values) if abs(value - had) < _EXACT), -1)


class Open(NamedTuple):
    """A choice to be made: the trials that it is for, as the first candidate would have them."""

    asked: Asked  # as the file says it
    candidates: Candidates
    trials: tuple[Trial, ...]  # of the run, first attempts
    rule: ZoneRule  # of all of them
    recent: Sequence[Committed]  # what has been committed


#: Which candidate is in force from here on.
Chooser = Callable[[Open], int]


def candidates_of(block: Block, condition: Condition) -> Candidates | None:
    """What a block leaves open; None: nothing. A condition of rotation sign -1 mirrors angles."""
    if block.choose is None:
        return None
    what, values = block.choose.given()
    sign = 1 if what == "half_width" else condition.rotation_sign
    return Candidates(what, tuple(sign * math.radians(value) + 0.0 for value in values), block.choose.every)


def in_force(candidates: Candidates, first: int, trial: Trial, history: Sequence[Committed]) -> int | None:
    """The candidate that an earlier trial of this run had; None where there is no such trial. ``first`` is the block's first slot."""
    run = candidates.run(trial.slot - first)
    for committed in reversed(history):
        if committed.trial.block != trial.block:
            return None
        if candidates.run(committed.trial.slot - first) == run:
            return max(candidates.of(committed.trial), 0)
    return None
