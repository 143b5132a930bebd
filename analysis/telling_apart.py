"""Which of several conditions tells two learners apart best: the gain in evidence that each is expected to bring.

Both learners have followed the record so far. For each candidate, futures of a run of trials are drawn from what each learner predicts,
and both go on following them. The mean difference of their log densities, over futures that the one made, is by how many nats the log
Bayes factor for it is expected to grow if the person is like that one: the Kullback-Leibler divergence of the two predictions. The
candidate is taken where the person is expected to show most, by what is believed of the two so far (Chernoff 1959, Ann. Math. Stat. 30).
All candidates get the same random numbers.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from analysis.learner import Learner
from analysis.simulate import Course
from analysis.twin import Seen, context_of, seen, stack_trials
from protocols.choosing import Open
from protocols.history import Committed
from protocols.task import Task
from protocols.zone import zone_of

_PURPOSE = 7_000_001  # in the random keys, beside which learners and simulations have smaller numbers


class Pair(NamedTuple):
    """Who is to be told apart, on what: hashable, so that it is compiled for."""

    own: Learner
    rival: Learner
    task: Task


class Sides(NamedTuple):
    """What belongs to each of the two."""

    own: Any
    rival: Any


class Told(NamedTuple):
    """What was found of a choice, and what is taken."""

    index: int
    gain: Float[np.ndarray, "candidate side"]  # nats of log Bayes factor that the run is expected to bring, if the person is like that side
    log_bayes: float  # nats so far, for the twin's learner


class Observers:
    """Both learners along a session, and the choices that follow from them; the same record and seed give the same choices."""

    def __init__(self, pair: Pair, params: Sides, targets: np.ndarray, seed: int, window: int) -> None:
        self._pair, self._params, self._seed, self._targets = pair, params, seed, np.asarray(targets, float)
        self._states = Sides(*(learner.init(one, len(targets)) for learner, one in zip(pair[:2], params, strict=True)))
        self._recent = np.full(max(window, 1), np.nan)
        self._learned, self.log_bayes = 0, 0.0

    def warm(self, run: Open, nobody: Committed) -> None:
        """Compile, by a trial that nobody made; what is known stays."""
        gains(*self._asked(run._replace(recent=())))
        followed(self._pair, self._params, self._states, seen(self._targets, nobody))

    def choose(self, run: Open) -> Told:
        """What the candidates of a run promise, and which is taken."""
        self._follow(run.recent[self._learned :])
        gain = np.asarray(gains(*self._asked(run)))
        belief = 1 / (1 + np.exp(-self.log_bayes))
        return Told(int(np.argmax(gain @ (belief, 1 - belief))), gain, self.log_bayes)

    def _asked(self, run: Open) -> tuple[Any, ...]:
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(self._seed), _PURPOSE), run.trials[0].slot)
        course = course_of_candidates(run)
        return self._pair, run.asked.futures, self._params, self._states, self._targets, self._recent, course, key

    def _follow(self, history: Sequence[Committed]) -> None:
        for committed in history:
            self._states, log_bayes = followed(self._pair, self._params, self._states, seen(self._targets, committed))
            self.log_bayes += float(log_bayes)
            error = float(committed.outcome.hand_error)
            if committed.status == "completed" and np.isfinite(error):
                self._recent = np.append(self._recent[1:], error)
        self._learned += len(history)


def course_of_candidates(run: Open) -> Course:
    """The run's trials and zone rule under each candidate; fields begin with the axes (candidate, trial) and (candidate,)."""
    courses = []
    for index in range(len(run.candidates.values)):
        pairs = [run.candidates.given(trial, run.rule, index) for trial in run.trials]
        courses.append(Course(stack_trials([trial for trial, _ in pairs]), jax.tree.map(np.asarray, pairs[0][1])))
    return jax.tree.map(lambda *x: np.stack(x), *courses)


@partial(jax.jit, static_argnums=0)
def followed(pair: Pair, params: Sides, states: Sides, trial: Seen) -> tuple[Sides, Float[Array, ""]]:
    """Both after one more trial, and by how much it speaks for the first (nats)."""
    log_probs, after = _both(pair, params, states, trial)
    return after, log_probs[0] - log_probs[1]


@partial(jax.jit, static_argnums=(0, 1))
def gains(
    pair: Pair,
    futures: int,
    params: Sides,
    states: Sides,
    targets: Float[Array, "context 2"],
    recent: Float[Array, " window"],
    course: Course,
    key: Any,
) -> Float[Array, "candidate 2"]:
    """Nats that each candidate's run is expected to bring for the learner that the person is like."""
    keys = jax.random.split(key, futures)

    def of_side(course: Course, side: Array) -> Float[Array, ""]:
        one = lambda key: log_bayes(pair, params, states, targets, recent, course, side, key)  # noqa: E731
        return jnp.mean(jnp.where(side == 0, 1, -1) * jax.vmap(one)(keys))

    return jax.vmap(lambda course: jax.vmap(lambda side: of_side(course, side))(jnp.arange(2)))(course)


def log_bayes(
    pair: Pair, params: Sides, states: Sides, targets: Any, recent: Any, course: Course, side: Array, key: Any
) -> Float[Array, ""]:
    """Log Bayes factor for the first learner, of one future of a run in which the person is like the learner ``side``; traceable."""
    task = pair.task

    def step(carried: Any, given: Any) -> tuple[Any, Array]:
        states, recent = carried
        trial, key = given
        act, chance = jax.random.split(key)
        trial = trial._replace(zone=jnp.stack(zone_of(recent, course.rules, jnp)))
        context = context_of(targets, trial)
        action = _drawn(pair, params, states, context, side, act)
        outcome = task.score(action / jnp.asarray(task.action_scale), trial, chance)
        reward = jnp.where(trial.reward_shown, outcome.reward, jnp.nan)
        log_probs, after = _both(pair, params, states, Seen(context, action, reward, outcome._replace(reward=reward)))
        moved = jnp.append(recent[1:], outcome.hand_error)
        return (after, jnp.where(jnp.isnan(outcome.hand_error), recent, moved)), log_probs[0] - log_probs[1]

    keys = jax.random.split(key, jnp.shape(course.trials.number)[0])
    return jax.lax.scan(step, (states, recent), (course.trials, keys))[1].sum()


def _both(pair: Pair, params: Sides, states: Sides, trial: Seen) -> tuple[Float[Array, "2"], Sides]:
    """Log density of the action by each, and each after the trial."""
    sides = zip(pair[:2], params, states, strict=True)
    found = [(one.log_prob(p, s, trial.context, trial.action), one.update(p, s, trial.context, trial.action, trial.outcome, None))
             for one, p, s in sides]  # fmt: skip
    return jnp.stack([log_prob for log_prob, _ in found]), Sides(*(after for _, after in found))


def _drawn(pair: Pair, params: Sides, states: Sides, context: Any, side: Array, key: Any) -> Float[Array, " action"]:
    """An action as one of the two predicts it: Gaussian, hidden noise and all."""
    own, rival = (one.policy(p, s, context) for one, p, s in zip(pair[:2], params, states, strict=True))
    mean, covariance = (jnp.where(side == 0, a, b) for a, b in ((own.mean, rival.mean), (own.covariance, rival.covariance)))
    return mean + jnp.linalg.cholesky(covariance) @ jax.random.normal(key, mean.shape)
