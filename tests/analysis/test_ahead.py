"""A scan that is taken apart, against JAX's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from analysis import ahead


@jax.jit
def mixed(state, drawn):
    return 0.9 * state + jnp.tanh(drawn) * state.sum(), drawn.sum()


def step(state, given):
    """Draws, choices and sums; some of it needs the state, some doesn't, and some of either is within another function."""
    key, number = given
    drawn = jax.random.normal(jax.random.fold_in(key, number), (3,))
    after, plain = mixed(state, drawn)
    far = jax.lax.cond(number > 4, lambda: jnp.ones((3, 50)), lambda: jnp.zeros((3, 50)))
    after = jnp.where(number % 2 == 0, after, state + far[:, 0])
    return after, (after.max(), plain, number, jnp.ones(2), jnp.cumsum(drawn))


@pytest.mark.parametrize("count", [1, 7, ahead.STRETCH, ahead.STRETCH + 3])
def test_outputs_are_those_of_a_scan(count):
    given = jax.random.split(jax.random.key(2), count), jnp.arange(count)
    plain = jax.lax.scan(step, jnp.ones(3), given)[1]
    found = jax.jit(lambda start, given: ahead.scan(step, start, given))(jnp.ones(3), given)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(one.reshape(-1, *one.shape[2:])[:count], other, rtol=1e-12)


def test_random_numbers_are_drawn_before_the_loop_over_steps():
    given = jax.random.split(jax.random.key(2), 20), jnp.arange(20)
    whole = jax.make_jaxpr(lambda start, given: ahead.scan(step, start, given))(jnp.ones(3), given)
    (stretches,) = (one for one in whole.jaxpr.eqns if one.primitive.name == "scan")
    inside = stretches.params["jaxpr"].jaxpr.eqns
    (steps,) = (one for one in inside if one.primitive.name == "scan")
    assert "random_bits" in str(inside) and "random_bits" not in str(steps.params["jaxpr"])


def test_what_a_step_asks_for_twice_is_computed_and_handed_on_once():
    def twice(state, given):
        one, other = jnp.sin(given * 2.0), jnp.sin(given * 2.0)
        return state + one, state * other

    whole = jax.make_jaxpr(lambda start, given: ahead.scan(twice, start, given))(jnp.zeros(()), jnp.arange(20.0))
    assert str(whole).count(" sin ") == 1
    np.testing.assert_allclose(ahead.scan(twice, jnp.zeros(()), jnp.arange(20.0)).ravel(), jax.lax.scan(twice, 0.0, jnp.arange(20.0))[1])
