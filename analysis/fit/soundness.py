"""Whether a learner with fitted values can be believed over its record: it amplifies no small difference, and nothing of it breaks."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Int

from analysis.faults import Fault, first_fault
from analysis.hidden_noise import LOOSE
from analysis.learner import Learner, Params, State
from analysis.predict import predict
from analysis.twin import UNRELIABLE, Seen


class Soundness(NamedTuple):
    """What was found."""

    shift_growth: float  # the most by which a small shift of the yoked state grew within the record
    fault: Fault | None  # the first trial on which something wasn't sound
    looseness: float = 0.0  # the most, over trials, by which the learner's spread is unknown (see ``Learner.looseness``)

    def doubts(self) -> list[str]:
        """What a reader has to know, in words."""
        found = [] if self.fault is None else [str(self.fault)]
        if self.shift_growth > UNRELIABLE:
            found.append(
                f"a shift of 1e-9 of the yoked state grew by {self.shift_growth:.3g}: predictions and estimates are unreliable; a step cap,"
                " a natural gradient or retention below 1 tame it"
            )
        if self.looseness > LOOSE:
            found.append(
                f"the learner's spread can be known only to within {self.looseness:.2g} (log variance): above {LOOSE} its likelihood may be"
                " off by more than 0.01 nat a trial; covariance = angle or diagonal is known better, and so are smaller rates"
            )
        return found


def soundness(learner: Learner, params: Params, contexts: int, trials: Seen, numbers: Int[np.ndarray, " trial"] | None = None) -> Soundness:
    """Watch the learner over a record, which may be padded. ``numbers`` are those of its trials, unpadded; None: they count from 1."""
    found = jax.tree.map(np.asarray, predict(learner, params, contexts, trials))
    count = len(trials.reward) if numbers is None else len(numbers)
    policy, log_prob, reward, action = jax.tree.map(
        lambda column: np.asarray(column)[:count], (found.prediction.policy, found.prediction.log_prob, trials.reward, trials.action)
    )
    fault = first_fault(policy, log_prob, reward, action, numbers)
    return Soundness(float(np.max(found.shift_growth[:count])), fault, _loosest(learner, jax.tree.map(lambda x: x[:count], found.states)))


def _loosest(learner: Learner, states: State) -> float:
    return 0.0 if learner.looseness is None else float(np.max(jax.vmap(learner.looseness)(states)))
