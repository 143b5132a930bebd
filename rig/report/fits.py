"""The report of fits: one, several, or a group, out of what ``twinrig fit`` wrote."""

from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analysis.figures.fits import Belief, Found, beliefs, forest, ranks
from analysis.figures.style import Figure as Drawing
from analysis.figures.style import svg
from rig.models.bayes_fits import DRAWS, GROUP, GROUP_DRAWS
from rig.models.fits import FILE
from rig.models.runs import read_result
from rig.report.page import Banner, Card, Figure, Page, Section, Table

Drawings = dict[str, Drawing]  # by the name of their files


class Kept(NamedTuple):
    """What a folder holds."""

    fits: list[dict[str, Any]]
    group: dict[str, Any] | None
    draws: Path | None  # netCDF of the group, or of the only participant


def is_fit(folder: Path) -> bool:
    """Whether ``twinrig fit`` wrote this folder."""
    return (folder / FILE).is_file() or any(folder.glob(f"*/{FILE}"))


def read_fits(folder: Path) -> Kept:
    """What a folder of fits holds.

    Raises:
        BadInput: a file that can't be read.
    """
    files = [folder / FILE] if (folder / FILE).is_file() else sorted(folder.glob(f"*/{FILE}"), key=_numbered)
    group = folder / GROUP
    draws = [file for file in (folder / GROUP_DRAWS, folder / DRAWS) if file.is_file()]
    told = read_result(group, "fit") if group.is_file() else None
    return Kept([read_result(file, "fit") for file in files], told, draws[0] if draws else None)


def _numbered(file: Path) -> tuple[int, str]:
    """Participants in the order of their numbers."""
    name = file.parent.name
    return (int(name), "") if name.isdigit() else (0, name)


def fits_page(kept: Kept) -> tuple[Page, Drawings, dict[str, Any]]:
    """The page, its figures by name, and its numbers."""
    one, drawings = kept.fits[0], _drawings(kept)
    people = f"{len(kept.fits)} participants" if len(kept.fits) > 1 else str(one["participant"])
    numbers = {"learner": one["learner"], "method": one["method"], "participants": len(kept.fits), **_counted(kept)}
    page = Page(
        title=f"{one['learner']} fitted to {people}",
        subtitle=f"Protocol {one['protocol']['name']}, {sum(fit['n_trials'] for fit in kept.fits)} trials with an action",
        banners=_banners(kept),
        facts=_facts(one),
        cards=_cards(kept, numbers),
        sections=tuple(_sections(kept, drawings)),
        version=version("twinrig"),
        made_from="what twinrig fit wrote",
    )
    return page, drawings, numbers


def _counted(kept: Kept) -> dict[str, Any]:
    best = [max(fit["log_likelihood_floors"].values()) for fit in kept.fits]
    return {
        "above_floors": sum(fit["log_likelihood"] > floor for fit, floor in zip(kept.fits, best, strict=True)),
        "better_bic": sum(fit["bic"] < min(fit["bic_floors"].values()) for fit in kept.fits),
    }


def _banners(kept: Kept) -> list[Banner]:
    banners = []
    if any(fit["simulated"] for fit in kept.fits):
        banners.append(Banner("SIMULATED DATA: these are not actions of a person.", "fail"))
    if kept.group is not None:
        banners += [Banner(doubt, "fail") for doubt in kept.group["doubts"]]
    return banners


def _facts(fit: dict[str, Any]) -> list[tuple[str, str]]:
    how = fit["sampling"] if fit["method"] == "bayes" else {"starts": fit["starts"]}
    return [
        ("Learner", fit["learner"]),
        ("Options", ", ".join(f"{key} = {value}" for key, value in fit["options"].items()) or "as they are"),
        ("Method", {"ml": "maximum likelihood", "bayes": "draws from the posterior (NUTS)"}[fit["method"]]),
        ("How", ", ".join(f"{key} {value}" for key, value in how.items())),
        ("Seed", str(fit["seed"])),
        ("Tables", ", ".join(fit["tables"])),
        ("Columns", "; ".join([*fit["columns"], *fit["derives"]]) or "as they are"),
        ("Protocol hash", fit["protocol"]["hash"]),
    ]


def _cards(kept: Kept, numbers: dict[str, Any]) -> list[Card]:
    count = len(kept.fits)
    cards = [Card(f"{numbers['better_bic']} / {count}", "predicted better than all floors (BIC)", "" if numbers["better_bic"] else "warn")]
    if kept.group is not None:
        group = kept.group
        cards += [
            Card(f"{group['r_hat']:.4f}", "largest R-hat", "pass" if group["r_hat"] < 1.01 else "fail"),
            Card(f"{group['ess']:.0f}", "fewest effective draws", "pass" if group["ess"] > 400 else "fail"),
            Card(str(group["divergences"]), "divergences", "fail" if group["divergences"] else "pass"),
        ]
    return cards


def _drawings(kept: Kept) -> Drawings:
    drawings = {"parameters": forest(_found(kept), [fit["participant"] for fit in kept.fits])}
    if kept.draws is not None:
        import xarray

        with (
            xarray.open_dataset(kept.draws, group="posterior", engine="h5netcdf") as after,
            xarray.open_dataset(kept.draws, group="prior", engine="h5netcdf") as before,
        ):
            names = [name for name in _free(kept.fits[0]) if name in after]
            drawings["beliefs"] = beliefs([_belief(name, before, after, kept.group is not None) for name in names])
            worst, values = _worst(kept, after)
            drawings["chains"] = ranks(values, worst)
    return drawings


def _free(fit: dict[str, Any]) -> list[str]:
    return [name for name, found in fit["parameters"].items() if not found.get("fixed")]


def _found(kept: Kept) -> list[Found]:
    return [_one(kept, name) for name in _free(kept.fits[0])]


def _one(kept: Kept, name: str) -> Found:
    rows = [fit["parameters"][name] for fit in kept.fits]
    ends = np.array([[np.nan if end is None else end for end in row["interval"]] for row in rows], float)
    estimate = np.array([row["estimate"] for row in rows], float)
    group = None
    if kept.group is not None:
        middle = kept.group["parameters"][name]["median_person"]
        low, high = middle["interval"]
        group = (middle["estimate"], low, high)
    told = np.array([row["identifiable"] for row in rows], bool)
    return Found(name, _by_factors(estimate), estimate, ends[:, 0], ends[:, 1], told, group)


def _by_factors(values: np.ndarray) -> bool:
    """Whether values are better seen by their ratios: above 0, and over more than a factor of 5 (not shares, which end at 1)."""
    return bool(values.min() > 0 and values.max() > 5 * values.min() and not (values <= 1).all())


def _belief(name: str, before: Any, after: Any, group: bool) -> Belief:
    """Of the group's middle on its fitted scale where there is one, else of the person."""
    shown, scale = f"{name}.group_mean" if group else name, after[name].attrs.get("scale")
    old, new = before[shown].values.ravel(), after[shown].values.ravel()
    return Belief(name, f"{scale} of it" if group and scale in ("log", "logit") else "", scale == "log" and not group, old, new)


def _worst(kept: Kept, after: Any) -> tuple[str, np.ndarray]:
    """The parameter whose chains agree least."""
    told = {(fit["participant"], name): fit["parameters"][name]["r_hat"] or 1.0 for fit in kept.fits for name in _free(fit)}
    who, name = max(told, key=lambda key: told[key])
    return f"{name.partition('.')[0]} of {who}: R-hat {told[who, name]:.4f}", after[name].sel(participant=who).values


def _sections(kept: Kept, drawings: Drawings) -> list[Section]:
    figures = {name: svg(drawing) for name, drawing in drawings.items()}
    band = " The band is the median person of the group." if kept.group is not None else ""
    caption = f"Estimates with 95 % intervals, to the frame where they are open; hollow where the record doesn't tell the parameter.{band}"
    sections = [Section("Parameters", "", (Figure(figures["parameters"], caption),), (_parameters(kept),) if len(kept.fits) == 1 else ())]
    if kept.group is not None:
        sections.append(Section("Group", kept.group["verdict"][:1].upper() + kept.group["verdict"][1:] + ".", tables=(_group(kept.group),)))
    if "beliefs" in figures:
        scale = "of the group's middle, on the fitted scale" if kept.group is not None else "of each parameter"
        shown = (
            Figure(figures["beliefs"], f"Grey: what was believed {scale} before the record. Blue: after it."),
            Figure(figures["chains"], "The parameter whose chains agree least: its course, and the ranks of each chain's draws."),
        )
        sections.append(Section("Belief and chains", "", shown))
    return [
        *sections,
        Section("Floors", "Learners that know nothing of rewards or errors, on the same trials.", tables=(_floors(kept),)),
        *_checked(kept),
        _doubted(kept),
    ]


def _parameters(kept: Kept) -> Table:
    fit = kept.fits[0]
    searched = fit["method"] == "ml"
    rows, verdicts = [], []
    for name in _free(fit):
        found = fit["parameters"][name]
        low, high = ("open" if end is None else f"{end:.4g}" for end in found["interval"])
        more = f"{found['median']:.4g}" if searched else found["prior"]
        rows.append((name, f"{found['estimate']:.4g}", more, f"{low} to {high}", found.get("why", "told")))
        verdicts.append("" if found["identifiable"] else "warn")
    head = ("parameter", "estimate", "median" if searched else "prior", "95 %", "does the record tell it?")
    said = "The estimate makes the record most likely. The median, of all values weighed by how likely they make it, errs less."
    return Table(head, rows, said if searched else "", verdicts)


def _group(group: dict[str, Any]) -> Table:
    rows = []
    for name, found in group["parameters"].items():
        middle = found["median_person"]
        low, high = (f"{end:.4g}" for end in middle["interval"])
        mean, spread = found["group_mean"], found["group_sd"]
        rows.append(
            (
                name,
                f"{middle['estimate']:.4g} ({low} to {high})",
                f"{spread['estimate']:.2f} ({spread['interval'][0]:.2f} to {spread['interval'][1]:.2f}), {found['scale']}",
                f"{found['prior']}; SD {found['prior_sd']}",
                f"{max(mean['r_hat'] or 0, spread['r_hat'] or 0):.4f}",
                f"{min(mean['ess'], spread['ess']):.0f}",
            )
        )
    head = (
        "parameter",
        "median person (95 %)",
        "SD between people, fitted scale",
        "priors of the middle and of the SD",
        "R-hat",
        "effective draws",
    )
    return Table(head, rows)


def _floors(kept: Kept) -> Table:
    names = list(kept.fits[0]["log_likelihood_floors"])
    rows = [
        (fit["participant"], f"{fit['log_likelihood']:.1f}", f"{fit['bic']:.1f}", *(f"{fit['bic_floors'][name]:.1f}" for name in names))
        for fit in kept.fits
    ]
    verdicts = ["" if fit["bic"] < min(fit["bic_floors"].values()) else "warn" for fit in kept.fits]
    return Table(
        ("participant", "log-likelihood", "BIC", *(f"BIC {name}" for name in names)), rows, "Coloured: a floor does better.", verdicts
    )


def _checked(kept: Kept) -> list[Section]:
    if "checks" not in kept.fits[0]:
        return []
    rows, verdicts = [], []
    for fit in kept.fits:
        odd = [f"{check['name']}: {check['words']}" for check in fit["checks"] if check["words"]]
        rows.append((fit["participant"], f"{fit['coverage']['0.5']:.0%}", f"{fit['coverage']['0.95']:.0%}", "; ".join(odd) or "nothing"))
        verdicts.append("warn" if odd else "")
    head = ("participant", "actions within the middle 50 %", "within 95 %", "what replicates don't show")
    return [
        Section(
            "Predictive checks", "One step ahead, against replicates of the fitted learner.", tables=(Table(head, rows, verdicts=verdicts),)
        )
    ]


def _doubted(kept: Kept) -> Section:
    shared = kept.group["doubts"] if kept.group is not None else []
    whose: dict[str, list[str]] = {}
    for fit in kept.fits:
        for doubt in fit["doubts"]:
            whose.setdefault(doubt, []).append(fit["participant"])
    notes = [*shared, *(f"{', '.join(people)}: {doubt}" for doubt, people in whose.items() if doubt not in shared)]
    return Section("Doubts", "" if notes else "Nothing speaks against these fits but what no fit can know.", notes=tuple(notes))
