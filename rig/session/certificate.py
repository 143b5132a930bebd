"""A trial's timing certificate, and whether it keeps the protocol's limits."""

import numpy as np

from protocols.records import Certificate
from protocols.schema_session import Certificate as CertificateLimits
from rig.screen.frames import FrameBatch
from rig.session.sampling import rate_and_gap
from rig.session.trial import Result


def certificate_of(result: Result, lost: int, delay: float, frames: FrameBatch) -> Certificate:
    """Rate and gap are of the movement itself, where there was one: a mouse is silent while the hand is still."""
    moved = np.empty(0)
    if result.path is not None and result.judgement is not None:
        timing = result.judgement.timing
        time = np.asarray(result.path.time)
        moved = time[(time >= timing.onset) & (time <= timing.end)]
    rate, gap = rate_and_gap(moved)
    return Certificate(rate, gap, lost, frames.late, delay)


def breaks(certificate: Certificate, limits: CertificateLimits) -> bool:
    """Whether a trial's timing was worse than the protocol allows; a limit that isn't given allows all."""
    pairs = (
        (certificate.largest_gap, limits.max_gap),
        (certificate.lost_samples, limits.max_lost),
        (certificate.late_frames, limits.max_late_frames),
    )
    return any(limit is not None and value > limit for value, limit in pairs)
