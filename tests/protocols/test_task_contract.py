"""All tasks keep the Task contract."""

import numpy as np
import pytest

from protocols.arc import Arc
from protocols.bimanual import Bimanual
from protocols.reach import Reach
from protocols.skittles import Skittles
from protocols.task import Feedback, HandMapping, RewardRule, Scoring, Trial
from tests.contracts import check_task

pytestmark = pytest.mark.slow  # compiling


def test_skittles():
    plain = Trial(1, 1, 1, 1, 0, (0.38, 0.43))
    trials = [
        plain,
        plain._replace(target=(0.05, 1.055), feedback=Feedback.NONE, reward_rule=RewardRule.BINARY),
        plain._replace(feedback=Feedback.ENDPOINT, reward_shown=False, reward_rule=RewardRule.POINTS),
    ]
    check_task(Skittles(), trials, np.array([[np.radians(70), 3.5], [np.radians(110), 1.8], [np.radians(60), -3.0], [np.radians(85), 0.4]]))


def test_reach():
    plain = Trial(1, 1, 1, 1, 0, (0.0, 0.1))
    turned = plain._replace(target=(-0.06, -0.08), rotation=0.5, gain=1.2, reward_rule=RewardRule.BINARY, zone=(-0.2, 0.1))
    clamped = plain._replace(clamp=0.26, reward_rule=RewardRule.POINTS, feedback_delay=0.5)
    trials = [trial._replace(feedback=feedback) for trial in (plain, turned, clamped) for feedback in Feedback]
    check_task(Reach(), trials, np.array([[0.0], [-0.4], [0.07], [3.0]]))


def test_bimanual():
    plain = Trial(1, 1, 1, 1, 0, (0.0, 0.12))
    trials = [
        plain,
        plain._replace(target=(-0.072, -0.096), feedback=Feedback.NONE, reward_rule=RewardRule.BINARY),
        plain._replace(mapping=HandMapping.LEFT, feedback=Feedback.ENDPOINT, reward_rule=RewardRule.POINTS),
        plain._replace(mapping=HandMapping.RIGHT, reward_shown=False),
        plain._replace(mapping=HandMapping.MEAN, target=(0.12, 0.0)),
    ]
    actions = [[0.02, 0.07, 0.12, 0.12], [0.05, -0.02, 0.03, -0.06], [-0.2, 0.3, 0.1, 0.02], [0.014, 0.015, 0.016, -0.017]]
    check_task(Bimanual(scoring=Scoring(10, 0.1)), trials, np.array(actions))


@pytest.mark.parametrize("representation", ["subgoals", "primitives"])
def test_arc(representation):
    plain = Trial(1, 1, 1, 1, 0, (0.25, 0.0))
    trials = [
        plain,
        plain._replace(target=(-0.25, 0.0), feedback=Feedback.NONE, reward_rule=RewardRule.BINARY),
        plain._replace(feedback=Feedback.ENDPOINT, reward_shown=False, reward_rule=RewardRule.POINTS),
    ]
    angle = np.linspace(np.pi, 0, 6)
    subgoals = 0.25 * np.column_stack([np.cos(angle), np.sin(angle)]).ravel()
    weights = 0.1 * np.array([0.0, 1.0, 0.5, 0.4, 0.6, -0.4, 0.2, -0.6, 0.3, 0.0, 0.0, 0.0])
    first = subgoals if representation == "subgoals" else weights
    check_task(Arc(representation), trials, np.stack([first, 0.7 * first + 0.02]), latent=True, rounding=1e-9)
