"""The report of a recovery, out of what ``twinrig recover`` wrote: does the protocol tell parameters and learners?"""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures.recovery import matrix, scatter, trade_offs
from analysis.figures.style import svg
from rig.models.recovery import RESULT, SETS
from rig.models.runs import kept_lines, read_result
from rig.report.fits import Drawings
from rig.report.page import Banner, Card, Figure, Page, Section, Table

TELLS = 0.9  # r from which a parameter is called recovered
_CLAIMED = 0.9  # coverage below which intervals are called too narrow


def is_recovery(folder: Path) -> bool:
    """Whether ``twinrig recover`` wrote this folder."""
    return (folder / RESULT).is_file()


def recovery_page(folder: Path) -> tuple[Page, Drawings, dict[str, Any]]:
    """The page, its figures by name, and its numbers.

    Raises:
        BadInput: the file can't be read.
    """
    kept = read_result(folder / RESULT, "recover")
    sets = list(kept_lines(folder / SETS))
    sections, drawings = [], {}
    for trials, found in kept["results"].items():
        own = [one for one in sets if one["trials"] == int(trials)]
        made = [_models(kept["learners"], trials, found)] if "confusion" in found else []
        made += [_parameters(name, trials, found["parameters"][name], own) for name in kept["learners"]]
        sections += [section for section, _ in made]
        drawings |= {name: drawing for _, some in made for name, drawing in some.items()}
    page = Page(
        title=f"Recovery of {', '.join(kept['learners'])}",
        subtitle=f"Protocol {kept['protocol']}: learners with known parameters practise it, and are fitted as people are",
        banners=[Banner("SIMULATED DATA throughout: this says what the protocol can tell, and nothing of people.")],
        facts=_facts(kept),
        cards=_cards(kept),
        sections=tuple(sections),
        version=version("twinrig"),
        made_from="what twinrig recover wrote",
    )
    return page, drawings, {"learners": kept["learners"], "trials": kept["trials"], "sets": len(sets)}


def _facts(kept: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Protocol", kept["protocol"]),
        ("Trials", ", ".join(map(str, kept["trials"]))),
        ("Data sets", f"{kept['simulations']} of each learner and number of trials"),
        ("Fixed", ", ".join(kept["fix"]) or "nothing"),
        ("Starts", str(kept["starts"])),
        ("Seed", str(kept["seed"])),
    ]


def _cards(kept: dict[str, Any]) -> list[Card]:
    cards = []
    for trials, found in kept["results"].items():
        if "confusion" in found:
            right = float(np.mean(np.diagonal(found["confusion"])))
            cards.append(Card(f"{right:.0%}", f"recognised as what they are, {trials} trials"))
        for name, summary in found["parameters"].items():
            told = [values["r"] is not None and values["r"] >= TELLS for values in summary["parameters"].values()]
            cards.append(Card(f"{sum(told)} / {len(told)}", f"parameters of {name} with r from {TELLS}, {trials} trials"))
    return cards


def _models(names: list[str], trials: str, found: dict[str, Any]) -> tuple[Section, Drawings]:
    given, inverse = (np.array(found[key], float) for key in ("confusion", "inversion"))
    drawings = {
        f"confusion-{trials}": matrix(given, names, names, "p(fit | simulated)", "simulated", "fitted"),
        f"inversion-{trials}": matrix(inverse, names, names, "p(simulated | fit)", "simulated", "fitted"),
    }
    captions = (
        "Each row: of the records that this learner made, the share of which the learner below has the least BIC.",
        "Each column: where this learner has won, how likely it is that the learner at the left made the record. n/a: it never won.",
    )
    shown = tuple(Figure(svg(drawing), caption, small=True) for drawing, caption in zip(drawings.values(), captions, strict=True))
    return Section(f"Who is taken for whom, {trials} trials", "The diagonal should be near 1.", shown), drawings


def _parameters(name: str, trials: str, summary: dict[str, Any], sets: list[dict[str, Any]]) -> tuple[Section, Drawings]:
    drawings = {f"parameters-{name}-{trials}": scatter([one for one in sets if one["simulated"] == name], name, summary)}
    shown = [
        Figure(
            svg(drawings[f"parameters-{name}-{trials}"]),
            "Each mark is a data set; the line is where estimate and truth are equal. Hollow: the fit itself says that the record doesn't"
            " tell the parameter. Triangles: estimates beyond the frame.",
        )
    ]
    if summary["trade_offs"] is not None and len(summary["parameters"]) > 1:
        drawing = trade_offs(list(summary["parameters"]), np.array(summary["trade_offs"], float))
        drawings[f"trade-offs-{name}-{trials}"] = drawing
        shown.append(Figure(svg(drawing), "Parameters whose errors go together can take each other's place: fix one of them.", small=True))
    lead = f"{summary['sets']} data sets; the best optimum was found in {summary['best_found']:.0%} of them."
    return Section(f"{name}, {trials} trials", lead, tuple(shown), (_table(summary),)), drawings


def _table(summary: dict[str, Any]) -> Table:
    head = ("parameter", "truths", "r", "r of medians", "bias", "RMSE", "95 % intervals hold the truth", "fit says that it is told")
    rows, verdicts = [], []
    for name, values in summary["parameters"].items():
        low, high = values["range"]
        r, median, covered = ("n/a" if values[key] is None else f"{values[key]:.2f}" for key in ("r", "r_median", "coverage"))
        sizes = (f"{values['bias']:+.2f}", f"{values['rmse']:.2f} ({values['scale']})")
        rows.append((name, f"{low:.3g} to {high:.3g}", r, median, *sizes, covered, f"{values['identifiable']:.0%}"))
        weak = values["r"] is None or values["r"] < TELLS or (values["coverage"] or 0) < _CLAIMED
        verdicts.append("warn" if weak else "")
    caption = (
        f"r, bias and RMSE on the fitted scale: 0.1 of a log is 10 %. Coloured: r below {TELLS}, or intervals that hold the truth in less"
        f" than {_CLAIMED:.0%}."
    )
    return Table(head, rows, caption, verdicts)
