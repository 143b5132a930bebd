"""``twinrig fit --method bayes``: what was drawn as netCDF, and ``fit.json`` of each participant with how far to believe it."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analysis.bayes.check import ahead
from analysis.bayes.judge import mixing
from analysis.bayes.people import People, gather
from analysis.bayes.prior import Prior, prior_of
from analysis.bayes.sampling import Sampling, sample
from analysis.bayes.store import inference_data
from analysis.fit.space import first_trials
from protocols.errors import BadInput
from protocols.load import load_protocol
from rig.models.bayes_result import Drawn, of_group, of_people
from rig.models.fits import FILE, Asked, Chosen, choose, floors_of, naming, told, wanted
from rig.models.learner_choice import targets_of
from rig.models.pace import Pace
from rig.models.runs import open_run, write_json
from rig.tables.derive import split_setting
from rig.tables.tables import ParticipantTrials, load_tables

DRAWS, GROUP, GROUP_DRAWS = "fit.nc", "group.json", "group.nc"
FEWEST = 3  # people of a group: with two, the SD between them is the prior's


class Manner(NamedTuple):
    """How it is drawn, and from what belief."""

    sampling: Sampling
    hierarchical: bool = False
    priors: Sequence[str] = ()  # NAME=MIDDLE,SD
    bar: bool = False  # progress and time left, on standard error


class Posed(NamedTuple):
    """Some people who are sampled together, and what is believed of them before."""

    batch: Sequence[ParticipantTrials]
    people: People
    prior: Prior


def bayes_tables(asked: Asked, manner: Manner, out: Path, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Fit every participant, or all as one group, and write what was found below ``out``: a new folder, or that of the same run, cut
    short. A group goes on from its beginning, participants alone from the first that isn't there.

    Raises:
        BadInput: as ``fit_tables`` does, a prior that can't be read, or too small a group; nothing is written then.
    """
    loaded = load_protocol(asked.protocol)
    chosen = choose(asked.learner, asked.fix, loaded)
    priors = read_priors(manner.priors)
    people = load_tables(asked.files, loaded.protocol, asked.columns, asked.derives, asked.accept_simulated, chosen.learner.needs)
    if manner.hierarchical and len(people) < FEWEST:
        raise BadInput(f"--hierarchical: a group has at least {FEWEST} participants, and here are {len(people)}: leave it out")
    contexts = len(targets_of(loaded.protocol))
    problems = [pose(asked, chosen, contexts, batch, priors) for batch in ([people] if manner.hierarchical else [[one] for one in people])]
    shared = {**told(asked, loaded), "method": "bayes", "hierarchical": manner.hierarchical, "sampling": manner.sampling._asdict()}
    folders = [out / person.participant if len(people) > 1 else out for person in people]
    last = [out / GROUP] if manner.hierarchical else [folder / FILE for folder in folders]  # written when all else is
    how = {key: value for key, value in manner._asdict().items() if key != "bar"}
    open_run(out, {**wanted(asked, loaded, people), "how": how}, lambda: all(file.is_file() for file in last))
    pace = Pace(len(problems), sum(not file.is_file() for file in last), time.monotonic)
    for posed, file in zip(problems, last, strict=True):
        if not file.is_file():
            _sampled(asked, manner, chosen, posed, shared, out, folders if manner.hierarchical else [file.parent])
            say(pace.done("the group" if manner.hierarchical else posed.batch[0].participant))
    return [json.loads((folder / FILE).read_text(encoding="utf-8")) for folder in folders]


def _sampled(
    asked: Asked, manner: Manner, chosen: Chosen, posed: Posed, shared: dict[str, Any], out: Path, folders: Sequence[Path]
) -> None:
    """Sample and write; the file that says that all is there comes last."""
    drawn = draw(asked, manner, posed)
    kept = inference_data(drawn.people, drawn.names, drawn.prior, drawn.posterior, drawn.ahead, asked.seed)
    folders[0].mkdir(parents=True, exist_ok=True)
    kept.to_netcdf(str(out / GROUP_DRAWS if manner.hierarchical else folders[0] / DRAWS), engine="h5netcdf")
    for person, folder, found in zip(posed.batch, folders, of_people(drawn), strict=True):
        who = {"participant": person.participant, "simulated": person.simulated, "options": chosen.options}
        (folder / FILE).unlink(missing_ok=True)  # of a group whose draws were lost with the run that was cut short
        write_json(folder / FILE, {**who, **shared, **found, **floors_of(chosen.learner, posed.people.contexts, person, asked.seed)})
    if manner.hierarchical:
        write_json(out / GROUP, {**shared, "options": chosen.options, **of_group(drawn)})


def pose(asked: Asked, chosen: Chosen, contexts: int, batch: Sequence[ParticipantTrials], priors: dict[str, list[float]]) -> Posed:
    """Some people as they are to be sampled.

    Raises:
        BadInput: an impossible fixed value or prior, or a person with fewer trials than parameters.
    """
    own = [_own(asked, chosen, person) for person in batch]
    people = gather(chosen.learner, contexts, [p.seen for p in batch], chosen.fixed, asked.free, own)
    for person, trials in zip(batch, people.counts, strict=True):
        if trials <= len(people.space.coordinates):
            raise BadInput(
                f"participant '{person.participant}': {trials} trials have an action, and learner '{chosen.learner.name}' has"
                f" {len(people.space.coordinates)} free parameters: fix some (--fix), or give more trials"
            )
    return Posed(batch, people, prior_of(people.space, priors))


def _own(asked: Asked, chosen: Chosen, person: ParticipantTrials) -> dict[str, Any]:
    """What is fixed for one person alone: where the first trials were."""
    with naming(person):
        return first_trials(chosen.learner, np.asarray(person.seen.action), asked.first_trials) if asked.first_trials else {}


def draw(asked: Asked, manner: Manner, posed: Posed) -> Drawn:
    """Sample some people together."""
    people, prior = posed.people, posed.prior
    posterior = sample(people, prior, manner.hierarchical, manner.sampling, time.perf_counter, manner.bar)
    names = tuple(person.participant for person in posed.batch)
    numbers = tuple(person.trial for person in posed.batch)
    return Drawn(people, names, numbers, prior, posterior, mixing(posterior), ahead(people, posterior, seed=asked.seed))


def read_priors(given: Sequence[str]) -> dict[str, list[float]]:
    """Priors by name, from ``NAME=MIDDLE,SD``.

    Raises:
        BadInput: it isn't of that form.
    """
    found = {}
    for text in given:
        name, numbers = split_setting("--prior", text)
        try:
            found[name] = [float(number) for number in numbers.split(",")]
        except ValueError:
            raise BadInput(f"--prior {text}: expected two numbers, such as retention=0.9,1") from None
    return found
