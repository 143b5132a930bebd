"""What has been committed, as schedules, learners and simulated participants see it."""

from typing import NamedTuple

import numpy as np

from protocols.task import Outcome, Trial

#: How a trial can end. The last two teach a learner nothing; they, and what the protocol's limits name, may be re-queued.
STATUSES = ("completed", "too_early", "too_slow", "too_fast", "wrong_start", "aborted", "device_fault")


class Committed(NamedTuple):
    """One trial that is over and stored."""

    trial: Trial
    status: str  # one of STATUSES
    action: np.ndarray  # (action,) in the units of the action columns; NaN where there was none
    outcome: Outcome  # as scored; floats
    reward: float  # as delivered; NaN where it was withheld or the trial gave none
    requeue: bool  # whether this slot is to be given again, as judged when it was committed
