"""Reading a rival's options, with errors that name what may be chosen."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from analysis.angles import WRAPPED
from protocols.errors import BadInput

CONTEXT = ("none", "target-relative", "table")
ERROR = ("signed", "slope")
DESCENDS = ("squared", "absolute")

Options = Mapping[str, tuple[str, ...]]  # name -> values; the first is the default


class Chosen(NamedTuple):
    """The options of one rival, with the columns of the action."""

    values: dict[str, str]
    action_names: tuple[str, ...]

    @property
    def table(self) -> bool:
        """Whether each target has a state of its own."""
        return self.values.get("context") == "table"


def choose(learner: str, known: Options, options: Mapping[str, str], action_names: Sequence[str]) -> Chosen:
    """The options as given, the others at the first of their values (``error`` at what fits the action).

    Raises:
        BadInput: an option or a value that isn't there, or a signed error where the action isn't a reach angle.
    """
    for name, value in options.items():
        if name not in known:
            raise BadInput(f"learner '{learner}' has no option '{name}': choose from {', '.join(known) or 'none'}")
        if value not in known[name]:
            raise BadInput(f"option '{name}' of learner '{learner}' is '{value}': choose from {', '.join(known[name])}")
    values = {name: options.get(name, allowed[0]) for name, allowed in known.items()}
    if "error" in known:
        direct = len(action_names) == 1 and action_names[0] in WRAPPED
        values["error"] = options.get("error", "signed" if direct else "slope")
        if values["error"] == "signed" and not direct:
            raise BadInput(
                f"learner '{learner}' with error = signed needs an action that is a reach angle, and this task's is "
                f"{', '.join(action_names)}: choose error = slope"
            )
    return Chosen(values, tuple(action_names))


def error_unit(chosen: Chosen) -> str:
    """The unit of a rate that multiplies the error to give a step of the state in initial SDs (signed: in degrees)."""
    absolute = chosen.values.get("descends") == "absolute"
    return {"signed": ("", "action"), "slope": ("1/m2", "1/m")}[chosen.values["error"]][absolute]
