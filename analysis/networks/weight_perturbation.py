"""Weight perturbation: each weight is shaken, and credited with its own shake, ``dw = alpha A xi`` (Fiete & Seung 2006).

Noise of the weights gives a linear network's action the covariance ``s^2 |f|^2``: exploration grows with what comes in, and shaking many
weights at once makes the credit of each one poorer than node perturbation does.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from analysis.learner import Learner
from analysis.networks.learner import Params, Rule, network_learner
from analysis.networks.network import Noise, Pass, Weights, forward, silent
from analysis.networks.options import OPTIONS as OPTIONS
from analysis.networks.options import Chosen, choose_network, network_parameters
from analysis.parameters import Parameter
from protocols.task import Task

NAME = "weight-perturbation"
SOURCE = "Fiete & Seung 2006"


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options as values; raises BadInput where they don't fit."""
    return choose_network(NAME, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """The parameters that the learner has with these options."""
    shake = Parameter("weight_sd", "SD of the noise of each weight; an action's unit is initial_sd", "", 1.0, 1e-6, 10.0, False, SOURCE)
    return network_parameters(chosen, False, SOURCE, shake)


def weight_perturbation(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or a value of one that isn't there.
    """
    chosen = choose(options, action_names)
    return network_learner(Rule(NAME, _spread, _draw, _run, _eligible), chosen, parameters_of(chosen))


def _spread(chosen: Chosen, params: Params, weights: Weights, features: Any) -> Weights:
    return jax.tree.map(lambda w: jnp.full(w.shape, 1.0) * params.noise_sd**2, weights)


def _draw(key: Any, chosen: Chosen, variances: Weights, weights: Weights, features: Any) -> Weights:
    keys = Weights(*jax.random.split(key, len(variances)))
    return jax.tree.map(lambda v, k: jnp.sqrt(v) * jax.random.normal(k, v.shape), variances, keys)


def _run(chosen: Chosen, weights: Weights, features: Any, noise: Weights) -> Pass:
    return forward(chosen, jax.tree.map(jnp.add, weights, noise), features, silent(chosen))


def _eligible(chosen: Chosen, made: Pass, noise: Weights, usual: Noise) -> Weights:
    return noise
