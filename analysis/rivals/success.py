"""What rivals that ask only whether a trial succeeded have in common: what success is, and their memory of the last one."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from analysis.parameters import Parameter
from analysis.rivals.expectation import MEMORY, advantage, followed, told
from analysis.rivals.rival import Seen, blank

KINDS = ("hit", "better")  # option ``success``: the task's hit, or a reward above the running mean

#: Parameters of the running mean where success is a hit, so that they do nothing.
ASSUMED = {
    "baseline_decay": lambda given: given.get("baseline_decay", jnp.ones(())),
    "initial_baseline": lambda given: given.get("initial_baseline", jnp.asarray(jnp.nan)),
}


class State(NamedTuple):
    """The frame's state, and what the last reward said."""

    mean: Float[Array, "context component action"]
    uncertainty: Float[Array, "context component component action"]
    success: Float[Array, " context"]  # 1 after a success, else 0
    reward_baseline: Float[Array, " context"]  # NaN where success is a hit


def parameters(by: str) -> tuple[Parameter, ...]:
    """Of the running mean, where success asks for one."""
    return MEMORY if by == "better" else ()


def needs(by: str) -> tuple[str, ...]:
    """Fields of the Outcome."""
    return ("reward", "hit") if by == "hit" else ("reward",)


def start(params: Any, rows: int) -> State:
    """Before the first trial: no success yet."""
    return State(*blank(params, rows), jnp.zeros(rows), jnp.full(rows, params.initial_baseline))


def succeeded(by: str, state: State, seen: Seen) -> Bool[Array, ""]:
    """Whether the trial was a success, as far as a reward told of it."""
    better = advantage(state.reward_baseline[seen.row], seen) > 0
    return told(seen) & (jnp.asarray(seen.outcome.hit) > 0 if by == "hit" else better)


def remembered(by: str, params: Any, state: State, seen: Seen) -> dict[str, Array]:
    """The fields ``success`` (of the last trial with a reward) and ``reward_baseline`` after the trial."""
    row, before = seen.row, state.reward_baseline[seen.row]
    won = jnp.where(told(seen), jnp.where(succeeded(by, state, seen), 1.0, 0.0), state.success[row])
    after = followed(before, params.baseline_decay, seen) if by == "better" else before
    return {"success": state.success.at[row].set(won), "reward_baseline": state.reward_baseline.at[row].set(after)}


def baseline(state: State, row: Any) -> Float[Array, ""]:
    """The reward that is expected there."""
    return state.reward_baseline[row]
