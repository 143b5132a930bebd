"""What a fit of the 48 people of Kim, Parvin & Ivry (2019) says of how they drift: their mean courses, beside those of the fitted learners.

``python -m benchmarks.human_data FOLDER [FILE]``: what ``twinrig fit --method bayes --hierarchical`` wrote (``benchmarks.group_fit``),
and the table. The learners are given every error and hit that the person saw, and not where his hand went: what is drawn is the course
that the rule makes, no prediction that follows the hand. Writes ``benchmarks/results/human_data.json`` and
``docs/pictures/human-fit.png``.
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.figures.style import PERSON, YOKED, new_figure, styled
from analysis.learner import Learner, Params
from analysis.twin import Seen
from benchmarks.group_fit import COLUMNS, DERIVES, TABLE
from benchmarks.keep import keep
from protocols.load import load_protocol
from rig.models.fits import FILE, choose
from rig.models.learner_choice import targets_of
from rig.tables.tables import ParticipantTrials, load_tables

PICTURE = Path("docs/pictures/human-fit.png")
CYCLE = 8  # reaches, one to each target
BEFORE = slice(40, 120)  # reaches with the true cursor, before the clamp: their mean is a person's zero
SIDES = {"hits": "the clamped cursor hits", "misses": "it misses"}


def main() -> None:
    folder, table = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else TABLE
    loaded = load_protocol("reach-rotation")
    learner = choose("task-outcome", (), loaded).learner
    people = load_tables([table], loaded.protocol, COLUMNS, DERIVES, needs=learner.needs)
    fits = [json.loads((folder / person.participant / FILE).read_text(encoding="utf-8")) for person in people]
    contexts = len(targets_of(loaded.protocol))
    courses = [_course(learner, _params(learner, fit), contexts, person.seen) for person, fit in zip(people, fits, strict=True)]
    side = np.array(["hits" if _clamped(person)[1] else "misses" for person in people])
    hand = np.stack([_turned(person, np.asarray(person.seen.action)[:, 0]) for person in people])
    rule = np.stack([_turned(person, np.asarray(course)) for person, course in zip(people, courses, strict=True)])
    _draw(hand, rule, side)
    keep("human_data", {"people": len(people), **_told(fits, side), "course": {one: _apart(hand, rule, side == one) for one in SIDES}})


def _params(learner: Learner, fit: dict[str, Any]) -> Params:
    """The posterior means."""
    values: dict[str, Any] = {}
    for name, found in fit["parameters"].items():
        parameter, _, action = name.partition(".")
        values[parameter] = np.array([found["estimate"]]) if action else found["estimate"]
    return learner.assemble(values)


@partial(jax.jit, static_argnums=(0, 2))
def _course(learner: Learner, params: Params, contexts: int, trials: Seen) -> Float[Array, " trial"]:
    """Where the learner's mean goes, were each action right there."""

    def step(state: Any, trial: Seen) -> tuple[Any, Array]:
        mean = learner.policy(params, state, trial.context).mean
        action = jnp.where(jnp.isfinite(trial.action), mean, jnp.nan)
        return learner.update(params, state, trial.context, action, trial.outcome, None), mean[0]

    return jax.lax.scan(step, learner.init(params, contexts), trials)[1]


def _clamped(person: ParticipantTrials) -> tuple[float, bool]:
    """To which side the error of the clamp calls, and whether its cursor hits."""
    there = person.table["clampi"] == 1
    error, hit = np.asarray(person.seen.outcome.cursor_error)[there], np.asarray(person.seen.outcome.hit)[there]
    return float(np.sign(np.median(error))), bool(np.median(hit) > 0)


def _turned(person: ParticipantTrials, angle: np.ndarray) -> np.ndarray:
    """In cycles, from the person's baseline, drifting against the clamp up."""
    away = _clamped(person)[0] * (angle - np.nanmean(angle[BEFORE]))
    return np.nanmean(away[: len(away) // CYCLE * CYCLE].reshape(-1, CYCLE), axis=1)


def _draw(hand: np.ndarray, rule: np.ndarray, side: np.ndarray) -> None:
    cycle = np.arange(1, hand.shape[1] + 1)
    with styled():
        figure = new_figure(9.2, 3.6)
        axes = figure.subplots()
        for (one, words), colour in zip(SIDES.items(), (YOKED, PERSON), strict=True):
            some = hand[side == one]
            mean, error = some.mean(axis=0), some.std(axis=0, ddof=1) / np.sqrt(len(some))
            axes.fill_between(cycle, mean - error, mean + error, color=colour, alpha=0.25, lw=0)
            axes.plot(cycle, mean, ".", ms=3, color=colour, label=f"{words}: {len(some)} people")
            axes.plot(cycle, rule[side == one].mean(axis=0), color=colour, lw=1.6, label="their fitted learners")
        axes.set(xlabel="cycle of 8 reaches", ylabel="hand against the clamp (deg)")
        axes.legend(ncols=2)
        figure.savefig(PICTURE, dpi=130, facecolor="white")


def _apart(hand: np.ndarray, rule: np.ndarray, some: np.ndarray) -> dict[str, float]:
    """How far the fitted learners' mean course is from the people's, deg."""
    gap = (rule[some] - hand[some]).mean(axis=0)
    rms, largest = float(np.sqrt(np.mean(gap**2))), float(np.abs(gap).max())
    return {"people": int(some.sum()), "rms_deg": round(rms, 2), "largest_deg": round(largest, 2)}


def _told(fits: list[dict[str, Any]], side: np.ndarray) -> dict[str, Any]:
    """How often the floors do better, and by parameter and side how many records tell it, and its median person."""
    better = [fit["bic"] < min(fit["bic_floors"].values()) for fit in fits]
    floor = [min(fit["bic_floors"], key=fit["bic_floors"].get) for fit in fits]
    parameters = {}
    for name in (name for name, found in fits[0]["parameters"].items() if not found.get("fixed")):
        found = [fit["parameters"][name] for fit in fits]
        parameters[name.partition(".")[0]] = {
            "told": {one: sum(bool(f["identifiable"]) for f, where in zip(found, side, strict=True) if where == one) for one in SIDES},
            "median": {
                one: round(float(np.median([f["estimate"] for f, where in zip(found, side, strict=True) if where == one])), 4)
                for one in SIDES
            },
        }
    floors = {name: floor.count(name) for name in sorted(set(floor))}
    return {"better_than_all_floors": sum(better), "best_floor": floors, "parameters": parameters}


if __name__ == "__main__":
    main()
