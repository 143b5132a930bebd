"""``twinrig design``: several protocols and numbers of trials, practised by learners that are to be told apart."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from analysis.design import Power, fewest, powers
from analysis.figures.design import power_curves
from analysis.figures.style import save
from protocols.errors import BadInput
from protocols.load import load_protocol
from rig.models import recovery
from rig.models.runs import finite, write_json
from rig.models.scheduler import check

RESULT = "design.json"


class Asked(NamedTuple):
    """What is to be told apart where."""

    protocols: tuple[str, ...]
    learners: tuple[str, ...]
    trials: tuple[int, ...]
    simulations: int
    seed: int
    starts: int


def design(
    asked: Asked, out: Path, workers: int, scheduler: str | None, show: Callable[[Iterator[Any], int, str], list[Any]]
) -> dict[str, Any]:
    """Simulate, fit and sum up; an interrupted run goes on where it stopped. ``show`` passes results on, with progress.

    Raises:
        BadInput: as loading the protocols and choosing the learners do, or a folder that holds something else.
    """
    names = _names(asked.protocols)
    studies = {name: _study(asked, protocol) for name, protocol in zip(names, asked.protocols, strict=True)}
    for study in studies.values():
        for learner in asked.learners:
            recovery.study_of(study, learner, asked.trials[0])  # what is wrong is said before any work
    check(scheduler)
    if (out / RESULT).exists():
        raise BadInput(f"--out {out}: this run is finished; name a new folder")
    found = {}
    for name, study in studies.items():
        done = recovery.open_folder(study, out / name)
        waiting = [job for job in recovery.jobs_of(study) if job not in done]
        sets = [*done.values(), *show(recovery.compute(study, waiting, out / name, workers, scheduler), len(waiting), name)]
        ordered = sorted(sets, key=lambda one: (one["trials"], one["simulated"], one["index"]))
        found[name] = [power for trials in asked.trials for power in powers(ordered, asked.learners, trials, asked.seed)]
    for one, other in combinations(asked.learners, 2):
        save(power_curves({name: _pair(list(some), one, other) for name, some in found.items()}), out / f"power-{one}-{other}")
    result = {
        **asked._asdict(),
        "powers": {name: [power._asdict() for power in some] for name, some in found.items()},
        "fewest_people": [
            _fewest(name, some, trials, pair)
            for name, some in found.items()
            for trials in asked.trials
            for pair in combinations(asked.learners, 2)
        ],
    }
    write_json(out / RESULT, result)
    return finite(result)


def _names(protocols: Sequence[str]) -> list[str]:
    names = [load_protocol(protocol).path.stem for protocol in protocols]
    if len(set(names)) < len(names):
        raise BadInput(f"{', '.join(protocols)}: two protocols have the same file name; rename one")
    return names


def _study(asked: Asked, protocol: str) -> recovery.Asked:
    return recovery.Asked(protocol, asked.learners, asked.trials, asked.simulations, asked.seed, (), asked.starts)


def _pair(found: Sequence[Power], one: str, other: str) -> list[Power]:
    return [power for power in found if {power.simulated, power.rival} == {one, other}]


def _fewest(protocol: str, found: Sequence[Power], trials: int, pair: tuple[str, str]) -> dict[str, Any]:
    mine = [power for power in _pair(found, *pair) if power.trials == trials]
    return {"protocol": protocol, "trials": trials, "learners": list(pair), "people": fewest(mine)}
