"""The likelihood that is written out for throws, against the learner that practises and is watched."""

import jax
import numpy as np
import pytest

from analysis.lanes.loop import Loop, numbers
from analysis.learner import Context
from analysis.predict import log_probs
from analysis.registry import build_learner
from analysis.twin import Seen
from protocols.task import Outcome

NAMES = ("release_angle_deg", "release_speed")
USUAL = {
    "alpha_log_var": 0.03,
    "alpha_angle": 0.02,
    "baseline_decay": 0.97,
    "initial_baseline": -0.5,
    "initial_mean": [85.0, 3.5],
    "initial_sd": [8.0, 0.6],
    "initial_angle": 0.3,
    "variance_floor": 0.01,
}


_watched = jax.jit(log_probs, static_argnums=(0, 2))


@pytest.fixture(scope="module")
def throws() -> Seen:
    """Throws of which some were not made, and some were not rewarded."""
    random = np.random.default_rng(0)
    actions = np.array([85.0, 3.5]) + random.normal(size=(60, 2)) * [8.0, 0.6]
    rewards = -np.abs(actions[:, 0] - 80) / 20 - np.abs(actions[:, 1] - 3.2)
    actions[[7, 50, 51]], rewards[[7, 11]] = np.nan, np.nan
    context = Context(np.zeros(60, int), np.zeros((60, 2)))
    return Seen(context, actions, rewards, Outcome(rewards, *[np.full(60, np.nan)] * 7))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({}, {"alpha_mean": 0.02}),
        (
            {"gradient": "natural", "step_cap": "0.4"},
            {"alpha_mean": 0.05, "retention": 0.98, "process_sd": 0.02, "initial_baseline": np.nan},
        ),
        ({"asymmetry": "on", "context": "target-relative"}, {"alpha_plus": 0.02, "alpha_minus": 0.01, "variance_floor": 0.9}),
        ({}, {"alpha_mean": 0.002, "motor_sd": [0.0, 0.0]}),
        ({"gradient": "natural"}, {"alpha_mean": 0.02, "alpha_angle": 2.0, "initial_sd": [8.0, 0.2]}),  # whose angle is thrown about
    ],
)
def test_it_is_the_watched_learner(throws, options, values):
    learner = build_learner("policy-gradient", options, NAMES)
    assert learner.walk is not None
    params = learner.make_params({"motor_sd": [2.0, 0.15], **USUAL, **values})
    expected = _watched(learner, params, 1, throws)
    begun = [learner.walk.begin(jax.tree.map(lambda x, by=by: by * x, params), 1) for by in (1.0, 1.01)]
    loop = Loop(learner.walk.step, *begun[0], jax.tree.map(lambda x: x[0], throws))
    holds, state = (np.stack([numbers(part, 0) for part in parts], axis=1) for parts in zip(*begun, strict=True))
    found = loop(holds, state, numbers(throws, 1, np))[:, 0]
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9, atol=1e-9)
    assert found[[7, 50, 51]].tolist() == [[0.0, 0.0]] * 3 and np.abs(found[:, 1] - found[:, 0]).max() > 1e-3


def test_what_is_not_written_out_is_left_to_the_learner():
    for options in ({"context": "table"}, {"covariance": "diagonal"}, {"critic": "features"}, {"hidden_noise": "off"}):
        assert build_learner("policy-gradient", options, NAMES).walk is None
