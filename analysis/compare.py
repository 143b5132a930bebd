"""Learners against floors on one participant: fit, BIC, and forward-chaining prediction of blocks that were not fitted."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp

from analysis.fit.fit import Fit, Plan, fit, log_densities, pose
from analysis.fit.ml import maximise
from analysis.fit.weighed import weigh
from analysis.twin import Seen

FOLDS = 5  # pieces of whole blocks; all but the first are predicted from those before them
_CV_STARTS = 6  # of a search of those before
_CV_ROUNDS = 4  # of draws around what it found, and
_CV_DRAWS = 128  # of these that predict
_BATCH = 20  # trials whose gains are averaged before their spread is taken, for neighbours are alike


class Judged(NamedTuple):
    """A learner on one participant."""

    fit: Fit
    log_prob: Float[np.ndarray, " trial"]  # of each action, fitted to the whole record; NaN where there was none
    held_out: Float[np.ndarray, " trial"]  # by the blocks before; NaN in the first piece and where there was none


class Gain(NamedTuple):
    """Of one learner over another, bits a trial."""

    mean: float
    low: float  # 95 %
    high: float
    trials: int


def judge(plan: Plan, trials: Seen, piece: Int[np.ndarray, " trial"]) -> Judged:
    """Fit a learner to the whole record, and to its beginnings.

    Raises:
        BadInput: as ``fit`` does.
    """
    whole = fit(plan, trials)
    acted = np.asarray(np.isfinite(np.asarray(trials.action)).all(axis=1))
    held_out = np.full(len(acted), np.nan)
    for number in range(1, piece.max() + 1):
        held_out[piece == number] = _before(plan, trials, piece < number)[piece == number]
    return Judged(whole, np.where(acted, log_densities(whole)[: len(acted)], np.nan), np.where(acted, held_out, np.nan))


def _before(plan: Plan, trials: Seen, fitted: np.ndarray) -> Float[np.ndarray, " trial"]:
    """Log densities of all actions, averaged over parameters by how likely they make some of the trials, and by a weak prior.

    By the best parameters alone, a few dozen trials would be worse than nothing: a rate that fits their noise takes the mean hundreds of
    SDs away from what comes next.
    """
    problem, everything = pose(plan, trials, fitted), pose(plan, trials)
    best = maximise(problem, min(plan.starts, _CV_STARTS), plan.seed)
    if not len(best.x):
        return everything.densities(best.x[None])[0, : len(fitted)]
    draws = weigh(problem, best.peaks, _CV_ROUNDS).even(_CV_DRAWS)
    return np.asarray(logsumexp(everything.densities(draws), axis=0) - np.log(_CV_DRAWS))[: len(fitted)]


def pieces(block: Int[np.ndarray, " trial"]) -> Int[np.ndarray, " trial"]:
    """The record in at most ``FOLDS`` pieces of whole blocks; of trials, where there are fewer than two blocks."""
    changes = np.cumsum(np.concatenate([[0], np.diff(block) != 0]))
    parts = changes if changes[-1] >= 1 else np.arange(len(block))
    return parts * min(FOLDS, parts[-1] + 1) // (parts[-1] + 1)


def shuffled(trials: Seen, seed: int) -> Seen:
    """The same actions with the outcomes of other trials: what reward could have taught is gone, all else is as it was."""
    order = np.random.default_rng([seed, 1]).permutation(len(np.asarray(trials.reward)))
    outcome = jax.tree.map(lambda column: np.asarray(column)[order], trials.outcome)
    return trials._replace(outcome=outcome, reward=outcome.reward)


def gain(one: Float[np.ndarray, " trial"], other: Float[np.ndarray, " trial"]) -> Gain:
    """How many bits a trial one predicts better than the other, where both predict; its interval from means of batches of trials."""
    difference = (one - other) / np.log(2)
    difference = difference[np.isfinite(difference)]
    whole = len(difference) // _BATCH * _BATCH
    mean = float(difference.mean()) if len(difference) else np.nan
    if whole < 3 * _BATCH:
        return Gain(mean, np.nan, np.nan, len(difference))
    batches = difference[:whole].reshape(-1, _BATCH).mean(axis=1)
    half = 1.96 * float(batches.std(ddof=1)) / np.sqrt(len(batches))
    return Gain(mean, mean - half, mean + half, len(difference))


def table(judged: Mapping[str, Judged], floors: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Each learner's figures; gains are over the floor that predicts held-out blocks best."""
    floor = max((name for name in judged if name in floors), key=lambda name: np.nansum(judged[name].held_out))
    return {
        name: {
            "log_likelihood": one.fit.optimum.log_likelihood,
            "n_free": len(one.fit.optimum.x),
            "bic": one.fit.bic,
            "held_out": float(np.nansum(one.held_out)),
            "held_out_trials": int(np.isfinite(one.held_out).sum()),
            "floor": floor,
            "gain": gain(one.held_out, judged[floor].held_out)._asdict(),
            "estimates": one.fit.estimates,
            **one.fit.certain,
        }
        for name, one in judged.items()
    }
