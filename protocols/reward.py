"""The one function that turns a result into a reward and points."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from protocols.task import RewardRule, Scoring


def reward_and_points(
    error: Float[Array, ""], hit: Float[Array, ""], rule: int, scoring: Scoring, graded: Float[Array, ""] | None = None
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Reward by the trial's rule (minus the error in m, 1 on a hit, or the points), and the points themselves.

    ``graded`` is the graded reward of a task that has its own.

    Points are ``points_hit`` on a hit, else ``points_hit * (1 - error / points_range)``, at least 0, rounded
    to whole points. NaN errors give NaN.
    """
    reach = jnp.where(scoring.points_range > 0, scoring.points_range, 1.0)
    partial = jnp.where(scoring.points_range > 0, jnp.clip(1.0 - error / reach, 0.0, 1.0), 0.0)
    points = jnp.round(jnp.where(hit > 0, scoring.points_hit, scoring.points_hit * partial))
    points = jnp.where(jnp.isnan(error), jnp.nan, points)
    reward = jnp.select([rule == RewardRule.GRADED, rule == RewardRule.BINARY], [-error if graded is None else graded, hit], points)
    return reward, points
