"""The Learner contract: four pure functions over NamedTuples, and what a learner says of its policy.

Actions here are in the units of the action columns (``action_release_angle_deg`` in degrees), as are means and SDs in
``Params``. ``log_prob`` is a density in those units. A NaN reward teaches nothing, but forgetting still happens; a NaN action has no
likelihood (0 is added).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.parameters import Parameter, read_values

if TYPE_CHECKING:  # a protocol's parameters are checked before JAX, which these names bring, is loaded
    from jaxtyping import Array, Float, Int

    from protocols.task import Outcome

Params = Any  # a NamedTuple of arrays, fitted
State = Any  # a NamedTuple of arrays, carried from trial to trial; its first field is what practice moves, in normalised units
Info = Any  # a NamedTuple of arrays, or None: what a free learner knows of its own exploration


class Context(NamedTuple):
    """What a policy may depend on: the trial's target. A table goes by its index, features by its place."""

    index: Int[Array, ""] | int  # among the protocol's targets, in the file's order
    target: Float[Array, 2] | tuple[float, float]  # m, workspace


class Policy(NamedTuple):
    """What a learner would do next, before the trial; normalised units only where said."""

    mean: Float[Array, " action"]  # column units
    covariance: Float[Array, "action action"]  # column units, motor noise included
    log_var: Float[Array, " action"]  # normalised units
    angle: Float[Array, ""]  # rad; NaN where the policy has none
    reward_baseline: Float[Array, ""]


class Walk(NamedTuple):
    """A likelihood as one loop over trials."""

    begin: Callable[[Params, int], tuple[Any, Any]]  # (params, number of contexts) -> what holds for all trials, state before the first
    step: Callable[[Any, Any, Any], tuple[Any, Any]]  # (what holds, state, a trial: ``Seen``) -> state after it, log density of its action


class Learner(NamedTuple):
    """A learner with its options chosen. All callables are pure and run under jit, vmap and grad."""

    name: str
    parameters: tuple[Parameter, ...]
    action_names: tuple[str, ...]
    needs: tuple[str, ...]  # fields of the Outcome that it learns from: "reward", "hit", "cursor_error"
    assemble: Callable[[Mapping[str, Any]], Params]  # one array for each parameter, by name, to Params
    init: Callable[[Params, int], State]  # (params, number of contexts) -> state
    act: Callable[[Any, Params, State, Context], tuple[Float[Array, " action"], Info]]  # (key, params, state, context)
    log_prob: Callable[[Params, State, Context, Float[Array, " action"]], Float[Array, ""]]
    update: Callable[[Params, State, Context, Float[Array, " action"], Outcome, Info], State]
    policy: Callable[[Params, State, Context], Policy]
    #: The state of a learner that chooses all its actions, without what only one who watches has to carry.
    knowing: Callable[[State], State] = lambda state: state
    #: Where motor noise hides what was explored, ``log_prob`` is matched by moments, and ``analysis.particle_filter`` is its referee.
    matched: bool = False
    #: Many people and chains together, all trials of each before it, with gradients in reverse: (params of each chain and person, trials of
    #: each person, stacked) -> log densities. None: trial by trial is the only way.
    at_once: Callable[[Params, Any], Float[Array, "trial chain person"]] | None = None
    #: The likelihood of a record in plain arithmetic, for ``analysis.lanes``. None: ``log_prob`` and ``update`` are the only way.
    walk: Walk | None = None

    def make_params(self, values: Mapping[str, Any]) -> Params:
        """Parameters from names and values as files and command lines give them.

        Raises:
            BadInput: a name that is unknown, or a value that is missing, of the wrong count or out of bounds.
        """
        return self.assemble(read_values(self.name, self.parameters, self.action_names, values))
