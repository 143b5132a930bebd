"""Did the chains find the posterior, and does the record say anything: R-hat, effective draws, divergences, in numbers and in words.

R-hat and effective sizes are rank-normalised (Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021), of split chains, as arviz computes them.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.bayes.people import People
from analysis.bayes.sampling import DEEPEST, Posterior
from analysis.fit.certainty import widest

R_HAT, ESS, ENERGY = 1.01, 400, 0.3  # what has to be kept (docs/explanation/fitting.md; energy: Betancourt 2016)
_ADDS = 0.9  # SD of a person's parameter, in SDs between people, above which the record adds nothing to what the group says


class Mixing(NamedTuple):
    """Of what was drawn: each person's coordinates, then, for a group, its middle and its spread."""

    r_hat: Float[np.ndarray, "row free"]
    ess: Float[np.ndarray, "row free"]  # the smaller of bulk and tail
    divergences: int
    cut_off: int  # trajectories that were ended by their depth
    energy: Float[np.ndarray, " chain"]  # fraction of missing information; small is bad

    @property
    def worst(self) -> float:
        """The largest R-hat; NaN where a single chain has none."""
        return float(np.max(self.r_hat))


def mixing(posterior: Posterior) -> Mixing:
    """How well the chains mixed."""
    import xarray

    az = arviz()
    rows = posterior.x if posterior.mean is None else np.concatenate([posterior.x, posterior.group], axis=2)
    drawn = xarray.Dataset({"x": (("chain", "draw", "row", "free"), rows)})
    ess = [az.ess(drawn, method=method)["x"].values for method in ("bulk", "tail")]
    stats = posterior.stats
    return Mixing(
        r_hat=az.rhat(drawn)["x"].values if rows.shape[0] > 1 else np.full(rows.shape[2:], np.nan),
        ess=np.minimum(*ess),
        divergences=int(stats["diverging"].sum()),
        cut_off=int((stats["n_steps"] >= 2**DEEPEST - 1).sum()),
        energy=np.square(np.diff(stats["energy"], axis=1)).mean(axis=1) / stats["energy"].var(axis=1),
    )


def arviz() -> Any:
    """The module, without what it says of its own future."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz as az
    return az


def doubts(found: Mixing) -> list[str]:
    """What speaks against the draws, in words; nothing where they can be trusted."""
    said = []
    if np.isnan(found.worst):
        said.append("one chain can't show that it has found everything: take at least two (--chains)")
    elif not found.worst < R_HAT:
        said.append(f"the chains don't agree (R-hat up to {found.worst:.3f}, expected below {R_HAT}): more --warmup and --draws")
    if not np.min(found.ess) > ESS:
        said.append(f"the draws are worth as few as {np.min(found.ess):.0f} independent ones, expected above {ESS}: more --draws")
    if found.divergences:
        said.append(f"{found.divergences} trajectories diverged: a corner of the posterior may be missing; fix or free fewer parameters")
    if found.cut_off:
        said.append(f"{found.cut_off} trajectories were cut off at {2**DEEPEST - 1} steps: parameters may take each other's place")
    if not np.min(found.energy) > ENERGY:
        said.append(f"the chains hardly move between energies ({np.min(found.energy):.2f}, expected above {ENERGY}): tails may be missing")
    return said


def praise(found: Mixing) -> str:
    """The same for draws that can be trusted."""
    return (
        f"R-hat at most {found.worst:.4f}, at least {np.min(found.ess):.0f} effective draws of every parameter, "
        f"{found.divergences} divergences"
    )


def not_told(people: People, posterior: Posterior) -> list[list[str]]:
    """Of each person and coordinate, why the record doesn't tell it; "" where it does."""
    low, high = np.quantile(posterior.x, [0.025, 0.975], axis=(0, 1))
    wide = high - low > 2 * widest(people.space)
    own = posterior.x.std(axis=(0, 1))
    group = np.zeros_like(wide) if posterior.spread is None else own > _ADDS * posterior.spread.mean(axis=(0, 1))
    said = np.select([wide, group], ["the 95 % interval is wide", "the record adds nothing to what the group says"], "")
    return said.tolist()
