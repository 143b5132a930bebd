"""Node perturbation: each unit is credited with its own noise, ``dw = alpha A xi s`` (Williams 1992; Fiete & Seung 2006).

xi is the noise of the unit that the connection ends at, s the activity that it carries, A the reward less its baseline. With Bernoulli-
logistic units xi is the unit's output less its probability: REINFORCE. On a linear network this is the mean rule of the policy gradient.
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

NAME = "node-perturbation"
SOURCE = "Williams 1992; Fiete & Seung 2006"


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options as values; raises BadInput where they don't fit."""
    return choose_network(NAME, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """The parameters that the learner has with these options."""
    return network_parameters(chosen, True, SOURCE)


def node_perturbation(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or a value of one that isn't there.
    """
    chosen = choose(options, action_names)
    return network_learner(Rule(NAME, node_spread, draw_nodes, forward, eligible_by_noise), chosen, parameters_of(chosen))


def node_spread(chosen: Chosen, params: Params, weights: Weights, features: Any) -> Noise:
    """Variance of each unit's noise; the action's own is 1 in normalised units."""
    quiet = silent(chosen)
    if not chosen.logistic:
        return Noise(jnp.ones_like(quiet.outward), jnp.full_like(quiet.inward, 1.0) * params.noise_sd**2)
    chance = jax.nn.sigmoid(weights.inward @ features)
    return Noise(jnp.ones_like(quiet.outward), (chance * (1 - chance))[None, :])


def draw_nodes(key: Any, chosen: Chosen, variances: Noise, weights: Weights, features: Any) -> Noise:
    """Gaussian noise of each unit, or what a Bernoulli-logistic unit does beyond its probability."""
    outward_key, inward_key = jax.random.split(key)
    outward = jnp.sqrt(variances.outward) * jax.random.normal(outward_key, variances.outward.shape)
    if chosen.logistic:
        chance = jax.nn.sigmoid(weights.inward @ features)
        return Noise(outward, (jax.random.bernoulli(inward_key, chance) - chance)[None, :])
    return Noise(outward, jnp.sqrt(variances.inward) * jax.random.normal(inward_key, variances.inward.shape))


def eligible_by_noise(chosen: Chosen, made: Pass, noise: Noise, usual: Noise) -> Weights:
    """Noise at a connection's end, times what it carried; over all steps of the pass."""
    return Weights(
        outward=jnp.outer(noise.outward, made.source),
        inward=jnp.outer(noise.inward.sum(axis=0), made.features),
        recurrent=noise.inward.T @ made.before if chosen.network == "recurrent" else jnp.zeros((0, 0)),
    )
