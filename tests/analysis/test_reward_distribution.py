"""A distributional critic comes to rest at expectiles, and from them known distributions are decoded."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from analysis.critics import DISTRIBUTIONAL, asymmetries
from analysis.reward_distribution import decode, expectiles
from protocols.errors import BadInput

RNG = np.random.default_rng(1)
KNOWN = {
    "one value": np.full(2000, 0.3),
    "hit or miss": (RNG.random(2000) < 0.7).astype(float),
    "uniform": RNG.random(2000),
    "two humps": np.clip(np.where(RNG.random(2000) < 0.5, RNG.normal(0.2, 0.05, 2000), RNG.normal(0.8, 0.05, 2000)), 0, 1),
    "skewed": np.clip(RNG.exponential(0.2, 2000), 0, 1),
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("channels", [11, 31])
def test_known_distributions_are_decoded(name, channels):
    rewards = KNOWN[name]
    found = decode(expectiles(rewards, asymmetries(channels)), 0.0, 1.0, smooth=1e-4)
    assert found.probabilities.sum() == pytest.approx(1) and found.misfit < 2e-3
    assert np.sum(found.probabilities * found.rewards) == pytest.approx(rewards.mean(), abs=5e-3)
    apart = wasserstein_distance(found.rewards, rewards, found.probabilities)
    other = min(wasserstein_distance(other, rewards) for key, other in KNOWN.items() if key != name)
    assert apart < 0.03 and apart < 0.5 * other, (apart, other)


def test_expectiles_satisfy_their_equation():
    rewards, taus = KNOWN["skewed"], asymmetries(7)
    points = expectiles(rewards, taus)
    above, below = (np.maximum(side * (rewards[None] - points[:, None]), 0).mean(axis=1) for side in (1, -1))
    np.testing.assert_allclose(taus * above, (1 - taus) * below, atol=1e-12)
    assert points[3] == pytest.approx(rewards.mean())


def test_channels_tend_to_expectiles():
    """``V_i += a_i^+ delta`` or ``a_i^- delta`` at a slow rate, averaged over the second half."""
    rewards = jnp.asarray(RNG.permutation(np.tile(KNOWN["skewed"], 10)))
    learn = lambda v, r: (DISTRIBUTIONAL.learn(v, 0, jnp.zeros(0), r, jnp.asarray(0.01)),) * 2  # noqa: E731
    _, values = jax.jit(lambda: jax.lax.scan(learn, DISTRIBUTIONAL.start(jnp.asarray(jnp.nan), 1, 11), rewards))()
    assert np.all(values[0] == rewards[0])
    np.testing.assert_allclose(values[10000:, 0].mean(axis=0), expectiles(KNOWN["skewed"], asymmetries(11)), atol=0.01)


@pytest.mark.parametrize(("points", "words"), [([np.nan, 0.5], "no reward yet"), ([0.2, 1.4], "widen the range")])
def test_what_cannot_be_decoded_is_said(points, words):
    with pytest.raises(BadInput, match=words):
        decode(np.array(points), 0.0, 1.0)
