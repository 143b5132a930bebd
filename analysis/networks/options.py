"""Options and parameters of the network learners."""

from collections.abc import Mapping
from typing import NamedTuple

from analysis.parameters import Parameter
from protocols.errors import BadInput

INF, NAN = float("inf"), float("nan")
UNITS = 20  # hidden units, unless said otherwise
MOST_UNITS = 200
OPTIONS = {
    "network": ("linear", "hidden", "recurrent"),
    "units": ("tanh", "logistic"),
    "hidden_units": (f"a number from 1 to {MOST_UNITS} ({UNITS})",),
    "context": ("none", "features"),
}


class Chosen(NamedTuple):
    """The options of one network learner, read."""

    network: str
    logistic: bool
    units: int  # 0 where the network is linear
    features: bool
    action_names: tuple[str, ...]


def choose_network(name: str, options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options as values.

    Raises:
        BadInput: an option or a value that isn't there, or Bernoulli-logistic units where the rule has no use for them.
    """
    for option, value in options.items():
        if option not in OPTIONS:
            raise BadInput(f"learner '{name}' has no option '{option}': choose from {', '.join(OPTIONS)}")
        if option != "hidden_units" and value not in OPTIONS[option]:
            raise BadInput(f"option '{option}' of learner '{name}' is '{value}': choose from {', '.join(OPTIONS[option])}")
    network = options.get("network", "linear")
    logistic = options.get("units") == "logistic"
    if logistic and (network != "hidden" or name != "node-perturbation"):
        raise BadInput(f"option 'units' of learner '{name}': logistic units belong to node-perturbation with network = hidden")
    units = 0 if network == "linear" else _count(name, options.get("hidden_units", str(UNITS)))
    return Chosen(network, logistic, units, options.get("context") == "features", tuple(action_names))


def _count(name: str, text: str) -> int:
    if not str(text).isdigit() or not 1 <= int(text) <= MOST_UNITS:
        raise BadInput(f"option 'hidden_units' of learner '{name}' is '{text}': choose a whole number from 1 to {MOST_UNITS}")
    return int(text)


def network_parameters(chosen: Chosen, noisy_nodes: bool, source: str, *more: Parameter) -> tuple[Parameter, ...]:
    """The parameters that all network learners have, ``more`` among them."""
    node = Parameter("node_sd", "SD of the noise of each hidden unit's drive", "", 0.1, 0.0, 10.0, False, source)
    return (
        Parameter("alpha", "learning rate of all weights", "1/reward", 0.1, 0.0, 1e4, False, source),
        *((node,) if noisy_nodes and chosen.units and not chosen.logistic else ()),
        *more,
        Parameter("baseline_decay", "share of the reward baseline that a new reward leaves", "", 0.99, 0.0, 1.0, False, source),
        Parameter("initial_baseline", "reward expected at first; NaN: the first delivered", "reward", NAN, -INF, INF, False, "a choice"),
        Parameter("initial_mean", "mean of the first action", "action", None, -INF, INF, True, "protocol or first trials"),
        Parameter("initial_sd", "SD of the noise of the action's own units", "action", None, 1e-12, INF, True, "protocol or first trials"),
        Parameter("motor_sd", "SD of uncredited motor noise; NaN: initial_sd / 4", "action", NAN, 0.0, INF, True, "van Beers 2009"),
        Parameter("retention", "share of what the weights have learned that is left a trial later", "", 1.0, 0.0, 1.0, False, "Smith 2006"),
    )
