"""The same three simulations with twinrig's own tasks and learner: the values of the published ones, without their quirks."""

import numpy as np

from analysis.registry import build_learner
from analysis.simulate import simulate
from analysis.twin import Turn
from protocols.arc import Arc
from protocols.bimanual import Bimanual
from protocols.skittles import Skittles
from protocols.task import Task, Trial
from protocols.zone import ZoneRule
from tests.reproduction import published_arc, published_bimanual, published_skittles

NO_ZONE = ZoneRule(False, np.nan, np.nan, 1, False, 0.0, 0, 0.0)
EXACT = {"variance_floor": 1e-6, "motor_sd": 0.0}  # all exploration is credited, and variances may become as small as the published ones
NOTHING = 1e-9  # m, a post that is in nobody's way


def free_skittles() -> Skittles:
    """The published pendulum and lever, no damping and no post, and a release along the lever's tangent."""
    return Skittles(damping=0.0, pivot=(0.0, published_skittles.PIVOT), post_radius=NOTHING, ball_radius=NOTHING)


def skittles(learners: int, trials: int, seed: int, target: tuple[float, float] = published_skittles.TARGET) -> Turn:
    """Throws, with the pivot and the rates of the published ones. The baseline begins with the first reward."""
    rates = dict.fromkeys(("alpha_mean", "alpha_log_var", "alpha_angle"), published_skittles.RATE)
    start = {"initial_mean": published_skittles.INITIAL_MEAN, "initial_sd": published_skittles.INITIAL_SD}
    values = {**EXACT, **rates, **start, "baseline_decay": published_skittles.DECAY}
    return _practise(free_skittles(), {"covariance": "angle"}, values, [target] * trials, learners, seed)


def bimanual(learners: int, trials: int, seed: int) -> Turn:
    """Reaches with two hands in 20 directions."""
    task = Bimanual(cursor_noise=published_bimanual.EXECUTION_SD)
    options = {"covariance": "diagonal", "context": "features", "critic": "features", "step_cap": str(published_bimanual.CAP)}
    rates = {"alpha_mean": published_bimanual.RATE, "alpha_log_var": published_bimanual.RATE, "baseline_decay": published_bimanual.DECAY}
    start = {"initial_mean": 0.0, "initial_sd": published_bimanual.INITIAL_SD, "initial_weight_sd": published_bimanual.WEIGHT_SD}
    angles = 2 * np.pi * np.random.default_rng(seed).integers(20, size=trials) / 20
    targets = [(float(x), float(y)) for x, y in published_bimanual.DISTANCE * np.stack([np.cos(angles), np.sin(angles)], axis=1)]
    return _practise(task, options, {**EXACT, **rates, **start}, targets, learners, seed)


def arc(learners: int, trials: int, seed: int) -> Turn:
    """Steering along the channel; its middle is the origin, so the published places move by its radius."""
    task = Arc()
    places = published_arc.first_subgoals() - np.array([[published_arc.RADIUS], [0.0]])
    rates = {"alpha_mean": published_arc.RATE, "alpha_log_var": published_arc.VARIANCE_RATE, "baseline_decay": published_arc.DECAY}
    start = {"initial_mean": places.T.ravel(), "initial_sd": published_arc.INITIAL_SD}
    options = {"covariance": "diagonal", "step_cap": str(published_arc.CAP)}
    return _practise(task, options, {**EXACT, **rates, **start}, [(task.radius, 0.0)] * trials, learners, seed)


def _practise(task: Task, options: dict, values: dict, targets: list[tuple[float, float]], learners: int, seed: int) -> Turn:
    learner = build_learner("policy-gradient", options, task.action_names, task)
    trials = [Trial(number, 1, number, 1, 0, target) for number, target in enumerate(targets, 1)]
    places = np.array(sorted(set(targets)))
    return simulate(task, learner, learner.make_params(values), places, trials, [NO_ZONE] * len(trials), seed, learners)
