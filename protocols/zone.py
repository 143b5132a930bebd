"""The reward zone: fixed, or following the participant's own last reaches (Therrien et al. 2016)."""

import math
from typing import Any, NamedTuple

import numpy as np

from protocols.schema import Block, Condition
from protocols.task import MISSING

_SIDES = {"around": 0, "counterclockwise": 1, "clockwise": -1}


class ZoneRule(NamedTuple):
    """A block's zone as numbers, so that it enters ``jit`` and can be stacked for ``vmap``."""

    following: bool
    low: float  # rad relative to the target; NaN where the zone follows, or there is none
    high: float  # rad
    window: int  # trials
    median: bool  # else the mean
    half_width: float  # rad
    side: int  # 0: around the centre; 1: wholly counter-clockwise of it; -1: clockwise
    limit: float  # rad, the centre stays within plus or minus this


def zone_rule(block: Block, condition: Condition) -> ZoneRule:
    """The zone of a block's trials; a condition of rotation sign -1 mirrors it."""
    zone, sign = block.reward.zone, condition.rotation_sign
    edges = (MISSING, MISSING)
    if zone.kind == "fixed" and zone.low_deg is not None and zone.high_deg is not None:
        low, high = sorted((sign * math.radians(zone.low_deg), sign * math.radians(zone.high_deg)))
        edges = (low, high)
    return ZoneRule(
        following=zone.kind == "following",
        low=edges[0],
        high=edges[1],
        window=zone.window,
        median=zone.statistic == "median",
        half_width=math.radians(zone.half_width_deg),
        side=sign * _SIDES[zone.direction],
        limit=math.radians(zone.limit_deg),
    )


def zone_of(recent: Any, rule: ZoneRule, xp: Any = np) -> tuple[Any, Any]:
    """Lower and upper edge, rad relative to the target; NaN where hits are by error.

    ``recent`` are hand errors (rad) of the last completed trials, oldest first, newest last, padded in front with NaN to any fixed
    length of at least ``rule.window``. With none yet the zone's centre is the target. ``xp`` is numpy or jax.numpy.
    """
    known = ~xp.isnan(recent) & (xp.arange(len(recent)) >= len(recent) - rule.window)
    count = known.sum()
    mean = xp.where(known, recent, 0.0).sum() / xp.maximum(count, 1)
    ordered = xp.sort(xp.where(known, recent, xp.inf))
    median = (ordered[xp.maximum(count - 1, 0) // 2] + ordered[count // 2 % len(recent)]) / 2
    centre = xp.where(count > 0, xp.where(rule.median, median, mean), 0.0)
    centre = xp.clip(centre, -rule.limit, rule.limit)
    low = centre + (rule.side - 1) * rule.half_width
    high = centre + (rule.side + 1) * rule.half_width
    return xp.where(rule.following, low, rule.low), xp.where(rule.following, high, rule.high)
