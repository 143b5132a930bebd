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
    hit_rate: float = MISSING  # share of the last hand errors that the zone would have held; NaN: it doesn't adapt


def zone_rule(block: Block, condition: Condition) -> ZoneRule:
    """The zone of a block's trials; a condition of rotation sign -1 mirrors it. Where its width is to be chosen, it has the first one."""
    zone, sign = block.reward.zone, condition.rotation_sign
    widths = (block.choose and block.choose.half_width_deg) or (zone.half_width_deg,)
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
        half_width=math.radians(widths[0]),
        side=sign * _SIDES[zone.direction],
        limit=math.radians(zone.limit_deg),
        hit_rate=MISSING if zone.hit_rate is None else zone.hit_rate,
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
    adapts = ~xp.isnan(rule.hit_rate) & (count > 0)
    half_width = xp.where(adapts & (rule.side == 0), _width(recent, known, centre, rule, xp), rule.half_width)
    centre = centre + xp.where(adapts & (rule.side != 0), _edge(recent, known, centre, rule, xp), 0.0)
    centre = xp.clip(centre, -rule.limit, rule.limit)
    low = centre + (rule.side - 1) * half_width
    high = centre + (rule.side + 1) * half_width
    return xp.where(rule.following, low, rule.low), xp.where(rule.following, high, rule.high)


_EXACT = 1e-9  # of a trial, by which a share of trials may be off for its rounding


def _width(recent: Any, known: Any, centre: Any, rule: ZoneRule, xp: Any) -> Any:
    """Half the width of a zone about the centre that holds the share; never less than the rule's own."""
    away = xp.sort(xp.where(known, xp.abs(recent - centre), xp.inf))
    place = xp.ceil(rule.hit_rate * known.sum() - _EXACT) - 1
    return xp.maximum(away[_index(place, len(recent), xp)], rule.half_width)


def _edge(recent: Any, known: Any, centre: Any, rule: ZoneRule, xp: Any) -> Any:
    """How far from the centre the zone's near edge has to lie, for the share to lie beyond it."""
    ahead = xp.sort(xp.where(known, rule.side * (recent - centre), xp.inf))
    place = xp.floor((1 - rule.hit_rate) * known.sum() + _EXACT)
    edge = ahead[_index(place, len(recent), xp)]
    return rule.side * xp.where(xp.isfinite(edge), edge, 0.0)


def _index(place: Any, length: int, xp: Any) -> Any:
    """A place as an index; what has no share (NaN) is not asked for, and gets the first."""
    return xp.clip(xp.nan_to_num(place), 0, length - 1).astype(int)
