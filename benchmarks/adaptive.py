"""What adaptive schedules gain, by simulation: telling two learners apart, and keeping the hit rate.

``python -m benchmarks.adaptive [PEOPLE]``. Writes ``benchmarks/results/adaptive.json`` and two pictures; what they show stands in
docs/explanation/adaptive.md. Everybody reaches with a hidden cursor and is rewarded in a zone about the mean of the last ten reaches.
"""

import math
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.figures.style import FREE_OWN, FREE_PERSON, INK, YOKED, new_figure, styled
from analysis.learner import Learner, Params
from analysis.parameters import read_values
from analysis.registry import build_learner
from analysis.simulate import Course
from analysis.telling_apart import Observers, Pair, Sides, followed, gains
from analysis.twin import Own, Seen, context_of, own_start, own_step, stack_trials
from benchmarks.keep import keep
from protocols.load import load_protocol
from protocols.reach import Reach
from protocols.schedule import first_choice, planned_blocks
from protocols.task import Feedback, RewardRule, Trial
from protocols.tasks import make_task
from protocols.zone import ZoneRule
from rig.models.learner_choice import rival_choice, targets_of, twin_choice

PICTURES = Path("docs/pictures")
PEOPLE, TRIALS, EVERY, FUTURES, SEED = 60, 300, 10, 50, 1
WIDTHS = (1.0, 2.5, 5.0, 10.0, 20.0)  # deg, half of the zone
RATES = (0.3, 0.5, 0.7)  # hit rates that are kept
DECIDED = math.log(20)
TARGETS = np.array([[0.0, 0.08]])
TASK = Reach()
START = {"initial_mean": 0.0, "initial_sd": 4.0}
OWN = {**START, "motor_sd": 1.5, "alpha_mean": 0.3, "alpha_log_var": 0.05, "baseline_decay": 0.9}
SPREAD = 0.5  # SD of the log of people's initial SD


def rule(half_width: float, hit_rate: float = math.nan) -> ZoneRule:
    """A zone about the mean of the last ten reaches."""
    return ZoneRule(True, math.nan, math.nan, 10, False, math.radians(half_width), 0, math.pi, hit_rate)


def trials(count: int) -> Trial:
    """So many reaches without a cursor, stacked."""
    given = {"feedback": int(Feedback.NONE), "reward_rule": int(RewardRule.BINARY)}
    return stack_trials([Trial(n, 1, n, 1, 0, tuple(TARGETS[0]), **given) for n in range(1, count + 1)])


class Carried(NamedTuple):
    """One person, and the two who look on."""

    person: Own
    states: Sides
    log_bayes: Float[Array, ""]


@partial(jax.jit, static_argnums=(0, 1))
def played(pair: Pair, person: Learner, params: Params, sides: Sides, carried: Carried, rules: ZoneRule, keys: Any) -> Any:
    """A run of trials of all people, each with a zone rule of their own: who they are then, and the log Bayes factor by trial."""

    def one(carried: Carried, rule: ZoneRule, keys: Any) -> tuple[Carried, Array]:
        def step(carried: Carried, given: Any) -> tuple[Carried, Array]:
            trial, key = given
            after, turn = own_step(person, TASK, params, jnp.asarray(TARGETS), carried.person, trial, rule, key)
            watched = Seen(context_of(TARGETS, trial), turn.action, turn.reward, turn.outcome._replace(reward=turn.reward))
            states, news = followed(pair, sides, carried.states, watched)
            carried = Carried(after, states, carried.log_bayes + news)
            return carried, carried.log_bayes

        return jax.lax.scan(step, carried, (trials(EVERY), keys))

    return jax.vmap(one)(carried, rules, keys)


@partial(jax.jit, static_argnums=0)
def _weighed(pair: Pair, params: Sides, carried: Carried, course: Course, keys: Any) -> Float[Array, "person candidate 2"]:
    one = lambda carried, key: gains(pair, FUTURES, params, carried.states, TARGETS, carried.person.recent, course, key)  # noqa: E731
    return jax.vmap(one)(carried, keys)


def evidence(pair: Pair, params: Sides, side: int, schedule: str, people: int) -> tuple[Float[np.ndarray, "person trial"], np.ndarray]:
    """Log Bayes factor for whom the people are like, by trial, and the candidate of each run."""
    rules = jax.tree.map(lambda *x: np.stack(x), *[jax.tree.map(np.asarray, rule(width)) for width in WIDTHS])
    course = Course(jax.tree.map(lambda x: np.stack([x] * len(WIDTHS)), trials(EVERY)), rules)
    states = Sides(*(learner.init(one, 1) for learner, one in zip(pair[:2], params, strict=True)))
    one = Carried(own_start(states[side], 10), states, jnp.zeros(()))
    carried = jax.tree.map(lambda x: jnp.repeat(jnp.asarray(x)[None], people, axis=0), one)
    found, chosen, key = [], [], jax.random.key(SEED)
    for run in range(TRIALS // EVERY):
        play, look, draw = jax.random.split(jax.random.fold_in(key, run), 3)
        if schedule == "chosen":
            gain = np.asarray(_weighed(pair, params, carried, course, jax.random.split(look, people)))
            belief = 1 / (1 + np.exp(-np.asarray(carried.log_bayes)))
            index = np.argmax(gain[..., 0] * belief[:, None] + gain[..., 1] * (1 - belief[:, None]), axis=1)
        elif schedule == "drawn":
            index = np.asarray(jax.random.randint(draw, (people,), 0, len(WIDTHS)))
        else:
            index = np.full(people, WIDTHS.index(float(schedule.removesuffix(" deg"))))
        keys = jax.vmap(lambda one: jax.random.split(one, EVERY))(jax.random.split(play, people))
        carried, news = played(pair, pair[side], params[side], params, carried, jax.tree.map(lambda x, i=index: x[i], rules), keys)
        found.append(np.asarray(news))
        chosen.append(index)
    return np.concatenate(found, axis=1) * (1 - 2 * side), np.stack(chosen, axis=1)


def decisions(course: Float[np.ndarray, "person trial"]) -> dict[str, Any]:
    """When the evidence passed 20 to 1 for the first time, and for whom."""
    passed = np.abs(course) > DECIDED
    first = np.where(passed.any(axis=1), passed.argmax(axis=1), TRIALS)
    right = np.array([row[at] > 0 if at < TRIALS else False for row, at in zip(course, first, strict=True)])
    return {
        "median": float(np.median(first + 1.0)),
        "mean": round(float(np.mean(np.minimum(first + 1, TRIALS))), 1),
        "mean_se": round(float(np.std(np.minimum(first + 1, TRIALS), ddof=1) / math.sqrt(len(first))), 1),
        "decided_percent": round(100 * float(np.mean(first < TRIALS)), 1),
        "wrong_percent": round(100 * float(np.mean((first < TRIALS) & ~right)), 1),
    }


def telling_apart(people: int) -> dict[str, Any]:
    """Policy gradient against a learner that moves its mean to what was rewarded, and varies more after failures."""
    own = build_learner("policy-gradient", {"covariance": "diagonal"}, TASK.action_names, TASK)
    rival = build_learner("reward-variability", {}, TASK.action_names, TASK)
    pair, params = Pair(own, rival, TASK), Sides(own.make_params(OWN), rival.make_params(START))
    schedules = ("chosen", "drawn", *(f"{width:g} deg" for width in WIDTHS))
    courses = {name: [evidence(pair, params, side, name, people) for side in (0, 1)] for name in schedules}
    draw_decisions({name: np.concatenate([course for course, _ in both]) for name, both in courses.items()})
    found = {name: {like.name: decisions(both[side][0]) for side, like in enumerate(pair[:2])} for name, both in courses.items()}
    taken = np.concatenate([courses["chosen"][side][1] for side in (0, 1)])
    shares = {f"{width:g}": round(100 * float(np.mean(taken == index)), 1) for index, width in enumerate(WIDTHS)}
    return {"people": people, "trials": TRIALS, "every": EVERY, "schedules": found, "chosen_percent": shares}


def _styles(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """How each course is drawn: what adapts or is drawn in colour, fixed widths in grey, by their dashes."""
    colours, dashes = iter((YOKED, FREE_OWN, FREE_PERSON)), iter((":", "--", "-", "-.", (0, (1, 4))))
    fixed = {name for name in names if name.removesuffix(" deg").replace(".", "").isdigit()}
    return {name: {"color": INK, "lw": 1.1, "ls": next(dashes)} if name in fixed else {"color": next(colours), "lw": 2.2} for name in names}


def draw_decisions(courses: dict[str, np.ndarray]) -> None:
    """Share of people that are told apart, by trial."""
    with styled():
        figure = new_figure(width=7.2, height=3.6)
        axes = figure.subplots()
        styles = _styles(courses)
        for name, course in courses.items():
            told = np.maximum.accumulate(np.abs(course) > DECIDED, axis=1).mean(axis=0)
            label = name if name in ("chosen", "drawn") else f"always {name}"
            axes.plot(np.arange(1, TRIALS + 1), 100 * told, label=label, **styles[name])
        axes.set(xlabel="trial", ylabel="people told apart by 20 to 1 (%)", ylim=(0, 101), xlim=(0, TRIALS))
        axes.legend(fontsize=7)
        figure.savefig(PICTURES / "adaptive-apart.png", dpi=130, facecolor="white")


HALF = 1.645  # half the width of the prior's 90 % interval, in the log of the rate
RATE_GRID = np.exp(np.linspace(-2.5, 2.5, 61))  # of the rate, over what it is


def rate_widths(zone: ZoneRule, people: int) -> Float[np.ndarray, "person trial"]:
    """Width of the 90 % interval of the log of a person's learning rate after each trial, the rest of that person being known.

    The prior is that of live inference, an SD of 1. People differ by their spread.
    """
    spreads = 4.0 * np.exp(SPREAD * np.random.default_rng(SEED).normal(size=people))
    keys = jax.random.split(jax.random.key(SEED), people)
    return np.asarray(_rate_widths(jax.tree.map(np.asarray, zone), jnp.asarray(spreads), keys))


@jax.jit
def _rate_widths(zone: ZoneRule, spreads: Float[Array, " person"], keys: Any) -> Float[Array, "person trial"]:
    learner = build_learner("policy-gradient", {"covariance": "diagonal"}, TASK.action_names, TASK)
    values = read_values(learner.name, learner.parameters, learner.action_names, OWN)
    course, log_prior = trials(TRIALS), jnp.asarray(-0.5 * np.log(RATE_GRID) ** 2)

    def one(spread: Array, key: Any) -> Float[Array, " trial"]:
        own = values | {"initial_sd": spread[None], "motor_sd": OWN["motor_sd"] / START["initial_sd"] * spread[None]}
        params = learner.assemble(own)
        grid = jax.vmap(lambda factor: learner.assemble(own | {"alpha_mean": own["alpha_mean"] * factor}))(jnp.asarray(RATE_GRID))

        def step(carried: Any, given: Any) -> tuple[Any, Array]:
            person, states, log_post = carried
            trial, key = given
            person, turn = own_step(learner, TASK, params, jnp.asarray(TARGETS), person, trial, zone, key)
            outcome, context = turn.outcome._replace(reward=turn.reward), context_of(TARGETS, trial)
            log_post = log_post + jax.vmap(lambda p, s: learner.log_prob(p, s, context, turn.action))(grid, states)
            states = jax.vmap(lambda p, s: learner.update(p, s, context, turn.action, outcome, None))(grid, states)
            return (person, states, log_post), width_of(log_post)

        start = (own_start(learner.init(params, 1), 10), jax.vmap(lambda p: learner.init(p, 1))(grid), log_prior)
        return jax.lax.scan(step, start, (course, jax.random.split(key, TRIALS)))[1]

    return jax.vmap(one)(spreads, keys)


def width_of(log_post: Float[Array, " point"]) -> Float[Array, ""]:
    """From the 5th to the 95th percentile, in the log of the rate."""
    share = jnp.cumsum(jax.nn.softmax(log_post))
    low, high = (jnp.interp(level, share, jnp.log(RATE_GRID)) for level in (0.05, 0.95))
    return high - low


def keeping_the_rate(people: int) -> dict[str, Any]:
    """How soon the interval of the learning rate is half of what it was, by width of the zone and by hit rate that is kept."""
    zones = {f"{width:g} deg": rule(width) for width in WIDTHS} | {f"hit rate {rate:g}": rule(0.25, rate) for rate in RATES}
    widths = {name: rate_widths(zone, people) for name, zone in zones.items()}
    draw_widths(widths)
    return {"people": people, "trials": TRIALS, "zones": {name: halved(width) for name, width in widths.items()}}


def halved(widths: Float[np.ndarray, "person trial"]) -> dict[str, Any]:
    """Trials until the interval is half the prior's."""
    done = widths < HALF
    first = np.where(done.any(axis=1), done.argmax(axis=1) + 1, TRIALS)
    return {
        "median": float(np.median(first)),
        "upper_quartile": float(np.quantile(first, 0.75)),
        "halved_percent": round(100 * float(np.mean(done.any(axis=1))), 1),
        "width_at_end": round(float(np.median(widths[:, -1])), 2),
    }


def draw_widths(widths: dict[str, np.ndarray]) -> None:
    """Share of people whose interval is halved, by trial."""
    with styled():
        figure = new_figure(width=7.2, height=3.6)
        axes = figure.subplots()
        styles = _styles(widths)
        for name, width in widths.items():
            share = 100 * np.maximum.accumulate(width < HALF, axis=1).mean(axis=0)
            axes.plot(np.arange(1, TRIALS + 1), share, label=name, **styles[name])
        axes.set(xlabel="trial", ylabel="people whose interval is halved (%)", ylim=(0, 101), xlim=(0, TRIALS))
        axes.legend(fontsize=7)
        figure.savefig(PICTURES / "adaptive-rate.png", dpi=130, facecolor="white")


def choosing(choices: int) -> dict[str, Any]:
    """How long one choice of the library's protocol takes, and what of it the processor works."""
    protocol = load_protocol("reach-apart").protocol
    block = next(block for block in planned_blocks(protocol, "", SEED) if block.block.choose)
    run, task = first_choice(protocol, "", block), make_task(protocol)
    assert run is not None and block.block.choose is not None
    sides = twin_choice(protocol, task, Path()), rival_choice(protocol, task, Path(), block.block.choose)
    pair, params = Pair(*(one.learner for one in sides), task), Sides(*(one.params() for one in sides))
    took, worked = [], []
    looking = Observers(pair, params, targets_of(protocol), SEED, run.rule.window)
    for _ in range(choices + 1):  # the first compiles
        began, before = time.perf_counter(), time.process_time()
        looking.choose(run)
        took.append(1e3 * (time.perf_counter() - began))
        worked.append(1e3 * (time.process_time() - before))
    figures = {"took_ms": np.array(took[1:]), "processor_ms": np.array(worked[1:])}
    summary = {k: {"median": round(float(np.median(v)), 1), "p99": round(float(np.quantile(v, 0.99)), 1)} for k, v in figures.items()}
    return {
        "choices": choices,
        "candidates": len(run.candidates.values),
        "futures": run.asked.futures,
        "trials": len(run.trials),
        **summary,
    }


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    keep("adaptive", choosing(200), "choosing")
    keep("adaptive", keeping_the_rate(people), "hit_rate")
    keep("adaptive", telling_apart(people), "telling_apart")


if __name__ == "__main__":
    main()
