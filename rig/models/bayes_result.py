"""What was drawn, as ``fit.json`` and ``group.json`` say it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from analysis.bayes.check import Ahead, checks, coverage
from analysis.bayes.judge import Mixing, doubts, not_told, praise
from analysis.bayes.people import People, log_likelihood
from analysis.bayes.prior import Prior, words
from analysis.bayes.sampling import Posterior
from analysis.fit.soundness import Soundness, soundness
from rig.models.fits import fixed_values, of_soundness


class Drawn(NamedTuple):
    """All that came of some people who were sampled together."""

    people: People
    names: tuple[str, ...]
    numbers: tuple[Int[np.ndarray, " trial"], ...]  # of each person's trials
    prior: Prior
    posterior: Posterior
    mixing: Mixing
    ahead: Ahead


def of_people(drawn: Drawn) -> Iterator[dict[str, Any]]:
    """Each person's part of ``fit.json``. ``log_likelihood``, ``bic``, ``shift_growth`` and ``fault`` are those of the posterior mean."""
    people, space = drawn.people, drawn.people.space
    reasons = not_told(people, drawn.posterior)
    tables = [_parameters(drawn, place, why) for place, why in enumerate(reasons)]
    middle = np.array([space.unbounded([table[name]["estimate"] for name in space.names]) for table in tables])
    likelihood = np.asarray(log_likelihood(people)(jnp.asarray(middle)))
    for place, table in enumerate(tables):
        count, sound = int(people.counts[place]), _soundness(drawn, middle[place], place)
        yield {
            "learner": people.learner.name,
            "parameters": {**table, **fixed_values(space._replace(fixed=space.fixed | people.fixed_of(place)), people.learner)},
            "log_likelihood": float(likelihood[place]),
            "n_trials": count,
            "n_free": len(table),
            "bic": len(table) * float(np.log(count)) - 2 * float(likelihood[place]),
            "starts_at_best": None,
            **of_soundness(sound),
            "seconds": drawn.posterior.seconds,
            "divergences": drawn.mixing.divergences,
            "verdict": "; ".join(doubts(drawn.mixing)) or praise(drawn.mixing),
            "doubts": [*doubts(drawn.mixing), *sound.doubts(), *_weak(table)],
            "coverage": {str(share): coverage(drawn.ahead, place, share) for share in (0.5, 0.95)},
            "checks": [check._asdict() for check in checks(people, drawn.ahead, place)],
        }


def _parameters(drawn: Drawn, place: int, why: list[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for i, c in enumerate(drawn.people.space.coordinates):
        held = np.clip(drawn.posterior.x[:, :, place, i], *drawn.people.space.held[i])
        value = np.asarray(c.natural(held))
        found[c.name] = {
            "estimate": float(value.mean()),
            "sd": float(value.std()),
            "interval": np.quantile(value, [0.025, 0.975]).tolist(),
            "r_hat": float(drawn.mixing.r_hat[place, i]),
            "ess": float(drawn.mixing.ess[place, i]),
            "identifiable": why[i] == "",
            **({"why": why[i]} if why[i] else {}),
            "prior": words(c, drawn.prior.mean[i], drawn.prior.sd[i]),
        }
    return found


def _soundness(drawn: Drawn, x: np.ndarray, place: int) -> Soundness:
    people, numbers = drawn.people, drawn.numbers[place]
    trials = jax.tree.map(lambda column: column[place], people.trials)
    return soundness(people.learner, people.params(jnp.asarray(x), people.fixed_of(place)), people.contexts, trials, numbers)


def _weak(table: dict[str, dict[str, Any]]) -> list[str]:
    weak = [name for name, found in table.items() if not found["identifiable"]]
    return [f"this record doesn't tell {', '.join(weak)}"] if weak else []


def of_group(drawn: Drawn) -> dict[str, Any]:
    """The group's middle, and how far people are from it."""
    assert drawn.posterior.mean is not None and drawn.posterior.spread is not None
    rows = len(drawn.names)
    parameters = {}
    for i, c in enumerate(drawn.people.space.coordinates):
        mean, spread = drawn.posterior.mean[..., i], drawn.posterior.spread[..., i]
        ends = np.quantile(mean, [0.025, 0.5, 0.975])
        parameters[c.name] = {
            "scale": c.kind,
            "median_person": {"estimate": float(c.natural(ends[1])), "interval": [float(c.natural(end)) for end in ends[[0, 2]]]},
            "group_mean": _drawn(mean, drawn.mixing, rows, i),
            "group_sd": _drawn(spread, drawn.mixing, rows + 1, i),
            "prior": words(c, drawn.prior.mean[i], drawn.prior.sd[i]),
            "prior_sd": f"half-normal, scale {drawn.prior.between[i]:.3g}",
        }
    return {
        "participants": list(drawn.names),
        "learner": drawn.people.learner.name,
        "parameters": parameters,
        "n_trials": int(drawn.people.counts.sum()),
        "seconds": drawn.posterior.seconds,
        "r_hat": drawn.mixing.worst,
        "ess": float(drawn.mixing.ess.min()),
        "divergences": drawn.mixing.divergences,
        "steps": float(drawn.posterior.stats["n_steps"].mean()),
        "verdict": "; ".join(doubts(drawn.mixing)) or praise(drawn.mixing),
        "doubts": doubts(drawn.mixing),
    }


def _drawn(value: np.ndarray, mixing: Mixing, row: int, i: int) -> dict[str, Any]:
    """Fitted scale."""
    interval = np.quantile(value, [0.025, 0.975]).tolist()
    return {
        "estimate": float(value.mean()),
        "sd": float(value.std()),
        "interval": interval,
        "r_hat": float(mixing.r_hat[row, i]),
        "ess": float(mixing.ess[row, i]),
    }
