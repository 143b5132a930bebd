"""Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari & Gelman 2018) of the Bayesian fit.

Truths come from the prior, learners with them practise, all are fitted side by side, and truths' ranks among their draws have to be
uniform.
``python -m benchmarks.calibration [SETS TRIALS]``. Writes ``benchmarks/results/calibration.json``.
"""

import sys
import time

import jax
import numpy as np
from scipy.stats import chi2

from analysis.bayes.judge import doubts, mixing
from analysis.bayes.people import People
from analysis.bayes.prior import prior_of
from analysis.bayes.sampling import Sampling, from_prior, sample
from analysis.fit.space import Scale, make_space
from analysis.recovery import Truth, practise
from benchmarks.keep import keep
from rig.models.recovery import Asked, study_of

SETS, TRIALS = 200, 200
DRAWS, BINS = 99, 10  # a rank is one of 100 places
PRIORS = {
    "learning_rate": (0.2, 0.6),
    "retention": (0.9, 1.0),
    "initial_mean": (0.0, 5.0),
    "initial_sd": (4.0, 0.5),
    "process_sd": (1.0, 0.6),
}


def ranks(sets: int, trials: int) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """The names of the parameters, the rank of each set's truths, (set, free), and what speaks against the draws."""
    study = study_of(Asked("reach-rotation", ("error-based",), (trials,), sets, 0, (), 1), "error-based", trials)
    space = make_space(study.learner, {}, Scale(np.zeros(1), np.full(1, 5.0), 0.0, 1.0))
    prior = prior_of(space, PRIORS)
    true = from_prior(prior, False, sets, 0)["x"]
    truth = Truth(space, prior.mean, prior.sd)
    seen = [practise(study, truth, x, 0, index) for index, x in enumerate(true)]
    stacked = jax.tree.map(lambda *column: np.stack(column), *seen)
    people = People(study.learner, space, {}, len(study.targets), stacked, np.full(sets, trials))
    posterior = sample(people, prior, False, Sampling(400, 500, 4, 1))
    drawn = posterior.x.reshape(-1, sets, len(space.names))
    some = drawn[np.linspace(0, len(drawn) - 1, DRAWS).astype(int)]
    return space.names, (some < true).sum(axis=0), doubts(mixing(posterior))


def uniformity(rank: np.ndarray) -> float:
    """p of Pearson's chi-squared test that ranks from 0 to ``DRAWS`` are uniform, in ``BINS`` bins of equal width."""
    counts = np.histogram(rank, bins=BINS, range=(-0.5, DRAWS + 0.5))[0]
    expected = len(rank) / BINS
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), BINS - 1))


def main() -> None:
    sets, trials = (int(word) for word in sys.argv[1:3]) if len(sys.argv) > 2 else (SETS, TRIALS)
    began, used = time.perf_counter(), time.process_time()
    names, found, said = ranks(sets, trials)
    p = {name: round(uniformity(found[:, i]), 4) for i, name in enumerate(names)}
    result = {"learner": "error-based", "sets": sets, "trials": trials, "p": p, "smallest_p": min(p.values()), "parameters": len(p)}
    keep("calibration", {**result, "doubts": said, "s": round(time.perf_counter() - began), "cpu_s": round(time.process_time() - used)})


if __name__ == "__main__":
    main()
