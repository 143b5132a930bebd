"""The likelihood of the yoked policy gradient for actions of two numbers, written out number by number for ``analysis.lanes`` to compile.

The arithmetic is that of ``analysis.policy_gradient_watched`` and ``analysis.hidden_noise``, where the reasons stand; here it is laid out
for speed. A case is one of the 13 learners (sigma points) that a belief stands for; arrays have an axis over cases, or none.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from analysis.angles import WRAPPED
from analysis.hidden_noise import half_turned, points_of
from analysis.learner import Walk
from analysis.plane import Even, Square, Two, inverse, product, scaled, symmetric, times, transposed, turned, turned_back
from analysis.policy_gradient_options import Chosen
from analysis.policy_gradient_state import Params
from analysis.twin import Seen
from protocols.circle import cos_sin

_LEAST = 1e-14  # as in ``analysis.hidden_noise``
_POINTS = points_of(3)
_PLACES, _WEIGHTS = _POINTS.places, _POINTS.weights


class Spread(NamedTuple):
    """Log variances and angle (rad), or what goes with each of them."""

    first: Array
    second: Array
    angle: Array


class Ties(NamedTuple):
    """A symmetric matrix over the three numbers of a spread: first, second, angle."""

    ff: Array
    fs: Array
    ss: Array
    fa: Array
    sa: Array
    aa: Array


class Belief(NamedTuple):
    """What one who watches knows: the fields of ``State``, number by number."""

    mean: Two
    spread: Spread
    of_mean: Even
    of_spread: Ties
    ties: tuple[Spread, Spread]  # covariance of each number of the mean with the spread
    baseline: Array


class Fixed(NamedTuple):
    """What holds for all trials."""

    params: Params
    mean: Two
    sd: Two
    motor: Even  # covariance, normalised
    log_unit: Array  # log density of a case whose covariance has determinant 1, at its mean and in column units
    least: Array  # log variance


class _Known(NamedTuple):
    factor: tuple[Array, ...]  # lower, of the spread's covariance: 11, 21, 31, 22, 32, 33
    whitened: tuple[Spread, Spread]  # ties W with ``tie = W L^T``
    left: Even  # covariance of the mean of a learner whose spread is known


class _Cases(NamedTuple):
    spread: Spread
    mean: Two
    seen: Two  # the action from this learner's mean
    cos: Array
    sin: Array
    precisions: Two  # of exploration along its own axes
    explored: Even
    noise: Even  # of what hides exploration
    inverse: Even  # of the covariance of what is seen
    determinant: Array  # of that inverse
    slope: Two  # inverse times seen
    distance: Array  # Mahalanobis', squared


class _Explored(NamedTuple):
    share: Square  # of what is seen that isn't exploration
    left: Even  # covariance of exploration given the action
    step: Two  # of the mean
    rate: Two  # at which each number of it is taken, cap and all
    along: Two  # exploration along its own axes
    left_along: Even


class _Moved(NamedTuple):
    mean: Two
    of_mean: Even
    with_exploration: Square  # covariance


class _TurnedOn(NamedTuple):
    spread: Spread
    of_spread: Ties
    ties: tuple[Spread, Spread]


def is_written_out(chosen: Chosen) -> bool:
    """Whether learners with these options have their likelihood here."""
    usual = (chosen.covariance, chosen.exploration, chosen.critic) == ("angle", "white", "running")
    return usual and chosen.hidden and chosen.context in ("none", "target-relative") and not WRAPPED.intersection(chosen.action_names)


def walk_of(chosen: Chosen) -> Walk:
    """The likelihood of learners with these options."""
    return Walk(_begun, partial(_step, chosen))


def _begun(params: Params, contexts: int) -> tuple[Fixed, Belief]:
    del contexts
    fixed = _fixed(params)
    return fixed, _start(fixed)


def _fixed(params: Params) -> Fixed:
    motor = (params.motor_sd / params.initial_sd) ** 2
    noise = Even(motor[0], jnp.zeros_like(motor[0]), motor[1])
    log_unit = -jnp.log(params.initial_sd).sum() - np.log(2 * np.pi)
    return Fixed(params, Two(*params.initial_mean), Two(*params.initial_sd), noise, log_unit, jnp.log(params.variance_floor))


def _hidden(fixed: Fixed) -> Bool[Array, ""]:
    """Whether anything hides what was explored."""
    return (fixed.motor.xx > 0) | (fixed.motor.yy > 0) | (fixed.params.process_sd > 0)


def _start(fixed: Fixed) -> Belief:
    nothing = jnp.zeros_like(fixed.sd.x)
    blank = Spread(nothing, nothing, nothing)
    spread = blank._replace(angle=nothing + fixed.params.initial_angle)
    baseline = nothing + fixed.params.initial_baseline
    return Belief(Two(nothing, nothing), spread, Even(*[nothing] * 3), Ties(*[nothing] * 6), (blank, blank), baseline)


def _step(chosen: Chosen, fixed: Fixed, belief: Belief, trial: Seen) -> tuple[Belief, Array]:
    """What is known after a trial, and the log density of its action, 0 where there was none."""
    return jax.lax.cond(jnp.isfinite(trial.action).all(), partial(_learned, chosen, fixed), partial(_aged, fixed), belief, trial)


def _aged(fixed: Fixed, belief: Belief, _: Seen) -> tuple[Belief, Array]:
    """After a trial without an action: it teaches nothing, but the mean forgets, and no case's variance is under the floor."""
    known, a, least = _known(belief), fixed.params.retention, fixed.least
    spread, shift = _placed(fixed, belief, known)
    mean = Two(*(a * (old + moved) for old, moved in zip(belief.mean, shift, strict=True)))
    process, nothing = fixed.params.process_sd**2, jnp.zeros_like(spread.first)
    moved = _Moved(mean, Even(*(a**2 * p + q for p, q in zip(known.left, (process, 0.0, process), strict=True))), Square(*[nothing] * 4))
    held = Spread(jnp.maximum(spread.first, least), jnp.maximum(spread.second, least), spread.angle)
    blank = Spread(nothing, nothing, nothing)
    after = _merged(fixed, belief, nothing + _WEIGHTS, moved, _TurnedOn(held, Ties(*[nothing] * 6), (blank, blank)))
    return after._replace(baseline=belief.baseline), jnp.zeros_like(belief.mean.x)


def _learned(chosen: Chosen, fixed: Fixed, belief: Belief, trial: Seen) -> tuple[Belief, Array]:
    known = _known(belief)
    cases = _cases(fixed, belief, trial, known)
    nearest = jnp.min(cases.distance)
    weights = jnp.exp(0.5 * (nearest - cases.distance)) * jnp.sqrt(cases.determinant) * _WEIGHTS
    total = jnp.sum(weights)
    log_prob = jnp.log(total) - 0.5 * nearest + fixed.log_unit
    baseline, told = belief.baseline, jnp.isfinite(trial.reward)
    advantage = jnp.where(told & ~jnp.isnan(baseline), trial.reward - baseline, 0.0)
    begun = jnp.where(jnp.isnan(baseline), trial.reward, baseline)
    learnt = begun + (1 - fixed.params.baseline_decay) * (trial.reward - begun)
    explored = _explored(chosen, fixed, cases, advantage)
    moved = _moved(chosen, fixed, cases, explored, known.left)
    after = _turned_on(fixed, cases, explored, moved.with_exploration, advantage)
    merged = _merged(fixed, belief, weights / total, moved, after)
    return merged._replace(baseline=jnp.where(told, learnt, baseline)), log_prob


def _known(belief: Belief) -> _Known:
    q = belief.of_spread
    l11 = jnp.sqrt(q.ff + _LEAST)
    l21, l31 = q.fs / l11, q.fa / l11
    l22 = jnp.sqrt(q.ss + _LEAST - l21**2)
    l32 = (q.sa - l21 * l31) / l22
    l33 = jnp.sqrt(q.aa + _LEAST - l31**2 - l32**2)

    def whitened(tie: Spread) -> Spread:
        first = tie.first / l11
        second = (tie.second - first * l21) / l22
        return Spread(first, second, (tie.angle - first * l31 - second * l32) / l33)

    x, y = (whitened(tie) for tie in belief.ties)
    p = belief.of_mean
    return _Known((l11, l21, l31, l22, l32, l33), (x, y), Even(p.xx - _dot(x, x), p.xy - _dot(x, y), p.yy - _dot(y, y)))


def _dot(a: Spread, b: Spread) -> Array:
    return a.first * b.first + a.second * b.second + a.angle * b.angle


def _placed(fixed: Fixed, belief: Belief, known: _Known) -> tuple[Spread, Two]:
    """Each case's spread, and by how much its mean is off the belief's."""
    l11, l21, l31, l22, l32, l33 = (jnp.where(_hidden(fixed), part, 0.0) for part in known.factor)
    a, b, c = _PLACES[:, 0], _PLACES[:, 1], _PLACES[:, 2]
    old = belief.spread
    spread = Spread(old.first + a * l11, old.second + a * l21 + b * l22, old.angle + a * l31 + b * l32 + c * l33)
    return spread, Two(*(jnp.where(_hidden(fixed), a * w.first + b * w.second + c * w.angle, 0.0) for w in known.whitened))


def _cases(fixed: Fixed, belief: Belief, trial: Seen, known: _Known) -> _Cases:
    spread, moved = _placed(fixed, belief, known)
    seen = Two(
        *((y - first) / sd - mean - m for y, first, sd, mean, m in zip(trial.action, fixed.mean, fixed.sd, belief.mean, moved, strict=True))
    )
    cos, sin = cos_sin(spread.angle)
    first, second = jnp.exp(spread.first), jnp.exp(spread.second)
    explored = turned(cos, sin, first, second)
    noise = Even(*(m + left for m, left in zip(fixed.motor, known.left, strict=True)))
    precision, determinant = inverse(Even(*(e + n for e, n in zip(explored, noise, strict=True))))
    slope = times(precision, seen)
    distance = seen.x * slope.x + seen.y * slope.y
    mean = Two(belief.mean.x + moved.x, belief.mean.y + moved.y)
    return _Cases(spread, mean, seen, cos, sin, Two(1 / first, 1 / second), explored, noise, precision, determinant, slope, distance)


def _explored(chosen: Chosen, fixed: Fixed, cases: _Cases, advantage: Array) -> _Explored:
    """What the action says of exploration, and the mean's expected step."""
    params = fixed.params
    share = product(cases.noise, cases.inverse)
    e = times(cases.explored, cases.slope)
    left = symmetric(share, cases.explored)
    along = e if chosen.natural else cases.slope
    rate = jnp.where(advantage > 0, params.alpha_plus, params.alpha_minus) * advantage
    rates = Two(*(_capped(chosen, rate, x * up) for x, up in zip(along, cases.slope, strict=True)))
    turned_e = Two(cases.cos * e.x + cases.sin * e.y, cases.cos * e.y - cases.sin * e.x)
    return _Explored(share, left, Two(rates.x * along.x, rates.y * along.y), rates, turned_e, turned_back(cases.cos, cases.sin, left))


def _capped(chosen: Chosen, rate: Array, change: Array) -> Array:
    """The rate at which a number of the step is taken: it changes the log density by no more than the cap."""
    size = jnp.abs(rate * change)
    if chosen.step_cap is None:
        return jnp.broadcast_to(rate, size.shape)
    return rate * jnp.where(size > chosen.step_cap, chosen.step_cap / jnp.where(size > 0, size, 1.0), 1.0)


def _moved(chosen: Chosen, fixed: Fixed, cases: _Cases, explored: _Explored, of_mean: Even) -> _Moved:
    """Kalman's filter for the mean, which moves by rates times what is credited: exploration (natural), or its precision times it. It is
    written by what the action leaves open of mean and exploration, products of what is positive, so that little cancels."""
    a, rate, share = fixed.params.retention, explored.rate, explored.share
    own = product(of_mean, cases.inverse)
    together = product(own, cases.explored)  # minus the covariance of mean and exploration, given the action
    unseen = Even(*(e + m for e, m in zip(cases.explored, fixed.motor, strict=True)))
    still = symmetric(own, unseen)
    if chosen.natural:
        credited, with_mean, with_left = explored.left, together, scaled(rate, explored.left)
    else:
        credited = symmetric(turned(cases.cos, cases.sin, *cases.precisions), share)
        with_mean, with_left = own, scaled(rate, transposed(share))
    process, moved = fixed.params.process_sd**2, times(of_mean, cases.slope)
    mean = Two(*(a * (old + by) + step for old, by, step in zip(cases.mean, moved, explored.step, strict=True)))
    after = Even(
        a * (a * still.xx - 2 * rate.x * with_mean.xx) + rate.x * rate.x * credited.xx + process,
        a * (a * still.xy - rate.y * with_mean.xy - rate.x * with_mean.yx) + rate.x * rate.y * credited.xy,
        a * (a * still.yy - 2 * rate.y * with_mean.yy) + rate.y * rate.y * credited.yy + process,
    )
    return _Moved(mean, after, Square(*(with_step - a * still for with_step, still in zip(with_left, together, strict=True))))


def _turned_on(fixed: Fixed, cases: _Cases, explored: _Explored, with_exploration: Square, advantage: Array) -> _TurnedOn:
    """The spread's step, a quadratic form of exploration for each number; what is unknown of it, and how it goes with the mean."""
    (z1, z2), (u11, u12, u22), (p1, p2) = explored.along, explored.left_along, cases.precisions
    rate, least = fixed.params.alpha_log_var * advantage, fixed.least
    h1, h2, h3 = rate * p1, rate * p2, fixed.params.alpha_angle * advantage * (p2 - p1)
    spread = Spread(
        jnp.maximum(cases.spread.first + 0.5 * (h1 * (z1 * z1 + u11) - rate), least),
        jnp.maximum(cases.spread.second + 0.5 * (h2 * (z2 * z2 + u22) - rate), least),
        cases.spread.angle + h3 * (z1 * z2 + u12),
    )
    f1, f2 = h1 * z1, h2 * z2
    across1, across2 = z2 * u11 + z1 * u12, z2 * u12 + z1 * u22
    unknown = Ties(
        ff=f1 * f1 * u11 + 0.5 * h1 * h1 * u11 * u11,
        fs=f1 * f2 * u12 + 0.5 * h1 * h2 * u12 * u12,
        ss=f2 * f2 * u22 + 0.5 * h2 * h2 * u22 * u22,
        fa=h3 * (f1 * across1 + h1 * u11 * u12),
        sa=h3 * (f2 * across2 + h2 * u22 * u12),
        aa=h3 * h3 * (z2 * across1 + z1 * across2 + u12 * u12 + u11 * u22),
    )

    def tied(x: Array, y: Array) -> Spread:
        first, second = cases.cos * x + cases.sin * y, cases.cos * y - cases.sin * x
        return Spread(first * f1, second * f2, h3 * (first * z2 + second * z1))

    w = with_exploration
    return _TurnedOn(spread, unknown, (tied(w.xx, w.xy), tied(w.yx, w.yy)))


def _merged(fixed: Fixed, old: Belief, shares: Array, moved: _Moved, after: _TurnedOn) -> Belief:
    """One Gaussian with the mean and covariance of the mixture; nothing is unknown where nothing is hidden."""

    def expected(x: Array) -> Array:
        return jnp.sum(shares * x)

    def unknown(x: Array) -> Array:
        return jnp.where(_hidden(fixed), expected(x), 0.0)

    far = _hidden(fixed) & (jnp.max(jnp.abs(after.spread.angle - old.spread.angle)) > np.pi / 4)  # else all are nearest as they are
    angles = jax.lax.cond(far, half_turned, lambda angles, *_: angles, after.spread.angle, shares, old.spread.angle)
    cases = after.spread._replace(angle=angles)
    mean, spread, p = Two(*map(expected, moved.mean)), Spread(*map(expected, cases)), moved.of_mean
    x, y = (part - whole for part, whole in zip(moved.mean, mean, strict=True))
    f, s, a = (part - whole for part, whole in zip(cases, spread, strict=True))
    tied = lambda tie, m: Spread(*(unknown(own + m * away) for own, away in zip(tie, (f, s, a), strict=True)))  # noqa: E731
    between = (f * f, f * s, s * s, f * a, s * a, a * a)
    return Belief(
        mean,
        spread,
        Even(unknown(p.xx + x * x), unknown(p.xy + x * y), unknown(p.yy + y * y)),
        Ties(*(unknown(own + across) for own, across in zip(after.of_spread, between, strict=True))),
        (tied(after.ties[0], x), tied(after.ties[1], y)),
        shares[0],
    )
