"""What was drawn as arviz knows it: ``InferenceData`` with parameters by name in natural units, ready for a netCDF file."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from analysis.bayes.check import Ahead
from analysis.bayes.judge import arviz
from analysis.bayes.people import People
from analysis.bayes.prior import Prior
from analysis.bayes.sampling import Posterior, from_prior

PRIOR_DRAWS = 2000


def inference_data(people: People, names: Sequence[str], prior: Prior, posterior: Posterior, found: Ahead, seed: int) -> Any:
    """All groups: posterior, sample_stats, prior, posterior_predictive (one step ahead), observed_data.

    A person's parameters have a dimension ``participant`` and natural units. A group's ``NAME.group_mean`` and ``NAME.group_sd`` are on the
    fitted scale (log, logit or plain: attribute ``scale``).
    """
    group = posterior.mean is not None
    beforehand = from_prior(prior, group, PRIOR_DRAWS, seed)
    actions = {f"action_{name}": ["participant", "trial"] for name in people.learner.action_names}
    kept = arviz().from_dict(
        posterior=_named(people, posterior.x) | (_of_group(people, posterior.mean, posterior.spread) if group else {}),
        sample_stats=posterior.stats,
        posterior_predictive={name: found.replicate[None, ..., i].astype(np.float32) for i, name in enumerate(actions)},
        observed_data={name: people.trials.action[..., i] for i, name in enumerate(actions)},
        coords={"participant": list(names), "trial": np.arange(1, people.trials.action.shape[1] + 1)},
        dims={**{name: ["participant"] for name in people.space.names}, **actions},
    )
    believed = _of_group(people, beforehand["mean"][None], beforehand["spread"][None]) if group else {}
    kept.add_groups({"prior": arviz().convert_to_dataset(_named(people, beforehand["x"][None]) | believed)})
    for c in people.space.coordinates:
        kept.posterior[c.name].attrs |= {"scale": c.kind, "unit": c.unit}
    kept.attrs["learner"] = people.learner.name
    return kept


def _named(people: People, x: Float[np.ndarray, "... free"]) -> dict[str, np.ndarray]:
    held = np.clip(x, *people.space.held.T)
    return {c.name: np.asarray(c.natural(held[..., i])) for i, c in enumerate(people.space.coordinates)}


def _of_group(people: People, mean: np.ndarray | None, spread: np.ndarray | None) -> dict[str, np.ndarray]:
    assert mean is not None and spread is not None
    return {
        f"{c.name}.{what}": value[..., i]
        for i, c in enumerate(people.space.coordinates)
        for what, value in (("group_mean", mean), ("group_sd", spread))
    }
