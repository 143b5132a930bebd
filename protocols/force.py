"""Forces on the hand: which field a trial has, and what a channel trial tells of what was learned.

A field resists or turns the hand: the force is ``-strength * velocity`` (viscous) or across it (curl, Shadmehr & Mussa-Ivaldi
1994). On channel trials stiff walls along the way to the target keep the hand straight, and the force against them shows what the
participant expects of the field (Scheidt et al. 2000).
"""

import math
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from protocols.errors import BadInput
from protocols.schedule import block_of
from protocols.schema import Protocol
from protocols.task import MISSING, Path, Trial

_CHANNELS = 106  # among the streams of random numbers (see protocols.schedule)


class Kind(StrEnum):
    """What acts on the hand."""

    NONE = "none"
    VISCOUS = "viscous"
    CURL = "curl"
    CHANNEL = "channel"


class Force(NamedTuple):
    """The force of one trial. In a channel, ``strength`` is of the field that it stands in for."""

    kind: Kind
    field: Kind  # of the block
    strength: float  # N s/m; curl: positive pushes to the right of the velocity
    limit: float  # N, an axis
    stiffness: float  # N/m, of the channel's walls
    damping: float  # N s/m, across the channel


def force_of(protocol: Protocol, condition: str, seed: int, trial: Trial) -> Force:
    """The force of a trial; the same for all attempts at it."""
    planned = block_of(protocol, condition, seed, trial)
    given = planned.block.force
    channels = _channels(given.channel_probability, planned.block.trials, seed, planned.number)
    kind = Kind.CHANNEL if channels[trial.slot - planned.first] else Kind(given.kind)
    return Force(kind, Kind(given.kind), given.strength, given.limit, given.channel_stiffness, given.channel_damping)


@lru_cache(maxsize=256)
def _channels(probability: float, trials: int, seed: int, block: int) -> tuple[bool, ...]:
    return tuple((np.random.default_rng([seed, _CHANNELS, block]).random(trials) < probability).tolist())


def uses_force(protocol: Protocol) -> bool:
    """Whether any of its trials acts on the hand."""
    return any(block.force.kind != "none" or block.force.channel_probability > 0 for phase in protocol.phases for block in phase.blocks)


def check_force(protocol: Protocol, device: str, able: str) -> None:
    """See that a device can give the protocol's forces.

    Raises:
        BadInput: it has no motors, or the task has no straight way for a channel or a curl.
    """
    if not uses_force(protocol):
        return
    if device != able:
        raise BadInput(f"--device {device}: protocol {protocol.name!r} has force fields, which need motors: use --device {able}")
    kinds = {block.force.kind for phase in protocol.phases for block in phase.blocks}
    channels = any(block.force.channel_probability > 0 for phase in protocol.phases for block in phase.blocks)
    if protocol.task.kind != "reach" and (channels or "curl" in kinds):
        raise BadInput(f"protocol {protocol.name!r}: curl fields and channels are for reaches; on a {protocol.task.kind} use 'viscous'")


def force_details(force: Force, path: Path | None, trial: Trial, scale: float) -> dict[str, float | str]:
    """What is stored of a trial's force (``protocols.records.FORCE``), NaN where no path was judged.

    ``scale`` is m of the hand for a m of the workspace.

    ``lateral_force``: the greatest force of the hand against the channel's walls, to the left of the way positive (N).
    ``adaptation_index``: slope of that force on the one that would undo the field, at each sample; 1 is full compensation
    (Smith, Ghazizadeh & Shadmehr 2006). NaN but on channel trials of a curl field.
    """
    lateral = index = MISSING
    if force.kind == Kind.CHANNEL and path is not None and int(path.count) > 3:
        along, across = _unit(trial), _unit(trial, math.pi / 2)
        count = int(path.count)
        time, place = np.asarray(path.time)[:count], scale * np.asarray(path.position)[:count]
        velocity = np.gradient(place, time, axis=0)
        pressed = force.stiffness * (place @ across) + force.damping * (velocity @ across)
        lateral = float(pressed[np.argmax(np.abs(pressed))])
        ideal = force.strength * (velocity @ along)
        if force.field == Kind.CURL and ideal @ ideal > 0:
            index = float(pressed @ ideal / (ideal @ ideal))
    return {
        "perturbation_force": str(force.kind),
        "perturbation_force_strength": force.strength,
        "lateral_force": lateral,
        "adaptation_index": index,
    }


def _unit(trial: Trial, turned: float = 0.0) -> np.ndarray:
    angle = math.atan2(trial.target[1], trial.target[0]) + turned
    return np.array([math.cos(angle), math.sin(angle)])
