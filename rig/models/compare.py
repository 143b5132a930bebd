"""``twinrig compare``: learners and floors on the same people, by prediction first and by behaviour after."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from analysis.compare import Judged, judge, pieces, shuffled, table
from analysis.fit.fit import FLOORS, Fit, Plan, doubts, pose
from analysis.likeness import RUNS, Look, course, looks
from analysis.registry import LEARNERS
from analysis.selection import select
from analysis.simulate import compile_batches, in_batches
from analysis.twin import Turn
from protocols.load import Loaded, load_protocol
from protocols.tasks import make_task
from rig.models.fits import Chosen, choose, naming, wanted
from rig.models.learner_choice import targets_of
from rig.models.pace import Pace
from rig.models.practice import practice
from rig.models.runs import finite, keeping, kept_lines, open_run, write_json
from rig.models.scheduler import check, spread
from rig.tables.tables import ParticipantTrials, load_tables

SHUFFLED = "reward-shuffled"
FILE = "compare.json"
PEOPLE = "people.jsonl"  # each participant as they are done


class Asked(NamedTuple):
    """What is to be compared on which tables."""

    files: Sequence[Path]
    protocol: str
    learners: Sequence[str]
    starts: int = 20
    seed: int = 0
    columns: Sequence[str] = ()
    derives: Sequence[str] = ()
    accept_simulated: bool = False
    simulate: bool = True  # whether the fitted learners practise freely, on the person's course


def compare_tables(asked: Asked, out: Path, say: Callable[[str], None], workers: int = 1, scheduler: str | None = None) -> dict[str, Any]:
    """Compare learners on every participant, and over all of them; the result is written to ``out``: a new folder, or that of the same
    run, cut short. ``scheduler``: who computes, if not ``workers`` processes here.

    Raises:
        BadInput: as reading the tables, choosing and fitting the learners do; nothing is written then.
    """
    loaded = load_protocol(asked.protocol)
    chosen = _chosen(asked, loaded)
    needs = tuple(dict.fromkeys(need for one in chosen.values() for need in one.learner.needs))
    people = load_tables(asked.files, loaded.protocol, asked.columns, asked.derives, asked.accept_simulated, needs)
    for person in people:  # what is wrong is said before any work
        with naming(person):
            _try(asked, loaded, chosen, person)
    check(scheduler)
    open_run(out, wanted(asked, loaded, people), lambda: (out / FILE).is_file())
    done = {one["participant"]: one for one in kept_lines(out / PEOPLE)}
    waiting = [person for person in people if person.participant not in done]
    pace = Pace(len(people), len(waiting), time.monotonic)
    with keeping(out / PEOPLE) as keep:
        for place, one in spread(compare_job, [(asked, person) for person in waiting], workers, scheduler):
            keep(one)
            done[one["participant"]] = one
            say(pace.done(waiting[place].participant))
    found = [done[person.participant] for person in people]
    result = {**_asked(asked, loaded), "participants": found, "group": _group(found, asked.seed)}
    write_json(out / FILE, result)
    return finite(result)


def compare_job(asked: Asked, person: ParticipantTrials) -> dict[str, Any]:
    """One participant's comparison, wherever it is computed, as it is stored.

    Raises:
        BadInput: a learner can't be fitted; names the participant.
    """
    loaded = load_protocol(asked.protocol)
    with naming(person):
        return finite(_person(asked, loaded, _chosen(asked, loaded), person))


def _chosen(asked: Asked, loaded: Loaded) -> dict[str, Chosen]:
    """The learners that are asked for, and the floors."""
    floors = [name for name in FLOORS if name in LEARNERS and name not in asked.learners]
    return {name: choose(name, (), loaded) for name in (*asked.learners, *floors)}


def _try(asked: Asked, loaded: Loaded, chosen: dict[str, Chosen], person: ParticipantTrials) -> None:
    for plan in _plans(asked, loaded, chosen).values():
        pose(plan, person.seen)
    if asked.simulate:
        practice(loaded.protocol, person, asked.seed)


def _plans(asked: Asked, loaded: Loaded, chosen: dict[str, Chosen]) -> dict[str, Plan]:
    contexts = len(targets_of(loaded.protocol))
    return {name: Plan(one.learner, contexts, one.fixed, (), asked.starts, asked.seed, thorough=False) for name, one in chosen.items()}


def _asked(asked: Asked, loaded: Loaded) -> dict[str, Any]:
    return {
        "protocol": {"name": loaded.protocol.name, "hash": loaded.hash},
        "tables": [str(file) for file in asked.files],
        "columns": list(asked.columns),
        "derives": list(asked.derives),
        "learners": list(asked.learners),
        "starts": asked.starts,
        "seed": asked.seed,
    }


def _person(asked: Asked, loaded: Loaded, chosen: dict[str, Chosen], person: ParticipantTrials) -> dict[str, Any]:
    piece, plans = pieces(person.block), _plans(asked, loaded, chosen)
    judged = {name: judge(plan, person.seen, piece) for name, plan in plans.items()}
    nulls = {
        f"{SHUFFLED}:{name}": judge(plans[name], shuffled(person.seen, asked.seed), piece)
        for name in asked.learners
        if chosen[name].learner.needs
    }
    rows = table({**judged, **nulls}, [name for name in judged if name in FLOORS] or [*judged])
    practised = {name: _practise(asked, loaded, judged[name].fit, person) for name in asked.learners} if asked.simulate else {}
    seen = {name: _looks(person, judged[name].fit.problem.learner.action_names, turn) for name, turn in practised.items()}
    return {
        "participant": person.participant,
        "simulated": person.simulated,
        "n_trials": next(iter(judged.values())).fit.problem.count,
        "learners": rows,
        "doubts": {name: doubts(judged[name].fit) for name in asked.learners},
        "looks": {name: [{**look._asdict(), "alike": look.alike} for look in some] for name, some in seen.items()},
        "courses": {name: _courses(person, judged[name].fit.problem.learner.action_names, turn) for name, turn in practised.items()},
        "verdict": verdict(judged, rows, seen),
    }


def _practise(asked: Asked, loaded: Loaded, fitted: Fit, person: ParticipantTrials) -> Turn:
    """The fitted learner practises the person's course, as long as the person did."""
    learner, lanes = fitted.problem.learner, practice(loaded.protocol, person, asked.seed)
    run = compile_batches(make_task(loaded.protocol), learner, fitted.params, targets_of(loaded.protocol), lanes, asked.seed)
    return jax.tree.map(lambda *parts: np.concatenate(parts), *in_batches(run, RUNS))


def _looks(person: ParticipantTrials, names: Sequence[str], turn: Turn) -> list[Look]:
    action, reward = np.asarray(person.seen.action), np.asarray(person.seen.reward)
    return looks(names, action, reward, np.asarray(turn.action), np.asarray(turn.reward), person.block)


def _courses(person: ParticipantTrials, names: Sequence[str], turn: Turn) -> dict[str, Any]:
    action, runs = np.asarray(person.seen.action), np.asarray(turn.action)
    found = {name: course(action[:, i], runs[:, :, i]) for i, name in enumerate(names)}
    return {name: {key: value.tolist() for key, value in one._asdict().items()} for name, one in found.items()}


def verdict(judged: dict[str, Judged], rows: dict[str, Any], seen: dict[str, list[Look]]) -> list[str]:
    """What has to be said of the winner, in words."""
    real = {name: row for name, row in rows.items() if name in judged}
    winner = min(real, key=lambda name: real[name]["bic"])
    found = [f"{winner} has the least BIC"]
    if winner in FLOORS:
        return [*found, "no learner predicts better than a floor: the record says nothing for learning from reward or error"]
    row, null = rows[winner], rows.get(f"{SHUFFLED}:{winner}")
    low = row["gain"]["low"]
    if not low > 0:
        found.append(
            f"on blocks that weren't fitted it doesn't predict better than {row['floor']} (its 95 % interval reaches {low:.3g} bits)"
        )
    if null is not None and null["log_likelihood"] > row["log_likelihood"] - 3:
        found.append("with rewards shuffled it fits as well: what it explains is not the coupling to reward")
    odd = [look.name for look in seen.get(winner, []) if not look.alike]
    if odd:
        found.append(f"practising freely it doesn't look like the person in {', '.join(odd)}: don't take it for how the person learns")
    return found


def _group(people: Sequence[dict[str, Any]], seed: int) -> dict[str, Any] | None:
    """Random-effects selection over people; None for one."""
    if len(people) < 2:
        return None
    names = [name for name in people[0]["learners"] if not name.startswith(SHUFFLED)]
    evidence = np.array([[-person["learners"][name]["bic"] / 2 for name in names] for person in people])
    chosen = select(evidence, seed)
    gains = np.array([[person["learners"][name]["gain"]["mean"] for name in names] for person in people])
    mean, half = gains.mean(axis=0), 1.96 * gains.std(axis=0, ddof=1) / np.sqrt(len(people))
    return {
        "omnibus_risk": chosen.omnibus_risk,
        "learners": {
            name: {
                "frequency": float(chosen.frequency[i]),
                "exceedance": float(chosen.exceedance[i]),
                "protected_exceedance": float(chosen.protected[i]),
                "best_for": int(np.sum(evidence.argmax(axis=1) == i)),
                "gain": {"mean": float(mean[i]), "low": float(mean[i] - half[i]), "high": float(mean[i] + half[i])},
            }
            for i, name in enumerate(names)
        },
    }
