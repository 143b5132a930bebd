"""``twinrig fit --method bayes``: what was drawn as netCDF, and ``fit.json`` of each participant with how far to believe it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analysis.bayes.check import ahead
from analysis.bayes.judge import mixing
from analysis.bayes.people import gather
from analysis.bayes.prior import prior_of
from analysis.bayes.sampling import Sampling, sample
from analysis.bayes.store import inference_data
from analysis.fit.space import first_trials
from protocols.errors import BadInput
from protocols.load import load_protocol
from rig.models.bayes_result import Drawn, of_group, of_people
from rig.models.fits import FILE, Asked, Chosen, choose, floors_of, new_folder, told, write_json
from rig.models.learner_choice import targets_of
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


def bayes_tables(asked: Asked, manner: Manner, out: Path, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Fit every participant, or all as one group, and write what was found below ``out``, which must be new or empty.

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
    shared = {**told(asked, loaded), "method": "bayes", "hierarchical": manner.hierarchical, "sampling": manner.sampling._asdict()}
    new_folder(out)
    results: list[dict[str, Any]] = []
    for batch in [people] if manner.hierarchical else [[person] for person in people]:
        say(", ".join(person.participant for person in batch))
        drawn = draw(asked, manner, chosen, contexts, batch, priors)
        folders = [out / person.participant if len(people) > 1 else out for person in batch]
        for person, folder, found in zip(batch, folders, of_people(drawn), strict=True):
            who = {"participant": person.participant, "simulated": person.simulated, "options": chosen.options}
            results.append({**who, **shared, **found, **floors_of(chosen.learner, contexts, person, asked.seed)})
            write_json(folder / FILE, results[-1])
        if manner.hierarchical:
            write_json(out / GROUP, {**shared, "options": chosen.options, **of_group(drawn)})
        kept = inference_data(drawn.people, drawn.names, drawn.prior, drawn.posterior, drawn.ahead, asked.seed)
        kept.to_netcdf(str(out / GROUP_DRAWS if manner.hierarchical else folders[0] / DRAWS), engine="h5netcdf")
    return results


def draw(
    asked: Asked, manner: Manner, chosen: Chosen, contexts: int, batch: Sequence[ParticipantTrials], priors: dict[str, list[float]]
) -> Drawn:
    """Sample some people together.

    Raises:
        BadInput: an impossible fixed value or prior, or a person with fewer trials than parameters.
    """
    count = asked.first_trials
    own = [first_trials(chosen.learner, np.asarray(p.seen.action), count) if count else {} for p in batch]
    people = gather(chosen.learner, contexts, [p.seen for p in batch], chosen.fixed, asked.free, own)
    for person, trials in zip(batch, people.counts, strict=True):
        if trials <= len(people.space.coordinates):
            raise BadInput(
                f"participant '{person.participant}': {trials} trials have an action, and learner '{chosen.learner.name}' has"
                f" {len(people.space.coordinates)} free parameters: fix some (--fix), or give more trials"
            )
    prior = prior_of(people.space, priors)
    posterior = sample(people, prior, manner.hierarchical, manner.sampling, time.perf_counter, manner.bar)
    names = tuple(person.participant for person in batch)
    numbers = tuple(person.trial for person in batch)
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
