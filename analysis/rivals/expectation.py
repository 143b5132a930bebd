"""What a rival expects to be rewarded with: a running mean, from the first delivered reward on."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.parameters import Parameter
from analysis.rivals.rival import INF, NAN, Seen, share

MEMORY = (
    share("baseline_decay", "share of the expected reward that a new reward leaves", 0.9, "running mean"),
    Parameter(
        "initial_baseline", "reward expected at first; NaN: the first one delivered", "reward", NAN, -INF, INF, False, "a choice", False
    ),
)


def told(seen: Seen) -> Bool[Array, ""]:
    """Whether there was an action, and a reward delivered for it."""
    return seen.acted & jnp.isfinite(seen.outcome.reward)


def reward(seen: Seen) -> Float[Array, ""]:
    """The reward; 0 where there was none."""
    return jnp.where(told(seen), seen.outcome.reward, 0.0)


def expected(baseline: Float[Array, ""], seen: Seen) -> Float[Array, ""]:
    """The baseline, or this reward where there is none yet."""
    return jnp.where(jnp.isnan(baseline), reward(seen), baseline)


def advantage(baseline: Float[Array, ""], seen: Seen) -> Float[Array, ""]:
    """Reward beyond what was expected; 0 where there was none."""
    return jnp.where(told(seen), reward(seen) - expected(baseline, seen), 0.0)


def followed(baseline: Float[Array, ""], decay: Float[Array, ""], seen: Seen) -> Float[Array, ""]:
    """The running mean after the trial."""
    return jnp.where(told(seen), decay * expected(baseline, seen) + (1 - decay) * reward(seen), baseline)
