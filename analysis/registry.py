"""Learners by name. A learner's module, and JAX with it, is loaded when the learner is built."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from analysis.learner import Learner
from analysis.parameters import Parameter, read_values
from protocols.errors import BadInput
from protocols.task import Task

_RIVALS = (
    "error-based",
    "two-rate",
    "task-outcome",
    "explore-keep",
    "reward-variability",
    "win-stay",
    "reward-weighted",
    "actor-critic",
    "credit-assignment",
    "past-blocks",
    "random-walk",
    "local-level",
    "trend",
)


def _rival(name: str) -> tuple[str, str, str]:
    """A rival is one small module, named as it is itself, and so is the function in it."""
    spelled = name.replace("-", "_")
    return f"analysis.rivals.{spelled}", f"analysis.rivals.{spelled}", spelled


#: Name -> the module of its options and parameters (light), and of its arithmetic, with the function that builds it.
_BUILDERS = {
    "policy-gradient": ("analysis.policy_gradient_options", "analysis.policy_gradient", "policy_gradient"),
    "node-perturbation": ("analysis.networks.node_perturbation", "analysis.networks.node_perturbation", "node_perturbation"),
    "weight-perturbation": ("analysis.networks.weight_perturbation", "analysis.networks.weight_perturbation", "weight_perturbation"),
    "reward-hebb": ("analysis.networks.reward_hebb", "analysis.networks.reward_hebb", "reward_hebb"),
    **{name: _rival(name) for name in _RIVALS},
}

LEARNERS = tuple(_BUILDERS)


def build_learner(name: str, options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner ``name`` with its options chosen, for actions of these columns. ``task`` serves those that know how errors come about.

    Raises:
        BadInput: an unknown learner, an option it hasn't, or one that doesn't fit the action or the task.
    """
    return _built(name, tuple(sorted(options.items())), tuple(action_names), task)


@cache
def _built(name: str, options: tuple[tuple[str, str], ...], action_names: tuple[str, ...], task: Task | None) -> Learner:
    """One learner for each choice, so that what was compiled for it is used again."""
    _, module, function = _entry(name)
    return getattr(import_module(module), function)(dict(options), action_names, task)


def learner_options(name: str) -> dict[str, tuple[str, ...]]:
    """The learner's options and the values each may take."""
    return dict(_light(name).OPTIONS)


def misfit(name: str, task: Task) -> str:
    """Why a learner, its options as they are without a word, can't practise a task; nothing where it can. It is found out by trying."""
    try:
        build_learner(name, {}, task.action_names, task)
    except BadInput as error:
        return str(error)
    return ""


def summary(name: str) -> str:
    """What the learner is, in the words that its module begins with."""
    words = import_module(_entry(name)[1]).__doc__ or ""
    return " ".join(words.partition("\n\n")[0].split()).replace("``", "`")


def check_values(name: str, options: Mapping[str, str], action_names: tuple[str, ...], values: Mapping[str, Any]) -> None:
    """Hold options and parameters to the learner, without its arithmetic (and so without JAX).

    Raises:
        BadInput: as ``build_learner`` and the learner's ``make_params`` raise it.
    """
    read_values(name, learner_parameters(name, options, action_names), action_names, values)


def learner_parameters(name: str, options: Mapping[str, str], action_names: tuple[str, ...]) -> tuple[Parameter, ...]:
    """The learner's parameters with its options chosen, without its arithmetic.

    Raises:
        BadInput: as ``build_learner`` raises it.
    """
    light = _light(name)
    return light.parameters_of(light.choose(options, action_names))


def _light(name: str) -> ModuleType:
    return import_module(_entry(name)[0])


def _entry(name: str) -> tuple[str, str, str]:
    if name not in _BUILDERS:
        raise BadInput(f"there is no learner '{name}': choose from {', '.join(LEARNERS)}")
    return _BUILDERS[name]
