"""The report of a design, out of what ``twinrig design`` wrote: how many people, on which protocol, tell learners apart?"""

from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

from analysis.design import PEOPLE, STRONG, WANTED, Power
from analysis.figures.design import power_curves
from analysis.figures.style import svg
from rig.models.design import RESULT
from rig.models.runs import read_result
from rig.report.fits import Drawings
from rig.report.page import Banner, Card, Figure, Page, Section, Table


def is_design(folder: Path) -> bool:
    """Whether ``twinrig design`` wrote this folder."""
    return (folder / RESULT).is_file()


def design_page(folder: Path) -> tuple[Page, Drawings, dict[str, Any]]:
    """The page, its figures by name, and its numbers.

    Raises:
        BadInput: the file can't be read.
    """
    kept = read_result(folder / RESULT, "design")
    found = {name: [Power(**power) for power in some] for name, some in kept["powers"].items()}
    pairs = list(combinations(kept["learners"], 2))
    drawings = {f"power-{one}-{other}": power_curves(_of_pair(found, one, other)) for one, other in pairs}
    sections = [
        Section(f"{one} or {other}", _LEAD, (Figure(svg(drawings[f"power-{one}-{other}"]), _CAPTION),), (_fewest(kept, [one, other]),))
        for one, other in pairs
    ]
    page = Page(
        title=f"Design: {', '.join(kept['learners'])} told apart",
        subtitle=f"Protocols {', '.join(found)}; {kept['simulations']} simulated people of each kind",
        banners=[Banner("SIMULATED DATA throughout: this says what a study can tell, and nothing of people.")],
        facts=[
            ("Protocols", ", ".join(kept["protocols"])),
            ("Trials", ", ".join(map(str, kept["trials"]))),
            ("Starts", str(kept["starts"])),
            ("Seed", str(kept["seed"])),
        ],
        cards=[
            Card(_people(one), f"{one['protocol']}, {one['trials']} trials: {' or '.join(one['learners'])}")
            for one in kept["fewest_people"]
        ],
        sections=tuple(sections),
        version=version("twinrig"),
        made_from="what twinrig design wrote",
    )
    return page, drawings, {"fewest_people": kept["fewest_people"]}


_LEAD = (
    "People are simulated learners of the kind named above each panel. A study of one person decides where the evidence is above"
    f" {STRONG:g} nats, one of several where the 95 % interval of their mean evidence leaves out 0."
)
_CAPTION = f"Share of studies that find the learner which the people are. Dashed: {WANTED:.0%} of studies, which is what is asked for."


def _of_pair(found: dict[str, list[Power]], one: str, other: str) -> dict[str, list[Power]]:
    return {name: [power for power in some if {power.simulated, power.rival} == {one, other}] for name, some in found.items()}


def _fewest(kept: dict[str, Any], pair: list[str]) -> Table:
    rows = [(one["protocol"], str(one["trials"]), _people(one)) for one in kept["fewest_people"] if one["learners"] == pair]
    caption = f"The fewest people of whom {WANTED:.0%} of studies decide rightly, whichever of the two they are like."
    return Table(("protocol", "trials of each person", "people"), rows, caption)


def _people(one: dict[str, Any]) -> str:
    return f"{one['people']} people" if one["people"] else f"more than {PEOPLE[-1]}"
