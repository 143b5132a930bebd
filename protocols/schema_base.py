"""What all parts of a protocol file share: strict, frozen models whose every field says its meaning and unit."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"


class Part(BaseModel):
    """A table of a protocol file. Unknown keys are errors, nothing is converted silently, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def given(default: Any, meaning: str, unit: str = "", **limits: Any) -> Any:
    """A field with its meaning and unit (SI, degrees only where the name ends in ``_deg``); ``...`` as default makes it required."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit}, **limits)


def part(kind: type[Part], meaning: str) -> Any:
    """A sub-table that may be left out: its defaults hold then."""
    return Field(default_factory=kind, description=meaning, json_schema_extra={"unit": ""})


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _number_or_numbers(value: Any) -> Any:
    numbers = value if isinstance(value, tuple) else (value,)
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise ValueError("Input should be a number or a list of numbers")
    return tuple(float(n) for n in value) if isinstance(value, tuple) else float(value)


#: One number (for all trials) or a list of them.
Series = Annotated[tuple[float, ...], BeforeValidator(_listed)]

#: A learner's parameter: one number, or one for each action dimension.
Parameter = Annotated[Any, BeforeValidator(_number_or_numbers)]

Parameters = dict[str, Parameter]
