"""``twinrig compare``: learners and floors on the same people, by prediction first and by behaviour after."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from analysis.compare import Judged, judge, pieces, shuffled, table
from analysis.fit.fit import FLOORS, Fit, Plan, doubts
from analysis.likeness import RUNS, Look, looks
from analysis.registry import LEARNERS
from analysis.selection import select
from analysis.simulate import compile_batches, in_batches, stack_course
from protocols.course import course_of
from protocols.errors import BadInput
from protocols.lint import first_condition
from protocols.load import Loaded, load_protocol
from protocols.tasks import make_task
from rig.models.fits import Chosen, choose, finite, new_folder, write_json
from rig.models.learner_choice import targets_of
from rig.tables.tables import ParticipantTrials, load_tables

SHUFFLED = "reward-shuffled"
FILE = "compare.json"


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
    simulate: bool = True  # whether the fitted learners practise freely, on the protocol's course


def compare_tables(asked: Asked, out: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Compare learners on every participant, and over all of them; the result is written to ``out``.

    Raises:
        BadInput: as reading the tables, choosing and fitting the learners do.
    """
    loaded = load_protocol(asked.protocol)
    floors = [name for name in FLOORS if name in LEARNERS and name not in asked.learners]
    chosen = {name: choose(name, (), loaded) for name in (*asked.learners, *floors)}
    needs = tuple(dict.fromkeys(need for one in chosen.values() for need in one.learner.needs))
    people = load_tables(asked.files, loaded.protocol, asked.columns, asked.derives, asked.accept_simulated, needs)
    new_folder(out)
    found = []
    for number, person in enumerate(people, 1):
        say(f"{person.participant} ({number} of {len(people)})")
        try:
            found.append(_person(asked, loaded, chosen, person))
        except BadInput as error:
            raise BadInput(f"participant '{person.participant}': {error}") from error
    result = {**_asked(asked, loaded), "participants": found, "group": _group(found, asked.seed)}
    write_json(out / FILE, result)
    return finite(result)


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
    piece, contexts = pieces(person.block), len(targets_of(loaded.protocol))
    plans = {name: Plan(one.learner, contexts, one.fixed, (), asked.starts, asked.seed, profiles=False) for name, one in chosen.items()}
    judged = {name: judge(plan, person.seen, piece) for name, plan in plans.items()}
    nulls = {
        f"{SHUFFLED}:{name}": judge(plans[name], shuffled(person.seen, asked.seed), piece)
        for name in asked.learners
        if chosen[name].learner.needs
    }
    rows = table({**judged, **nulls}, [name for name in judged if name in FLOORS] or [*judged])
    seen = {name: _looks(asked, loaded, judged[name].fit, person) for name in asked.learners} if asked.simulate else {}
    return {
        "participant": person.participant,
        "simulated": person.simulated,
        "n_trials": next(iter(judged.values())).fit.problem.count,
        "learners": rows,
        "doubts": {name: doubts(judged[name].fit) for name in asked.learners},
        "looks": {name: [{**look._asdict(), "alike": look.alike} for look in some] for name, some in seen.items()},
        "verdict": verdict(judged, rows, seen),
    }


def _looks(asked: Asked, loaded: Loaded, fitted: Fit, person: ParticipantTrials) -> list[Look]:
    """The fitted learner practises the protocol's course as long as the person did."""
    count = len(person.block)
    course = course_of(loaded.protocol, first_condition(loaded.protocol), asked.seed, count)
    lanes = stack_course([slot.trial for slot in course], [slot.rule for slot in course])
    learner = fitted.problem.learner
    run = compile_batches(make_task(loaded.protocol), learner, fitted.params, targets_of(loaded.protocol), lanes, asked.seed)
    turn = jax.tree.map(lambda *parts: np.concatenate(parts), *in_batches(run, RUNS))
    action, reward = np.asarray(person.seen.action), np.asarray(person.seen.reward)
    return looks(learner.action_names, action, reward, turn.action, turn.reward, person.block)


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
