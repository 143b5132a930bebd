"""Reward-modulated Hebb: ``dw = alpha A (x - usual x) s`` (Legenstein et al. 2010; Miconi 2017).

No connection is told the noise. Each takes what its unit's drive x differs by from its own running mean, over earlier trials to the same
target, for the fluctuation; the running mean also follows what was learned, so the credit is a little off. Miconi's rule cubes the
correlation and averages within a trial; this is the plain form, with the mean over trials.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from analysis.learner import Learner
from analysis.networks.learner import Rule, network_learner
from analysis.networks.network import Noise, Pass, Weights, forward
from analysis.networks.node_perturbation import draw_nodes, eligible_by_noise, node_spread
from analysis.networks.options import OPTIONS as OPTIONS
from analysis.networks.options import Chosen, choose_network, network_parameters
from analysis.parameters import Parameter
from protocols.task import Task

NAME = "reward-hebb"
SOURCE = "Legenstein et al. 2010; Miconi 2017"


def choose(options: Mapping[str, str], action_names: tuple[str, ...]) -> Chosen:
    """The options as values; raises BadInput where they don't fit."""
    return choose_network(NAME, options, action_names)


def parameters_of(chosen: Chosen) -> tuple[Parameter, ...]:
    """The parameters that the learner has with these options."""
    decay = Parameter("activity_decay", "share of a drive's running mean that a new pass leaves", "", 0.8, 0.0, 1.0, False, "a choice")
    return network_parameters(chosen, True, SOURCE, decay)


def reward_hebb(options: Mapping[str, str], action_names: tuple[str, ...], task: Task | None = None) -> Learner:
    """The learner with its options chosen.

    Raises:
        BadInput: an option or a value of one that isn't there.
    """
    chosen = choose(options, action_names)
    return network_learner(Rule(NAME, node_spread, draw_nodes, forward, eligible_by_fluctuation), chosen, parameters_of(chosen))


def eligible_by_fluctuation(chosen: Chosen, made: Pass, noise: Noise, usual: Noise) -> Weights:
    """A drive's distance from its running mean, times what the connection carried; nothing on the first pass."""
    fluctuation = jax.tree.map(lambda now, mean: jnp.where(jnp.isnan(mean), 0.0, now - mean), made.drive, usual)
    return eligible_by_noise(chosen, made, fluctuation, usual)
