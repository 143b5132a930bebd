"""From trials tables to ``fit.json``: one for each participant, complete enough to be used by a twin and to be done again."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from analysis.fit.certainty import Certainty
from analysis.fit.fit import Fit, Plan, doubts, fit, fit_floors, pose
from analysis.fit.soundness import Soundness
from analysis.fit.space import Space, first_trials
from analysis.learner import Learner
from analysis.registry import build_learner, learner_options
from protocols.errors import BadInput
from protocols.load import Loaded, load_protocol
from protocols.tasks import make_task
from rig.models.learner_choice import targets_of
from rig.models.pace import Pace
from rig.models.runs import finite, open_run, write_json
from rig.models.scheduler import check, spread
from rig.tables.derive import split_setting
from rig.tables.tables import ParticipantTrials, load_tables

FILE = "fit.json"


class Asked(NamedTuple):
    """What is to be fitted to which tables, as a command line says it."""

    files: Sequence[Path]
    protocol: str
    learner: str
    fix: Sequence[str] = ()  # key=value, of options and parameters
    free: Sequence[str] = ()
    first_trials: int = 0  # initial mean and SD come from so many; 0: they are fitted
    starts: int = 20
    seed: int = 0
    columns: Sequence[str] = ()
    derives: Sequence[str] = ()
    accept_simulated: bool = False


class Chosen(NamedTuple):
    """A learner with its options, and the values that are fixed."""

    learner: Learner
    options: dict[str, str]
    fixed: dict[str, Any]


def choose(name: str, settings: Sequence[str], loaded: Loaded) -> Chosen:
    """A learner from a command line's ``key=value``: options and parameters by their names.

    Raises:
        BadInput: no such learner, option or value of one, or a key that is given twice.
    """
    given: dict[str, str] = {}
    for setting in settings:
        key, value = split_setting("--fix", setting)
        if key in given:
            raise BadInput(f"--fix {setting}: '{key}' is given twice")
        given[key] = value
    known = learner_options(name)
    options = {key: value for key, value in given.items() if key in known}
    task = make_task(loaded.protocol)
    learner = build_learner(name, options, task.action_names, task)
    return Chosen(learner, options, {key: value for key, value in given.items() if key not in known})


def fit_tables(asked: Asked, out: Path, say: Callable[[str], None], workers: int = 1, scheduler: str | None = None) -> list[dict[str, Any]]:
    """Fit every participant and write what was found below ``out``: a new folder, or that of the same run, cut short.

    ``scheduler``: who computes, if not ``workers`` processes here.

    Raises:
        BadInput: as reading the tables, choosing the learner and fitting it do; nothing is written then.
    """
    loaded = load_protocol(asked.protocol)
    chosen = choose(asked.learner, asked.fix, loaded)
    people = load_tables(asked.files, loaded.protocol, asked.columns, asked.derives, asked.accept_simulated, chosen.learner.needs)
    for person in people:  # what is wrong is said before any work
        with naming(person):
            pose(_plan(asked, loaded, chosen, person), person.seen)
    files = [out / person.participant / FILE if len(people) > 1 else out / FILE for person in people]
    check(scheduler)
    open_run(out, wanted(asked, loaded, people), lambda: all(file.is_file() for file in files))
    results = {place: json.loads(file.read_text(encoding="utf-8")) for place, file in enumerate(files) if file.is_file()}
    waiting = [place for place in range(len(people)) if place not in results]
    pace = Pace(len(people), len(waiting), time.monotonic)
    for number, result in spread(fit_job, [(asked, people[place]) for place in waiting], workers, scheduler):
        place = waiting[number]
        results[place] = finite(result)
        write_json(files[place], results[place])
        say(pace.done(people[place].participant))
    return [results[place] for place in range(len(people))]


def wanted(asked: Any, loaded: Loaded, people: Sequence[ParticipantTrials]) -> dict[str, Any]:
    """All that the results of a run follow from; where its tables lie isn't."""
    asks = {key: value for key, value in asked._asdict().items() if key not in ("files", "protocol")}
    return {
        **asks,
        "twinrig": version("twinrig"),
        "protocol": {"name": loaded.protocol.name, "hash": loaded.hash},
        "trials": _digest(people),
    }


def _digest(people: Sequence[ParticipantTrials]) -> str:
    """What learners see of some people, as a hash: another table isn't taken for the same one."""
    found = hashlib.sha256()
    for person in people:
        found.update(person.participant.encode())
        for column in jax.tree.leaves((person.seen, person.block, person.trial)):
            found.update(np.ascontiguousarray(column).tobytes())
    return found.hexdigest()


@contextmanager
def naming(person: ParticipantTrials) -> Iterator[None]:
    """Work on a participant's trials; what is wrong with them is said with the participant's code."""
    try:
        yield
    except BadInput as error:
        raise BadInput(f"participant '{person.participant}': {error}") from error


def fit_job(asked: Asked, person: ParticipantTrials) -> dict[str, Any]:
    """One participant's fit, wherever it is computed.

    Raises:
        BadInput: as ``fit_person`` does; names the participant.
    """
    loaded = load_protocol(asked.protocol)
    with naming(person):
        return fit_person(asked, loaded, choose(asked.learner, asked.fix, loaded), person)


def fit_person(asked: Asked, loaded: Loaded, chosen: Chosen, person: ParticipantTrials) -> dict[str, Any]:
    """One participant's fit, as it is stored.

    Raises:
        BadInput: as ``analysis.fit.fit.fit`` does.
    """
    plan = _plan(asked, loaded, chosen, person)
    fitted = fit(plan, person.seen, time.perf_counter, person.trial)
    return {
        "participant": person.participant,
        "simulated": person.simulated,
        **told(asked, loaded),
        "method": "ml",
        "starts": asked.starts,
        **as_stored(fitted, chosen.options),
        **floors_of(chosen.learner, plan.contexts, person, asked.seed),
    }


def _plan(asked: Asked, loaded: Loaded, chosen: Chosen, person: ParticipantTrials) -> Plan:
    fixed = chosen.fixed
    if asked.first_trials:
        fixed = {**first_trials(chosen.learner, np.asarray(person.seen.action), asked.first_trials), **fixed}
    return Plan(chosen.learner, len(targets_of(loaded.protocol)), fixed, asked.free, asked.starts, asked.seed)


def told(asked: Asked, loaded: Loaded) -> dict[str, Any]:
    """What was asked for, whatever the method."""
    return {
        "protocol": {"name": loaded.protocol.name, "hash": loaded.hash},
        "tables": [str(file) for file in asked.files],
        "columns": list(asked.columns),
        "derives": list(asked.derives),
        "seed": asked.seed,
    }


def floors_of(learner: Learner, contexts: int, person: ParticipantTrials, seed: int) -> dict[str, Any]:
    """The floors on the same trials, by maximum likelihood."""
    floors = fit_floors(learner.action_names, contexts, person.seen, seed)
    return {
        "log_likelihood_floors": {name: floor.optimum.log_likelihood for name, floor in floors.items()},
        "bic_floors": {name: floor.bic for name, floor in floors.items()},
    }


def as_stored(fitted: Fit, options: dict[str, str]) -> dict[str, Any]:
    """A fit as ``fit.json`` has it. Fixed parameters stand among the others, so that a twin can be made of it."""
    names = fitted.problem.space.names
    free = {name: _parameter(fitted.estimates[name], known) for name, known in zip(names, fitted.certainty, strict=True)}
    searches = fitted.optimum.searches
    return {
        "learner": fitted.problem.learner.name,
        "options": options,
        "parameters": {**free, **fixed_values(fitted.problem.space, fitted.problem.learner)},
        "log_likelihood": fitted.optimum.log_likelihood,
        "n_trials": fitted.problem.count,
        "n_free": len(names),
        "bic": fitted.bic,
        "starts_at_best": fitted.optimum.at_best,
        "starts_converged": int(sum(search.converged for search in searches)),
        "reached": sorted((search.log_likelihood for search in searches), reverse=True),
        **of_soundness(fitted.sound),
        "seconds": fitted.seconds,
        "seconds_compiling": fitted.seconds_compiling,
        "doubts": doubts(fitted),
    }


def of_soundness(sound: Soundness) -> dict[str, Any]:
    """Whether the learner can be believed over the record."""
    fault = None if sound.fault is None else str(sound.fault)
    return {"shift_growth": sound.shift_growth, "matching_error": sound.matching_error, "fault": fault}


def _parameter(estimate: float, known: Certainty) -> dict[str, Any]:
    found: dict[str, Any] = {"estimate": estimate, "se": known.se, "interval": [known.low, known.high], "median": known.middle}
    found["identifiable"] = known.identifiable
    if known.why:
        found["why"] = known.why
    if known.profile:
        found["profile"] = {"value": known.profile.value.tolist(), "log_likelihood": known.profile.log_likelihood.tolist()}
    return found


def fixed_values(space: Space, learner: Learner) -> dict[str, Any]:
    """Parameters that were not fitted; those left to the learner (NaN) stay so by not being there."""
    values = {}
    for parameter in learner.parameters:
        numbers = space.fixed[parameter.name]
        names = [f"{parameter.name}.{action}" for action in learner.action_names] if parameter.per_action else [parameter.name]
        values |= {name: float(number) for name, number in zip(names, numbers.ravel(), strict=True)}
    left = {name: value for name, value in values.items() if name not in space.names and not math.isnan(value)}
    return {name: {"estimate": value, "se": None, "fixed": True} for name, value in left.items()}
