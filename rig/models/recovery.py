"""``twinrig recover``: many data sets over worker processes, kept one by one, so that an interrupted run goes on where it stopped."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analysis.fit.fit import Plan
from analysis.recovery import Study, Truth, confusion, recover_one, summarise, truths_of
from analysis.simulate import stack_course
from protocols.course import course_of
from protocols.errors import BadInput
from protocols.lint import first_condition
from protocols.load import load_protocol
from protocols.tasks import make_task
from rig.models.fits import choose
from rig.models.learner_choice import named_choice, targets_of
from rig.models.runs import finite, keeping, kept_lines, open_run, write_json
from rig.models.scheduler import spread
from rig.tables.derive import split_setting

SETS, RESULT = "sets.jsonl", "recovery.json"


class Asked(NamedTuple):
    """What is asked for; the number of workers isn't in it, for nothing depends on it."""

    protocol: str
    learners: tuple[str, ...]
    trials: tuple[int, ...]
    simulations: int
    seed: int
    fix: tuple[str, ...]
    starts: int
    ranges: tuple[str, ...] = ()  # of true parameters: NAME=LOW,HIGH


class Job(NamedTuple):
    """One data set, by its place among all."""

    learner: str
    trials: int
    index: int


def jobs_of(asked: Asked) -> list[Job]:
    """All data sets."""
    return [Job(name, trials, index) for trials in asked.trials for name in asked.learners for index in range(asked.simulations)]


@lru_cache(maxsize=32)
def study_of(asked: Asked, name: str, trials: int) -> Study:
    """A learner's practice of the protocol, and how it is fitted. Settings that a learner hasn't are left out where several compete.

    Raises:
        BadInput: as loading the protocol and choosing the learner do.
    """
    loaded = load_protocol(asked.protocol)
    task = make_task(loaded.protocol)
    fix = asked.fix if len(asked.learners) == 1 else ()
    chosen = choose(name, fix, loaded)
    settings = [f"{key}={value}" for key, value in chosen.options.items()]
    values = named_choice(loaded.protocol, task, loaded.path.parent, name, settings).values
    course = course_of(loaded.protocol, first_condition(loaded.protocol), asked.seed, trials)
    targets = targets_of(loaded.protocol)
    usual = {key: value for key, value in values.items() if key.partition(".")[0] not in chosen.fixed}
    plan = Plan(chosen.learner, len(targets), chosen.fixed, (), asked.starts, asked.seed)
    return Study(task, stack_course([s.trial for s in course], [s.rule for s in course]), targets, chosen.learner, usual, plan)


@lru_cache(maxsize=32)
def truth_of(asked: Asked, name: str, trials: int) -> Truth:
    """Where the truths of a learner's data sets lie: one practice says so for all of them.

    Raises:
        BadInput: a range that can't be read, or that no truth can be drawn from.
    """
    return truths_of(study_of(asked, name, trials), ranges=dict(map(_range, asked.ranges)))


def _range(setting: str) -> tuple[str, tuple[float, float]]:
    name, value = split_setting("--range", setting)
    try:
        low, high = map(float, value.split(","))
    except ValueError:
        raise BadInput(f"--range {setting}: expected NAME=LOW,HIGH, such as alpha_mean=0.05,0.5") from None
    return name, (low, high)


def check_asked(asked: Asked) -> None:
    """Find what is wrong before any work.

    Raises:
        BadInput: as ``study_of`` and ``truth_of`` do, a range that is given twice, or one of a parameter that no learner fits.
    """
    known = [truth_of(asked, name, asked.trials[0]).space.names for name in asked.learners]
    names = [_range(setting)[0] for setting in asked.ranges]
    for name in names:
        if not any(name in own for own in known):
            some = ", ".join(sorted({one for own in known for one in own}))
            raise BadInput(f"--range {name}: no such parameter is fitted; there are {some}")
        if names.count(name) > 1:
            raise BadInput(f"--range {name}: the range is given twice")


def run_job(asked: Asked, job: Job) -> dict[str, Any]:
    """One data set, whoever computes it."""
    rivals = {name: study_of(asked, name, job.trials).plan for name in asked.learners}
    number = 1_000_000 * asked.learners.index(job.learner) + job.index  # each learner has truths of its own
    own = asked, job.learner, job.trials
    found = recover_one(study_of(*own), truth_of(*own), rivals, asked.seed, number)
    return finite({"simulated": job.learner, "trials": job.trials, "index": job.index, **found})


def open_folder(asked: Asked, out: Path) -> dict[Job, dict[str, Any]]:
    """What an earlier run of the same has left in the folder; a new folder is made.

    Raises:
        BadInput: the folder holds something else, or a run that is finished; or it is none.
    """
    open_run(out, asked._asdict(), lambda: (out / RESULT).exists())
    return {Job(one["simulated"], one["trials"], one["index"]): one for one in kept_lines(out / SETS)}


def compute(asked: Asked, jobs: Sequence[Job], out: Path, workers: int, scheduler: str | None = None) -> Iterator[dict[str, Any]]:
    """The data sets as they are done, each kept before it is given."""
    with keeping(out / SETS) as keep:
        for _, one in spread(run_job, [(asked, job) for job in jobs], workers, scheduler):
            keep(one)
            yield one


def conclude(asked: Asked, sets: Sequence[dict[str, Any]], out: Path) -> dict[str, Any]:
    """Summaries by number of trials, tables and figures."""
    ordered = sorted(sets, key=lambda one: (one["trials"], asked.learners.index(one["simulated"]), one["index"]))
    by_trials = {
        str(trials): _of_trials(asked, [one for one in ordered if one["trials"] == trials], trials, out) for trials in asked.trials
    }
    result = {**asked._asdict(), "results": by_trials}
    write_json(out / RESULT, result)
    return finite(result)


def _of_trials(asked: Asked, sets: Sequence[dict[str, Any]], trials: int, out: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"parameters": {}}
    for name in asked.learners:
        truth = truth_of(asked, name, trials)
        own = [one for one in sets if one["simulated"] == name]
        found["parameters"][name] = summarise(own, name, truth)
        _draw_parameters(own, name, truth, found["parameters"][name], out, trials)
    if len(asked.learners) > 1:
        given, inverse = confusion(sets, list(asked.learners))
        found["confusion"], found["inversion"] = given.tolist(), inverse.tolist()
        _draw_models(asked, given, inverse, out, trials)
    return found


def _draw_parameters(own: Sequence[dict[str, Any]], name: str, truth: Truth, summary: dict[str, Any], out: Path, trials: int) -> None:
    from analysis.figures.recovery import scatter, trade_offs
    from analysis.figures.style import save

    save(scatter(own, name, summary), out / f"parameters-{name}-{trials}")
    if summary["trade_offs"] is not None and len(truth.space.names) > 1:
        save(trade_offs(truth.space.names, np.array(summary["trade_offs"])), out / f"trade-offs-{name}-{trials}")
    lines = ["\t".join(["parameter", *next(iter(summary["parameters"].values()))])]
    for parameter, values in summary["parameters"].items():
        lines.append("\t".join([parameter, *("n/a" if value is None else str(value) for value in values.values())]))
    # like the figures it follows from what is kept, so a run that was cut short while it drew writes the same again
    (out / f"parameters-{name}-{trials}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _draw_models(asked: Asked, given: np.ndarray, inverse: np.ndarray, out: Path, trials: int) -> None:
    from analysis.figures.recovery import matrix
    from analysis.figures.style import save

    names = asked.learners
    save(matrix(given, names, names, "p(fit | simulated)", "simulated", "fitted"), out / f"confusion-{trials}")
    save(matrix(inverse, names, names, "p(simulated | fit)", "simulated", "fitted"), out / f"inversion-{trials}")
