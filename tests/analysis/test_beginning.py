"""A scan over the beginning of a record is the beginning of the scan."""

import jax
import jax.numpy as jnp
import numpy as np

from analysis.beginning import scan_beginning

TRIALS = np.linspace(0.1, 1.0, 7)


def _walk(state, trial):
    return state + trial, jnp.stack([state, state * trial])


def test_it_ends_where_it_is_told_and_is_compiled_once():
    traced = []

    @jax.jit
    def run(length):
        traced.append(length)
        return scan_beginning(_walk, 1.0, TRIALS, length)

    whole = scan_beginning(_walk, 1.0, TRIALS)
    for length in (0, 3, 7):
        found = run(length)
        np.testing.assert_array_equal(found[:length], whole[:length])
        assert found.shape == whole.shape and not np.any(found[length:])
    assert len(traced) == 1


def test_derivatives_go_forward():
    slope = jax.jvp(lambda start: scan_beginning(_walk, start, TRIALS, 3).sum(), (1.0,), (1.0,))[1]
    assert slope == np.sum(1 + TRIALS[:3])
