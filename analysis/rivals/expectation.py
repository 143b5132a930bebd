"""What a rival expects to be rewarded with: a running mean, from the first delivered reward on; and what counts as success."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.parameters import Parameter
from analysis.rivals.rival import INF, NAN, Seen, share

SUCCESS = ("hit", "better")  # option: the task's hit, or a reward above the running mean

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


def succeeded(by: str, baseline: Float[Array, ""], seen: Seen) -> Bool[Array, ""]:
    """Whether the trial was a success, as far as a reward told of it."""
    better = advantage(baseline, seen) > 0
    return told(seen) & (jnp.asarray(seen.outcome.hit) > 0 if by == "hit" else better)


def outcome_remembered(
    by: str, decay: Float[Array, ""], success: Float[Array, " context"], baseline: Float[Array, " context"], seen: Seen
) -> dict[str, Array]:
    """The fields ``success`` (1 or 0, of the last trial with a reward) and ``reward_baseline`` after the trial."""
    before = baseline[seen.row]
    won = jnp.where(told(seen), jnp.where(succeeded(by, before, seen), 1.0, 0.0), success[seen.row])
    after = followed(before, decay, seen) if by == "better" else before
    return {"success": success.at[seen.row].set(won), "reward_baseline": baseline.at[seen.row].set(after)}
