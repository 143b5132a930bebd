"""A whole course of trials at once, for those who practise by arithmetic alone: nothing is given again, nothing is waited for."""

from collections.abc import Iterator
from itertools import count, islice
from typing import NamedTuple

from protocols.errors import BadInput
from protocols.schedule import PlannedBlock, block_of, planned_blocks, trial_count
from protocols.schema import Protocol
from protocols.task import Trial
from protocols.zone import ZoneRule, zone_rule


class Slot(NamedTuple):
    """One place of the course."""

    trial: Trial
    rule: ZoneRule
    phase: str


def course_of(protocol: Protocol, condition: str, seed: int, trials: int | None = None) -> tuple[Slot, ...]:
    """The first ``trials`` places of the schedule (None: all of the file's); beyond the file, the last phase goes on, as in a pilot.

    Raises:
        BadInput: fewer than one trial.
    """
    if trials is not None and trials < 1:
        raise BadInput(f"{trials} trials asked for, expected 1 or more; correct --trials")
    return tuple(islice(_slots(protocol, condition, seed), trials or trial_count(protocol, condition)))


def _slots(protocol: Protocol, condition: str, seed: int) -> Iterator[Slot]:
    for block in _blocks(protocol, condition, seed):
        rule, phase = zone_rule(block.block, protocol.condition(condition)), protocol.phases[block.phase].name
        for trial in block.trials:
            yield Slot(trial, rule if rule.following else rule._replace(window=1), phase)


def _blocks(protocol: Protocol, condition: str, seed: int) -> Iterator[PlannedBlock]:
    blocks = planned_blocks(protocol, condition, seed)
    yield from blocks
    like = blocks[-1].trials[0]
    for number in count(blocks[-1].number + 1):
        yield block_of(protocol, condition, seed, like._replace(block=number))
