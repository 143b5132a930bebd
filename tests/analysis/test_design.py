"""Power by simulation: studies whose answer is known."""

import numpy as np
import pytest
from scipy.stats import norm

from analysis.design import PEOPLE, Power, decided, evidence, fewest


def test_evidence_is_for_the_learner_that_made_the_data():
    fits = {"a": {"bic": 100.0}, "b": {"bic": 110.0}}
    sets = [{"simulated": "a", "trials": 9, "fits": fits}, {"simulated": "b", "trials": 9, "fits": fits}]
    assert evidence(sets, "a", "b").tolist() == [5.0] and evidence(sets, "b", "a").tolist() == [-5.0]


def test_power_is_that_of_a_t_test():
    gains = norm(1.0, 2.0).ppf((np.arange(400) + 0.5) / 400)
    right, wrong = decided(gains, 16)
    assert right == pytest.approx(0.4548, abs=0.05) and wrong < 0.01  # noncentral t, 15 degrees of freedom, effect 0.5 SD
    assert decided(gains, 48)[0] == pytest.approx(0.92, abs=0.04)
    assert decided(gains, 1) == (pytest.approx(norm.sf(1.0), abs=0.01), pytest.approx(norm.sf(2.0), abs=0.01))


def test_nobody_decides_on_nothing():
    right, wrong = decided(np.random.default_rng(0).normal(0, 1, 300), 12)
    assert right + wrong < 0.12


def test_the_fewest_people_serve_both_learners():
    needed = (("a", "b", 3), ("b", "a", 8))
    found = [Power(one, other, 100, people, float(people >= least), 0.0) for one, other, least in needed for people in PEOPLE]
    assert fewest(found) == 8
    assert fewest([power._replace(right=0.5) for power in found]) is None
