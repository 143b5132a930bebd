"""What a fitted learner held of every trial, as columns of BIDS events: regressors for EEG that was recorded on the same clock."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.predict import predict
from analysis.registry import build_learner
from protocols.errors import BadInput
from protocols.tasks import make_task
from rig.models.fits import FILE
from rig.models.learner_choice import targets_of
from rig.tables.tables import load_tables

if TYPE_CHECKING:
    from rig.bids.session import BidsSession


class Latent(NamedTuple):
    """Of one trial; None where there is nothing: no action, no reward, or a learner without expectation."""

    surprise: float | None
    expected_reward: float | None
    prediction_error: float | None


MEANING = {
    "surprise": {
        "Description": "minus the log density of the trial's action, by the learner before it; units of the action columns",
        "Units": "nat",
    },
    "expected_reward": {"Description": "the learner's reward baseline before the trial"},
    "prediction_error": {"Description": "reward as delivered, minus expected_reward"},
}
NOTHING = Latent(None, None, None)


def latents_of(session: "BidsSession", fits: Path) -> dict[int, Latent]:
    """By trial number, of the participant's fit below ``fits``: the yoked learner with its estimates over this session, from its start.

    Raises:
        BadInput: there is no fit of this participant and task, or it can't be read.
    """
    kept = _fit_of(session, fits)
    protocol, task = session.protocol, make_task(session.protocol)
    try:
        learner = build_learner(kept["learner"], kept["options"], task.action_names, task)
        params = learner.make_params({name: found["estimate"] for name, found in kept["parameters"].items()})
    except (KeyError, TypeError) as error:
        raise BadInput(f"{fits}: isn't what twinrig fit wrote ({error!r}); name its --out") from error
    (part,) = load_tables([session.folder], protocol, accept_simulated=session.simulated, needs=learner.needs)
    found = predict(learner, params, len(targets_of(protocol)), part.seen).prediction
    acted = np.isfinite(np.asarray(part.seen.action)).all(axis=1)
    surprise = np.where(acted, -np.asarray(found.log_prob), np.nan)
    columns = surprise, np.asarray(found.policy.reward_baseline), np.asarray(part.seen.reward) - np.asarray(found.policy.reward_baseline)
    return {int(trial): Latent(*map(_number, row)) for trial, *row in zip(part.trial, *columns, strict=True)}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _fit_of(session: "BidsSession", fits: Path) -> Mapping[str, Any]:
    """The fit of the session's participant: the file named, or the one in a folder of fits."""
    places = [fits] if fits.is_file() else [fits / session.participant / FILE, fits / FILE]
    for file in places:
        if not file.is_file():
            continue
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadInput(f"--fit {file}: can't be read ({error}); name the --out of twinrig fit") from error
        if isinstance(kept, dict) and kept.get("participant") == session.participant:
            return kept
    raise BadInput(f"--fit {fits}: has no {FILE} of participant '{session.participant}'; fit the session's table first, then export")
