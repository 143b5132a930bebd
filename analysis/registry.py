"""Learners by name. A learner's module, and JAX with it, is loaded when the learner is built."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType

from analysis.learner import Learner
from protocols.errors import BadInput

_BUILDERS = {"policy-gradient": ("analysis.policy_gradient", "policy_gradient")}

LEARNERS = tuple(_BUILDERS)


def build_learner(name: str, options: Mapping[str, str], action_names: tuple[str, ...]) -> Learner:
    """The learner ``name`` with its options chosen, for actions of these columns.

    Raises:
        BadInput: an unknown learner, an option it hasn't, or one that doesn't fit the action.
    """
    return _built(name, tuple(sorted(options.items())), tuple(action_names))


@cache
def _built(name: str, options: tuple[tuple[str, str], ...], action_names: tuple[str, ...]) -> Learner:
    """One learner for each choice, so that what was compiled for it is used again."""
    return getattr(_module(name), _BUILDERS[name][1])(dict(options), action_names)


def learner_options(name: str) -> dict[str, tuple[str, ...]]:
    """The learner's options and the values each may take."""
    return dict(_module(name).OPTIONS)


def _module(name: str) -> ModuleType:
    if name not in _BUILDERS:
        raise BadInput(f"there is no learner '{name}': choose from {', '.join(LEARNERS)}")
    return import_module(_BUILDERS[name][0])
