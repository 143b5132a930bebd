"""The course that a fitted learner practises to be compared with a person: the protocol's, with what the person's own table says of it.

A person may have met another condition than the protocol's first, trials given again, or, in an experiment from elsewhere, what no
protocol file says. Columns of the trials table that say what a trial was take the place of the protocol's.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from analysis.simulate import Course, stack_course
from protocols.course import Slot, course_of
from protocols.errors import BadInput
from protocols.lint import first_condition
from protocols.schema import Protocol
from protocols.task import Feedback, HandMapping, RewardRule
from protocols.zone import ZoneRule
from rig.tables.columns import numbers
from rig.tables.tables import ParticipantTrials


class Given(NamedTuple):
    """A column that says what a trial was."""

    column: str
    field: str  # of a Trial, or of a ZoneRule
    words: type[IntEnum] | None = None  # for a column of words, which may hold their numbers instead


OF_TRIAL = (
    Given("perturbation_rotation_deg", "rotation"),
    Given("perturbation_gain", "gain"),
    Given("perturbation_clamp_deg", "clamp"),
    Given("perturbation_mapping", "mapping", HandMapping),
    Given("feedback", "feedback", Feedback),
    Given("reward_rule", "reward_rule", RewardRule),
)
OF_ZONE = (Given("zone_low_deg", "low"), Given("zone_high_deg", "high"))


def practice(protocol: Protocol, person: ParticipantTrials, seed: int) -> Course:
    """As many trials as the person had. A zone that follows the person follows the learner here; others are as the person had them.

    Raises:
        BadInput: a column holds what no trial can have.
    """
    slots = _slots(protocol, person, seed)
    trials, zones = _columns(person, OF_TRIAL), _columns(person, OF_ZONE)
    target = np.asarray(person.seen.context.target)
    rows = range(len(slots))
    given = [slots[i].trial._replace(number=i + 1, target=tuple(target[i]), **{k: v[i] for k, v in trials.items()}) for i in rows]
    return stack_course(given, [_rule(slots[i].rule, {k: v[i] for k, v in zones.items()}) for i in rows])


def _slots(protocol: Protocol, person: ParticipantTrials, seed: int) -> list[Slot]:
    """The place of the protocol's schedule that each trial has, in its first condition."""
    place = np.arange(1, len(person.trial) + 1)
    if "scheduled_trial" in person.table:
        told = _numbers(person, "scheduled_trial")
        place = np.where(np.isfinite(told), told, place).astype(int)
    course = course_of(protocol, first_condition(protocol), seed, int(max(place.max(), 1)))
    return [course[max(at, 1) - 1] for at in place]


def _rule(rule: ZoneRule, zone: dict[str, Any]) -> ZoneRule:
    return rule if rule.following else rule._replace(**zone)


def _columns(person: ParticipantTrials, wanted: tuple[Given, ...]) -> dict[str, np.ndarray]:
    """Values by field, in SI, of those columns that the table has."""
    return {one.field: _values(person, one) for one in wanted if one.column in person.table}


def _values(person: ParticipantTrials, given: Given) -> np.ndarray:
    if given.words is None:
        values = _numbers(person, given.column)
        return np.deg2rad(values) if given.column.endswith("_deg") else values
    return np.array([_of_words(cell, given.words, _where(person, given.column, i)) for i, cell in enumerate(person.table[given.column])])


def _of_words(cell: Any, words: type[IntEnum], where: str) -> int:
    """A word, or its number."""
    try:
        return words[name] if (name := str(cell).upper()) in words.__members__ else words(int(float(cell)))
    except (KeyError, ValueError, TypeError):
        known = ", ".join(f"{word.name.lower()} ({word.value})" for word in words)
        raise BadInput(f"{where} is {cell!r}, expected one of {known}; correct it, or leave free practice out (--no-simulation)") from None


def _numbers(person: ParticipantTrials, column: str) -> np.ndarray:
    return numbers(person.table, column, person.file[0])


def _where(person: ParticipantTrials, column: str, place: int) -> str:
    return f"{person.file[place]}: row {person.row[place]}: column '{column}'"
