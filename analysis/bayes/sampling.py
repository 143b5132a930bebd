"""One learner fitted to people by Bayes' rule: Hamiltonian Monte Carlo (NUTS; Hoffman & Gelman 2014) over the fitted coordinates.

One person at a time, or all as a group whose members differ: each coordinate is normal between people, on the scale that it is fitted on.
What is drawn are coordinates in which that is easy (``analysis.bayes.geometry``).
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from analysis.bayes.geometry import Likely, frame, likely, of_group, of_people
from analysis.bayes.mode import modes
from analysis.bayes.people import People, log_likelihood
from analysis.bayes.prior import Prior

DEEPEST = 10  # doublings of a trajectory, after which it is cut off
_DEEPEST_WARMING = 7  # the same while the step size is sought: at first it often falls far too low
_FIRST_STEP = 0.1  # it is sought from ten times that
STATS = {"diverging": "diverging", "num_steps": "n_steps", "accept_prob": "acceptance_rate", "energy": "energy", "potential_energy": "lp"}


class Sampling(NamedTuple):
    """How it is sampled."""

    warmup: int = 500
    draws: int = 1000
    chains: int = 4
    seed: int = 0
    accept: float = 0.85  # acceptance that the step size is adapted to


class Posterior(NamedTuple):
    """What was drawn, unbounded coordinates."""

    x: Float[np.ndarray, "chain draw person free"]
    mean: Float[np.ndarray, "chain draw free"] | None  # of the group; None: each person by himself
    spread: Float[np.ndarray, "chain draw free"] | None  # SD between people
    stats: dict[str, Float[np.ndarray, "chain draw"]]  # by arviz's names
    seconds: float

    @property
    def group(self) -> Float[np.ndarray, "chain draw 2 free"]:
        """Middle and spread of a group, beside each other."""
        assert self.mean is not None and self.spread is not None
        return np.stack([self.mean, self.spread], axis=2)


def sample(
    people: People, prior: Prior, group: bool, how: Sampling = Sampling(), clock: Callable[[], float] = lambda: math.nan, bar: bool = False
) -> Posterior:
    """Draw from the posterior. ``group``: people are of one group; else each is alone. ``bar`` shows progress and time left.

    The same seed gives the same draws.
    """
    from numpyro.infer import MCMC, NUTS

    began = clock()
    about = likely(prior, modes(people, prior, how.seed))
    kernel = NUTS(
        model_of(people, prior, group, about),
        step_size=_FIRST_STEP,
        target_accept_prob=how.accept,
        dense_mass=[("group",)] if group else False,  # type: ignore[arg-type]
        max_tree_depth=(_DEEPEST_WARMING, DEEPEST),  # type: ignore[arg-type]
    )
    run = MCMC(kernel, num_warmup=how.warmup, num_samples=how.draws, num_chains=how.chains, chain_method="vectorized", progress_bar=bar)
    starts = {name: jnp.asarray(value if how.chains > 1 else value[0]) for name, value in _starts(group, how, about).items()}
    run.run(jax.random.key(how.seed), init_params=starts, extra_fields=tuple(STATS))
    sites = {name: np.asarray(value) for name, value in run.get_samples(group_by_chain=True).items()}
    kept: Mapping[str, Any] = run.get_extra_fields(group_by_chain=True)
    stats = {STATS[name]: np.asarray(value) for name, value in kept.items()}
    stats["lp"] = -stats["lp"]
    return Posterior(sites["x"], sites.get("mean"), sites.get("spread"), stats, clock() - began)


def model_of(people: People, prior: Prior, group: bool, about: Likely) -> Callable[[], None]:
    """The model in numpyro's words. ``away``, and ``group`` of a group, are drawn; ``x``, ``mean`` and ``spread`` follow."""
    import numpyro
    from numpyro import distributions as dist

    likelihood = log_likelihood(people)
    around = frame(prior, about)

    def anywhere(name: str, shape: tuple[int, ...]) -> Any:
        return numpyro.sample(name, dist.ImproperUniform(dist.constraints.real, (), shape))

    def model() -> None:
        middle, width = jnp.asarray(prior.mean), jnp.asarray(prior.sd)
        if group:
            middle, log_width = of_group(around, anywhere("group", around.centre.shape))
            width = jnp.exp(log_width)
            believed = dist.Normal(prior.mean, prior.sd).log_prob(middle) + dist.HalfNormal(prior.between).log_prob(width) + log_width
            numpyro.factor("believed", believed.sum())
            numpyro.deterministic("mean", middle)
            numpyro.deterministic("spread", width)
        x, log_volume = of_people(about, middle, width, anywhere("away", about.share.shape))
        numpyro.factor("people", dist.Normal(middle, width).log_prob(x).sum() + log_volume)
        numpyro.factor("likelihood", likelihood(x).sum())
        numpyro.deterministic("x", x)

    return model


def _starts(group: bool, how: Sampling, about: Likely) -> dict[str, Float[np.ndarray, "chain ..."]]:
    """Where the chains begin: further apart than the posterior is wide."""
    random = np.random.default_rng([how.seed, 4])
    starts = {"away": random.normal(size=(how.chains, *about.share.shape))}
    if group:
        starts["group"] = random.normal(size=(how.chains, 2 * about.share.shape[1]))
    return {name: 1.5 * start for name, start in starts.items()}


def from_prior(prior: Prior, group: bool, draws: int, seed: int) -> dict[str, Float[np.ndarray, "draw free"]]:
    """What is believed beforehand of a person (``x``), and of a group (``mean``, ``spread``)."""
    random = np.random.default_rng([seed, 2])
    shape = draws, len(prior.mean)
    if not group:
        return {"x": prior.mean + prior.sd * random.normal(size=shape)}
    mean = prior.mean + prior.sd * random.normal(size=shape)
    spread = np.abs(prior.between * random.normal(size=shape))
    return {"x": mean + spread * random.normal(size=shape), "mean": mean, "spread": spread}
