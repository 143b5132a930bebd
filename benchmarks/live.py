"""Live inference: coverage of its intervals on learners whose parameters are known, agreement with fits of the same trials, its speed.

``python -m benchmarks.live [SESSIONS] [FITS]``. Writes ``benchmarks/results/live.json`` every ten sessions. Truths are drawn from the
prior, so that right intervals cover their share exactly (Cook, Gelman & Rubin 2006), whatever the record tells.
"""

import sys
import time
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float
from scipy.stats import binomtest

from analysis.fit.fit import fit
from analysis.live.filter import Inference, Record, Told, begin, learn, make_inference, move
from analysis.live.prior import make_prior
from analysis.recovery import Study, as_seen
from analysis.simulate import LANES, compile_batches
from analysis.twin import Seen
from benchmarks.keep import keep
from rig.arithmetic import work_in_one_thread
from rig.models.recovery import Asked, study_of

PROTOCOL, LEARNER, TRIALS, SESSIONS, FITS = "reach-reward", "policy-gradient", 300, 200, 30
STARTS, SEED, LEVEL = 5, 0, 0.9


class Session(NamedTuple):
    """What came of one known learner."""

    truth: np.ndarray  # (free,) natural units
    inside: np.ndarray  # (free,) truth within the 90 % interval
    away: np.ndarray  # (free,) mean - truth, in the interval's SDs
    learn_ms: np.ndarray  # (trial,)
    move_ms: np.ndarray  # (trial,)
    learn_cpu_ms: np.ndarray  # (trial,) of these, what the processor worked
    move_cpu_ms: np.ndarray  # (trial,)
    fit_inside: np.ndarray  # (free,) NaN where not fitted, or not told by the fit; else whether the estimate is in the interval
    fit_away: np.ndarray  # (free,) estimate - mean, in the interval's SDs


def main() -> None:
    work_in_one_thread()  # as a session's process does
    sessions, fits = (int(word) for word in [*sys.argv[1:], SESSIONS, FITS][:2])
    study = study_of(Asked(PROTOCOL, (LEARNER,), (TRIALS,), 1, SEED, (), STARTS), LEARNER, TRIALS)
    prior = make_prior(study.learner, study.values)
    done: list[Session] = []
    for number in range(sessions + 1):
        one = session(study, make_inference(study.learner, prior, len(study.targets), number), number, 0 < number <= fits)
        if number:  # the first compiles
            done.append(one)
        if number and (number % 10 == 0 or number == sessions):
            keep("live", summary(prior.names, done), PROTOCOL)


def session(study: Study, inference: Inference, number: int, fitted: bool) -> Session:
    """A learner drawn from the prior practises, and is watched."""
    truth = np.asarray(inference.prior.drawn(jax.random.key(1_000_000 + number), 1))[0]
    seen = practise(study, inference, truth, number)
    told, times = watched(inference, seen)
    natural = inference.prior.natural(truth[None])[0]
    estimates = fitted_values(study, inference, seen) if fitted else np.full(len(truth), np.nan)
    within = lambda x, told: (x >= told.quantiles[:, 0]) & (x <= told.quantiles[:, -1])  # noqa: E731
    unbounded = np.array([c.unbounded(x) for c, x in zip(inference.prior.coordinates, estimates, strict=True)])
    return Session(
        natural,
        within(natural, told),
        (told.mean - truth) / told.sd,
        *times.T,
        np.where(np.isnan(estimates), np.nan, within(estimates, told)),
        (unbounded - told.mean) / told.sd,
    )


def practise(study: Study, inference: Inference, truth: Float[np.ndarray, " free"], number: int) -> Seen:
    """What a learner with these parameters does on the protocol's first trials, as one who watches sees it."""
    params = inference.prior.params(study.learner, truth)
    run = compile_batches(study.task, study.learner, params, study.targets, study.course, SEED)
    return as_seen(jax.tree.map(lambda x: np.asarray(x)[0], run(np.full(LANES, number + 1))), study.course, study.targets)


def watched(inference: Inference, seen: Seen) -> tuple[Told, np.ndarray]:
    """What is believed after all trials, and the time (ms) that learning and moving took after each, on the clock and at the processor."""
    live, record, times, told = begin(inference), Record(), [], None
    for index in range(len(seen.reward)):
        trial = jax.tree.map(lambda x, index=index: np.asarray(x)[index], seen)
        began = _clocks()
        live, told = learn(inference, live, trial)
        learned = _clocks()
        record.add(trial)
        live = jax.block_until_ready(move(inference, live, record))
        times.append(np.concatenate([learned - began, _clocks() - learned])[[0, 2, 1, 3]])
    assert told is not None
    return told, 1e3 * np.array(times)


def _clocks() -> np.ndarray:
    """Now, and what the processor has worked for this process, s."""
    return np.array([time.perf_counter(), time.process_time()])


def fitted_values(study: Study, inference: Inference, seen: Seen) -> Float[np.ndarray, " free"]:
    """Maximum-likelihood estimates, natural units; NaN where the fit itself says that the record doesn't tell them."""
    found = fit(study.plan._replace(thorough=False), seen)
    told = [known.identifiable for known in found.certainty]
    return np.array([found.estimates[name] if good else np.nan for name, good in zip(inference.prior.names, told, strict=True)])


def summary(names: tuple[str, ...], done: list[Session]) -> dict[str, Any]:
    """By parameter: how often the interval held the truth and what a binomial test says; where fits lie; times."""
    truth, inside, away, learn_ms, move_ms, learn_cpu, move_cpu, fit_inside, fit_away = (
        np.array(field) for field in zip(*done, strict=True)
    )
    count = len(done)
    tests = np.array([float(binomtest(int(hits), count, LEVEL).pvalue) for hits in inside.sum(axis=0)])
    pooled = np.isfinite(fit_inside)
    return {
        "sessions": count,
        "trials": learn_ms.shape[1],
        "particles": 1000,
        "coverage_percent": dict(zip(names, np.round(100 * inside.mean(axis=0), 1).tolist(), strict=True)),
        "coverage_by_third_of_truths_percent": dict(zip(names, _by_third(truth, inside), strict=True)),
        "away_mean_sd": dict(zip(names, np.round(away.mean(axis=0), 2).tolist(), strict=True)),
        "binomial_p": dict(zip(names, np.round(tests, 4).tolist(), strict=True)),
        "smallest_p": round(float(tests.min()), 4),
        "away_sd": dict(zip(names, np.round(away.std(axis=0), 2).tolist(), strict=True)),
        "fits": int(pooled.any(axis=1).sum()),
        "fitted_values": int(pooled.sum()),
        "fits_in_interval_percent": round(100 * float(fit_inside[pooled].mean()), 1) if pooled.any() else None,
        "fits_away_sd_median": round(float(np.median(np.abs(fit_away[pooled]))), 2) if pooled.any() else None,
        "learn_ms": _spread(learn_ms),
        "move_ms": _spread(move_ms),
        "learn_cpu_ms": _spread(learn_cpu),
        "move_cpu_ms": _spread(move_cpu),
    }


def _by_third(truth: Float[np.ndarray, "session free"], inside: np.ndarray) -> list[list[float]]:
    """Coverage of the lowest, middle and highest third of the truths of each parameter."""
    thirds = [np.array_split(np.argsort(column), 3) for column in truth.T]
    return [[round(100 * float(np.mean(column[part])), 1) for part in parts] for column, parts in zip(inside.T, thirds, strict=True)]


def _spread(times: np.ndarray) -> dict[str, float]:
    return {"median": round(float(np.median(times)), 2), "p99": round(float(np.quantile(times, 0.99)), 1)}


if __name__ == "__main__":
    main()
