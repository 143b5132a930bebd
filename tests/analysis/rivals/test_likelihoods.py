"""Every rival within the frame against its own equation, written out again, and the joint Gaussian of all actions by brute force."""

import numpy as np
import pytest

from analysis.registry import build_learner
from tests.analysis.rivals.records import REACH, VALUES, Linear, a_record, constant, joint_likelihood, learners_likelihood

RECORD = a_record(REACH)
AWAY = RECORD.action[:, 0] - 1.0  # deg, from the initial mean
ERROR = np.nan_to_num(np.degrees(RECORD.cursor_error))
SD = 4.0  # initial_sd


def error_based():
    model = constant(RECORD)
    model["retention"][:] = 0.9
    model["push"][:, 0] = 0.3 * ERROR
    model["noise"][:, 2], model["drift"][:] = SD**2, 1.5**2
    return {"learning_rate": 0.3, "retention": 0.9, "process_sd": 1.5}, {}, model


def error_based_absolute():
    model = constant(RECORD)
    model["push"][:, 0] = 0.7 * np.sign(ERROR)
    model["noise"][:, 2] = SD**2
    return {"learning_rate": 0.7, "retention": 1.0}, {"descends": "absolute"}, model


def two_rate():
    model = constant(RECORD, components=2)
    model["retention"][:] = 0.6 * 0.95, 0.95
    model["push"][:] = ERROR[:, None] * np.array([0.4, 0.1])
    model["noise"][:, 2], model["drift"][:] = SD**2, 0.5**2
    values = {"rate_fast": 0.4, "slow_rate": 0.25, "retention_slow": 0.95, "fast_retention": 0.6, "process_sd": 0.5}
    return values, {}, model


def task_outcome():
    model = constant(RECORD)
    hit = (RECORD.hit > 0) & np.isfinite(AWAY)
    model["retention"][:, 0] = np.where(hit, 0.98, 0.8)
    model["push"][:, 0] = np.where(hit, 0.3, 1.1) * np.sign(ERROR)
    model["noise"][:, 2] = SD**2
    return {"retention_hit": 0.98, "retention_miss": 0.8, "update_hit": 0.3, "update_miss": 1.1}, {}, model


def random_walk():
    model = constant(RECORD)
    model["start"][:], model["drift"][:] = SD**2, 3.0**2
    return {"step_sd": 3.0}, {}, model


def local_level():
    model = constant(RECORD)
    model["noise"][:, 2], model["drift"][:] = SD**2, 1.2**2
    return {"level_sd": 1.2}, {}, model


CASES = {
    "error-based": error_based,
    "error-based absolute": error_based_absolute,
    "two-rate": two_rate,
    "task-outcome": task_outcome,
    "random-walk": random_walk,
    "local-level": local_level,
}


@pytest.mark.parametrize("case", CASES)
def test_likelihood_is_that_of_the_joint_gaussian(case):
    values, options, model = CASES[case]()
    learner = build_learner(case.split()[0], options, REACH)
    found = learners_likelihood(learner, {**VALUES[REACH], **values}, RECORD)
    assert found == pytest.approx(joint_likelihood(Linear(**model), AWAY), abs=1e-9)
