"""Measures of practice on plain arrays: block means, running mean and spread, and the surprise of the past as a floor."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class BlockMeans(NamedTuple):
    """Mean and spread of one number, by block; NaN where a block has no value."""

    block: Int[np.ndarray, " block"]
    centre: Float[np.ndarray, " block"]  # mean trial number
    mean: Float[np.ndarray, " block"]
    sd: Float[np.ndarray, " block"]  # over trials, n - 1; NaN below two values
    count: Int[np.ndarray, " block"]  # values that are not missing


def block_means(trial: np.ndarray, block: np.ndarray, value: np.ndarray) -> BlockMeans:
    """Mean, SD and count of ``value`` in each block, leaving out NaN."""
    labels = np.unique(block)
    rows = []
    for label in labels:
        here = block == label
        kept = value[here][~np.isnan(value[here])]
        mean = kept.mean() if len(kept) else np.nan
        sd = kept.std(ddof=1) if len(kept) > 1 else np.nan
        rows.append((trial[here].mean(), mean, sd, len(kept)))
    centre, mean, sd, count = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.empty(0),) * 4
    return BlockMeans(labels, centre, mean, sd, count.astype(int))


def running_mean(value: Float[np.ndarray, " trial"], window: int) -> Float[np.ndarray, " trial"]:
    """Mean over a centred window that shrinks at the ends, leaving out NaN; NaN where a window has no value.

    NaN before the first value and after the last, too, so that no course is drawn where there is nothing yet.
    """
    known = np.flatnonzero(np.isfinite(value))
    out = _windowed(value, window, lambda part: part.mean() if len(part) else np.nan)
    out[: known[0] if len(known) else None] = np.nan
    out[known[-1] + 1 if len(known) else 0 :] = np.nan
    return out


def running_sd(value: Float[np.ndarray, " trial"], window: int) -> Float[np.ndarray, " trial"]:
    """SD (n - 1) over a centred window that shrinks at the ends, leaving out NaN; NaN below three values."""
    return _windowed(value, window, lambda part: part.std(ddof=1) if len(part) > 2 else np.nan)


def _windowed(value: np.ndarray, window: int, measure) -> np.ndarray:  # type: ignore[no-untyped-def]
    half = window // 2
    out = np.full(len(value), np.nan)
    for place in range(len(value)):
        part = value[max(0, place - half) : place + half + 1]
        out[place] = measure(part[~np.isnan(part)])
    return out


def past_surprise(actions: Float[np.ndarray, "trial action"], window: int = 60, first: int = 10) -> Float[np.ndarray, " trial"]:
    """Surprise (-log density, nats) of each action under a Gaussian of the last ``window`` actions: a floor that knows no reward.

    A learner that predicts worse than this has told us nothing. NaN for the first ``first`` actions, for missing ones, and where the
    past has no spread. The variance is that of a new draw, inflated by 1 + 1/n.
    """
    out = np.full(len(actions), np.nan)
    known = ~np.isnan(actions.sum(axis=1))
    for place in np.flatnonzero(known):
        past = actions[:place][known[:place]][-window:]
        if len(past) >= max(first, actions.shape[1] + 1):
            out[place] = _gaussian_surprise(actions[place], past)
    return out


def _gaussian_surprise(action: np.ndarray, past: np.ndarray) -> float:
    covariance = np.atleast_2d(np.cov(past.T)) * (1 + 1 / len(past))
    sign, log_det = np.linalg.slogdet(covariance)
    if sign <= 0:
        return np.nan
    gap = action - past.mean(axis=0)
    return float(0.5 * (gap @ np.linalg.solve(covariance, gap) + log_det + len(action) * np.log(2 * np.pi)))
