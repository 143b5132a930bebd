"""All measures of one person's practice as rows: a number each, or why there is none. Nothing is ever made up."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from analysis.measures.action import bias_and_variance, lag_one, speed_accuracy
from analysis.measures.practice import block_means

LEAST = 3  # values, below which a spread or a correlation says nothing
BINS = 5  # of movement time, with as many trials each
NOT = "not computed: "


class Practice(NamedTuple):
    """One session of one person; arrays have one entry a trial, NaN where it is missing."""

    block: Int[np.ndarray, " trial"]
    action_names: tuple[str, ...]  # of the columns
    actions: Float[np.ndarray, "trial action"]  # units of the columns
    target: Int[np.ndarray, " trial"]  # index of the target
    numbers: Mapping[str, Float[np.ndarray, " trial"]]  # further columns
    units: Mapping[str, str]  # of all columns that are to be measured, also of those that are missing


class Measured(NamedTuple):
    """One number."""

    measure: str
    of: str  # what was measured: a column, or what stands for one
    value: float  # NaN: not computed
    unit: str
    trials: int  # that went into it
    block: int | None = None  # None: the whole session
    target: int | None = None  # index; None: all
    note: str = ""  # how it was computed, or why not

    @property
    def computed(self) -> bool:
        """Whether there is a number."""
        return bool(np.isfinite(self.value))


def missing(measure: str, of: str, why: str, **where: int | None) -> Measured:
    """What can't be computed, and why."""
    return Measured(measure, of, np.nan, "", 0, note=NOT + why, **where)


def with_reason(row: Measured) -> Measured:
    """A row as it is; where its number came out as none, it says so."""
    if row.computed or row.note.startswith(NOT):
        return row
    return row._replace(value=np.nan, note=f"{NOT}the values have no spread, or too few of them are known")


def practice_measures(practice: Practice) -> Iterator[Measured]:
    """What needs no task: learning curves, lag 1, bias and variance, speed and accuracy."""
    parts: tuple[Callable[[Practice], Iterable[Measured]], ...] = (_curves, _lags, _bias, _speed_accuracy)
    return (with_reason(row) for part in parts for row in part(practice))


def _curves(practice: Practice) -> Iterator[Measured]:
    for name, unit in practice.units.items():
        values = practice.numbers.get(name)
        if why := _absent(name, values):
            yield missing("mean", name, why)
            continue
        assert values is not None
        found = block_means(np.arange(len(values)), practice.block, values)
        for block, mean, sd, count in zip(found.block, found.mean, found.sd, found.count, strict=True):
            if not count:
                yield missing("mean", name, f"column '{name}' is empty in this block", block=int(block))
                continue
            yield Measured("mean", name, float(mean), unit, int(count), int(block))
            yield Measured("sd", name, float(sd), unit, int(count), int(block))


def _absent(name: str, values: np.ndarray | None) -> str:
    return "" if values is not None and np.isfinite(values).any() else f"the table has nothing in column '{name}'"


def _lags(practice: Practice) -> Iterator[Measured]:
    for i, name in enumerate(practice.action_names):
        column = practice.actions[:, i]
        value = lag_one(column, practice.block) if _pairs(column, practice.block) >= LEAST else np.nan
        yield Measured("lag_1", f"action_{name}", float(value), "", int(np.isfinite(column).sum()), note="within blocks, about their means")
    if not practice.action_names:
        yield missing("lag_1", "actions", "the table has no column that begins with action_")


def _pairs(column: np.ndarray, block: np.ndarray) -> int:
    """Neighbours in a block that are both known."""
    known = np.isfinite(column)
    return int((known[1:] & known[:-1] & (block[1:] == block[:-1])).sum())


def _bias(practice: Practice) -> Iterator[Measured]:
    direction, error = (practice.numbers.get(name) for name in ("target_angle_deg", "hand_error_deg"))
    if why := _absent("target_angle_deg", direction) or _absent("hand_error_deg", error):
        yield from (missing(measure, "hand_error_deg", why) for measure in ("bias", "variance"))
        return
    assert direction is not None and error is not None
    note = "ridge regression on von Mises features of the target's direction: 16 centres, kappa 5, ridge 0.001 a trial"
    for block in np.unique(practice.block):
        here = (practice.block == block) & np.isfinite(direction) & np.isfinite(error)
        if here.sum() < LEAST:
            why = f"fewer than {LEAST} directional errors"
            yield from (missing(measure, "hand_error_deg", why, block=int(block)) for measure in ("bias", "variance"))
            continue
        found, count = bias_and_variance(np.deg2rad(direction[here]), np.deg2rad(error[here])), int(here.sum())
        yield Measured("bias", "hand_error_deg", np.degrees(found.bias), "deg", count, int(block), note=note)
        yield Measured("variance", "hand_error_deg", np.degrees(np.degrees(found.variance)), "deg^2", count, int(block), note=note)


def _speed_accuracy(practice: Practice) -> Iterator[Measured]:
    time = practice.numbers.get("movement_time")
    for name in ("error", "hit"):
        values = practice.numbers.get(name)
        if why := _absent("movement_time", time) or _absent(name, values):
            yield missing("speed_accuracy", name, why)
            continue
        assert time is not None and values is not None
        known = time[np.isfinite(time) & np.isfinite(values)]
        if len(known) < BINS * LEAST:
            yield missing("speed_accuracy", name, f"fewer than {BINS * LEAST} trials with a movement time")
            continue
        edges = np.append(np.quantile(known, np.arange(BINS) / BINS), np.inf)
        for low, (mean_time, mean, count) in zip(edges, speed_accuracy(time, values, edges), strict=False):
            note = f"movement times from {low:.4g} s, mean {mean_time:.4g} s"
            yield Measured("speed_accuracy", name, float(mean), practice.units.get(name, ""), int(count), note=note)
