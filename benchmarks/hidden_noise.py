"""How far the moment-matched likelihood is from that of 10,000 particles, on what learners do in the library's protocols.

``python -m benchmarks.hidden_noise [SETS]``. Writes ``benchmarks/results/hidden_noise.json``. True parameters lie a factor of 3 either way
of the usual ones, as in ``recover``, and the likelihood is that of the truth. Records whose yoked state amplifies small differences, of
which ``fit`` says so, are counted by themselves: particles don't agree with each other there.
"""

import sys
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from analysis.fit.soundness import CLOSE
from analysis.particle_filter import particle_log_likelihood
from analysis.predict import predict
from analysis.recovery import Study, Truth, draw, practise
from analysis.twin import UNRELIABLE
from benchmarks.keep import keep
from rig.arithmetic import work_without_idle_threads
from rig.models.recovery import Asked, study_of, truth_of

LEARNER = "policy-gradient"
PARTICLES, TRIALS, SETS = 10_000, 400, 10


class Case(NamedTuple):
    """A protocol, and the learner's options."""

    protocol: str
    options: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()  # of true values; else a factor of 3 either way of the usual ones


CASES = {
    "skittles": Case("skittles"),
    "skittles, cholesky": Case("skittles", ("covariance=cholesky",)),
    "skittles, diagonal": Case("skittles", ("covariance=diagonal",)),
    "skittles, natural gradient": Case("skittles", ("gradient=natural",)),
    "reach-reward": Case("reach-reward"),
    "bimanual": Case("bimanual", ("context=features", "critic=features", "covariance=diagonal", "step_cap=0.4")),
}


FAST = ("alpha_log_var=0.3,1",)
FASTER = {
    "skittles, log variances fast": Case("skittles", (), FAST),
    "skittles, cholesky, log variances fast": Case("skittles", ("covariance=cholesky",), FAST),
    "reach-reward, log variances fast": Case("reach-reward", (), FAST),
}


class Held(NamedTuple):
    """One record's likelihood against that of particles, in nats a trial."""

    off: float
    chance: float  # by which two runs of the particles differ
    stable: bool


def measure(case: Case, sets: int) -> dict[str, Any]:
    """What all records of one case say."""
    asked = Asked(case.protocol, (LEARNER,), (TRIALS,), sets, 0, case.options, 1, case.ranges)
    study, truth = study_of(asked, LEARNER, TRIALS), truth_of(asked, LEARNER, TRIALS)
    found = [_one(study, truth, index) for index in range(sets)]
    print(case, *(f"{one.off:+.4f}" for one in found), flush=True)
    stable = np.array([one.stable for one in found])
    off, chance = np.abs([one.off for one in found]), np.abs([one.chance for one in found])
    return {
        "protocol": case.protocol,
        "options": list(case.options),
        "ranges": list(case.ranges),
        "records": sets,
        "stable": int(stable.sum()),
        "close": int((off[stable] < CLOSE).sum()),
        "median": float(np.median(off[stable]).round(5)),
        "largest": _largest(off[stable]),
        "largest_between_particles": _largest(chance[stable]),
        "largest_unstable": _largest(off[~stable]),
    }


def _largest(values: np.ndarray) -> float | None:
    """None where there are none, or one has overflowed."""
    return float(values.max().round(4)) if len(values) and np.isfinite(values).all() else None


def _one(study: Study, truth: Truth, index: int) -> Held:
    x = draw(truth, 0, index)
    seen = practise(study, truth, x, 0, index)
    params = study.learner.assemble({name: jnp.asarray(value) for name, value in truth.space.values(x).items()})
    found = predict(study.learner, params, study.plan.contexts, seen)
    given = seen.context, seen.action, seen.outcome
    one, other = (
        particle_log_likelihood(study.learner, params, study.plan.contexts, PARTICLES, given, jax.random.key(key)) for key in (1, 2)
    )
    off = float(jnp.mean(found.prediction.log_prob - one))
    return Held(off, float(jnp.mean(other - one)), float(jnp.max(found.shift_growth)) <= UNRELIABLE)


def main() -> None:
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else SETS
    work_without_idle_threads(loaded=True)
    cases, faster = ({name: measure(case, sets) for name, case in some.items()} for some in (CASES, FASTER))
    result = {
        "particles": PARTICLES,
        "trials": TRIALS,
        "records": sets * len(cases),
        "stable": sum(one["stable"] for one in cases.values()),
        "close": sum(one["close"] for one in cases.values()),
        "median": float(np.median([one["median"] for one in cases.values()])),
        "largest": max(one["largest"] for one in cases.values()),
        "cases": cases,
        "faster": faster,
    }
    keep("hidden_noise", result)


if __name__ == "__main__":
    main()
