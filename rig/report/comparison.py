"""The report of a comparison, out of what ``twinrig compare`` wrote."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.fits import Practised, evidence, gains, practised
from analysis.figures.style import svg
from protocols.errors import BadInput
from protocols.records import TASKS, action_columns
from rig.models.compare import FILE, SHUFFLED
from rig.report.fits import Drawings
from rig.report.learning import label
from rig.report.page import Banner, Card, Figure, Page, Section, Table

_GAIN = (
    "Marks are people, dots means with 95 % intervals; the red line is each person's best floor. reward-shuffled: the same learner with the"
    " outcomes of other trials, which has to lose."
)
FEW = 3  # people whose behaviour is shown one by one


def is_comparison(folder: Path) -> bool:
    """Whether ``twinrig compare`` wrote this folder."""
    return (folder / FILE).is_file()


def comparison_page(folder: Path) -> tuple[Page, Drawings, dict[str, Any]]:
    """The page, its figures by name, and its numbers.

    Raises:
        BadInput: the file can't be read.
    """
    try:
        kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder / FILE}: can't be read as what twinrig compare wrote ({error}); compare again") from error
    people, names = kept["participants"], _real(kept)
    drawings = _drawings(kept, names)
    winners = [min(names, key=lambda name: person["learners"][name]["bic"]) for person in people]
    numbers = {"participants": len(people), "best_for": {name: winners.count(name) for name in names}}
    page = Page(
        title=f"{len(names)} learners on {len(people)} participants"
        if len(people) > 1
        else f"Learners compared on {people[0]['participant']}",
        subtitle=f"Protocol {kept['protocol']['name']}, {sum(person['n_trials'] for person in people)} trials with an action",
        banners=[Banner("SIMULATED DATA: these are not actions of a person.", "fail")] if any(p["simulated"] for p in people) else [],
        facts=[
            ("Learners", ", ".join(kept["learners"])),
            ("Tables", ", ".join(kept["tables"])),
            ("Columns", "; ".join([*kept["columns"], *kept["derives"]]) or "as they are"),
            ("Seed", str(kept["seed"])),
            ("Starts", str(kept["starts"])),
            ("Protocol hash", kept["protocol"]["hash"]),
        ],
        cards=[Card(f"{count} / {len(people)}", f"best BIC: {name}") for name, count in numbers["best_for"].items() if count],
        sections=tuple(_sections(kept, names, drawings)),
        version=version("twinrig"),
        made_from="what twinrig compare wrote",
    )
    return page, drawings, numbers


def _real(kept: dict[str, Any]) -> list[str]:
    return [name for name in kept["participants"][0]["learners"] if not name.startswith(SHUFFLED)]


def _drawings(kept: dict[str, Any], names: list[str]) -> Drawings:
    people = kept["participants"]
    bic = np.array([[person["learners"][name]["bic"] for name in names] for person in people], float)
    drawings = {"evidence": evidence(names, [person["participant"] for person in people], bic)}
    every = list(people[0]["learners"])
    each = np.array([[_number(person["learners"][name]["gain"]["mean"]) for name in every] for person in people])
    if kept["group"]:
        half = 1.96 * each.std(axis=0, ddof=1) / np.sqrt(len(people))
        low, high = each.mean(axis=0) - half, each.mean(axis=0) + half
    else:
        low, high = (np.array([_number(people[0]["learners"][name]["gain"][end]) for name in every]) for end in ("low", "high"))
    drawings["gains"] = gains(every, each.mean(axis=0), low, high, each)
    return drawings | _practice(kept)


def _practice(kept: dict[str, Any]) -> Drawings:
    """A figure for each action: everybody beside the learner, of those that were asked for, that is the best of them."""
    people = [person for person in kept["participants"] if person.get("courses")]
    if not people:
        return {}
    best = [min(kept["learners"], key=lambda name, one=one: one["learners"][name]["bic"]) for one in people]
    drawings = {}
    for action in people[0]["courses"][best[0]]:
        panels = []
        for one, learner in zip(people, best, strict=True):
            course = {key: np.array(values, float) for key, values in one["courses"][learner][action].items()}
            panels.append(Practised(f"{one['participant']}: {learner}", course.pop("last"), **course))
        drawings[f"practice-{action}"] = practised(panels, _axis(action))
    return drawings


def _axis(action: str) -> str:
    """An action's name with its unit."""
    return next(label(column) for task in TASKS for column in action_columns(task) if column.name == f"action_{action}")


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _sections(kept: dict[str, Any], names: list[str], drawings: Drawings) -> list[Section]:
    gain = Figure(svg(drawings["gains"]), _GAIN)
    bic = Figure(svg(drawings["evidence"]), "A row is a person. Dark: the best learner by BIC. Empty: 100 and more behind.")
    sections = [
        Section("Prediction", "Blocks that were not fitted, predicted from those before them.", (gain,)),
        Section("Evidence", "The whole record, parameters counted.", (bic,), (_over_people(kept["group"]),) if kept["group"] else ()),
        Section("Verdicts", tables=(_verdicts(kept),)),
    ]
    if any(person["looks"] for person in kept["participants"]):
        sections.append(_free_practice(kept, drawings))
    return sections


def _free_practice(kept: dict[str, Any], drawings: Drawings) -> Section:
    caption = (
        "Dots: the person, means of stretches of trials. Line and band: median and 95 % of the runs of the learner that is named above the"
        " panel, the person's best by BIC of those that were asked for."
    )
    shown = tuple(Figure(svg(drawing), caption) for name, drawing in drawings.items() if name.startswith("practice-"))
    many = len(kept["participants"]) > FEW
    lead = "The fitted learner practises the person's trials freely, 100 times: it chooses by itself and earns by itself."
    return Section("Free practice", lead, shown, (_alike(kept),) if many else (_looks(kept),))


def _alike(kept: dict[str, Any]) -> Table:
    """How many people lie within the range of each learner's runs."""
    people = [person for person in kept["participants"] if person["looks"]]
    rows = []
    for learner in kept["learners"]:
        for i, look in enumerate(people[0]["looks"][learner]):
            known = [one for one in (person["looks"][learner][i] for person in people) if None not in (one["person"], one["low"])]
            if known:
                rows.append((learner, look["name"], f"{sum(one['alike'] for one in known)} of {len(known)}"))
    caption = "Chance alone leaves 5 % of people outside. What each person's numbers are is in compare.json, under looks."
    return Table(("learner", "behaviour", "people within 95 % of the learner's runs"), rows, caption)


def _over_people(group: dict[str, Any]) -> Table:
    rows = [
        (name, f"{row['frequency']:.2f}", f"{row['protected_exceedance']:.3f}", str(row["best_for"]), _interval(row["gain"]))
        for name, row in group["learners"].items()
    ]
    head = ("learner", "share of people", "protected exceedance", "best for", "gain (bits a trial)")
    caption = (
        "Share of people: how frequent a learner is thought to be in the population. Protected exceedance: the probability that it is the"
        f" most frequent. Both allow for its being chance. That all are equally frequent has the probability {group['omnibus_risk']:.3g}."
    )
    return Table(head, rows, caption)


def _interval(gain: dict[str, float]) -> str:
    return f"{gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"


def _verdicts(kept: dict[str, Any]) -> Table:
    return Table(("participant", "what has to be said"), [(p["participant"], "; ".join(p["verdict"])) for p in kept["participants"]])


def _looks(kept: dict[str, Any]) -> Table:
    rows, verdicts = [], []
    for person in kept["participants"]:
        for learner, some in person["looks"].items():
            for look in (look for look in some if look["person"] is not None):
                range_ = "n/a" if look["low"] is None else f"{look['low']:.3g} to {look['high']:.3g}"
                rows.append((person["participant"], learner, look["name"], f"{look['person']:.3g}", range_))
                verdicts.append("" if look["alike"] else "warn")
    return Table(("participant", "learner", "behaviour", "person", "95 % of runs"), rows, verdicts=verdicts)
