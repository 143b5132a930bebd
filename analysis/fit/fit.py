"""One learner fitted to one participant by maximum likelihood: the optimum, how sure it is, and what speaks against believing it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from analysis.fit.certainty import Certainty, certainties
from analysis.fit.likelihood import Problem, make_problem
from analysis.fit.ml import Optimum, check_count, maximise
from analysis.fit.soundness import Soundness, soundness
from analysis.fit.space import make_space, scale_of
from analysis.learner import Learner, Params
from analysis.predict import predict
from analysis.registry import build_learner
from analysis.twin import Seen

FLOORS = ("past-blocks", "random-walk", "local-level", "trend")  # learners that know nothing of rewards


class Plan(NamedTuple):
    """What is to be fitted, and how."""

    learner: Learner
    contexts: int  # targets of the protocol
    fixed: Mapping[str, Any] = {}  # parameter -> value
    free: Sequence[str] = ()  # parameters that are fitted though they usually aren't
    starts: int = 20
    seed: int = 0
    thorough: bool = True  # profiles where the surface is flat, and a referee for a likelihood that is an approximation


class Fit(NamedTuple):
    """What came of it."""

    problem: Problem
    optimum: Optimum
    certainty: tuple[Certainty, ...]  # of each coordinate
    seconds: float  # of arithmetic, compiled
    seconds_compiling: float
    sound: Soundness

    @property
    def estimates(self) -> dict[str, float]:
        """By coordinate, natural units."""
        return dict(zip(self.problem.space.names, self.problem.space.natural(self.optimum.x).tolist(), strict=True))

    @property
    def certain(self) -> dict[str, dict[str, Any]]:
        """The ``intervals`` of the parameters, their ``medians``, and whether each is ``identifiable``."""
        named = dict(zip(self.problem.space.names, self.certainty, strict=True))
        return {
            "intervals": {name: [known.low, known.high] for name, known in named.items()},
            "medians": {name: known.middle for name, known in named.items()},
            "identifiable": {name: known.identifiable for name, known in named.items()},
        }

    @property
    def bic(self) -> float:
        """Bayesian information criterion: small is good."""
        return len(self.optimum.x) * float(np.log(self.problem.count)) - 2 * self.optimum.log_likelihood

    @property
    def params(self) -> Params:
        """For simulation and prediction."""
        return _params(self.problem, self.optimum)


def fit(plan: Plan, trials: Seen, clock: Callable[[], float] = lambda: math.nan, numbers: Int[np.ndarray, " trial"] | None = None) -> Fit:
    """Fit a learner to one participant's trials. ``clock`` (s) tells how long that took; without one the times are NaN.

    ``numbers`` are the trials' own, by which a fault is named; None: they count from 1.

    Raises:
        BadInput: fewer trials than parameters, an impossible fixed value, or no finite likelihood.
    """
    problem = pose(plan, trials)
    began = clock()
    middle = problem.space.search.mean(axis=1)[None]
    problem.log_likelihoods(middle)
    problem.slopes(middle)
    compiled = clock()
    optimum = maximise(problem, plan.starts, plan.seed)
    known = tuple(certainties(problem, optimum, plan.thorough))
    done = clock()
    numbers = np.arange(1, len(trials.reward) + 1) if numbers is None else numbers
    sound = soundness(plan.learner, _params(problem, optimum), plan.contexts, problem.trials, numbers, plan.thorough)
    return Fit(problem, optimum, known, done - compiled, compiled - began, sound)


def _params(problem: Problem, optimum: Optimum) -> Params:
    return problem.learner.assemble({k: jnp.asarray(v) for k, v in problem.space.values(optimum.x).items()})


def pose(plan: Plan, trials: Seen, counts: Bool[np.ndarray, " trial"] | None = None) -> Problem:
    """The problem that a plan makes of a record; ``counts``: the trials that are fitted (None: all).

    Raises:
        BadInput: as ``fit`` does.
    """
    actions, rewards = np.asarray(trials.action), np.asarray(trials.reward)
    space = make_space(plan.learner, plan.fixed, scale_of(actions, rewards), plan.free)
    problem = make_problem(plan.learner, space, plan.contexts, trials, counts)
    check_count(problem)
    return problem


def fit_floors(action_names: tuple[str, ...], contexts: int, trials: Seen, seed: int) -> dict[str, Fit]:
    """The floors, fitted to the same trials."""
    floors = {name: build_learner(name, {}, action_names) for name in FLOORS}
    return {name: fit(Plan(learner, contexts, starts=5, seed=seed, thorough=False), trials) for name, learner in floors.items()}


def doubts(fitted: Fit) -> list[str]:
    """What a reader has to know before believing a fit, in words."""
    found, searches = [], fitted.optimum.searches
    if fitted.optimum.at_best == 1 and len(searches) > 1:
        found.append(f"only 1 of {len(searches)} searches reached the best optimum: the surface is rugged; try more --starts")
    if not any(p.converged for p in searches if p.log_likelihood >= fitted.optimum.log_likelihood):
        found.append("the best search had not converged when it was stopped")
    found += fitted.sound.doubts()
    weak = [name for name, known in zip(fitted.problem.space.names, fitted.certainty, strict=True) if not known.identifiable]
    return [*found, *([f"this record doesn't tell {', '.join(weak)}"] if weak else [])]


def log_densities(fitted: Fit) -> Float[np.ndarray, " trial"]:
    """Of each trial's action, one step ahead; 0 where there was none. Padding included."""
    predicted = predict(fitted.problem.learner, fitted.params, fitted.problem.contexts, fitted.problem.trials)
    return np.asarray(predicted.prediction.log_prob)
