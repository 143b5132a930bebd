"""The error as rivals that learn from it see it: with a sign of its own, or as a way downhill through the task's Jacobian.

*signed*: ``cursor_error`` (rad, target - cursor as shown) as a reach angle: degrees, in initial SDs. Where no cursor was shown there is
none.

*slope*: the error (m) has no sign; which way it falls is known from the task. The Jacobian is that of the unperturbed task's
``miss_distance`` (so that a post, beyond which the error is flat, is left aside) at the current mean, by central differences of a
hundredth of an initial SD: fits differentiate it once more. A squared error is descended along ``- error * Jacobian`` (m^2 a normalised
unit), an absolute one along ``- Jacobian`` (m a unit). What was shown of an error isn't part of an Outcome: it counts as seen where a
reward was delivered.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.learner import Params, State
from analysis.rivals.options import Chosen
from analysis.rivals.rival import Seen, missing_to_zero
from protocols.errors import BadInput
from protocols.task import Outcome, Task, Trial

APART = 0.01  # initial SDs, either side of the mean


class Downhill(NamedTuple):
    """Which way and how far an error asks the action to go; 0 where none was seen."""

    step: Float[Array, " action"]  # normalised; down a slope times m^2, or m
    seen: Bool[Array, ""]


class ErrorSignal(NamedTuple):
    """How a learner comes by its error."""

    needs: tuple[str, ...]
    of: Callable[[Params, State, Seen], Downhill]


def error_signal(learner: str, chosen: Chosen, task: Task | None) -> ErrorSignal:
    """The signal that the options ``error`` and ``descends`` ask for.

    Raises:
        BadInput: error = slope, and the task isn't known.
    """
    absolute = chosen.values.get("descends") == "absolute"
    if chosen.values["error"] == "signed":
        return ErrorSignal(("cursor_error",), lambda params, _, seen: _signed(absolute, params, seen))
    if task is None:
        raise BadInput(f"learner '{learner}' with error = slope needs the task, whose Jacobian it descends: build it for a protocol")
    return ErrorSignal(("error", "reward"), lambda params, state, seen: _slope(absolute, task, params, state, seen))


def _signed(absolute: bool, params: Params, seen: Seen) -> Downhill:
    error = jnp.asarray(seen.outcome.cursor_error)
    there = seen.acted & jnp.isfinite(error)
    degrees = jnp.degrees(missing_to_zero(error, there))
    return Downhill((jnp.sign(degrees) if absolute else degrees) / params.initial_sd, there)


def _slope(absolute: bool, task: Task, params: Params, state: State, seen: Seen) -> Downhill:
    error = jnp.asarray(seen.outcome.error)
    there = seen.acted & jnp.isfinite(error) & jnp.isfinite(seen.outcome.reward)
    size = 1.0 if absolute else missing_to_zero(error, there)
    slope = jacobian(task, params, state.mean[seen.row].sum(axis=0), seen.context.target)
    return Downhill(jnp.where(there, -size * slope, 0.0), there)


def jacobian(task: Task, params: Params, mean: Float[Array, " action"], target: Any) -> Float[Array, " action"]:
    """How the unperturbed task's miss distance (m) changes with each normalised action, at a normalised mean; 0 where it isn't finite."""
    trial = Trial(number=1, attempt=1, slot=1, block=1, phase=0, target=jnp.asarray(target))

    def miss(at: Float[Array, " action"]) -> Float[Array, ""]:
        action = params.initial_mean + params.initial_sd * at
        outcome: Outcome = task.score(action / jnp.asarray(task.action_scale), trial, None)
        return jnp.asarray(outcome.miss_distance)

    around = APART * jnp.eye(mean.shape[0])
    slope = jax.vmap(lambda away: (miss(mean + away) - miss(mean - away)) / (2 * APART))(around)
    return jnp.where(jnp.isfinite(slope), slope, 0.0)
