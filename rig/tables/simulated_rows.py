"""The rows of simulated trials, as arrays: what the course says, what each simulation did, and what its learner was before."""

from collections.abc import Sequence
from functools import lru_cache

import jax
import numpy as np

from analysis.faults import first_fault
from analysis.twin import Turn
from protocols.course import Slot
from protocols.history import Committed
from protocols.records import trial_columns, trial_record
from protocols.task import NO_OUTCOME, Task, Timing
from rig.tables.file import repeated
from rig.tables.policy_table import Columns, policy_values

_NAMES = {"reward": "scored_reward", "hand_error": "hand_error_deg", "cursor_error": "cursor_error_deg"}  # columns of an Outcome's fields
_NEVER = Timing(np.nan, np.nan)  # a simulation takes no time


class SimulatedRows:
    """Makes the columns of one course's simulations, a batch at a time. What can't be in a simulation stays missing."""

    def __init__(self, task: Task, course: Sequence[Slot], session: int) -> None:
        self._task, self._shown = task, np.array([bool(slot.trial.reward_shown) for slot in course])
        rows = [self._given(slot) | {"start": None, "session": session} for slot in course]
        kinds = {column.name: column.kind for column in trial_columns(task.name, simulated=True)}
        self._kinds = {name: kinds[name] for name in rows[0] if name in kinds and any(row[name] is not None for row in rows)}
        self._rows = {name: [row[name] for row in rows] for name in self._kinds}
        self._zones = "zone_low_deg" in kinds
        self._given_to = lru_cache(maxsize=2)(self._tiled)  # the batches have one size, but for the last

    def columns(self, turn: Turn, first: int) -> Columns:
        """Columns of a batch of turns, fields of which begin with the axes (simulation, trial); ``first`` is its first one's number."""
        return {**self._given_to(len(turn.reward)), **self._done(turn, first)}

    def _given(self, slot: Slot) -> dict:
        nothing = np.full(len(self._task.action_names), np.nan)
        committed = Committed(slot.trial, "completed", nothing, NO_OUTCOME, np.nan, False)
        shown = bool(slot.trial.reward_shown)
        place = {"start": 0, "phase": slot.phase, "timing": _NEVER, "details": {}, "certificate": None}
        return trial_record(self._task, committed, **place, simulated=True, feedback_shown=shown)

    def _tiled(self, simulations: int) -> Columns:
        types = {"truth": bool, "count": np.int64}
        numbers = {name: values for name, values in self._rows.items() if self._kinds[name] != "text" and None not in values}
        sparse = {name: values for name, values in self._rows.items() if self._kinds[name] != "text" and None in values}
        return {
            **{name: repeated(values, simulations) for name, values in self._rows.items() if self._kinds[name] == "text"},
            **{name: np.tile(np.array(values, types.get(self._kinds[name], float)), simulations) for name, values in numbers.items()},
            **{name: np.tile(np.array(values, float), simulations) for name, values in sparse.items()},
        }

    def _done(self, turn: Turn, first: int) -> Columns:
        simulations, trials = turn.reward.shape
        names = self._task.action_names
        action, intended, outcome = np.asarray(turn.action), np.asarray(turn.intended), turn.outcome._asdict()
        earned = {_NAMES.get(name, name): np.rad2deg(x) if "_deg" in _NAMES.get(name, "") else x for name, x in outcome.items()}
        done = {
            "simulation": np.repeat(np.arange(first, first + simulations), trials),
            **{f"action_{name}": action[..., i] for i, name in enumerate(names)},
            **{f"intended_action_{name}": intended[..., i] for i, name in enumerate(names)},
            "reward": turn.reward,
            **earned,
            "hit_shown": np.where(self._shown, outcome["hit"], np.nan),
            "unreliable": broken(turn),
            **({f"zone_{edge}_deg": np.rad2deg(turn.zone[..., i]) for i, edge in enumerate(("low", "high"))} if self._zones else {}),
        }
        policy = policy_values(names, turn.policy, np.asarray(turn.reward), action, np.asarray(turn.log_prob))
        return {name: np.reshape(np.asarray(column), -1) for name, column in done.items()} | policy


def broken(turn: Turn) -> np.ndarray:
    """Which trials have an action that is no number, or a reward or a likelihood that should be one."""
    acted = np.isfinite(turn.action).all(axis=-1) & np.isfinite(turn.log_prob)
    return ~acted | np.isinf(turn.reward) | ~np.isfinite(turn.policy.covariance).all(axis=(-2, -1))


def first_broken(turn: Turn, first: int) -> str:
    """Words about the first simulation that went wrong, with its trial and why; none where none has."""
    wrong = broken(turn)
    if not wrong.any():
        return ""
    place, trial = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    one = jax.tree.map(lambda column: np.asarray(column)[place], turn)
    fault = first_fault(one.policy, one.log_prob, one.reward, one.action) or f"trial {trial + 1}: the action is no number"
    return f"simulation {first + place}, {fault}; step_cap or a natural gradient tame it too. Such rows are marked unreliable"
