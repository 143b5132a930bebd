"""From a protocol's ``[twin]`` or ``[participant]`` table to a learner and the values of its parameters."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analysis.learner import Learner
from analysis.registry import build_learner, check_values, learner_options, learner_parameters
from protocols.errors import BadInput
from protocols.records import action_columns
from protocols.schema import Choose, Protocol
from protocols.task import Task
from rig.tables.derive import split_setting


class Choice(NamedTuple):
    """A learner with its options chosen, and what is known of its parameters."""

    learner: Learner
    options: dict[str, str]
    values: dict[str, Any]  # by parameter name, units of the action columns
    first_trials: int  # initial mean and SD come from so many trials; 0: they are known

    def params(self) -> Any:
        """The parameters.

        Raises:
            BadInput: one is missing or impossible.
        """
        return self.learner.make_params(self.values)

    def complete(self, actions: np.ndarray) -> "Choice":
        """With initial mean and SD from the first actions (trial, action)."""
        found = {"initial_mean": actions.mean(axis=0).tolist(), "initial_sd": actions.std(axis=0, ddof=1).tolist()}
        return self._replace(values={**self.values, **found}, first_trials=0)

    def frozen(self) -> dict[str, Any]:
        """Everything that says what will predict, defaults included, to be kept before it predicts."""
        defaults = {p.name: p.default for p in self.learner.parameters}
        return {"learner": self.learner.name, "options": self.options, "parameters": {**defaults, **self.values}}


def twin_choice(protocol: Protocol, task: Task, folder: Path) -> Choice:
    """The learner that runs beside the session; ``from_fit`` is looked for from the protocol file's ``folder``.

    Raises:
        BadInput: no such learner, option, parameter or fit, or a parameter without a value.
    """
    twin = protocol.twin
    fitted = _from_fit(folder / twin.from_fit, twin.learner) if twin.from_fit else {}
    learner = build_learner(twin.learner, twin.options, task.action_names, task)
    choice = Choice(learner, dict(twin.options), {**fitted, **twin.parameters}, twin.from_first_trials or 0)
    stand_in = choice.complete(np.array([[0.0], [1.0]]) * np.ones(len(task.action_names))) if choice.first_trials else choice
    stand_in.params()  # what is wrong is said now, not after the first trials
    return choice


def rival_choice(protocol: Protocol, task: Task, folder: Path, asked: Choose) -> Choice:
    """The learner that a block's ``choose`` tells the twin's apart from.

    Raises:
        BadInput: no such learner, option or parameter, or a parameter without a value.
    """
    learner = build_learner(asked.rival, asked.options, task.action_names, task)
    kept = {key: value for key, value in _of_twin(protocol, folder, learner).items() if _whole(key) not in map(_whole, asked.parameters)}
    choice = Choice(learner, dict(asked.options), {**kept, **asked.parameters}, 0)
    choice.params()
    return choice


def participant_choice(protocol: Protocol, task: Task, folder: Path) -> Choice:
    """The learner that chooses a simulated participant's actions. Its motor noise is the participant's, so the learner adds none.

    Raises:
        BadInput: as ``twin_choice`` does.
    """
    given, twin = protocol.participant, protocol.twin
    learner = build_learner(given.learner, given.options, task.action_names, task)
    names = {p.name for p in learner.parameters}
    fitted = _from_fit(folder / twin.from_fit, twin.learner) if twin.from_fit else {}
    inherited = {name: value for name, value in {**fitted, **twin.parameters}.items() if name.partition(".")[0] in names}
    motor = {"motor_sd": 0.0} if "motor_sd" in names else {}
    choice = Choice(learner, dict(given.options), {**inherited, **motor, **given.parameters}, 0)
    choice.params()
    return choice


def named_choice(protocol: Protocol, task: Task, folder: Path, name: str, settings: Sequence[str]) -> Choice:
    """The learner of a command line with its ``name=value`` settings, of options and parameters alike.

    What isn't set is as in the protocol's [twin] table where that has the same learner, else the learner's own default; a parameter that
    has no default of its own (such as ``initial_mean``) is taken from [twin] in any case.

    Raises:
        BadInput: no such learner, option or parameter, or an impossible value. A parameter without any value is said by ``Choice.params``.
    """
    twin, known_options = protocol.twin, learner_options(name)
    given = dict(split_setting("--set", setting) for setting in settings)
    options = {**(twin.options if twin.learner == name else {}), **{key: value for key, value in given.items() if key in known_options}}
    learner = build_learner(name, options, task.action_names, task)
    own = {key: _as_numbers(value) for key, value in given.items() if key not in known_options}
    _check_known(learner, tuple(known_options), own)
    kept = {key: value for key, value in _of_twin(protocol, folder, learner).items() if not {key, _whole(key)} & own.keys()}
    known_start = {"initial_mean", "initial_sd"} <= {_whole(key) for key in own}
    return Choice(learner, options, {**kept, **own}, 0 if known_start else _first_trials(protocol, learner))


def _whole(key: str) -> str:
    """``initial_mean`` of ``initial_mean.release_speed``."""
    return key.partition(".")[0]


def _of_twin(protocol: Protocol, folder: Path, learner: Learner) -> dict[str, Any]:
    """The values of [twin] that serve this learner: of the same one all that its options leave it, else those it has no default for."""
    twin = protocol.twin
    values = {**(_from_fit(folder / twin.from_fit, twin.learner) if twin.from_fit else {}), **twin.parameters}
    wanted = {p.name for p in learner.parameters if learner.name == twin.learner or p.default is None}
    return {key: value for key, value in values.items() if _whole(key) in wanted}


def _first_trials(protocol: Protocol, learner: Learner) -> int:
    starts = {"initial_mean", "initial_sd"} <= {p.name for p in learner.parameters}
    return (protocol.twin.from_first_trials or 0) if starts else 0


def _check_known(learner: Learner, options: tuple[str, ...], own: Mapping[str, Any]) -> None:
    parameters = [p.name for p in learner.parameters]
    for key in own:
        if _whole(key) not in parameters:
            raise BadInput(
                f"--set {key}: learner '{learner.name}' has no such option or parameter; options: {', '.join(options)};"
                f" parameters: {', '.join(parameters)}"
            )


def _as_numbers(value: str) -> Any:
    """Numbers where it is numbers, so that results hold them as such; what else it is, the learner refuses."""
    try:
        numbers = [float(part) for part in value.split(",")]
    except ValueError:
        return value
    return numbers if len(numbers) > 1 else numbers[0]


def check_learners(protocol: Protocol, file: Path) -> None:
    """Hold a protocol's [twin], [participant] and [live] to their learners; quick, since no arithmetic is loaded.

    Raises:
        BadInput: no such learner, option, parameter or fit, or a parameter without a value; names file and table.
    """
    names = tuple(column.name.removeprefix("action_") for column in action_columns(protocol.task.name))
    twin, given = protocol.twin, protocol.participant
    unknown = dict.fromkeys(("initial_mean", "initial_sd"), 1.0) if twin.from_first_trials else {}
    try:
        fitted = _from_fit(file.parent / twin.from_fit, twin.learner) if twin.from_fit else {}
        check_values(twin.learner, twin.options, names, {**fitted, **twin.parameters, **unknown})
    except BadInput as error:
        raise BadInput(f"{file}: [twin]: {error}") from error
    try:
        inherited = {**fitted, **twin.parameters, **unknown} if given.learner == twin.learner else {}
        check_values(given.learner, given.options, names, {**inherited, **given.parameters})
    except BadInput as error:
        raise BadInput(f"{file}: [participant]: {error}") from error
    of_twin = {**fitted, **twin.parameters, **unknown}
    try:
        for rival in protocol.live.rivals:
            _check_rival(rival, {}, names, of_twin, {})
    except BadInput as error:
        raise BadInput(f"{file}: [live] rivals: {error}") from error
    try:
        for asked in (block.choose for phase in protocol.phases for block in phase.blocks if block.choose):
            _check_rival(asked.rival, asked.options, names, of_twin, asked.parameters)
    except BadInput as error:
        raise BadInput(f"{file}: choose: {error}") from error


def _check_rival(name: str, options: Mapping[str, str], names: tuple[str, ...], of_twin: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """A rival begins where the twin does, and has its own values and defaults else."""
    wanted = {p.name for p in learner_parameters(name, options, names) if p.default is None} - set(map(_whole, own))
    check_values(name, options, names, {**{key: value for key, value in of_twin.items() if _whole(key) in wanted}, **own})


def thawed(kept: Mapping[str, Any], task: Task) -> Choice:
    """The choice that ``frozen`` kept, as JSON gives it back (NaN is None)."""
    learner = build_learner(kept["learner"], kept["options"], task.action_names, task)
    values = {name: float("nan") if value is None else value for name, value in kept["parameters"].items()}
    return Choice(learner, dict(kept["options"]), values, 0)


def targets_of(protocol: Protocol) -> np.ndarray:
    """The protocol's targets (m), (context, 2), in the file's order: the contexts of learners."""
    return np.array([protocol.target_position(name) for name in protocol.targets])


def _from_fit(file: Path, learner: str) -> dict[str, Any]:
    try:
        fit = json.loads(file.read_text(encoding="utf-8"))
        values = {name: parameter["estimate"] for name, parameter in fit["parameters"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"twin.from_fit: {file}: expected the fit.json of an earlier fit ({error}); name the right file") from error
    if fit.get("learner") != learner:
        raise BadInput(f"twin.from_fit: {file}: a fit of {fit.get('learner')!r}, and twin.learner is {learner!r}; use the same learner")
    return values
