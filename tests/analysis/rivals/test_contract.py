"""Every rival is held to the contract of learners, on an action of one number and of two."""

import pytest

from analysis.registry import build_learner
from protocols.reach import Reach
from tests.analysis.rivals.records import REACH, SKITTLES, VALUES
from tests.contracts import check_learner

CASES = [
    ("error-based", {"context": "table"}, REACH),
    ("error-based", {"error": "slope"}, REACH),
    ("two-rate", {}, REACH),
    ("task-outcome", {}, REACH),
    ("random-walk", {"context": "table"}, SKITTLES),
    ("local-level", {}, REACH),
    ("explore-keep", {"context": "table", "success": "better"}, SKITTLES),
    ("reward-variability", {}, SKITTLES),
    ("win-stay", {}, REACH),
    ("reward-weighted", {"spread": "weighted"}, SKITTLES),
    ("actor-critic", {}, REACH),
    ("credit-assignment", {"credit": "certain"}, SKITTLES),
    ("past-blocks", {}, SKITTLES),
    ("trend", {}, SKITTLES),
]


@pytest.mark.parametrize(("name", "options", "actions"), CASES)
def test_contract(name, options, actions):
    check_learner(build_learner(name, options, actions, Reach()), VALUES[actions], contexts=3)
