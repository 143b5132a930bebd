"""One learner fitted to people by Bayes' rule: Hamiltonian Monte Carlo (NUTS; Hoffman & Gelman 2014) over the fitted coordinates.

One person at a time, or all as a group whose members differ: each coordinate is normal between people, on the scale that it is fitted on.

People are sampled non-centred. Where a record says nothing of a coordinate, what is drawn is how far a person is from the group's middle,
in SDs between people, so that a small SD makes no funnel. Where it says much, that would make a funnel of its own: what is drawn then is
how far the person is from what record and group together say, in SDs of that. The two are ends of one linear map (``_placed``), exact
whatever curvature it is given; what is drawn is close to independent standard normals either way.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from analysis.bayes.mode import Modes, modes
from analysis.bayes.people import People, log_likelihood
from analysis.bayes.prior import Prior

DEEPEST = 10  # doublings of a trajectory, after which it is cut off
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
    about = modes(people, prior, how.seed)
    kernel = NUTS(_model(people, prior, group, about), target_accept_prob=how.accept, max_tree_depth=DEEPEST)
    run = MCMC(kernel, num_warmup=how.warmup, num_samples=how.draws, num_chains=how.chains, chain_method="vectorized", progress_bar=bar)
    starts = {name: jnp.asarray(value if how.chains > 1 else value[0]) for name, value in _starts(prior, group, how, about).items()}
    run.run(jax.random.key(how.seed), init_params=starts, extra_fields=tuple(STATS))
    sites = {name: np.asarray(value) for name, value in run.get_samples(group_by_chain=True).items()}
    kept: Mapping[str, Any] = run.get_extra_fields(group_by_chain=True)
    stats = {STATS[name]: np.asarray(value) for name, value in kept.items()}
    stats["lp"] = -stats["lp"]
    return Posterior(sites["x"], sites.get("mean"), sites.get("spread"), stats, clock() - began)


def _model(people: People, prior: Prior, group: bool, about: Modes) -> Callable[[], None]:
    import numpyro
    from numpyro import distributions as dist

    likelihood = log_likelihood(people)
    shape = about.x.shape

    def model() -> None:
        middle: Any = jnp.asarray(prior.mean)
        width: Any = jnp.asarray(prior.sd)
        if group:
            middle = numpyro.sample("mean", dist.Normal(middle, width).to_event(1))
            width = numpyro.sample("spread", dist.HalfNormal(jnp.asarray(prior.between)).to_event(1))
        away: Any = numpyro.sample("away", dist.ImproperUniform(dist.constraints.real, (), shape))
        placed, log_volume = _placed(about, middle, width, away)
        x: Any = numpyro.deterministic("x", placed)
        numpyro.factor("people", dist.Normal(middle, width).log_prob(x).sum() + log_volume)
        numpyro.factor("likelihood", likelihood(x).sum())

    return model


def _placed(
    about: Modes, middle: Float[Array, " free"], width: Float[Array, " free"], away: Float[Array, "person free"]
) -> tuple[Float[Array, "person free"], Float[Array, ""]]:
    """People from what is drawn of them, and the log volume of that map.

    With the likelihood taken for a normal one about its mode, a person's precision is that of his record and of the group together.
    """
    share = about.information @ about.x[..., None]
    root = jnp.linalg.cholesky(about.information + jnp.diag(1 / width**2))
    lower = solve_triangular(root, share + (middle / width**2)[:, None], lower=True)
    x = solve_triangular(root, lower + away[..., None], lower=True, trans="T")[..., 0]
    return x, -jnp.log(jnp.diagonal(root, axis1=-2, axis2=-1)).sum()


def _starts(prior: Prior, group: bool, how: Sampling, about: Modes) -> dict[str, Float[np.ndarray, "chain ..."]]:
    """Where the chains begin: around the modes, further apart than the posterior is wide, and on the scale without bounds."""
    random = np.random.default_rng([how.seed, 4])

    def apart(*shape: int) -> np.ndarray:
        return random.normal(size=(how.chains, *shape))

    starts = {"away": 1.5 * apart(*about.x.shape)}
    if group:
        people, free = about.x.shape
        between = np.maximum(about.x.std(axis=0), 0.1 * prior.between)
        starts["mean"] = about.x.mean(axis=0) + 2 * between / np.sqrt(people) * apart(free)
        starts["spread"] = np.log(between) + 0.3 * apart(free)
    return starts


def from_prior(prior: Prior, group: bool, draws: int, seed: int) -> dict[str, Float[np.ndarray, "draw free"]]:
    """What is believed beforehand of a person (``x``), and of a group (``mean``, ``spread``)."""
    random = np.random.default_rng([seed, 2])
    shape = draws, len(prior.mean)
    if not group:
        return {"x": prior.mean + prior.sd * random.normal(size=shape)}
    mean = prior.mean + prior.sd * random.normal(size=shape)
    spread = np.abs(prior.between * random.normal(size=shape))
    return {"x": mean + spread * random.normal(size=shape), "mean": mean, "spread": spread}
