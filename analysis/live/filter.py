"""What the participant's learning rates and noise now look like, trial by trial: the particle filter over one learner's parameters.

Each trial has two parts. ``learn`` weighs the particles by the trial and says what is now believed: that is what one waits for. ``move``
comes after it and keeps the cloud alive: whenever the weights had become too uneven, particles are drawn anew and then moved
(``analysis.live.cloud``). A move has to see the whole record, so it is made in portions, a bounded number of trials each time, over as
many trials as that takes. All that is drawn follows from seed and trial number: the same record gives the same cloud, whenever and
however often it was begun.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from analysis.learner import Learner
from analysis.live.cloud import Cloud, Given, Model, Moved, decided, proposed, replayed, resampled, started, weighed
from analysis.live.prior import Prior
from analysis.twin import Seen

PARTICLES = 1000
EVEN = 0.5  # effective share of the particles below which they are drawn anew
MOVES = 4  # of each particle after that: by turns anywhere, and a walk
PORTION = 16  # trials that are replayed in one call
PORTIONS = 8  # such calls after one trial
LEVELS = (0.05, 0.5, 0.95)  # of the quantiles that are told


class Live(NamedTuple):
    """All that is carried from trial to trial."""

    cloud: Cloud
    moved: Moved  # the move under way, if ``seen`` says that there is one
    seen: int  # trials that have been replayed there; -1: no move is under way
    due: int  # moves still to make
    trials: int  # learned from
    log_evidence: float  # of the learner with this prior: log density of all actions, column units

    @property
    def particles(self) -> int:
        """How many there are."""
        return self.cloud.x.shape[0]


class Told(NamedTuple):
    """What is believed after a trial."""

    quantiles: Float[np.ndarray, "free level"]  # natural units, at ``LEVELS``
    mean: Float[np.ndarray, " free"]  # of the unbounded coordinates
    sd: Float[np.ndarray, " free"]
    log_prob: float  # log predictive density of the trial's action; 0 where there was none
    log_evidence: float  # with this trial
    effective: float  # number of particles


class Inference(NamedTuple):
    """What is inferred, and how; ``make_inference`` builds it."""

    model: Model
    prior: Prior
    given: Given
    seed: int


class Record:
    """The trials so far, in portions of one shape."""

    def __init__(self) -> None:
        self._trials: list[Seen] = []
        self._whole: list[Seen] = []

    def __len__(self) -> int:
        return len(self._trials)

    def add(self, trial: Seen) -> None:
        """One more trial."""
        self._trials.append(trial)
        if len(self._trials) % PORTION == 0:
            self._whole.append(_stacked(self._trials[-PORTION:]))

    def portion(self, first: int) -> tuple[Seen, Bool[np.ndarray, " trial"]]:
        """``PORTION`` trials from place ``first`` (a multiple of it), and which of them there are."""
        if first // PORTION < len(self._whole):
            return self._whole[first // PORTION], np.ones(PORTION, bool)
        left = self._trials[first:]
        return _stacked(left + left[-1:] * (PORTION - len(left))), np.arange(PORTION) < len(left)


def make_inference(learner: Learner, prior: Prior, contexts: int, seed: int) -> Inference:
    """What is needed to infer a learner's parameters, ``contexts`` being the number of targets."""
    given = Given(
        *(jax.tree.map(lambda x: jnp.asarray(x, dtype=float), part) for part in (prior.centre, prior.width, prior.held, prior.fixed))
    )
    return Inference(Model(learner, prior.coordinates, contexts), prior, given, seed)


def begin(inference: Inference, particles: int = PARTICLES) -> Live:
    """Before the first trial."""
    x = inference.prior.drawn(_key(inference, 0, 0), particles)
    cloud = started(inference.model, inference.given, x)
    return Live(cloud, Moved(cloud.x, cloud.states, cloud.log_density, jnp.zeros(particles)), -1, 0, 0, 0.0)


def warm(inference: Inference, particles: int, trial: Seen) -> None:
    """Compile all that a session calls, by a trial that nobody made."""
    live, record = begin(inference, particles), Record()
    lost = jnp.where(jnp.arange(particles) == 0, 0.0, -jnp.inf)  # so uneven that particles are drawn anew
    for _ in range(2):
        live, _ = learn(inference, live, trial)
        record.add(trial)
        live = move(inference, live._replace(cloud=live.cloud._replace(log_weight=lost)), record)


def learn(inference: Inference, live: Live, trial: Seen) -> tuple[Live, Told]:
    """Weigh the particles by one more trial; what is believed now."""
    cloud, log_prob, effective = weighed(inference.model, inference.given, live.cloud, trial)
    live = live._replace(cloud=cloud, trials=live.trials + 1, log_evidence=live.log_evidence + float(log_prob))
    return live, _told(inference.prior, live, float(log_prob), float(effective))


def move(inference: Inference, live: Live, record: Record) -> Live:
    """Draw the particles anew if that is due, and go on with their moves; ``record`` has the trials learned from."""
    key = _key(inference, live.trials, 1)
    if _effective(live.cloud) < EVEN * live.particles:
        cloud, moved = resampled(key, live.cloud, live.moved)
        live = live._replace(cloud=cloud, moved=moved, due=MOVES)
    for portion in range(PORTIONS):
        if not live.due:
            return live
        live = _go_on(inference, live, record, jax.random.fold_in(key, portion))
    return live


def _go_on(inference: Inference, live: Live, record: Record, key: Any) -> Live:
    """One portion of a move, and the decision where it was the last."""
    model, given = inference.model, inference.given
    if live.seen < 0:
        moved = proposed(model, given, jax.random.fold_in(key, 0), live.cloud, jnp.asarray(live.due % 2 == 1))
        live = live._replace(moved=moved, seen=0)
    trials, there = record.portion(live.seen)
    live = live._replace(moved=replayed(model, given, live.moved, trials, there), seen=live.seen + int(there.sum()))
    if live.seen < live.trials:
        return live
    cloud, _ = decided(jax.random.fold_in(key, 1), live.cloud, live.moved)
    return live._replace(cloud=cloud, seen=-1, due=live.due - 1)


def _told(prior: Prior, live: Live, log_prob: float, effective: float) -> Told:
    x, weight = np.asarray(live.cloud.x), np.exp(np.asarray(live.cloud.log_weight))
    mean = weight @ x
    sd = np.sqrt(weight @ (x - mean) ** 2)
    points = np.stack([_quantiles(column, weight) for column in x.T])
    natural = prior.natural(points.T).T
    return Told(natural, mean, sd, log_prob, live.log_evidence, effective)


def _quantiles(values: Float[np.ndarray, " particle"], weight: Float[np.ndarray, " particle"]) -> Float[np.ndarray, " level"]:
    """At ``LEVELS``; between two particles in a straight line."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order]) - 0.5 * weight[order]
    return np.interp(LEVELS, below, values[order])


def _effective(cloud: Cloud) -> float:
    return float(1 / np.sum(np.exp(2 * np.asarray(cloud.log_weight))))


def _key(inference: Inference, trial: int, purpose: int) -> Any:
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(inference.seed), trial), purpose)


def _stacked(trials: list[Seen]) -> Seen:
    return jax.tree.map(lambda *column: np.stack(column), *trials)
