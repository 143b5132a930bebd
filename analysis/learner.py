"""The Learner contract: four pure functions over NamedTuples, and what a learner says of its policy.

Actions here are in the units of the action columns (``action_release_angle_deg`` in degrees), as are means and SDs in
``Params``. ``log_prob`` is a density in those units. A NaN reward teaches nothing, but forgetting still happens; a NaN action has no
likelihood (0 is added).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # a protocol's parameters are checked before JAX, which these names bring, is loaded
    from jaxtyping import Array, Float

    from protocols.task import Outcome

Params = Any  # a NamedTuple of arrays, fitted
State = Any  # a NamedTuple of arrays, carried from trial to trial
Info = Any  # a NamedTuple of arrays, or None: what a free learner knows of its own exploration


class Parameter(NamedTuple):
    """One line of ``twinrig learners NAME``."""

    name: str
    meaning: str
    unit: str
    default: float | tuple[float, ...] | None  # None: has to be given, or comes from the protocol
    low: float
    high: float
    per_action: bool
    source: str


class Policy(NamedTuple):
    """What a learner would do next, before the trial; normalised units only where said."""

    mean: Float[Array, " action"]  # column units
    covariance: Float[Array, "action action"]  # column units, motor noise included
    log_var: Float[Array, " action"]  # normalised units
    angle: Float[Array, ""]  # rad; NaN where the policy has none
    reward_baseline: Float[Array, ""]


class Learner(NamedTuple):
    """A learner with its options chosen. All callables are pure and run under jit and vmap."""

    name: str
    parameters: tuple[Parameter, ...]
    make_params: Callable[[dict[str, Any]], Params]  # names and values to Params; raises BadInput naming what is unknown or missing
    init: Callable[[Params, int], State]  # (params, number of contexts) -> state
    act: Callable[[Any, Params, State, Any], tuple[Float[Array, " action"], Info]]  # (key, params, state, context)
    log_prob: Callable[[Params, State, Any, Float[Array, " action"]], Float[Array, ""]]
    update: Callable[[Params, State, Any, Float[Array, " action"], Outcome, Info], State]
    policy: Callable[[Params, State, Any], Policy]
