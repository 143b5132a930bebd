"""What the rivals' tests share: a short record with gaps, and the joint Gaussian of its actions by brute force."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import multivariate_normal

from analysis.learner import Context, Learner
from analysis.predict import log_likelihood
from analysis.twin import Seen
from protocols.task import Outcome

REACH = ("reach_angle_deg",)
SKITTLES = ("release_angle_deg", "release_speed")
VALUES = {REACH: {"initial_mean": 1.0, "initial_sd": 4.0}, SKITTLES: {"initial_mean": "85,3.5", "initial_sd": [8.0, 0.6]}}


class Record(NamedTuple):
    """A few trials: what was done and what came of it. Missing is NaN."""

    action: np.ndarray  # (trial, action)
    reward: np.ndarray
    hit: np.ndarray
    cursor_error: np.ndarray  # rad
    error: np.ndarray  # m
    target: np.ndarray  # which


def a_record(names: tuple[str, ...], trials: int = 12, seed: int = 3, targets: int = 1) -> Record:
    """Random actions and outcomes. Trial 4 has no action, 6 no reward, 8 no error."""
    random = np.random.default_rng(seed)
    centre, spread = (np.array([1.0]), 5.0) if names == REACH else (np.array([85.0, 3.5]), np.array([8.0, 0.6]))
    action = centre + spread * random.normal(size=(trials, len(names)))
    hit = (random.random(trials) < 0.5).astype(float)
    reward = hit + 0.3 * random.normal(size=trials)
    cursor_error, error = np.radians(6 * random.normal(size=trials)), np.abs(0.1 + 0.1 * random.normal(size=trials))
    action[4], reward[6], cursor_error[8], error[8] = np.nan, np.nan, np.nan, np.nan
    return Record(action, reward, hit, cursor_error, error, np.arange(trials) % targets)


def seen(record: Record) -> Seen:
    """The record as a yoked learner sees it."""
    blank = np.full(len(record.reward), np.nan)
    outcome = Outcome(record.reward, record.error, record.error, blank, record.cursor_error, record.hit, blank, blank)
    place = np.array([[0.38, 0.43], [-0.6, 0.6]])[record.target]
    return Seen(Context(record.target, place), record.action, record.reward, outcome)  # type: ignore[arg-type]


def outcomes(record: Record, trial: int) -> Outcome:
    """Of one trial."""
    return jax.tree.map(lambda column: jnp.asarray(column[trial]), seen(record).outcome)


def learners_likelihood(learner: Learner, values: dict[str, Any], record: Record, contexts: int = 1) -> float:
    """Of all actions of a record, yoked."""
    params = learner.make_params(values)
    return float(jax.jit(lambda trials: log_likelihood(learner, params, contexts, trials))(seen(record)))


class Linear(NamedTuple):
    """A linear model of one action dimension, in column units from the initial mean, trial by trial."""

    retention: np.ndarray  # (trial, component)
    gain: np.ndarray  # (trial, component, source)
    push: np.ndarray  # (trial, component)
    noise: np.ndarray  # (trial, source), variances
    drift: np.ndarray  # (component,), variances
    start: np.ndarray  # (component,), variances of the state at first


def joint_likelihood(model: Linear, actions: np.ndarray) -> float:
    """Log density of all actions at once (from the initial mean; NaN: missing): each is written as a sum of independent noises."""
    trials, components, sources = model.gain.shape
    width = components + trials * (sources + components)
    variance = np.concatenate([model.start, np.concatenate([model.noise, np.tile(model.drift, (trials, 1))], axis=1).ravel()])
    weights, offset = np.zeros((components, width)), np.zeros(components)
    weights[:, :components] = np.eye(components)
    rows, means = [], []
    for t in range(trials):
        at = components + t * (sources + components)
        own = np.eye(width)[at : at + sources + components]
        rows.append(weights.sum(axis=0) + own[:sources].sum(axis=0))
        means.append(offset.sum())
        acted = 1.0 if np.isfinite(actions[t]) else 0.0
        weights = model.retention[t][:, None] * weights + acted * model.gain[t] @ own[:sources] + own[sources:]
        offset = model.retention[t] * offset + acted * model.push[t]
    there = np.isfinite(actions)
    matrix = np.array(rows)[there]
    return float(multivariate_normal(np.array(means)[there], matrix @ (variance[:, None] * matrix.T)).logpdf(actions[there]))


def constant(record: Record, components: int = 1) -> dict[str, np.ndarray]:
    """The fields of a ``Linear`` that forgets nothing, learns nothing and has no noise."""
    trials = len(record.reward)
    return {
        "retention": np.ones((trials, components)),
        "gain": np.zeros((trials, components, 3)),
        "push": np.zeros((trials, components)),
        "noise": np.zeros((trials, 3)),
        "drift": np.zeros(components),
        "start": np.zeros(components),
    }
