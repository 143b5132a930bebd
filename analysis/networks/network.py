"""The noisy network that the perturbation rules share: what is in it, what it does in one pass, what its noise does to the action.

One pass through the network makes one action, in normalised units. Noise is part of the pass: no second, clean pass is ever made to
learn from (what the reviewers of Haith 2025 ask for).

* ``linear``: ``u = W f + noise``, from the features f of the target straight to the action;
* ``hidden``: ``h = tanh(V f + noise)`` or Bernoulli-logistic units (Williams 1992), then ``u = W h + noise``;
* ``recurrent``: ``x += LEAK (-x + R tanh(x) + V f + noise)`` for ``STEPS`` steps from rest, then ``u = W tanh(x) + noise``.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.features import CENTRES, von_mises
from analysis.learner import Context
from analysis.networks.options import Chosen

STEPS, LEAK = 10, 0.2
GAIN = 1.2  # of the recurrent weights at first; above 1 activity echoes
WEIGHTS_SEED = 20250101  # the first weights are the same on every run


class Weights(NamedTuple):
    """Connections; what a network hasn't has no rows."""

    outward: Float[Array, "action source"]
    inward: Float[Array, "unit feature"]
    recurrent: Float[Array, "unit unit"]


class Noise(NamedTuple):
    """One number for each unit in one pass: what chance adds to it, or its drive."""

    outward: Float[Array, " action"]
    inward: Float[Array, "step unit"]


class Pass(NamedTuple):
    """One pass: the action, and what each connection's two ends did."""

    action: Float[Array, " action"]  # normalised, without motor noise
    drive: Noise  # of each unit, noise included
    features: Float[Array, " feature"]
    before: Float[Array, "step unit"]  # activity that the recurrent connections carried
    source: Float[Array, " source"]  # what the outward connections carried


def first_weights(chosen: Chosen) -> Weights:
    """Drawn once, scaled by the square root of what comes in."""
    chance = np.random.default_rng(WEIGHTS_SEED)
    features, units = feature_count(chosen), chosen.units
    source = units or features

    def draw(rows: int, columns: int, gain: float = 1.0) -> Array:
        return jnp.asarray(gain * chance.standard_normal((rows, columns)) / np.sqrt(max(columns, 1)))

    recurrent = draw(units, units, GAIN) if chosen.network == "recurrent" else jnp.zeros((0, 0))
    outward = draw(len(chosen.action_names), source) if units else jnp.zeros((len(chosen.action_names), source))
    return Weights(outward, draw(units, features), recurrent)


def feature_count(chosen: Chosen) -> int:
    """How many numbers the network is given."""
    return CENTRES if chosen.features else 1


def inputs(chosen: Chosen, context: Context) -> Float[Array, " feature"]:
    """What the network is given: von Mises features of the target's direction, or 1 throughout."""
    if not chosen.features:
        return jnp.ones(1)
    target = jnp.asarray(context.target)
    return von_mises(jnp.arctan2(target[1], target[0]))


def silent(chosen: Chosen) -> Noise:
    """No noise."""
    steps = STEPS if chosen.network == "recurrent" else 1
    return Noise(jnp.zeros(len(chosen.action_names)), jnp.zeros((steps, chosen.units)))


def forward(chosen: Chosen, weights: Weights, features: Float[Array, " feature"], noise: Noise) -> Pass:
    """One pass with this noise. A Bernoulli-logistic unit's noise is its output less its probability."""
    drive = weights.inward @ features
    nothing = jnp.zeros((0, chosen.units))
    if chosen.network == "linear":
        source, drives, before = features, noise.inward, nothing
    elif chosen.network == "hidden":
        drives = drive + noise.inward
        source = jax.nn.sigmoid(drive) + noise.inward[0] if chosen.logistic else jnp.tanh(drives[0])
        before = nothing
    else:
        source, drives, before = _echo(weights, drive, noise.inward)
    action = weights.outward @ source + noise.outward
    return Pass(action, Noise(action, drives), features, before, source)


def _echo(weights: Weights, drive: Float[Array, " unit"], noise: Float[Array, "step unit"]) -> tuple[Array, Array, Array]:
    """The recurrent units from rest: their last activity, their drives, and the activity before each step."""

    def step(potential: Array, chance: Array) -> tuple[Array, tuple[Array, Array]]:
        activity = jnp.tanh(potential)
        total = weights.recurrent @ activity + drive + chance
        return potential + LEAK * (total - potential), (total, activity)

    last, (drives, before) = jax.lax.scan(step, jnp.zeros_like(drive), noise)
    return jnp.tanh(last), drives, before
