"""What one who only sees actions can know of a learner, where motor or process noise hide what it explored.

The mean is ``weights . x``, x the rows that practice moves; ``y = mean + e + m`` is seen, and ``x' = a x + weights (G e) + q``. The
spread theta (log variances and what mixes them) takes a step that is quadratic in e. For a fixed spread, x is Kalman's filter: exact.
The spread isn't known either. It is held as a Gaussian, together with x, and stands for a few learners with spreads about its mean
(sigma points: Julier & Uhlmann 1997; of up to three numbers they have a Gaussian's moments up to the fifth, without which the belief grows
too sure of itself). Each has its own Kalman filter, and counts as much as it predicted the action. Afterwards the mixture is a Gaussian
again, with its mean and covariance, those of the quadratic steps included in closed form.

The angle of an ellipse comes round after half a turn, so each is taken where it is nearest to their common direction. As a plain number,
one step that leaves it open would make the belief so wide that no later action narrows it.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from analysis import gaussian
from protocols.circle import cos_sin, direction

MOST = 10  # numbers of a spread up to which it is taken as unknown; beyond, only its mean is followed
_LEAST = 1e-14  # variance of what is known wholly, so that it has a factor and a gradient


class Points(NamedTuple):
    """Sigma points of a standard normal distribution."""

    places: Float[np.ndarray, "case spread"]
    weights: Float[np.ndarray, " case"]  # of sum 1


class Belief(NamedTuple):
    """What is known of one action's exploration."""

    exploration: Float[Array, " action"]
    unknown: Float[Array, "action action"] | None  # its covariance; None: 0


class Joint(NamedTuple):
    """A Gaussian over rows and spread."""

    rows: Float[Array, "row action"]
    theta: Float[Array, " spread"]
    of_rows: Float[Array, "flat flat"]  # covariance, rows and actions flattened
    of_theta: Float[Array, "spread spread"]
    tie: Float[Array, "flat spread"]  # covariance of rows with theta


class Rule(NamedTuple):
    """How one learner learns from one trial. Callables take a spread theta."""

    covariance: Callable[[Array], Array]  # of exploration
    expected: Callable[[Array, Array | None, Array], Array]  # (exploration, its covariance, theta) -> log density
    gain: Callable[[Array, Array], Array]  # (theta, expected exploration) -> what takes exploration to the mean's step
    rates: Float[Array, " spread"]  # of the spread's gradient, times the advantage
    least: Float[Array, " spread"]
    angle: int | None  # which number of the spread is the angle of an ellipse, if one is
    retention: Float[Array, ""]
    process: Float[Array, ""]  # variance that each row gains a trial


class Seeing(NamedTuple):
    """How rows show in one action."""

    weights: Float[Array, " row"]
    motor: Float[Array, "action action"]  # covariance of motor noise
    hidden: Bool[Array, ""]  # whether there is any noise; without, nothing is unknown, to the bit


class _Case(NamedTuple):
    """One of the learners that a belief stands for, before the action and given it."""

    theta: Float[Array, " spread"]
    rows: Float[Array, "row action"]
    log_density: Float[Array, ""]
    belief: Belief
    inverse: Float[Array, "action action"]  # of the covariance of what is seen
    deviation: Float[Array, " action"]


def points_of(numbers: int) -> Points:
    """For a spread of so many numbers. Up to three: the centre and evenly spread directions (both ways along a line, a hexagon, an
    icosahedron), exact for polynomials up to the fifth degree (Stroud 1971). Beyond: both ways along each axis, exact up to the third.
    """
    if not 0 < numbers <= MOST:
        return Points(np.zeros((1, numbers)), np.ones(1))
    if numbers > 3:
        axes = np.sqrt(numbers) * np.eye(numbers)
        return Points(np.concatenate([axes, -axes]), np.full(2 * numbers, 1 / (2 * numbers)))
    turns, golden = np.arange(6) * np.pi / 3, (1 + np.sqrt(5)) / 2
    around = {
        1: np.array([[1.0], [-1.0]]),
        2: np.column_stack([np.cos(turns), np.sin(turns)]),
        3: np.array([np.roll([0, a, b], by) for a in (1, -1) for b in (golden, -golden) for by in range(3)]),
    }[numbers]
    places = np.sqrt(numbers + 2) * around / np.linalg.norm(around, axis=1, keepdims=True)
    share = numbers / (numbers + 2)
    return Points(np.concatenate([np.zeros((1, numbers)), places]), np.append(1 - share, np.full(len(places), share / len(places))))


def log_density(covariance: Callable[[Array], Array], seeing: Seeing, joint: Joint, seen: Float[Array, " action"]) -> Float[Array, ""]:
    """Natural log of the density of an action at ``seen`` from the expected mean, normalised."""
    cases = _cases(covariance, seeing, joint, seen)
    return jax.nn.logsumexp(jnp.log(_points(joint).weights) + cases.log_density)


def covariance_of_action(covariance: Callable[[Array], Array], seeing: Seeing, joint: Joint) -> Float[Array, "action action"]:
    """Of the action about its expected mean."""
    shifts, weights = _offsets(seeing, joint), _points(joint).weights
    explored = jax.vmap(lambda shift: covariance(joint.theta + shift))(shifts)
    return jnp.sum(weights[:, None, None] * explored, axis=0) + seeing.motor + _of_mean(seeing, joint.of_rows)


def observed(rule: Rule, seeing: Seeing, joint: Joint, seen: Float[Array, " action"], acted: Bool[Array, ""]) -> Joint:
    """The belief after an action (``seen`` from the expected mean) and the learner's step. Without an action only time passes."""
    cases = _cases(rule.covariance, seeing, joint, seen)
    plain = _points(joint).weights
    shares = jnp.where(acted, jax.nn.softmax(jnp.log(plain) + cases.log_density), plain)
    own = _conditional(joint)
    steps = jax.vmap(lambda case: _stepped(rule, seeing, own, case, acted))(cases)
    return _merged(rule, joint, shares, steps, seeing.hidden)


def _points(joint: Joint) -> Points:
    return points_of(joint.theta.shape[0])


def _loose(joint: Joint) -> bool:
    return 0 < joint.theta.shape[0] <= MOST


def _firm(covariance: Array) -> Array:
    return covariance + _LEAST * jnp.eye(covariance.shape[0])


def _offsets(seeing: Seeing, joint: Joint) -> Float[Array, "case spread"]:
    places = _points(joint).places
    if not _loose(joint):
        return jnp.asarray(places)
    factor = gaussian.cholesky(_firm(joint.of_theta))
    return jnp.where(seeing.hidden, gaussian.product(jnp.asarray(places), factor.T), 0.0)


def _slope(joint: Joint) -> Float[Array, "flat spread"]:
    """By how much the expected rows move with the spread."""
    if not _loose(joint):
        return joint.tie
    return gaussian.product(joint.tie, gaussian.inverse(_firm(joint.of_theta)))


def _conditional(joint: Joint) -> Float[Array, "flat flat"]:
    """Covariance of the rows of a learner whose spread is known."""
    return _even(joint.of_rows - gaussian.product(_slope(joint), joint.tie.T)) if _loose(joint) else joint.of_rows


def _even(covariance: Array) -> Array:
    """The same both sides of the diagonal. Gains can be large, and would amplify what rounding makes odd."""
    return 0.5 * (covariance + covariance.T)


def _of_mean(seeing: Seeing, of_rows: Array) -> Float[Array, "action action"]:
    return jnp.sum(seeing.weights[:, None, None] * _with_mean(seeing, of_rows), axis=0)


def _with_mean(seeing: Seeing, of_rows: Array) -> Float[Array, "row action action"]:
    """Covariance of each row with the mean."""
    rows, n = seeing.weights.shape[0], seeing.motor.shape[0]
    return jnp.sum(of_rows.reshape(rows, n, rows, n) * seeing.weights[:, None], axis=2)


def _cases(covariance: Callable[[Array], Array], seeing: Seeing, joint: Joint, seen: Float[Array, " action"]) -> _Case:
    """All learners that the belief stands for, along a first axis."""
    slope, of_mean = _slope(joint), _of_mean(seeing, _conditional(joint))

    def one(shift: Array) -> _Case:
        theta = joint.theta + shift
        moved = jnp.sum(slope * shift, axis=1).reshape(joint.rows.shape)
        deviation = seen - jnp.sum(seeing.weights[:, None] * moved, axis=0)
        explored, noise = covariance(theta), seeing.motor + of_mean
        inverse = gaussian.inverse(explored + noise)
        share = gaussian.product(noise, inverse)
        belief = Belief(deviation - gaussian.times(share, deviation), noise - gaussian.product(share, noise))
        return _Case(theta, joint.rows + moved, gaussian.log_density(deviation, explored + noise), belief, inverse, deviation)

    return jax.vmap(one)(_offsets(seeing, joint))


def _stepped(rule: Rule, seeing: Seeing, of_rows: Array, case: _Case, acted: Bool[Array, ""]) -> Joint:
    """One learner's belief after its step: Kalman's filter for the rows, in Joseph's form; moments of a quadratic step for the spread."""
    e, left = case.belief
    assert left is not None
    explored, gain, with_mean = rule.covariance(case.theta), rule.gain(case.theta, e), _with_mean(seeing, of_rows)
    own = jnp.where(acted, rule.retention * gaussian.product(with_mean, case.inverse), 0.0)
    stepped = gaussian.product(gaussian.product(gain, explored), case.inverse)
    along = seeing.weights[:, None, None]
    rows = rule.retention * case.rows + seeing.weights[:, None] * gaussian.times(gain, e) + gaussian.times(own, case.deviation)
    with_e = along * gaussian.product(gain, left) - gaussian.product(own, explored)  # covariance of the new rows with exploration

    flat = lambda x: x.reshape(-1, x.shape[-1])  # noqa: E731
    kalman, missed, a = flat(own + along * stepped), flat(along * (gain - stepped) - own), rule.retention
    shrunk = a * of_rows - gaussian.product(kalman, flat(with_mean).T)
    still = a * flat(with_mean) - gaussian.product(kalman, _of_mean(seeing, of_rows))
    squares = _square(missed, explored) + _square(kalman, seeing.motor) + rule.process * jnp.eye(of_rows.shape[0])
    theta, of_theta, with_theta = _spread_step(rule, case, e, left)
    return Joint(
        rows, theta, a * shrunk - gaussian.product(still, kalman.T) + squares, of_theta, gaussian.product(flat(with_e), with_theta)
    )


def _square(a: Float[Array, "n k"], covariance: Float[Array, "k k"]) -> Float[Array, "n n"]:
    return gaussian.product(gaussian.product(a, covariance), a.T)


def _spread_step(rule: Rule, case: _Case, e: Array, left: Array) -> tuple[Array, Array, Array]:
    """The spread after its step, what is unknown of the step, and how the step goes with exploration."""
    slope = jax.grad(rule.expected, argnums=2)
    theta = jnp.maximum(case.theta + rule.rates * slope(e, left, case.theta), rule.least)
    d = theta.shape[0]
    if not 0 < d <= MOST:
        return theta, jnp.zeros((d, d)), jnp.zeros((e.shape[0], d))
    linear = jax.jacfwd(lambda e: slope(e, None, case.theta))
    first, second = rule.rates[:, None] * linear(e), rule.rates[:, None, None] * jax.jacfwd(linear)(e)
    bent = gaussian.product(second, left[None])
    quadratic = 0.5 * jnp.sum(bent[:, None] * gaussian.transposed(bent)[None], axis=(-1, -2))
    return theta, _square(first, left) + quadratic, first.T


def half_turned(angles: Float[Array, " case"], shares: Float[Array, " case"], old: Float[Array, ""]) -> Float[Array, " case"]:
    """Angles of ellipses, rad, by half turns to where they are nearest to their common direction, and that to the old angle. Both are
    directions of doubled angles, weighed by ``shares`` (Mardia & Jupp 2000, axial data)."""
    turned = angles - old
    cos, sin = cos_sin(2 * turned)
    common = 0.5 * direction(jnp.sum(shares * cos), jnp.sum(shares * sin))
    return angles - np.pi * jnp.round((turned - common) / np.pi)


def _merged(rule: Rule, joint: Joint, shares: Float[Array, " case"], steps: Joint, hidden: Bool[Array, ""]) -> Joint:
    """One Gaussian with the mean and covariance of the mixture."""
    if rule.angle is not None:
        angles = steps.theta[:, rule.angle]
        turned = jnp.where(hidden, half_turned(angles, shares, joint.theta[rule.angle]), angles)
        steps = steps._replace(theta=steps.theta.at[:, rule.angle].set(turned))

    def expected(x: Array) -> Array:
        return jnp.sum(shares.reshape(-1, *[1] * (x.ndim - 1)) * x, axis=0)

    rows, theta = expected(steps.rows), expected(steps.theta)
    away, spread = (steps.rows - rows).reshape(shares.shape[0], -1), steps.theta - theta
    crossed = lambda a, b: expected(a[:, :, None] * b[:, None, :])  # noqa: E731
    of_rows = _even(expected(steps.of_rows) + crossed(away, away))
    if not _loose(joint):
        return Joint(rows, theta, jnp.where(hidden, of_rows, 0.0), joint.of_theta, joint.tie)
    of_theta = _even(expected(steps.of_theta) + crossed(spread, spread))
    unknown = (of_rows, of_theta, expected(steps.tie) + crossed(away, spread))
    return Joint(rows, theta, *(jnp.where(hidden, x, 0.0) for x in unknown))
