"""A schedule as a person reads it: blocks and trials in the units of the trials table, and how long they take."""

import math
from typing import NamedTuple

from protocols.schedule import PlannedBlock
from protocols.schema import BimanualTask, Block, Protocol, SkittlesTask
from protocols.task import Feedback, HandMapping, RewardRule, Trial

HOMING = 0.5  # s, to bring the hand back
MOVEMENT = 0.5  # s, a usual movement; less where the limits allow less
READING = 15.0  # s for an instruction


class BlockLine(NamedTuple):
    """One block as it will be given."""

    number: int
    phase: str
    kind: str
    trials: int
    targets: int
    rotation_deg: tuple[float, float]  # first and last trial
    mapping: str | None  # None: the task has one hand
    movement_time: tuple[float, float] | None  # s, the block's own band; None: the protocol's limits
    feedback: str
    reward: str
    chosen: str | None  # what is chosen while it runs; None: nothing
    seconds: float  # expected, breaks and instructions included


class TrialLine(NamedTuple):
    """One trial as it will be given, in the units of the trials table."""

    trial: int
    block: int
    phase: str
    target_x: float
    target_y: float
    rotation_deg: float
    gain: float
    clamp_deg: float | None
    mapping: str | None
    feedback: str
    reward_rule: str
    reward_shown: bool
    zone_deg: tuple[float, float] | str | None
    aim_report: bool


def trial_seconds(protocol: Protocol, trial: Trial) -> float:
    """How long a trial will usually take, s."""
    timing = protocol.timing
    movement = min(MOVEMENT, protocol.limits.max_movement_time) if math.isnan(trial.band[0]) else sum(trial.band) / 2
    outcome = protocol.task.shown_time if isinstance(protocol.task, SkittlesTask) else 0.0
    wait = timing.hold + sum(timing.foreperiod) / 2 + protocol.participant.reaction_time
    return HOMING + wait + movement + outcome + trial.feedback_delay + timing.feedback + timing.inter_trial


def block_line(protocol: Protocol, block: PlannedBlock) -> BlockLine:
    """A block of the schedule."""
    trials, regime, phase = block.trials, block.block, protocol.phases[block.phase]
    told = (block.repeat == 0 and regime.instruction is not None) + (_opens(protocol, block) and phase.instruction is not None)
    seconds = sum(trial_seconds(protocol, trial) for trial in trials)
    return BlockLine(
        number=block.number,
        phase=phase.name,
        kind=phase.kind,
        trials=len(trials),
        targets=len({(float(trial.target[0]), float(trial.target[1])) for trial in trials}),
        rotation_deg=(round(math.degrees(trials[0].rotation), 6), round(math.degrees(trials[-1].rotation), 6)),
        mapping=_mapping(protocol, trials[0]),
        movement_time=regime.movement_time,
        feedback=regime.feedback,
        reward=regime.reward.rule if regime.reward.shown else "not shown",
        chosen=_chosen(regime),
        seconds=seconds + READING * told + (protocol.breaks.seconds if regime.break_after else 0.0),
    )


def _chosen(block: Block) -> str | None:
    if block.choose is None:
        return None
    what, values = block.choose.given()
    return f"{what.replace('_', ' ')} of {', '.join(f'{value:g}' for value in values)} deg"


def _opens(protocol: Protocol, block: PlannedBlock) -> bool:
    return block.repeat == 0 and block.block is protocol.phases[block.phase].blocks[0]


def _mapping(protocol: Protocol, trial: Trial) -> str | None:
    return HandMapping(trial.mapping).name.lower() if isinstance(protocol.task, BimanualTask) else None


def trial_line(protocol: Protocol, block: PlannedBlock, trial: Trial) -> TrialLine:
    """A trial of one of its blocks."""
    following = block.block.reward.zone.kind == "following"
    low, high = (round(math.degrees(edge), 6) if not math.isnan(edge) else None for edge in trial.zone)
    return TrialLine(
        trial=trial.number,
        block=trial.block,
        phase=protocol.phases[trial.phase].name,
        target_x=round(float(trial.target[0]), 9),
        target_y=round(float(trial.target[1]), 9),
        rotation_deg=round(math.degrees(trial.rotation), 6),
        gain=trial.gain,
        clamp_deg=None if math.isnan(trial.clamp) else round(math.degrees(trial.clamp), 6),
        mapping=_mapping(protocol, trial),
        feedback=Feedback(trial.feedback).name.lower(),
        reward_rule=RewardRule(trial.reward_rule).name.lower(),
        reward_shown=trial.reward_shown,
        zone_deg="following" if following else None if low is None or high is None else (low, high),
        aim_report=trial.aim_report,
    )
