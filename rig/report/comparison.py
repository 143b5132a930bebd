"""The report of a comparison, out of what ``twinrig compare`` wrote."""

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.fits import Practised, action_words, evidence, gains, practised
from analysis.figures.style import svg
from protocols.errors import BadInput
from rig.models.compare import FILE, SHUFFLED
from rig.models.runs import read_result
from rig.report.comparison_tables import alike, estimates, explained, gains_of, looks, over_people, verdicts
from rig.report.fits import Drawings
from rig.report.page import Banner, Card, Figure, Page, Section

_NULL = (
    "The red line is the best floor. reward-shuffled: the same learner with the outcomes of other trials, which has to lose. Beyond a tenth"
    " of a bit, steps are factors of ten."
)
_GAIN = f"Marks are people, dots means with 95 % intervals. {_NULL}"
FEW = 3  # people whose behaviour is shown one by one


def is_comparison(folder: Path) -> bool:
    """Whether ``twinrig compare`` wrote this folder."""
    return (folder / FILE).is_file()


def comparison_page(folder: Path) -> tuple[Page, Drawings, dict[str, Any]]:
    """The page, its figures by name, and its numbers.

    Raises:
        BadInput: the file can't be read.
    """
    kept = read_result(folder / FILE, "compare")
    people, names = kept["participants"], _real(kept)
    if any("identifiable" not in row for person in people for row in person["learners"].values()):
        raise BadInput(f"{folder / FILE}: an earlier twinrig wrote this, and it says less than is reported now; compare again")
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
    drawings["gains"] = gains(list(people[0]["learners"]), *gains_of(people))
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
        drawings[f"practice-{action}"] = practised(panels, action_words(action))
    return drawings


def _sections(kept: dict[str, Any], names: list[str], drawings: Drawings) -> list[Section]:
    people, several = kept["participants"], len(kept["participants"]) > 1
    gain = Figure(svg(drawings["gains"]), _GAIN if several else f"Dots have 95 % intervals, from means of 20 trials. {_NULL}")
    bic = Figure(svg(drawings["evidence"]), "A row is a person. Dark: the best learner by BIC. Empty: 100 and more behind.")
    whole = "The whole record, parameters counted, and blocks that weren't fitted."
    sections = [
        Section("Verdicts", "What has to be said of the learner with the least BIC.", tables=(verdicts(people),)),
        Section("Evidence", whole, (bic,) if several else (), (explained(people),)),
        Section("Prediction", "Blocks that were not fitted, predicted from those before them.", (gain,)),
    ]
    if kept["group"]:
        sections.append(Section("People", "How frequent each learner is among people like these.", tables=(over_people(kept["group"]),)))
    sections.append(Section("Parameters", "Fitted to the whole record.", tables=(estimates(people, names),)))
    if any(person["looks"] for person in people):
        sections.append(_free_practice(kept, drawings))
    return [*sections, _doubted(people)]


def _free_practice(kept: dict[str, Any], drawings: Drawings) -> Section:
    caption = (
        "Dots: the person, means of stretches of trials. Line and band: median and 95 % of the runs of the learner that is named above the"
        " panel, the person's best by BIC of those that were asked for."
    )
    shown = tuple(Figure(svg(drawing), caption) for name, drawing in drawings.items() if name.startswith("practice-"))
    many = len(kept["participants"]) > FEW
    lead = "The fitted learner practises the person's trials freely, 100 times: it chooses by itself and earns by itself."
    return Section("Free practice", lead, shown, (alike(kept),) if many else (looks(kept),))


def _doubted(people: Sequence[dict[str, Any]]) -> Section:
    every = Counter((name, doubt) for person in people for name, doubts in person["doubts"].items() for doubt in doubts)
    whom = [f" ({count} of {len(people)} people)" if len(people) > 1 else "" for count in every.values()]
    notes = [f"{name}: {doubt}{of}" for (name, doubt), of in zip(every, whom, strict=True)]
    return Section("Doubts", "" if notes else "Nothing speaks against these fits but what no fit can know.", notes=tuple(notes))
