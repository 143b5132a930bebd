"""Draws of the parameters where weighing is slow or fails: an ensemble of walkers (``emcee``: Foreman-Mackey, Hogg, Lang & Goodman 2013).

On a surface with many narrow peaks no mixture of a few parts is like it, and a handful of draws gets all of the weight. Walkers need only
ratios of heights. They propose by differences between one another (ter Braak 2006; snooker: ter Braak & Vrugt 2008) and by stretches
(Goodman & Weare 2010), so that they know directions and sizes of what they are spread over.

They begin near the peaks that were found, which can be much closer together than the draws are; a crowd that is too small grows slowly, and
one that is too wide closes up soon. So they first walk where the likelihood is flattened (annealing: Kirkpatrick, Gelatt & Vecchi 1983).
"""

import emcee
import numpy as np
from jaxtyping import Float

from analysis.bayes.prior import prior_of
from analysis.fit.likelihood import Problem
from analysis.fit.weighed import Weighed, evened, log_prior

_WALKERS = 64  # at least, and four for each parameter
_FLATTENED = 0.2  # power to which the likelihood is taken at first
_SPREADING, _CLOSING, _KEPT = 150, 100, 350  # steps: of the flattened likelihood, of the likelihood itself, and of those that count
_ALIKE = 0.05  # nats by which single precision may be off at the walkers' first places, so far as these are
_LIKELY = 20.0  # nats or less below the best of them
_JITTER = 1e-3  # SDs of the prior by which walkers are set apart at first


def walked(problem: Problem, found: Weighed) -> Weighed:
    """Draws of the same as ``found``, which is where the walkers begin, all of which count the same."""
    prior, random, free = prior_of(problem.space), np.random.RandomState(0), found.points.shape[1]
    count = max(_WALKERS, 4 * free)
    start = evened(found).even(count) + _JITTER * prior.sd * random.standard_normal((count, free))
    moves = [(emcee.moves.DEMove(), 0.7), (emcee.moves.DESnookerMove(), 0.1), (emcee.moves.StretchMove(), 0.2)]
    quick = faster(problem, start)

    def walk(begun: Float[np.ndarray, "walker free"], power: float, steps: int) -> Float[np.ndarray, "step walker free"]:
        sampler = emcee.EnsembleSampler(
            count, free, lambda points: power * quick.log_likelihoods(points) + log_prior(prior, points), vectorize=True, moves=moves
        )
        sampler.random_state = np.random.RandomState(steps).get_state()  # not the same numbers for both walks
        with np.errstate(invalid="ignore"):  # a walker may begin, and stay, where nothing is likely
            sampler.run_mcmc(begun, steps, skip_initial_state_check=True)
        return np.asarray(sampler.get_chain())

    wide = walk(start, _FLATTENED, _SPREADING)[-1]
    points = walk(wide, 1.0, _CLOSING + _KEPT)[_CLOSING:].reshape(-1, free)
    return Weighed(points, np.full(len(points), 1 / len(points)))


def faster(problem: Problem, points: Float[np.ndarray, "walker free"]) -> Problem:
    """The problem in single precision, if that says the same of the likely among these points."""
    single = problem.in_single_precision()
    exact = problem.log_likelihoods(points)
    off = np.abs(single.log_likelihoods(points) - exact)[exact > exact.max() - _LIKELY]
    return single if off.max(initial=0.0) < _ALIKE else problem
