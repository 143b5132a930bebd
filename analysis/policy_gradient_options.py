"""The options of the policy-gradient learner and the parameters that they leave it with."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from analysis.parameters import Parameter
from protocols.errors import BadInput

INF, NAN = float("inf"), float("nan")
NAME = "policy-gradient"
CENTRES, CHANNELS = 16, 11  # of features, of a distributional critic
OPTIONS = {
    "covariance": ("angle", "cholesky", "diagonal"),
    "gradient": ("plain", "natural"),
    "critic": ("running", "features", "distributional"),
    "exploration": ("white", "gsde", "lattice"),
    "asymmetry": ("off", "on"),
    "step_cap": ("off", "a number above 0"),
    "context": ("none", "target-relative", "table", "features"),
    "hidden_noise": ("on", "off"),
    "centres": ("a whole number from 2 to 360 (16)",),
    "channels": ("a whole number from 2 to 360 (11)",),
}
_NUMBERS = ("step_cap", "centres", "channels")  # options that are numbers


class Chosen(NamedTuple):
    """The options of one learner, read."""

    covariance: str
    natural: bool
    step_cap: float | None
    asymmetric: bool
    context: str
    exploration: str
    critic: str
    hidden: bool  # whether motor and process noise are reckoned with
    centres: int
    channels: int
    action_names: tuple[str, ...]

    @property
    def table(self) -> bool:
        """Whether each target has a mean and a reward baseline of its own."""
        return self.context == "table"

    @property
    def on_features(self) -> bool:
        """Whether the mean is a sum over features of the target's direction."""
        return self.context == "features"

    @property
    def features(self) -> bool:
        """Whether mean or critic depend on features of the target's direction."""
        return "features" in (self.context, self.critic)


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options as values.

    Raises:
        BadInput: an option or a value that isn't there, or an angle where the action hasn't two dimensions.
    """
    usual = {1: "diagonal", 2: "angle"}.get(len(action_names), "cholesky")
    default = usual if options.get("exploration", "white") == "white" else "diagonal"  # as in the papers of the structured ones
    for name, value in options.items():
        if name not in OPTIONS:
            raise BadInput(f"learner '{NAME}' has no option '{name}': choose from {', '.join(OPTIONS)}")
        if name not in _NUMBERS and value not in OPTIONS[name]:
            raise BadInput(f"option '{name}' of learner '{NAME}' is '{value}': choose from {', '.join(OPTIONS[name])}")
    covariance = options.get("covariance", default)
    if covariance == "angle" and len(action_names) != 2:
        raise BadInput(
            f"covariance = angle needs an action of 2 numbers, and this task's has {len(action_names)}: choose cholesky or diagonal"
        )
    return Chosen(
        covariance=covariance,
        natural=options.get("gradient") == "natural",
        step_cap=_step_cap(options.get("step_cap", "off")),
        asymmetric=options.get("asymmetry") == "on",
        context=options.get("context", "none"),
        exploration=options.get("exploration", "white"),
        critic=options.get("critic", "running"),
        hidden=options.get("hidden_noise", "on") == "on",
        centres=_count("centres", options.get("centres", CENTRES)),
        channels=_count("channels", options.get("channels", CHANNELS)),
        action_names=tuple(action_names),
    )


def _count(name: str, text: Any) -> int:
    if not str(text).isdigit() or not 2 <= int(text) <= 360:
        raise BadInput(f"option '{name}' of learner '{NAME}' is '{text}': choose a whole number from 2 to 360")
    return int(text)


def _step_cap(text: Any) -> float | None:
    if text == "off":
        return None
    try:
        cap = float(text)
    except (TypeError, ValueError):
        cap = 0.0
    if not cap > 0:
        raise BadInput(f"option 'step_cap' of learner '{NAME}' is '{text}': choose off, or a number above 0 (0.4 is usual)")
    return cap


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """The parameters that a learner with these options has, in the order in which they are listed."""
    means = (_rate("alpha_mean", "rate of the mean", "Haith 2025"),)
    if chosen.asymmetric:
        means = (
            _rate("alpha_plus", "rate of the mean where the reward exceeds the baseline", "asymmetric rates"),
            _rate("alpha_minus", "rate of the mean where the reward falls short of the baseline", "asymmetric rates"),
        )
    angle = (
        _rate("alpha_angle", "rate of the angle of the covariance", "Haith 2025"),
        Parameter(
            "initial_angle", "angle of the covariance at first, normalised axes", "rad", 0.0, -np.pi, np.pi, False, "Haith 2025", False
        ),
    )
    return (
        *means,
        _rate("alpha_log_var", "rate of the log variances (with cholesky: of the whole factor)", "Haith 2025"),
        *(angle if chosen.covariance == "angle" else ()),
        Parameter("baseline_decay", "share of the reward baseline that a new reward leaves", "", 0.99, 0.0, 1.0, False, "Haith 2025"),
        Parameter(
            "initial_baseline", "reward expected at first; NaN: the first one delivered", "reward", NAN, -INF, INF, False, "a choice"
        ),
        Parameter("initial_mean", "mean of the first action", "action", None, -INF, INF, True, "protocol or first trials"),
        Parameter(
            "initial_sd", "SD of exploration at first, unit of all rates", "action", None, 1e-12, INF, True, "protocol or first trials"
        ),
        *_features(chosen),
        *(_HIDDEN if chosen.hidden else ()),
        Parameter(
            "retention", "share of what the mean has learned that is left a trial later", "", 1.0, 0.0, 1.0, False, "Smith 2006", False
        ),
        Parameter(
            "variance_floor", "least variance of exploration, in initial variances", "", 0.01, 0.0, 1.0, False, "keeps steps finite", False
        ),
    )


_HIDDEN = (
    Parameter("motor_sd", "SD of uncredited motor noise; NaN: initial_sd / 4", "action", NAN, 0.0, INF, True, "van Beers 2009"),
    Parameter(
        "process_sd",
        "SD of what each weight of the mean gains a trial by chance, in initial SDs",
        "",
        0.0,
        0.0,
        1e3,
        False,
        "our choice",
        False,
    ),
)


def _features(chosen: Chosen) -> tuple[Parameter, ...]:
    """What features, weights on them, and latents leave open."""
    kappa = Parameter("kappa", "concentration of the features of the target's direction", "", 5.0, 0.0, 100.0, False, "Haith 2025", False)
    start = Parameter(
        "initial_weight_sd",
        "SD of the first weights of the mean, drawn by one fixed key",
        "action",
        0.0,
        0.0,
        INF,
        True,
        "Haith 2025",
        False,
    )
    latent = Parameter("latent_sd", "SD of latent exploration at first", "", 0.5, 1e-6, 1e3, False, "Chiappa 2023, Lattice")
    return (
        *((kappa,) if chosen.features else ()),
        *((start,) if chosen.context == "features" else ()),
        *((latent,) if chosen.exploration == "lattice" else ()),
    )


def _rate(name: str, meaning: str, source: str) -> Parameter:
    return Parameter(name, meaning, "1/reward", 0.1, 0.0, 1e4, False, source)
