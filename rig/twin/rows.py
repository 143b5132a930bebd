"""From what the learners did on a trial to rows that are stored and messages that are sent, and back to their states."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from analysis.company import Company, Result, carry_over
from analysis.learner import State
from analysis.twin import UNRELIABLE, Own, Turn, shifted
from protocols.errors import BadInput
from rig.twin.store import TwinRow, TwinStore, read_twin

_BESIDE = "beside_"  # before the names of the yoked learner's shifted companion


def rows_of(trial: int, company: Company, result: Result, predicted_at: float, committed_at: float) -> list[TwinRow]:
    """One row for each kind of learner."""
    company, result = jax.tree.map(np.asarray, (company, result))
    beside = {_BESIDE + name: value for name, value in company.beside._asdict().items()}
    yoked = TwinRow(
        kind="yoked",
        trial=trial,
        prediction=result.prediction.policy._asdict(),
        state={**company.yoked._asdict(), **beside},
        log_prob=float(result.prediction.log_prob),
        shift_growth=float(result.shift_growth),
        predicted_at=predicted_at,
        committed_at=committed_at,
    )
    half = len(company.free.recent) // 2
    persons, own = (jax.tree.map(lambda x, part=part: x[part], company.free) for part in (slice(None, half), slice(half, None)))
    free = (("free_person", persons.state._asdict(), result.person), ("free_own", own.state._asdict() | {"recent": own.recent}, result.own))
    times = {"predicted_at": predicted_at, "committed_at": committed_at}
    return [yoked, *(TwinRow(kind, trial, {}, state, free=_deeds(turn), **times) for kind, state, turn in free if half)]


def _deeds(turn: Turn) -> dict[str, np.ndarray]:
    return {"actions": turn.action, "rewards": turn.reward, "errors": turn.outcome.error, "hits": turn.outcome.hit}  # type: ignore[dict-item]


def said(rows: list[TwinRow], result: Result, committed_at: float) -> dict[str, Any]:
    """The message about one trial: surprise and state of the yoked learner, and how the free ones did."""
    yoked = rows[0]
    message: dict[str, Any] = {
        "committed_at": committed_at,
        "yoked": {
            "prediction": yoked.prediction,
            "log_prob": yoked.log_prob,
            "surprise": yoked.surprise,
            "advantage": float(result.prediction.advantage),
            "state": {name: value for name, value in yoked.state.items() if not name.startswith(_BESIDE)},
            "shift_growth": yoked.shift_growth,
            "reliable": bool(yoked.shift_growth < UNRELIABLE),
        },
    }
    return message | {row.kind: _summary(row.free) for row in rows[1:]}


def _summary(free: Any) -> dict[str, Any]:
    """Mean action, mean reward, and the 5th, 50th and 95th percentile of error, over the learners; None where their course is over."""
    if np.all(np.isnan(free["actions"])):
        return {"action": None, "reward": None, "error": None}
    told = free["rewards"][np.isfinite(free["rewards"])]
    return {
        "action": free["actions"].mean(axis=0),
        "reward": float(told.mean()) if told.size else None,
        "error": np.nanquantile(free["errors"], (0.05, 0.5, 0.95)),
    }


def restored(new: Company, store: TwinStore, trial: int) -> Company:
    """The company as it was stored after a trial, bit for bit; ``new`` says what it is made of.

    Raises:
        BadInput: what is stored is of other learners.
    """
    yoked = _state(new.yoked, store, "yoked", trial)
    beside = _state(new.yoked, store, "yoked", trial, _BESIDE)
    if not len(new.free.recent):
        return Company(yoked, beside, new.free)
    recent = _row(store, "free_own", trial).state["recent"]
    return Company(yoked, beside, Own(_free_states(new, store, trial), jnp.concatenate([new.free.recent[: len(recent)], recent])))


def carried(new: Company, earlier: Path, retention: float) -> Company:
    """The company as an earlier session left it, shrunk towards its start by a stated retention.

    Raises:
        BadInput: that session has no twin, or one of other learners.
    """
    with read_twin(earlier) as store:
        last = store.last_trial()
        if not last:
            return new
        yoked = carry_over(new.yoked, _state(new.yoked, store, "yoked", last), retention)
        free = new.free
        if len(free.recent):
            free = free._replace(state=carry_over(free.state, _free_states(new, store, last), retention))
        return Company(yoked, shifted(yoked), free)


def _free_states(new: Company, store: TwinStore, trial: int) -> State:
    half = jax.tree.map(lambda x: x[: len(x) // 2], new.free.state)
    parts = [_state(half, store, kind, trial) for kind in ("free_person", "free_own")]
    return jax.tree.map(lambda *x: jnp.concatenate(x), *parts)


def _state(like: State, store: TwinStore, kind: str, trial: int, prefix: str = "") -> State:
    kept = _row(store, kind, trial).state
    named = {name: jnp.asarray(kept[prefix + name]) for name in like._fields if prefix + name in kept}
    expected = {name: np.shape(value) for name, value in like._asdict().items()}
    if {name: value.shape for name, value in named.items()} != expected:
        raise BadInput(f"{store.path}: the states of '{kind}' are of another learner; expected {expected}; begin a session of its own")
    return type(like)(**named)


def _row(store: TwinStore, kind: str, trial: int) -> TwinRow:
    row = store.row(kind, trial)
    if row is None:
        raise BadInput(f"{store.path}: no row of '{kind}' for trial {trial}; the number of free learners differs, or the file is damaged")
    return row
