"""Which of several learners a group of people is like: random-effects selection with protected exceedance probabilities.

People differ in which learner is theirs; how frequent each is has a Dirichlet prior (Stephan et al. 2009, NeuroImage 46, 1004-1017,
eqs. 12 to 14). The exceedance probability of a learner is that of its being the most frequent; *protected* against there being no
difference at all by the Bayesian omnibus risk (Rigoux et al. 2014, NeuroImage 84, 971-985, eqs. 6, 7 and appendix).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import digamma, gammaln, log_softmax, logsumexp, softmax

_SAMPLES = 200_000  # of the Dirichlet
_CLOSE = 1e-8


class Selection(NamedTuple):
    """Of each learner."""

    frequency: Float[np.ndarray, " learner"]  # expected share of people
    belongs: Float[np.ndarray, "person learner"]  # probability that a person is like it
    exceedance: Float[np.ndarray, " learner"]
    protected: Float[np.ndarray, " learner"]
    omnibus_risk: float  # probability that all are equally frequent


def select(evidence: Float[np.ndarray, "person learner"], seed: int = 0) -> Selection:
    """Selection from log evidences (minus half the BIC approximates one)."""
    _people, learners = evidence.shape
    prior = np.ones(learners)
    counts, belongs = _frequencies(evidence, prior)
    drawn = np.random.default_rng(seed).dirichlet(counts, _SAMPLES)
    exceedance = np.bincount(drawn.argmax(axis=1), minlength=learners) / _SAMPLES
    null = float(np.sum(logsumexp(evidence, axis=1) - np.log(learners)))
    risk = float(1 / (1 + np.exp(np.clip(_free_energy(evidence, prior, counts, belongs) - null, -700, 700))))
    return Selection(counts / counts.sum(), belongs, exceedance, (1 - risk) * exceedance + risk / learners, risk)


def _frequencies(evidence: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    counts = prior
    for _ in range(10_000):
        belongs = softmax(evidence + digamma(counts), axis=1)
        after = prior + belongs.sum(axis=0)
        if np.abs(after - counts).max() < _CLOSE:
            return after, belongs
        counts = after
    return counts, belongs


def _free_energy(evidence: np.ndarray, prior: np.ndarray, counts: np.ndarray, belongs: np.ndarray) -> float:
    """A bound of the group's log evidence: expected log joint, and entropies of both beliefs."""
    log_share = digamma(counts) - digamma(counts.sum())
    likely = np.sum(belongs * (evidence + log_share))
    before = gammaln(prior.sum()) - gammaln(prior).sum() + np.sum((prior - 1) * log_share)
    after = gammaln(counts.sum()) - gammaln(counts).sum() + np.sum((counts - 1) * log_share)
    log_belongs = log_softmax(evidence + digamma(counts), axis=1)
    return float(likely + before - after - np.sum(belongs * log_belongs))
