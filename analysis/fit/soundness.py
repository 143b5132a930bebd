"""Whether a learner with fitted values can be believed over its record: it amplifies no small difference, nothing of it breaks, and where
its likelihood is an approximation, particles agree with it.
"""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int

from analysis.faults import Fault, first_fault
from analysis.learner import Learner, Params
from analysis.particle_filter import particle_log_likelihood
from analysis.predict import predict
from analysis.twin import UNRELIABLE, Seen

PARTICLES = 4000
CLOSE = 0.01  # nats a trial by which a likelihood that is matched by moments may be off


class Soundness(NamedTuple):
    """What was found."""

    shift_growth: float  # the most by which a small shift of the yoked state grew within the record
    fault: Fault | None  # the first trial on which something wasn't sound
    matching_error: float | None = (
        None  # nats a trial by which the likelihood exceeds that of particles; None: it is exact, or nobody looked
    )

    def doubts(self) -> list[str]:
        """What a reader has to know, in words."""
        found = [] if self.fault is None else [str(self.fault)]
        if self.shift_growth > UNRELIABLE:
            found.append(
                f"a shift of 1e-9 of the yoked state grew by {self.shift_growth:.3g}: predictions and estimates are unreliable; a step cap,"
                " a natural gradient or retention below 1 tame it"
            )
        if self.matching_error is not None and not abs(self.matching_error) <= CLOSE:
            found.append(
                f"the likelihood, which is matched by moments, and that of {PARTICLES} particles differ by {abs(self.matching_error):.2g}"
                f" nat a trial (usual: below {CLOSE}): one of them has lost track; smaller rates, a step cap or a natural gradient are"
                " followed better"
            )
        return found


def soundness(
    learner: Learner,
    params: Params,
    contexts: int,
    trials: Seen,
    numbers: Int[np.ndarray, " trial"] | None = None,
    thorough: bool = True,
) -> Soundness:
    """Watch the learner over a record, which may be padded. ``numbers`` are those of its trials, unpadded; None: they count from 1.

    ``thorough``: hold a likelihood that is matched by moments to that of particles.
    """
    found = jax.tree.map(np.asarray, predict(learner, params, contexts, trials))
    count = len(trials.reward) if numbers is None else len(numbers)
    policy, log_prob, reward, action = jax.tree.map(
        lambda column: np.asarray(column)[:count], (found.prediction.policy, found.prediction.log_prob, trials.reward, trials.action)
    )
    fault = first_fault(policy, log_prob, reward, action, numbers)
    error = _matching_error(learner, params, contexts, trials, found.prediction.log_prob) if thorough and fault is None else None
    return Soundness(float(np.max(found.shift_growth[:count])), fault, error)


def _matching_error(learner: Learner, params: Params, contexts: int, trials: Seen, log_prob: Float[np.ndarray, " trial"]) -> float | None:
    """Of a trial that has an action, on average."""
    if not learner.matched or not np.all(np.asarray(params.motor_sd) > 0):
        return None
    seen = trials.context, trials.action, trials.outcome
    particles = np.asarray(particle_log_likelihood(learner, params, contexts, PARTICLES, seen, jax.random.key(0)))
    return float(np.sum(log_prob - particles) / max(np.isfinite(np.asarray(trials.action)).all(axis=1).sum(), 1))
