"""What every task, device and learner is held to. A new one of a kind is tested by a few lines that call these."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import psutil
import pytest

from analysis.learner import Context, Learner, Policy
from devices.device import Clock, Device, Samples
from protocols.errors import BadInput, DeviceError
from protocols.scene import Line, Scene, Text
from protocols.task import Outcome, Path, Stage, Task, Trial, View

CONTEXT = Context(0, (0.38, 0.43))


class Trialled(NamedTuple):
    """All that a learner says of one trial and makes of it."""

    policy: Policy
    log_prob: Any
    watched: Any  # the state after, where the exploration isn't known
    lived: Any  # and where it is
    learned: Policy  # of the state that watched


def check_learner(learner: Learner, values: dict[str, Any], contexts: int = 1) -> None:
    """Hold a learner to its contract: declared parameters, pure functions, what is missing teaches nothing."""
    check_learner_parameters(learner, values)
    params = learner.make_params(values)
    state = learner.init(params, contexts)
    action, info = learner.act(jax.random.key(1), params, state, CONTEXT)
    outcome = Outcome(*(jnp.asarray(x) for x in (-0.2, 0.2, 0.2, 0.1, -0.1, 0.0, 0.0, 0.0)))
    together = jax.jit(jax.vmap(partial(trialled, learner, params)))  # compiled once for all checks: compiling is what they cost
    check_learner_step(learner, together, params, state, action, outcome, info)
    for reward in (-0.2, 0.3, -0.1):  # and once more from a state that has lived
        one = jax.tree.map(lambda x: jnp.stack([x] * 4), (state, action, outcome._replace(reward=jnp.asarray(reward)), info))
        state = jax.tree.map(lambda x: x[0], together(*one).watched)
    check_learner_step(learner, together, params, state, action, outcome, info)
    check_learner_draws(learner, params, state)


def trialled(learner: Learner, params: Any, state: Any, action: Any, outcome: Outcome, info: Any) -> Trialled:
    """The learner's functions, one after the other."""
    watched, lived = (learner.update(params, state, CONTEXT, action, outcome, known) for known in (None, info))
    policy, log_prob = learner.policy(params, state, CONTEXT), learner.log_prob(params, state, CONTEXT, action)
    return Trialled(policy, log_prob, watched, lived, learner.policy(params, watched, CONTEXT))


def check_learner_parameters(learner: Learner, values: dict[str, Any]) -> None:
    """Every parameter says what it is; what isn't one is refused by name."""
    names = [parameter.name for parameter in learner.parameters]
    assert len(set(names)) == len(names)
    for parameter in learner.parameters:
        assert parameter.meaning and parameter.source, parameter
        assert parameter.low <= parameter.high, parameter
        for default in np.ravel(np.nan if parameter.default is None else parameter.default):
            assert np.isnan(default) or parameter.low <= default <= parameter.high, parameter
    with pytest.raises(BadInput, match="no_such_parameter"):
        learner.make_params(values | {"no_such_parameter": 1.0})


def check_learner_step(
    learner: Learner, together: Callable[..., Trialled], params: Any, state: Any, action: Any, outcome: Outcome, info: Any
) -> None:
    """One step is pure, is the same under jit and vmap, and learns nothing from what is missing. ``together``: ``trialled`` under both."""
    plain = trialled(learner, params, state, action, outcome, info)
    assert jax.tree.structure(plain.watched) == jax.tree.structure(plain.lived) == jax.tree.structure(state)
    assert_same(plain, trialled(learner, params, state, action, outcome, info), exact=True)
    missing, nothing = jnp.full_like(action, jnp.nan), outcome._replace(reward=jnp.asarray(jnp.nan))
    lanes = ((action, outcome), (missing, outcome), (action, nothing), (action, outcome))
    given = [(state, *lane, info) for lane in lanes]
    found = together(*jax.tree.map(lambda *values: jnp.stack([jnp.asarray(value) for value in values]), *given))
    for same in (0, 3):
        assert_same(plain, jax.tree.map(lambda x, lane=same: x[lane], found))
    assert float(found.log_prob[1]) == 0.0
    for lane in (1, 2):
        assert np.all(np.isfinite(found.learned.mean[lane])) and np.all(np.isfinite(found.learned.covariance[lane]))
        assert_same(found.learned.reward_baseline[lane], found.policy.reward_baseline[lane], exact=True)


def check_learner_draws(learner: Learner, params: Any, state: Any, draws: int = 4000) -> None:
    """Actions are drawn as the policy says, the same from the same key."""
    policy = learner.policy(params, state, CONTEXT)
    keys = jax.random.split(jax.random.key(7), draws)
    actions = np.asarray(jax.jit(jax.vmap(lambda key: learner.act(key, params, state, CONTEXT)[0]))(keys))
    assert_same(actions[0], learner.act(keys[0], params, state, CONTEXT)[0])
    sd = np.sqrt(np.diagonal(policy.covariance))
    assert np.all(np.abs(actions.mean(axis=0) - policy.mean) < 5 * sd / np.sqrt(draws))
    spread = np.cov(actions, rowvar=False).reshape(policy.covariance.shape) / np.outer(sd, sd)
    assert np.all(np.abs(spread - policy.covariance / np.outer(sd, sd)) < 8 / np.sqrt(draws))


def assert_same(one: Any, other: Any, exact: bool = False, rounding: float = 1e-12) -> None:
    """Two trees of arrays are equal: to the bit, or to the rounding that a compiler is free in."""
    compare = np.testing.assert_array_equal if exact else partial(np.testing.assert_allclose, rtol=rounding, atol=rounding / 10)
    jax.tree.map(lambda a, b: compare(np.asarray(a), np.asarray(b)), one, other)


class Judged(NamedTuple):
    """All that a task says of a path."""

    observed: Any
    outcome: Outcome
    timing: Any
    details: Any


class Compiled(NamedTuple):
    """A task's functions under jit, compiled once for all of its checks."""

    score: Callable
    execute: Callable
    judge: Callable[..., Judged]


def check_task(
    task: Task, trials: Sequence[Trial], actions: np.ndarray, tolerance: float = 0.005, latent: bool = False, rounding: float = 1e-12
) -> None:
    """Hold a task to its contract for every trial and action (SI).

    ``tolerance``: of an executed action, relative to its size. ``latent``: what is observed isn't the action, only as many numbers.
    ``rounding``: relative difference of score and outcome where the two come by ways that round differently.
    """
    assert len(task.action_names) == len(task.action_scale) == actions.shape[1]
    assert len(task.axes) == len(task.hand_origin) == len(task.start_posture(trials[0])[0])
    compiled = Compiled(*map(jax.jit, (partial(task.score, key=None), task.execute, partial(judged, task))))
    check_task_plainly(task, compiled, trials[0], actions[0], rounding)
    check_task_together(task, compiled, trials, actions, rounding)
    check_task_noise(task, trials[0], actions[0])
    for trial in trials:
        for action in actions:
            path = compiled.execute(action, trial)
            found = compiled.judge(path, trial)
            check_task_path(task, found, trial, action, path, np.inf if latent else tolerance)
            assert_same(compiled.score(action if task.in_flight(trial) else found.observed, trial), found.outcome, rounding=rounding)
        check_task_padding(task, compiled, trial, compiled.execute(actions[0], trial))
        check_task_scenes(task, compiled, trial, actions[0])
        missing = compiled.score(np.full(actions.shape[1], np.nan), trial)
        assert np.isnan([missing.reward, missing.error, missing.hit, missing.points]).all()


def check_task_plainly(task: Task, compiled: Compiled, trial: Trial, action: np.ndarray, rounding: float) -> None:
    """Without jit, scores and observations are what they are under it."""
    path = compiled.execute(action, trial)
    assert_same(task.score(jnp.asarray(action), trial, None), compiled.score(action, trial), rounding=rounding)
    assert_same(task.observe(path, trial), compiled.judge(path, trial).observed, rounding=rounding)


def judged(task: Task, path: Path, trial: Trial) -> Judged:
    """A path's action, outcome, timing and details."""
    return Judged(task.observe(path, trial), task.outcome(path, trial), task.timing(path, trial), task.details(path, trial))


def check_task_noise(task: Task, trial: Trial, action: np.ndarray, keys: int = 3) -> None:
    """A task's own noise follows from the key alone: the same plainly, under jit and under vmap, another with another key."""
    drawn = jax.random.split(jax.random.key(5), keys)
    together = jax.jit(jax.vmap(lambda key: task.score(action, trial, key)))(drawn)
    assert_same(task.score(jnp.asarray(action), trial, drawn[1]), jax.tree.map(lambda values: values[1], together), rounding=1e-9)
    noisy = len(np.unique(np.asarray(together.reward))) > 1
    assert noisy == (len(np.unique([*np.asarray(together.reward), float(task.score(action, trial, None).reward)])) == keys + 1)


def check_task_together(task: Task, compiled: Compiled, trials: Sequence[Trial], actions: np.ndarray, rounding: float) -> None:
    """All trials and actions at once, under vmap, give what each gives alone."""
    pairs = [(action, trial) for trial in trials for action in actions]
    stack = partial(jax.tree.map, lambda *values: jnp.stack([jnp.asarray(value) for value in values]))
    many, given = stack(*(jnp.asarray(action) for action, _ in pairs)), stack(*(trial for _, trial in pairs))

    def throughout(action, trial):
        path = task.execute(action, trial)
        return task.score(action, trial, None), judged(task, path, trial)

    together = jax.tree.map(np.asarray, jax.jit(jax.vmap(throughout))(many, given))
    for index, (action, trial) in enumerate(pairs):
        alone = compiled.score(action, trial), compiled.judge(compiled.execute(action, trial), trial)
        assert_same(alone, jax.tree.map(lambda values, index=index: values[index], together), rounding=rounding)


def check_task_path(task: Task, found: Judged, trial: Trial, action: np.ndarray, path: Path, tolerance: float) -> None:
    """An executed path starts in the start posture, at 1 kHz, ends, and is observed as the action that was meant."""
    count = int(path.count)
    time, position, buttons = np.asarray(path.time), np.asarray(path.position), np.asarray(path.buttons)
    assert position.shape == (len(time), len(task.axes)) and buttons.shape == time.shape
    assert time[0] == 0 and np.allclose(np.diff(time[:count]), 1e-3)
    assert (time[count:] == time[count - 1]).all() and (position[count:] == position[count - 1]).all()
    assert task.ready(position[:1], buttons[:1], trial).all()
    posture, held = task.start_posture(trial)
    assert np.allclose(posture, position[0], atol=1e-9) and held == buttons[0]
    assert task.ready(np.array([posture]), np.array([held]), trial).all()
    assert found.observed.shape == action.shape and np.isfinite(found.observed).all()
    if np.isfinite(tolerance):
        np.testing.assert_allclose(found.observed, action, rtol=tolerance, atol=tolerance * 0.1)
    end = task.ended(path, trial)
    assert end is not None and 0 < end < count
    assert task.ended(Path(time[:end], position[:end], buttons[:end], end), trial) is None
    assert 0 <= found.timing.onset < found.timing.end <= time[end]


def check_task_padding(task: Task, compiled: Compiled, trial: Trial, path: Path) -> None:
    """How long the padding is changes nothing."""
    longer = Path(*(jnp.concatenate([jnp.asarray(part), jnp.repeat(jnp.asarray(part)[-1:], 77, 0)]) for part in path[:3]), path.count)
    assert_same(compiled.judge(path, trial), compiled.judge(longer, trial))
    assert task.ended(path, trial) == task.ended(longer, trial)


def check_task_scenes(task: Task, compiled: Compiled, trial: Trial, action: np.ndarray) -> None:
    """Every stage can be drawn, inside the extent, with each shape named once, and with words that stay while the hand moves."""
    path = jax.tree.map(np.asarray, compiled.execute(action, trial))
    end = task.ended(path, trial)
    hands = np.asarray(path.position)[: (end or 0) + 1]
    outcome = compiled.score(action, trial)
    for stage in Stage:
        known = (action, outcome) if stage >= Stage.OUTCOME else (None, None)
        words = set()
        for step in np.linspace(0, len(hands) - 1, 7).astype(int):
            hand = tuple(map(float, hands[step]))
            scene = task.scene(View(stage, hand, int(path.buttons[step]), step / 10, hands[: step + 1], *known, "completed", 3), trial)
            names = [shape.name for shape in scene.shapes]
            assert len(names) == len(set(names))
            assert_inside(scene, task.extent())
            words.add(tuple(shape.words for shape in scene.shapes if isinstance(shape, Text)))
        assert len(words) == 1, words


def assert_inside(scene: Scene, extent: tuple[float, float, float, float]) -> None:
    """Every shape's points lie in the extent."""
    left, bottom, right, top = extent
    for shape in scene.shapes:
        for x, y in shape.points if isinstance(shape, Line) else (shape.centre,):
            assert left <= x <= right and bottom <= y <= top, shape


def check_device(
    open_device: Callable[[], Device],
    clock: Clock,
    stimulate: Callable[[Device], None],
    expected: int,
    wait: Callable[[float], None] = time.sleep,
) -> Samples:
    """Hold a device to its contract: order, no invented samples, honest figures, and nothing left behind.

    ``stimulate`` makes it give samples, at least ``expected`` of them within 10 s; ``wait`` lets the clock go on.
    Gives the samples, for what else there is to check.
    """
    children = set(psutil.Process().children(recursive=True))
    opened = clock()
    with open_device() as device:
        info = device.info
        assert info.kind and info.model and info.axes and info.nominal_rate >= 0
        stimulate(device)
        chunks = [check_device_chunk(device, opened, clock)]
        while sum(map(len, chunks)) < expected and clock() < opened + 60:
            wait(0.01)
            chunks.append(check_device_chunk(device, opened, clock))
        samples = Samples(*(np.concatenate(fields) for fields in zip(*chunks, strict=True)))
        assert len(samples) >= expected
        assert np.all(np.diff(samples.host_time) > 0), "samples are in the order of their times, each with its own"
        assert np.all(np.diff(samples.counter) > 0), "no sample is given twice"
        assert device.heard()  # by everybody who could: it publishes nothing
        status = device.status()
        assert status.alive and not status.fault
        assert status.samples == len(samples)
        assert status.lost == np.sum(np.diff(samples.counter) - 1)
        assert status.largest_gap == pytest.approx(np.diff(samples.host_time).max(initial=0), abs=1e-9)
    with pytest.raises(DeviceError, match="closed"):
        device.read()
    assert not device.status().alive
    device.__exit__()  # a second time: harmless
    left = set(psutil.Process().children(recursive=True)) - children
    left = {child for child in left if "resource_tracker" not in " ".join(child.cmdline())}  # Python's own, one for each process
    assert not left, "a closed device leaves no process behind"
    return samples


def check_device_chunk(device: Device, opened: float, clock: Clock) -> Samples:
    """One read: shapes, types, and times that lie between the opening and now."""
    samples = device.read()
    count, now = len(samples), clock()
    assert samples.position.shape == (count, len(device.info.axes))
    assert all(np.shape(field)[:1] == (count,) for field in samples)
    assert all(np.ndim(field) == 1 for name, field in zip(Samples._fields, samples, strict=True) if name != "position")
    assert samples.buttons.dtype == samples.counter.dtype == np.int64
    assert np.all((samples.host_time >= opened) & (samples.host_time <= now)), "no sample is from before the opening or from the future"
    assert np.all(np.isfinite(samples.position)) and np.all(np.isnan(samples.force) | (samples.force >= 0))
    return samples
