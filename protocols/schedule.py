"""Which trial comes next. Pure: everything follows from protocol, condition, seed and what has been committed; no random state is kept."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from protocols.choosing import Candidates, Chooser, Open, candidates_of, in_force
from protocols.history import Committed
from protocols.schema import Block, Condition, Protocol
from protocols.task import MISSING, Feedback, HandMapping, RewardRule, Trial
from protocols.zone import ZoneRule, zone_of, zone_rule

# Streams of random numbers: a Generator is keyed by [seed, stream, ...], so that one drawing more never shifts another.
_TARGETS, _PERTURBATION, _FEEDBACK, _REWARD, _FOREPERIOD = range(1, 6)


class PlannedBlock(NamedTuple):
    """One block as it is given: repeats are blocks of their own."""

    number: int  # from 1
    phase: int  # index into protocol.phases, from 0
    block: Block
    repeat: int  # which of the entry's repeats, from 0
    first: int  # slot of its first trial, from 1
    trials: tuple[Trial, ...]  # each as its first attempt would be, with ``number`` = ``slot``; following zones are NaN, choices the first

    @property
    def last(self) -> int:
        """Slot of its last trial."""
        return self.first + len(self.trials) - 1


def base_schedule(protocol: Protocol, condition: str, seed: int) -> tuple[Trial, ...]:
    """All slots of the schedule in order, none re-queued; zones that follow the participant are NaN."""
    return tuple(trial for block in planned_blocks(protocol, condition, seed) for trial in block.trials)


def planned_blocks(protocol: Protocol, condition: str, seed: int) -> tuple[PlannedBlock, ...]:
    """All blocks of the file in the condition's order."""
    return tuple(_planned(protocol, condition, seed, index) for index in range(len(_entries(protocol, condition))))


def block_of(protocol: Protocol, condition: str, seed: int, trial: Trial) -> PlannedBlock:
    """The block that a trial belongs to, also beyond the file's last one."""
    return _planned(protocol, condition, seed, trial.block - 1)


def trial_count(protocol: Protocol, condition: str) -> int:
    """Number of slots in the file."""
    return sum(entry.block.trials for entry in _entries(protocol, condition))


def next_trial(
    protocol: Protocol,
    condition: str,
    seed: int,
    history: Sequence[Committed],
    trials: int | None = None,
    choose: Chooser | None = None,
) -> Trial | None:
    """The trial to give after ``history`` (all committed trials of the session, in order), or None when the session is over.

    With ``trials``, the session ends after so many completed trials: the blocks of the last phase go on if the file has fewer.
    Slots to be given again come next, or after their block's last slot, as the protocol says. The time taken doesn't grow with the
    history, but for a search through one block at its end.

    ``choose`` is asked where a block leaves something open that no earlier trial of the run has; without it the first candidate is taken.
    """
    if trials is not None and len(history) >= trials and sum(c.status == "completed" for c in history) >= trials:
        return None
    again = _again(protocol, condition, seed, history)
    slot, attempt = (again.slot, again.attempt + 1) if again else (_new_slot(protocol, condition, seed, history), 1)
    if trials is None and slot > trial_count(protocol, condition):
        return None
    return trial_of_slot(protocol, condition, seed, slot, history, choose)._replace(number=len(history) + 1, attempt=attempt)


def trial_of_slot(
    protocol: Protocol, condition: str, seed: int, slot: int, history: Sequence[Committed], choose: Chooser | None = None
) -> Trial:
    """The first attempt at a slot, also beyond the file's last one; a following zone is the one in force after ``history``.

    What a block leaves open is as ``next_trial`` says.
    """
    block = _planned(protocol, condition, seed, _block_index(protocol, condition, slot))
    trial = block.trials[slot - block.first]
    rule = zone_rule(block.block, protocol.condition(condition))
    candidates = candidates_of(block.block, protocol.condition(condition))
    if candidates is not None:
        index = in_force(candidates, block.first, trial, history)
        if index is None:
            index = choose(_open(block, candidates, rule, slot, history)) if choose else 0
        trial, rule = candidates.given(trial, rule, index)
    return trial._replace(zone=_following(rule, history)) if rule.following else trial


def first_choice(protocol: Protocol, condition: str, block: PlannedBlock) -> Open | None:
    """What a block leaves open at its first trial, before anything was committed; None: nothing."""
    chosen = protocol.condition(condition)
    candidates = candidates_of(block.block, chosen)
    return None if candidates is None else _open(block, candidates, zone_rule(block.block, chosen), block.first, ())


def _open(block: PlannedBlock, candidates: Candidates, rule: ZoneRule, slot: int, history: Sequence[Committed]) -> Open:
    """The choice for the run that a slot begins."""
    assert block.block.choose is not None
    start = candidates.run(slot - block.first) * candidates.every
    return Open(block.block.choose, candidates, block.trials[start : start + candidates.every], rule, history)


def should_requeue(protocol: Protocol, trial: Trial, status: str, certificate_broken: bool, forced: bool = False) -> bool:
    """Whether a trial's slot is to be given again: judged once, when the trial is committed.

    ``certificate_broken`` counts where the protocol repeats such trials. The experimenter's order (``forced``) overrides all, the
    greatest number of attempts included.
    """
    if forced:
        return True
    asked = status in protocol.requeue.statuses or (certificate_broken and protocol.certificate.repeat and status != "aborted")
    return asked and trial.attempt < protocol.requeue.max_attempts


def foreperiod(trial: Trial, protocol: Protocol, seed: int) -> float:
    """Time from the target to the go cue, s."""
    low, high = protocol.timing.foreperiod
    return float(np.random.default_rng([seed, _FOREPERIOD, trial.number, trial.attempt]).uniform(low, high))


def _again(protocol: Protocol, condition: str, seed: int, history: Sequence[Committed]) -> Trial | None:
    """The latest attempt at the slot that has to be given again now."""
    if not history:
        return None
    if protocol.requeue.when == "next":
        return history[-1].trial if history[-1].requeue else None
    last = history[-1].trial
    if last.attempt == 1 and last.slot < block_of(protocol, condition, seed, last).last:
        return None
    asked: list[Trial] = []
    given = 0
    for committed in reversed(history):
        if committed.trial.block != last.block:
            break
        given += committed.trial.attempt > 1
        asked += [committed.trial] if committed.requeue else []
    return asked[::-1][given] if given < len(asked) else None


def _new_slot(protocol: Protocol, condition: str, seed: int, history: Sequence[Committed]) -> int:
    if not history:
        return 1
    last = history[-1].trial
    return last.slot + 1 if protocol.requeue.when == "next" or last.attempt == 1 else block_of(protocol, condition, seed, last).last + 1


def _following(rule: ZoneRule, history: Sequence[Committed]) -> tuple[float, float]:
    """The zone in force, from the hand errors of the last completed trials."""
    recent = np.full(rule.window, MISSING)
    left = rule.window
    for committed in reversed(history):
        if left == 0:
            break
        error = float(committed.outcome.hand_error)
        if committed.status == "completed" and not math.isnan(error):
            left -= 1
            recent[left] = error
    low, high = zone_of(recent, rule)
    return float(low), float(high)


class _Entry(NamedTuple):
    phase: int
    block: Block
    repeat: int


@lru_cache(maxsize=64)
def _entries(protocol: Protocol, condition: str) -> tuple[_Entry, ...]:
    names = [phase.name for phase in protocol.phases]
    order = [names.index(name) for name in protocol.condition(condition).phase_order if name in names] or range(len(names))
    return tuple(_Entry(i, block, repeat) for i in order for block in protocol.phases[i].blocks for repeat in range(block.repeat))


@lru_cache(maxsize=64)
def _firsts(protocol: Protocol, condition: str) -> tuple[tuple[int, ...], int, int]:
    """First slot of each block and of the one after the last; number of blocks and of trials in the last phase."""
    entries = _entries(protocol, condition)
    firsts = np.cumsum([1, *(entry.block.trials for entry in entries)]).tolist()
    last = [entry.block.trials for entry in entries if entry.phase == entries[-1].phase]
    return tuple(firsts), len(last), sum(last)


def _block_index(protocol: Protocol, condition: str, slot: int) -> int:
    """Index of the block with a slot; beyond the file, the last phase comes round again."""
    firsts, blocks, trials = _firsts(protocol, condition)
    rounds = max(0, -(-(slot + 1 - firsts[-1]) // trials))
    return int(np.searchsorted(firsts, slot - rounds * trials, side="right")) - 1 + rounds * blocks


@lru_cache(maxsize=4096)
def _planned(protocol: Protocol, condition: str, seed: int, index: int) -> PlannedBlock:
    firsts, blocks, trials = _firsts(protocol, condition)
    rounds = max(0, -(-(index + 2 - len(firsts)) // blocks))
    entry, first = _entries(protocol, condition)[index - rounds * blocks], firsts[index - rounds * blocks] + rounds * trials
    chosen = protocol.condition(condition)
    block, count = entry.block, entry.block.trials
    targets = _target_positions(protocol, block, chosen, np.random.default_rng([seed, _TARGETS, index]))
    turns = _perturbations(block, entry.repeat, np.random.default_rng([seed, _PERTURBATION, index]))
    seen = _share(block.feedback_probability, count, np.random.default_rng([seed, _FEEDBACK, index]))
    told = _share(block.reward.probability if block.reward.shown else 0.0, count, np.random.default_rng([seed, _REWARD, index]))
    rule = zone_rule(block, chosen)
    template = Trial(
        number=0,
        attempt=1,
        slot=0,
        block=index + 1,
        phase=entry.phase,
        target=(MISSING, MISSING),
        mapping=int(HandMapping[block.perturbation.mapping.upper()]),
        feedback_delay=block.feedback_delay,
        reward_rule=int(RewardRule[block.reward.rule.upper()]),
        zone=(rule.low, rule.high),
        band=block.movement_time or (MISSING, MISSING),
        aim_report=block.aim_report,
    )
    candidates = candidates_of(block, chosen)
    given = tuple(
        template._replace(
            number=first + i,
            slot=first + i,
            target=targets[i],
            rotation=math.radians(chosen.rotation_sign * turns[i][0]) + 0.0,  # not -0.0
            gain=turns[i][1],
            clamp=math.radians(chosen.rotation_sign * turns[i][2]),
            feedback=int(Feedback[block.feedback.upper()] if seen[i] else Feedback.NONE),
            reward_shown=bool(told[i]),
        )
        for i in range(count)
    )
    if candidates is not None:
        given = tuple(candidates.given(trial, rule, 0)[0] for trial in given)
    return PlannedBlock(index + 1, entry.phase, block, entry.repeat, first, given)


def _target_positions(protocol: Protocol, block: Block, condition: Condition, random: np.random.Generator) -> list[tuple[float, float]]:
    named = block.targets or tuple(protocol.targets)
    places = [protocol.target_position(condition.targets.get(name, name)) for name in named]
    count = block.trials
    match block.order:
        case "fixed":
            order = np.arange(count) % len(places)
        case "random":
            order = random.integers(len(places), size=count)
        case "shuffled":
            order = _cycles(len(places), count, random)
        case "blocked":
            order = np.arange(count) * len(places) // count
    return [places[i] for i in order]


def _cycles(values: int, count: int, random: np.random.Generator) -> np.ndarray:
    """Indices so that each value comes once before any comes again."""
    return np.concatenate([random.permutation(values) for _ in range(-(-count // values))])[:count]


def _perturbations(block: Block, repeat: int, random: np.random.Generator) -> list[tuple[float, float, float]]:
    """Rotation (deg), gain and clamp (deg) of each trial. Lines and steps run over all repeats."""
    given, count = block.perturbation, block.trials
    if given.schedule == "random":
        return list(zip(*(_drawn(values, count, random) for values in (given.rotation_deg, given.gain, given.clamp_deg)), strict=True))
    total, here = count * block.repeat, slice(repeat * count, (repeat + 1) * count)
    columns = [_spread(values, total, given.schedule)[here].tolist() for values in (given.rotation_deg, given.gain, given.clamp_deg)]
    return list(zip(*columns, strict=True))


def _drawn(values: tuple[float, ...], count: int, random: np.random.Generator) -> list[float]:
    return [values[i] for i in _cycles(len(values), count, random)] if values else [MISSING] * count


def _spread(values: tuple[float, ...], total: int, schedule: str) -> np.ndarray:
    if len(values) < 2:
        return np.full(total, values[0] if values else MISSING)
    if schedule == "gradual":
        return np.linspace(values[0], values[1], total)
    return np.asarray(values)[np.arange(total) * len(values) // total]  # a list has one value for each trial


def _share(probability: float, count: int, random: np.random.Generator) -> np.ndarray:
    return random.random(count) < probability
