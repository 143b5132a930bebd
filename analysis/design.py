"""How many trials, on which schedule, from how many people, tell two learners apart: power by simulation, before anybody is booked.

Each simulated person gives the evidence for the learner that he is over a rival: half the difference of their BICs, in nats. A study of one
person decides where that is above 3 ("strong", Raftery 1995); one of several where the mean's 95 % t interval leaves out 0. Studies are
drawn with replacement from the simulated people.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import t

STRONG = 3.0  # nats
STUDIES = 2000
PEOPLE = (1, 2, 3, 5, 8, 12, 16, 24, 32, 48)
WANTED = 0.9


class Power(NamedTuple):
    """How studies of so many people end whose people are like ``simulated``."""

    simulated: str
    rival: str
    trials: int
    people: int
    right: float  # share that finds ``simulated``
    wrong: float  # share that finds ``rival``


def evidence(sets: Sequence[Mapping[str, Any]], simulated: str, rival: str) -> Float[np.ndarray, " set"]:
    """Nats for the learner that made the data, over a rival, of each simulated person."""
    own = [one["fits"] for one in sets if one["simulated"] == simulated]
    return np.array([(fits[rival]["bic"] - fits[simulated]["bic"]) / 2 for fits in own])


def decided(gains: Float[np.ndarray, " set"], people: int, seed: int = 0) -> tuple[float, float]:
    """How often a study of so many people decides rightly, and wrongly."""
    if people == 1:
        return float(np.mean(gains > STRONG)), float(np.mean(gains < -STRONG))
    drawn = gains[np.random.default_rng([seed, people]).integers(len(gains), size=(STUDIES, people))]
    mean = drawn.mean(axis=1)
    half = t.ppf(0.975, people - 1) * drawn.std(axis=1, ddof=1) / np.sqrt(people)
    return float(np.mean(mean - half > 0)), float(np.mean(mean + half < 0))


def powers(sets: Sequence[Mapping[str, Any]], learners: Sequence[str], trials: int, seed: int = 0) -> list[Power]:
    """Of every pair of learners and number of people, at one number of trials."""
    found = []
    for simulated in learners:
        for rival in (name for name in learners if name != simulated):
            gains = evidence([one for one in sets if one["trials"] == trials], simulated, rival)
            found += [Power(simulated, rival, trials, people, *decided(gains, people, seed)) for people in PEOPLE]
    return found


def fewest(found: Sequence[Power], wanted: float = WANTED) -> int | None:
    """The fewest people of which a study decides rightly in ``wanted`` of cases, whichever learner of the pair they are like; None: more
    than were looked at."""
    enough = [people for people in PEOPLE if all(one.right >= wanted for one in found if one.people == people)]
    return min(enough, default=None)
