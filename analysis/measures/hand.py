"""Tangling of hand paths (Russo et al. 2018), by block: the mean path to each target is one condition."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.measures.measured import LEAST, Measured, missing
from analysis.measures.path import tangling, usual_softening
from protocols.movement import RATE, low_pass_kernel

CUTOFF = 20.0  # Hz
STEP = 0.01  # s between states


class Move(NamedTuple):
    """One movement."""

    block: int
    target: int
    onset: float  # s from the go cue
    duration: float  # s
    time: Float[np.ndarray, " sample"]  # s from the go cue
    position: Float[np.ndarray, "sample axis"]  # m, workspace


def tangling_measures(moves: Sequence[Move]) -> Iterator[Measured]:
    """Mean and 90th percentile over the times of each mean path; the greatest is sought over all times and targets of the block."""
    for block in sorted({move.block for move in moves}):
        groups = [[move for move in moves if (move.block, move.target) == (block, target)] for target in _targets(moves, block)]
        paths = [mean_path(group) for group in groups]
        if sum(len(path) for path in paths) < LEAST or any(len(path) < 2 for path in paths):
            yield missing("tangling", "hand", "the movements are too short", block=block)
            continue
        eps = usual_softening(np.concatenate(paths))
        note = f"mean hand path of each target, low-passed at {CUTOFF:g} Hz, every {STEP:g} s from the onset; eps {eps:.4g} m^2"
        for group, found in zip(groups, tangling(paths, STEP, eps), strict=True):
            yield Measured("tangling", "hand", float(found.mean()), "1/s^2", len(group), block, group[0].target, note)
            yield Measured("tangling_p90", "hand", float(np.quantile(found, 0.9)), "1/s^2", len(group), block, group[0].target, note)


def _targets(moves: Sequence[Move], block: int) -> list[int]:
    return sorted({move.target for move in moves if move.block == block})


def mean_path(moves: Sequence[Move]) -> Float[np.ndarray, "time axis"]:
    """Where the hand was on average, every ``STEP`` seconds from the onset on, for the median of the movement times."""
    duration = float(np.median([move.duration for move in moves]))
    return np.mean([_smooth(move, duration) for move in moves], axis=0)


def _smooth(move: Move, duration: float) -> np.ndarray:
    kernel = low_pass_kernel(CUTOFF)
    reach, count, every = len(kernel) // 2, round(duration * RATE), round(STEP * RATE)
    time = move.onset + np.arange(-reach, count + reach + 1) / RATE
    columns = (np.interp(time, move.time, column) for column in move.position.T)
    return np.column_stack([np.convolve(column, kernel, mode="valid") for column in columns])[::every]
