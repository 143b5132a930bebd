"""Loops as machine code, against JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from analysis.lanes.code import DOUBLE, SINGLE
from analysis.lanes.loop import Loop, numbers
from protocols.circle import cos_sin

NUMBER = jax.ShapeDtypeStruct((), float)
SPECIAL = np.array([0.0, -0.0, 1.0, 1 + 1e-12, -1.0, np.inf, -np.inf, np.nan, 709.0, 710.0, -707.9, -708.5, 1e300, 1e-300, 0.5, 2.5, -2.5])
MANY = np.concatenate([SPECIAL, np.random.default_rng(0).normal(size=200) * 30, np.logspace(-300, 300, 61)])


def once(function, x, precision=DOUBLE):
    """What a loop of one trial says of the function at many places."""
    loop = Loop(lambda holds, state, trial: (state, function(holds)), NUMBER, NUMBER, NUMBER, precision)
    return loop(x[None], np.zeros((1, len(x))), np.zeros((1, 1)))[0, 0]


FUNCTIONS = [
    jnp.exp,
    jnp.log,
    jnp.sqrt,
    jnp.abs,
    jnp.floor,
    jnp.round,
    jax.lax.round,
    jnp.sign,
    jnp.square,
    jnp.isfinite,
    jnp.isnan,
    lambda x: -x,
    lambda x: x**3,
    lambda x: x**-2,
    lambda x: 3.0 / x,
    lambda x: jnp.maximum(x, 0.5),
    lambda x: jnp.minimum(0.5, x),
    lambda x: jnp.where((x > 1) & ~(x <= 2) | (x == 0.5) | (x != x), x - 1, 1 + x),
    lambda x: jnp.where(x >= 0, 1.0, 0.0) + (x < -1),
    lambda x: jax.lax.cond(x > 0, lambda x: x + 1, lambda x: x * 2, x),
    lambda x: jax.grad(lambda x: jnp.exp(-x * x) * jnp.abs(x))(x),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_are_those_of_jax(function):
    expected = np.asarray(jax.vmap(function)(MANY), float)
    normal = ~(np.abs(expected) < 2.3e-308) | (expected == 0)  # what lies below is 0 here
    np.testing.assert_allclose(once(function, MANY)[normal], expected[normal], rtol=5e-16, atol=1e-300)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_in_single_precision_are_those_of_jax(function):
    held = MANY[~(np.abs(MANY) > 1e12) & ~((np.abs(MANY) < 1e-12) & (MANY != 0)) | ~np.isfinite(MANY)].astype(np.float32)
    x = np.concatenate([held, np.array([87.0, 89.0, -86.5], np.float32)])
    expected = np.asarray(jax.vmap(function)(x), np.float32)
    normal = ~(np.abs(expected) < 1.2e-38) | (expected == 0)
    found = once(function, x.astype(float), SINGLE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[normal], expected[normal], rtol=3e-7, atol=1e-37)


def test_angles_keep_what_rounding_leaves():
    angles = np.linspace(-30, 30, 64)
    for part, expected in enumerate((np.cos, np.sin)):
        np.testing.assert_allclose(once(lambda x, part=part: cos_sin(x)[part], angles), expected(angles), atol=1e-14)


def test_arrays_are_moved_about_and_reduced():
    def step(holds, state, trial):
        table = holds[:, None] * np.arange(1.0, 5.0) + trial[0]
        state = state + table.sum(axis=0) - table[:, 1:3].max() + table.reshape(-1)[::5].min()
        positive = jax.lax.cond(trial[1] > 0, lambda s: s * 2.0, lambda s: s - 1.0, state)
        return positive, (state.sum(), (table > 0).all(axis=1).any())

    random = np.random.default_rng(1)
    holds, state, trials = random.normal(size=(3, 11)), random.normal(size=(4, 11)), random.normal(size=(30, 2))
    shapes = tuple(jax.ShapeDtypeStruct((n,), float) for n in (3, 4, 2))
    before = state.copy()
    found = Loop(step, *shapes)(holds, state, trials)
    sums, truths = jax.vmap(lambda h, s: jax.lax.scan(lambda s, t: step(h, s, t), s, trials)[1], in_axes=1, out_axes=1)(holds, state)
    assert found.shape == (30, 2, 11)
    np.testing.assert_allclose(found[:, 0], sums, rtol=1e-12)
    np.testing.assert_array_equal(found[:, 1], truths)
    np.testing.assert_array_equal(state, before)
    rough = Loop(step, *shapes, precision=SINGLE)(holds, state, trials)
    np.testing.assert_allclose(rough[:, 0], sums, rtol=1e-3)
    np.testing.assert_array_equal(rough[:, 1], truths)


def test_trees_of_truths_and_whole_numbers_become_rows():
    holds = {"on": jnp.array([True, False]), "by": jnp.array([2, 3])}
    loop = Loop(
        lambda holds, state, trial: (state + trial, jnp.where(holds["on"].any(), state, 0.0) + holds["by"].sum().astype(float)),
        holds,
        NUMBER,
        NUMBER,
    )
    told = loop(np.repeat(numbers(holds, 0)[:, None], 3, axis=1), np.array([[1.0, 2.0, 3.0]]), np.array([[10.0], [10.0]]))
    np.testing.assert_array_equal(told[:, 0], [[6.0, 7.0, 8.0], [16.0, 17.0, 18.0]])


def test_no_trial_tells_nothing_and_what_has_no_code_is_named():
    loop = Loop(lambda holds, state, trial: (state, state), NUMBER, NUMBER, NUMBER)
    assert loop(np.ones((1, 5)), np.ones((1, 5)), np.zeros((0, 1))).shape == (0, 1, 5)
    with pytest.raises(NotImplementedError, match="'sin' has no code"):
        once(jnp.sin, MANY)


@pytest.fixture
def folder(tmp_path):
    """Where JAX keeps what it compiles, meanwhile."""
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "kept"))
    yield tmp_path / "kept"
    jax.config.update("jax_compilation_cache_dir", before)


def test_machine_code_is_kept_where_jax_keeps_its_own(folder, monkeypatch):
    first = once(jnp.exp, MANY)
    (file,) = folder.glob("lanes-*")
    monkeypatch.setattr("analysis.lanes.loop._machine_code", lambda *_: pytest.fail("compiled again"))
    np.testing.assert_array_equal(once(jnp.exp, MANY), first)
    file.unlink()
    with pytest.raises(pytest.fail.Exception):
        once(jnp.exp, MANY)
