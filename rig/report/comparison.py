"""The report of a comparison, out of what ``twinrig compare`` wrote."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.fits import evidence, gains
from analysis.figures.style import svg
from protocols.errors import BadInput
from rig.models.compare import FILE, SHUFFLED
from rig.report.fits import Drawings
from rig.report.page import Banner, Card, Figure, Page, Section, Table


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
    return drawings


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _sections(kept: dict[str, Any], names: list[str], drawings: Drawings) -> list[Section]:
    gain = Figure(svg(drawings["gains"]), "Marks are people, dots means with 95 % intervals. Shuffled rewards have to lose.")
    bic = Figure(svg(drawings["evidence"]), "Dark: the person's best learner by BIC. Empty: 100 and more behind.")
    sections = [
        Section("Prediction", "Blocks that were not fitted, predicted from those before them.", (gain,)),
        Section("Evidence", "The whole record, parameters counted.", (bic,), (_over_people(kept["group"]),) if kept["group"] else ()),
        Section("Verdicts", tables=(_verdicts(kept),)),
    ]
    if any(person["looks"] for person in kept["participants"]):
        sections.append(Section("Looks", "The fitted learner practises freely, 100 times.", tables=(_looks(kept),)))
    return sections


def _over_people(group: dict[str, Any]) -> Table:
    rows = [
        (name, f"{row['frequency']:.2f}", f"{row['protected_exceedance']:.3f}", str(row["best_for"]), _interval(row["gain"]))
        for name, row in group["learners"].items()
    ]
    head = ("learner", "share of people", "protected exceedance", "best for", "gain (bits a trial)")
    return Table(head, rows, f"Probability that all learners are equally frequent: {group['omnibus_risk']:.3g}.")


def _interval(gain: dict[str, float]) -> str:
    return f"{gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"


def _verdicts(kept: dict[str, Any]) -> Table:
    return Table(("participant", "what has to be said"), [(p["participant"], "; ".join(p["verdict"])) for p in kept["participants"]])


def _looks(kept: dict[str, Any]) -> Table:
    rows, verdicts = [], []
    for person in kept["participants"]:
        for learner, some in person["looks"].items():
            for look in some:
                range_ = "n/a" if look["low"] is None else f"{look['low']:.3g} to {look['high']:.3g}"
                value = "n/a" if look["person"] is None else f"{look['person']:.3g}"
                rows.append((person["participant"], learner, look["name"], value, range_))
                verdicts.append("" if look["alike"] else "warn")
    return Table(("participant", "learner", "behaviour", "person", "95 % of runs"), rows, verdicts=verdicts)
