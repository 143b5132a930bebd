"""Values of a learner's parameters, as files, command lines and results give them, made into arrays and checked against their bounds."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from protocols.errors import BadInput


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
    fitted: bool = True  # False: a fit leaves it at its default unless asked to free it


def read_values(
    learner: str, parameters: Sequence[Parameter], action_names: Sequence[str], values: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """One array for each parameter: a scalar, or one number for each action dimension.

    ``values`` may give a number, a list, or a text such as ``"60,3.0"``; a parameter with one value for each action may also come in
    parts, as ``initial_mean.release_speed``. What isn't given takes its default, or NaN where that is None but the bounds are open.

    Raises:
        BadInput: an unknown name, a missing value, a wrong count, no number, or a value out of bounds.
    """
    given = _joined(learner, parameters, action_names, values)
    return {p.name: _array(learner, p, action_names, given.get(p.name, p.default)) for p in parameters}


def _joined(learner: str, parameters: Sequence[Parameter], action_names: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Parts such as ``initial_mean.release_speed`` put together; unknown names refused."""
    per_action = {p.name for p in parameters if p.per_action}
    parts = {f"{name}.{action}": (name, i) for name in per_action for i, action in enumerate(action_names)}
    known = {p.name for p in parameters}
    joined: dict[str, Any] = {name: value for name, value in values.items() if name in known}
    for name, value in values.items():
        if name in parts:
            whole, index = parts[name]
            joined.setdefault(whole, [None] * len(action_names))
            joined[whole] = [value if i == index else old for i, old in enumerate(joined[whole])]
        elif name not in known:
            raise BadInput(f"learner '{learner}' has no parameter '{name}': choose from {', '.join(sorted(known))}")
    return joined


def _array(learner: str, parameter: Parameter, action_names: Sequence[str], value: Any) -> np.ndarray:
    name, count = parameter.name, len(action_names) if parameter.per_action else 1
    if value is None:
        raise BadInput(
            f"learner '{learner}' needs a value for '{name}' ({parameter.meaning}): set it, or let it come from the first trials"
        )
    numbers = _numbers(learner, name, value)
    if numbers.size == 1 and count > 1:
        numbers = np.repeat(numbers, count)
    if numbers.size != count:
        wanted = f"{count} numbers ({', '.join(action_names)})" if parameter.per_action else "one number"
        raise BadInput(f"parameter '{name}' of learner '{learner}' takes {wanted}, not {numbers.size}")
    if np.any(numbers < parameter.low) or np.any(numbers > parameter.high):
        raise BadInput(
            f"parameter '{name}' of learner '{learner}' has to lie in {parameter.low:g} to {parameter.high:g} {parameter.unit}".rstrip()
            + f", not be {', '.join(f'{x:g}' for x in numbers)}; correct it"
        )
    return numbers if parameter.per_action else numbers[0]


def _numbers(learner: str, name: str, value: Any) -> np.ndarray:
    parts = value.split(",") if isinstance(value, str) else np.ravel(np.asarray(value, dtype=object))
    try:
        return np.array([float(part) for part in parts])
    except (TypeError, ValueError) as error:
        raise BadInput(f"parameter '{name}' of learner '{learner}' takes numbers, not {value!r}") from error
