"""The tables of a comparison's report: who explains the record, by which parameters, and who behaves like the person."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.fit.fit import FLOORS
from rig.models.compare import SHUFFLED
from rig.report.page import Table

SUMMED = "log_likelihood", "bic"


class Gains(NamedTuple):
    """Bits a trial over the best floor, on blocks that weren't fitted; NaN where there is no interval."""

    mean: Float[np.ndarray, " learner"]
    low: Float[np.ndarray, " learner"]
    high: Float[np.ndarray, " learner"]
    each: Float[np.ndarray, "person learner"]


def gains_of(people: Sequence[dict[str, Any]]) -> Gains:
    """Of every learner; the interval is over people, or over the trials of the only one."""
    found = [[person["learners"][name]["gain"] for name in people[0]["learners"]] for person in people]
    each = np.array([[gain["mean"] for gain in row] for row in found], float)  # null is NaN
    mean = each.mean(axis=0)
    if len(people) == 1:
        low, high = (np.array([gain[end] for gain in found[0]], float) for end in ("low", "high"))
        return Gains(mean, low, high, each)
    half = 1.96 * each.std(axis=0, ddof=1) / np.sqrt(len(people))
    return Gains(mean, mean - half, mean + half, each)


def explained(people: Sequence[dict[str, Any]]) -> Table:
    """Each learner's figures, summed over people, the least BIC first."""
    gains = gains_of(people)
    names = list(people[0]["learners"])
    height, bic = (np.sum([[person["learners"][name][what] for name in names] for person in people], axis=0) for what in SUMMED)
    rows = [
        (
            names[i],
            _kind(names[i]),
            str(people[0]["learners"][names[i]]["n_free"]),
            f"{height[i]:.1f}",
            f"{bic[i]:.1f}",
            f"{bic[i] - bic.min():.1f}",
            _interval(*(float(ends[i]) for ends in gains[:3])),
        )
        for i in np.argsort(bic, kind="stable")
    ]
    head = (
        "learner",
        "what it is",
        "free parameters",
        "log-likelihood",
        "BIC",
        "above the least",
        "gain on other blocks, bits a trial (95 %)",
    )
    first = {"learner": "pass", "null": "warn"}.get(rows[0][1], "")
    return Table(head, rows, _said_of(people), [first, *[""] * (len(rows) - 1)])


def _kind(name: str) -> str:
    return "null" if name.startswith(SHUFFLED) else "floor" if name in FLOORS else "learner"


def _said_of(people: Sequence[dict[str, Any]]) -> str:
    floors = sorted({row["floor"] for person in people for row in person["learners"].values()})
    over = f"Log-likelihood and BIC are sums over {len(people)} people, each with parameters of their own. " if len(people) > 1 else ""
    return (
        f"{over}A BIC that is 10 smaller is strong evidence. The gain is over the floor that predicts best ({', '.join(floors)}),"
        " on blocks that weren't fitted: where its interval reaches 0, nothing was gained. A floor knows nothing of rewards or errors;"
        " a null is the learner with the outcomes of other trials, and has to lose."
    )


def _interval(mean: float, low: float, high: float) -> str:
    return f"{mean:+.3f} ({low:+.3f} to {high:+.3f})" if np.isfinite([low, high]).all() else f"{mean:+.3f}"


def estimates(people: Sequence[dict[str, Any]], names: Sequence[str]) -> Table:
    """The fitted parameters of each learner: of the only person with intervals, of several their middle and spread."""
    asked = [(name, parameter) for name in names for parameter in people[0]["learners"][name]["estimates"]]
    rows = [_estimate([person["learners"][name] for person in people], name, parameter) for name, parameter in asked]
    told = [row[-1] not in ("no", f"0 of {len(people)}") for row in rows]
    spread = "95 %" if len(people) == 1 else "middle half of people"
    head = ("learner", "parameter", "estimate" if len(people) == 1 else "median", spread, "does the record tell it?")
    said = "Coloured: not told, so not to be interpreted."
    return Table(head, rows, said, ["" if each else "warn" for each in told])


def _estimate(each: Sequence[dict[str, Any]], name: str, parameter: str) -> tuple[str, ...]:
    told = [one["identifiable"][parameter] for one in each]
    if len(each) == 1:
        low, high = ("open" if end is None else f"{end:.4g}" for end in each[0]["intervals"][parameter])
        return name, parameter, f"{each[0]['estimates'][parameter]:.4g}", f"{low} to {high}", "yes" if told[0] else "no"
    low, middle, high = np.quantile([one["estimates"][parameter] for one in each], [0.25, 0.5, 0.75])
    return name, parameter, f"{middle:.4g}", f"{low:.4g} to {high:.4g}", f"{sum(told)} of {len(each)}"


def over_people(group: dict[str, Any]) -> Table:
    """How frequent each learner is among people."""
    rows = [
        (name, f"{row['frequency']:.2f}", f"{row['protected_exceedance']:.3f}", str(row["best_for"]))
        for name, row in group["learners"].items()
    ]
    caption = (
        "Share of people: how frequent a learner is thought to be in the population. Protected exceedance: the probability that it is the"
        f" most frequent. Both allow for its being chance. That all are equally frequent has the probability {group['omnibus_risk']:.3g}."
    )
    return Table(("learner", "share of people", "protected exceedance", "least BIC for"), rows, caption)


def verdicts(people: Sequence[dict[str, Any]]) -> Table:
    """What has to be said of each person's winner."""
    return Table(("participant", "what has to be said"), [(p["participant"], "; ".join(p["verdict"])) for p in people])


def alike(kept: dict[str, Any]) -> Table:
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


def looks(kept: dict[str, Any]) -> Table:
    """Each person's behaviour beside that of the fitted learner's free runs; coloured where it isn't among them."""
    rows, colours = [], []
    for person in kept["participants"]:
        for learner, some in person["looks"].items():
            for look in (look for look in some if look["person"] is not None):
                range_ = "n/a" if look["low"] is None else f"{look['low']:.3g} to {look['high']:.3g}"
                rows.append((person["participant"], learner, look["name"], f"{look['person']:.3g}", range_))
                colours.append("" if look["alike"] else "warn")
    return Table(("participant", "learner", "behaviour", "person", "95 % of runs"), rows, verdicts=colours)
