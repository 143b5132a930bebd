"""``twinrig predict``: the yoked twin offline, over any trials table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from analysis.predict import compile_prediction, padded
from protocols.errors import BadInput
from protocols.load import Loaded
from protocols.tasks import make_task
from rig.journal.stored import simple
from rig.models.learner_choice import Choice, named_choice, targets_of
from rig.stopwatch import Stopwatch
from rig.tables.file import open_table
from rig.tables.predicted_rows import PredictedRows, table_columns
from rig.tables.tables import ParticipantTrials, Source, load_tables

NAMED = 3  # participants in a message; the result has them all


def predict_to(file: Path, loaded: Loaded, source: Source, learner: str, settings: Sequence[str]) -> dict[str, Any]:
    """Predict every trial of every participant, write the table, and say how likely the actions were and how long it took (s).

    Raises:
        BadInput: as ``rig.tables.tables.load_tables`` and ``rig.models.learner_choice.named_choice``; or a file that can't be written.
    """
    protocol = loaded.protocol
    task = make_task(protocol)
    choice = named_choice(protocol, task, loaded.path.parent, learner, settings)
    parts = load_tables(source.files, protocol, source.columns, source.derives, source.accept_simulated, choice.learner.needs)
    about = {
        "protocol": protocol.name,
        "protocol_hash": loaded.hash,
        **simple(choice.frozen()),
        "accept_simulated": source.accept_simulated,
    }
    watch, length, contexts = (
        Stopwatch("seconds", "seconds_compiling", "seconds_writing"),
        max(len(p.trial) for p in parts),
        targets_of(protocol),
    )
    participants = []
    with open_table(table_columns(task.name, parts), file, about) as table:
        for part in parts:
            begun, after = _begun(choice, part)
            params, trials = begun.params(), padded(jax.tree.map(lambda x, n=after: x[n:], part.seen), length)
            watch.lap("seconds_writing")
            run = compile_prediction(begun.learner, params, len(contexts), trials)
            watch.lap("seconds_compiling")
            found = jax.tree.map(np.asarray, run(params, trials))
            watch.lap("seconds")
            rows = PredictedRows(part, found, after, task.action_names)
            table.write(rows.columns(), len(part.trial))
            participants.append(rows.summary() | {"parameters": simple(begun.frozen()["parameters"])})
    watch.lap("seconds_writing")
    return {**about, "participants": participants, **watch.laps, "out": str(file), **_verdict(participants)}


def _begun(choice: Choice, part: ParticipantTrials) -> tuple[Choice, int]:
    """The choice with all parameters known, and the number of trials that went into them and aren't predicted."""
    if not choice.first_trials:
        return choice, 0
    acted = np.flatnonzero(np.isfinite(part.seen.action).all(axis=-1))[: choice.first_trials]
    if len(acted) < choice.first_trials:
        raise BadInput(
            f"{part.file[0]}: participant '{part.participant}' has {len(acted)} actions, and initial mean and SD are to come from the first"
            f" {choice.first_trials}; give them with --set initial_mean=... initial_sd=..."
        )
    return choice.complete(np.asarray(part.seen.action)[acted]), int(acted[-1]) + 1


def _verdict(participants: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Words about those whose learner can't be trusted; a state that is no number any more is a failure."""
    words = [
        f"participant '{one['participant']}': "
        + (
            one["fault"]
            if one["broken"]
            else f"from trial {one['unreliable_from']} on the learner's state has amplified a 1e-9 shift {one['shift_growth']:.3g} times"
        )
        for one in participants
        if one["unreliable_from"] is not None
    ]
    if not words:
        return {}
    remedy = "such rows are marked unreliable; try step_cap, a natural gradient, retention below 1, a higher variance_floor or motor_sd"
    failed = {"verdict": "fail"} if any(one["broken"] for one in participants) else {}
    more = [f"and {len(words) - NAMED} more"] if len(words) > NAMED else []
    return {"trouble": "; ".join([*words[:NAMED], *more, remedy]), **failed}
