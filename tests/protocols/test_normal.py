"""Normal numbers that are made here, against their defining equation and their distribution."""

import jax
import numpy as np
import pytest
from scipy import stats

from protocols.normal import normal
from protocols.threefry import hashed

KEYS = jax.random.split(jax.random.key(3), 20_000)


def drawn(shape):
    return np.asarray(jax.jit(jax.vmap(lambda key: normal(key, shape)))(KEYS))


@pytest.mark.parametrize("shape", [(), (7,), (3, 5)])
def test_a_pair_lies_at_a_random_distance_in_a_random_direction(shape):
    """Box & Muller 1958: squares sum to -2 log of a uniform number, which the first of the pair's two hashes has in its upper bits."""
    numbers = drawn(shape).reshape(len(KEYS), -1)
    assert numbers.shape[1:] == (int(np.prod(shape)),)
    for first in range(0, numbers.shape[1] - 1, 2):
        high, low = (np.asarray(word).astype(np.uint64) for word in jax.vmap(lambda key, at=first: hashed(key, at))(KEYS))
        share = (((high << np.uint64(32)) | low) >> np.uint64(12)) / 2.0**52
        np.testing.assert_allclose((numbers[:, first : first + 2] ** 2).sum(axis=1), -2 * np.log(1 - share), rtol=1e-12, atol=1e-15)
        directions = np.arctan2(numbers[:, first], numbers[:, first + 1]) / (2 * np.pi) + 0.5
        assert stats.kstest(directions, "uniform").pvalue > 1e-4


def test_each_number_is_normal_and_tells_nothing_of_the_others():
    numbers = drawn((5,))
    for one in numbers.T:
        assert stats.kstest(one, "norm").pvalue > 1e-4
    for power in (1, 2):
        correlations = np.corrcoef((numbers**power).T) - np.eye(5)
        assert np.max(np.abs(correlations)) < 4 / np.sqrt(len(KEYS))


def test_numbers_of_a_key_are_the_same_however_many_are_drawn_together():
    alone = np.stack([normal(key, (5,)) for key in KEYS[:20]])
    np.testing.assert_allclose(drawn((5,))[:20], alone, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(drawn((3,)), drawn((5,))[:, :3])
