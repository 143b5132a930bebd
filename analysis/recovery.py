"""Is what a fit says so? Learners with known parameters practise a protocol, are fitted, and the estimates are held against the truth.

Parameters: correlation on the fitted scale, bias, error, coverage of the intervals, trade-offs between errors, how often a parameter was
said to be told. Models: which learner wins by BIC on whose data (Wilson & Collins 2019).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from analysis.fit.certainty import spreads
from analysis.fit.fit import Fit, Plan, fit, pose
from analysis.fit.likelihood import Problem
from analysis.fit.ml import SAME, maximise
from analysis.fit.polish import Search, polish
from analysis.fit.soundness import Soundness
from analysis.fit.space import Coordinate, Scale, Space, make_space, scale_of
from analysis.learner import Learner, Params
from analysis.parameters import read_values
from analysis.simulate import Course, compile_batches
from analysis.twin import UNRELIABLE, Seen, Turn, context_of
from protocols.errors import BadInput
from protocols.task import Task

REACH = float(np.log(3))  # how far from the usual value a truth may lie, on the fitted scale: a factor of 3 either way
SPREAD = 0.5  # the same of values that are fitted as they are, in typical sizes


class Study(NamedTuple):
    """Who practises what."""

    task: Task
    course: Course
    targets: np.ndarray  # (context, 2), m
    learner: Learner
    values: Mapping[str, Any]  # usual values of all parameters
    plan: Plan  # how it is fitted: what is fixed and what is free


class Truth(NamedTuple):
    """The space in which truths are drawn, and its middle."""

    space: Space
    centre: Float[np.ndarray, " free"]
    reach: Float[np.ndarray, " free"]


def truths_of(study: Study, seed: int = 0, ranges: Mapping[str, tuple[float, float]] | None = None) -> Truth:
    """Where truths may lie: in their ``ranges`` (natural units), and without one, a factor of 3 either way of the usual values (shares: of
    their odds; means and baselines: half a typical size).

    A share that is usually 0 or 1 counts as where the search ends, for at its end there is nothing to recover. What no file gives, the size
    of rewards and an expectation of them, comes from a practice with the usual values.

    Raises:
        BadInput: a range that is empty, or goes beyond what is fitted.
    """
    values = read_values(study.learner.name, study.learner.parameters, study.learner.action_names, {**study.values, **study.plan.fixed})
    pilot = _practise(study, study.learner.assemble({k: jnp.asarray(v) for k, v in values.items()}), seed, 0)
    scale = scale_of(np.asarray(pilot.action), np.asarray(pilot.reward))
    space = make_space(study.learner, study.plan.fixed, scale, study.plan.free)
    usual = [_usual(c, values, scale) for c in space.coordinates]
    size = (space.search[:, 1] - space.search[:, 0]) / 4
    linear, shares = (np.array([c.kind == kind for c in space.coordinates], bool) for kind in ("linear", "logit"))
    centre = space.unbounded(usual)
    centre, reach = np.where(shares, np.clip(centre, *space.search.T), centre), np.where(linear, SPREAD * size, REACH)
    for i, c in enumerate(space.coordinates):
        if ranges and c.name in ranges:
            centre[i], reach[i] = _within(c, ranges[c.name], *space.held[i])
    return Truth(space, centre, reach)


def _within(c: Coordinate, ends: tuple[float, float], least: float, most: float) -> tuple[float, float]:
    """Middle and half width of a range, on the fitted scale."""
    with np.errstate(invalid="ignore"):
        low, high = map(c.unbounded, ends)
    if not least <= low < high <= most:
        raise BadInput(
            f"range {c.name}={ends[0]:g},{ends[1]:g}: expected two numbers, the first one less, from {float(c.natural(least)):.3g} to"
            f" {float(c.natural(most)):.3g}"
        )
    return (low + high) / 2, (high - low) / 2


def _usual(c: Coordinate, values: Mapping[str, Any], scale: Scale) -> float:
    """A usual value that can be varied: none is NaN, and no SD is 0."""
    value = float(np.broadcast_to(values[c.parameter], scale.action_sd.shape)[c.place or 0])
    if c.parameter.endswith("_sd") and not value > 0:
        own = values.get("initial_sd", scale.action_sd)
        return 0.25 * float(np.broadcast_to(own, scale.action_sd.shape)[c.place or 0])
    return scale.reward_mean if np.isnan(value) else value


def draw(truth: Truth, seed: int, index: int) -> Float[np.ndarray, " free"]:
    """One set of true parameters, by its index alone; unbounded coordinates."""
    random = np.random.default_rng([seed, index])
    return np.clip(truth.centre + truth.reach * random.uniform(-1, 1, len(truth.centre)), *truth.space.held.T)


def practise(study: Study, truth: Truth, x: Float[np.ndarray, " free"], seed: int, index: int) -> Seen:
    """What a learner with these parameters does, as a yoked one sees it."""
    params = study.learner.assemble({k: jnp.asarray(v) for k, v in truth.space.values(x).items()})
    return _practise(study, params, seed, index + 1)


def _practise(study: Study, params: Params, seed: int, number: int) -> Seen:
    run = compile_batches(study.task, study.learner, params, study.targets, study.course, seed, lanes=1)
    turn = jax.tree.map(lambda field: np.asarray(field)[0], run(np.array([number])))
    return as_seen(turn, study.course, study.targets)


def as_seen(turn: Turn, course: Course, targets: np.ndarray) -> Seen:
    """One simulation as a yoked learner sees it."""
    context = jax.vmap(lambda trial: context_of(jnp.asarray(targets), trial))(course.trials)
    return Seen(jax.tree.map(np.asarray, context), turn.action, turn.reward, turn.outcome._replace(reward=turn.reward))


def recover_one(study: Study, truth: Truth, rivals: Mapping[str, Plan], seed: int, index: int) -> dict[str, Any]:
    """One data set: its truth, and what each of the ``rivals`` (the learner itself among them) says of it."""
    x = draw(truth, seed, index)
    seen = practise(study, truth, x, seed, index)
    true = truth.space.natural(x)
    fits = {name: _own(plan, seen, true) if name == study.learner.name else _rival(plan, seen) for name, plan in rivals.items()}
    return {"truth": dict(zip(truth.space.names, true.tolist(), strict=True)), "fits": fits}


def _rival(plan: Plan, seen: Seen) -> dict[str, Any]:
    """How well a learner explains what it didn't do. Nobody asks how sure its parameters are."""
    problem = pose(plan, seen)
    return _height(Fit(problem, maximise(problem, plan.starts, plan.seed), (), np.nan, np.nan, Soundness(np.nan, None)))


def _own(plan: Plan, seen: Seen, true: np.ndarray) -> dict[str, Any]:
    found = fit(plan._replace(thorough=False), seen)
    return {
        **_height(found),
        "from_truth": _from_truth(found.problem, true),  # not finite where these true values let the yoked state overflow
        "least_errors": dict(zip(found.problem.space.names, _least_errors(found.problem, true), strict=True)),
        "shift_growth": found.sound.shift_growth,
        "estimates": found.estimates,
        **found.certain,
    }


def _height(found: Fit) -> dict[str, Any]:
    return {"log_likelihood": found.optimum.log_likelihood, "bic": found.bic, "at_best": found.optimum.at_best}


def _from_truth(problem: Problem, true: np.ndarray) -> float:
    """The optimum that a search from the truth finds: the test of the global stage."""
    start = problem.space.unbounded(true.tolist())
    return float(polish(problem, [Search(start, np.ones(len(start), bool))])[0].log_likelihood)


def _least_errors(problem: Problem, true: np.ndarray) -> list[float]:
    """SDs on the fitted scale that no unbiased estimate undercuts (Cramér & Rao), by the scores at the truth."""
    return spreads(problem.slopes(problem.space.unbounded(true.tolist())[None]).information[0]).tolist()


def summarise(sets: Sequence[Mapping[str, Any]], learner: str, truth: Truth) -> dict[str, Any]:
    """What the data sets of one learner say of its parameters."""
    own = [one for one in sets if learner in one["fits"]]
    found = [one["fits"][learner] for one in own]
    parameters = {c.name: _of_parameter(own, found, c) for c in truth.space.coordinates}
    errors = np.array([[_error(one, fitted, c) for c in truth.space.coordinates] for one, fitted in zip(own, found, strict=True)])
    good = np.isfinite(errors).all(axis=1)
    enough = good.sum() > 2
    return {
        "sets": len(own),
        "best_found": float(np.mean([f["from_truth"] is None or f["log_likelihood"] >= f["from_truth"] - SAME for f in found])),
        "unreliable": float(np.mean([f["shift_growth"] is None or f["shift_growth"] > UNRELIABLE for f in found])),  # as fits say of them
        "parameters": parameters,
        "trade_offs": np.corrcoef(errors[good], rowvar=False).reshape(errors.shape[1], -1).tolist() if enough else None,
    }


def _error(one: Mapping[str, Any], fitted: Mapping[str, Any], c: Any) -> float:
    return c.unbounded(fitted["estimates"][c.name]) - c.unbounded(one["truth"][c.name])


def _of_parameter(own: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], c: Any) -> dict[str, Any]:
    true = np.array([one["truth"][c.name] for one in own])
    estimate = np.array([f["estimates"][c.name] for f in found])
    low, high = np.array([f["intervals"][c.name] for f in found], dtype=float).T  # NaN where open, which holds all that lies beyond
    middle = np.array([f["medians"][c.name] for f in found])
    a, b, m = (np.array([c.unbounded(value) for value in column]) for column in (true, estimate, middle))
    told = np.array([f["identifiable"][c.name] for f in found], bool)
    return {
        "scale": c.kind,
        "range": [float(true.min()), float(true.max())],
        "r": _correlation(a, b),
        "r_median": _correlation(a, m),  # of the medians of all that weighs, instead of the best values
        "r_at_most": _possible(a, np.array([f["least_errors"][c.name] for f in found], dtype=float)),
        "bias": float(np.mean(b - a)),  # fitted scale: 0.1 of a log is 10 %
        "median_error": float(np.median(np.abs(b - a))),
        "rmse": float(np.sqrt(np.mean((b - a) ** 2))),
        "rmse_median": float(np.sqrt(np.mean((m - a) ** 2))),
        "coverage": float(np.mean(~(true < low) & ~(true > high))),
        "closed": float(np.mean(np.isfinite(low) & np.isfinite(high))),
        "identifiable": float(told.mean()),
        "r_told": _correlation(a[told], b[told]),  # of the sets of which a fit says that they tell it
        "rmse_told": _root_mean_square((b - a)[told]),
        "rmse_not_told": _root_mean_square((b - a)[~told]),
    }


def _correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 2 and a.std() > 0 and b.std() > 0 else None


def _possible(true: np.ndarray, least: np.ndarray) -> float | None:
    """The correlation of truths with estimates that err as little as the median record allows; None where truths don't differ."""
    error = np.median(np.where(np.isfinite(least), least, np.inf))
    return float(true.std() / np.hypot(true.std(), error)) if true.std() > 0 else None


def _root_mean_square(errors: np.ndarray) -> float | None:
    return float(np.sqrt(np.mean(errors**2))) if len(errors) else None


def confusion(sets: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[Float[np.ndarray, "sim fit"], Float[np.ndarray, "sim fit"]]:
    """p(fit | sim) and p(sim | fit): which learner has the least BIC on whose data. A column that never wins is NaN in the second."""
    wins = np.zeros((len(names), len(names)))
    for one in sets:
        best = min(names, key=lambda name: one["fits"][name]["bic"])
        wins[names.index(one["simulated"]), names.index(best)] += 1
    given = wins / np.maximum(wins.sum(axis=1, keepdims=True), 1)
    total = given.sum(axis=0, keepdims=True)
    return given, np.where(total > 0, given / np.where(total > 0, total, 1), np.nan)
