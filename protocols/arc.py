"""The arc: a cursor is steered along a semicircular channel, from its one end over the top to the target at its other.

The workspace's origin is the middle of the semicircle. The movement is corrected in flight: it is over when the hand has come to
rest outside the start, and what it earned is a function of the whole path, the person's and the model's alike (Haith 2025)::

    reward = -(channel int |v| (r - radius)^2 dt + endpoint |p_T - target|^2 + stop |v_T|^2 + effort int |a|^2 dt)

where T is the last moment at which the hand moved, and v and a are those of the low-passed path. The model's hand is a wrist
under a regulator (``protocols.arc_wrist``) that is steered to six subgoals, or along movement primitives, and stops after 0.78 s.

The action is where the path was at the times of the subgoals, counted from the onset. The subgoals themselves are latent: the
wrist lags behind them. With primitives it is the weights whose noiseless path comes nearest to the path.
"""

from dataclasses import dataclass, fields
from typing import Any

import jax.numpy as jnp
import numpy as np

from protocols import arc_cost, arc_response, arc_scene, movement
from protocols.arc_cost import Channel, Weights
from protocols.arc_response import Plan, Response
from protocols.arc_wrist import STEP, Wrist
from protocols.errors import BadInput
from protocols.normal import normal
from protocols.reward import reward_and_points
from protocols.scene import Scene
from protocols.task import ONE_HAND, Outcome, Path, Scoring, Timing, Trial, View

HITS_ONLY = Scoring()
COUNT = 6  # subgoals, or primitives of an axis
STILL = 0.3  # s at rest, behind an executed movement


@dataclass(frozen=True)
class Arc:
    """Steering along the channel. All fields are SI."""

    representation: str = "subgoals"  # or "primitives"
    radius: float = 0.25  # m, of the channel's middle
    width: float = 0.08  # m, of the channel
    start_radius: float = 0.03  # m
    cursor_radius: float = 0.008  # m
    target_radius: float = 0.04  # m
    interval: float = 0.13  # s from one subgoal to the next
    control_noise: float = 200.0  # m/s^2, SD in each step of 1 ms; a model's noise, not a person's
    mass: float = 5.0  # kg
    viscosity: float = 100.0  # N s/m
    filter_time: float = 0.05  # s
    horizon: float = 0.28  # s
    position_weight: float = 1.0
    velocity_weight: float = 0.01
    precision_weight: float = 1e6
    channel_cost: float = 500.0  # of the reward, as the others below
    endpoint_cost: float = 100.0
    stop_cost: float = 0.5
    effort_cost: float = 0.001
    onset_speed: float = 0.05  # m/s
    end_speed: float = 0.05  # m/s
    rest_time: float = 0.1  # s
    filter_cutoff: float = 20.0  # Hz, of the path that is scored
    margin: float = 0.04  # m, drawn about the channel
    scoring: Scoring = HITS_ONLY

    axes = ONE_HAND

    def __post_init__(self) -> None:
        """Refuse sizes and times that no movement could be made with.

        Raises:
            BadInput: a field isn't positive (weights of the reward and the noise may be 0), or the channel or the plan is impossible.
        """
        free = {"control_noise", "channel_cost", "endpoint_cost", "stop_cost", "effort_cost"}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and not (value >= 0 if field.name in free else value > 0):
                least = "0 or more" if field.name in free else "a number above 0"
                raise BadInput(f"arc: {field.name} is {value}, expected {least}: correct it")
        if self.representation not in arc_response.REPRESENTATIONS:
            known = " or ".join(arc_response.REPRESENTATIONS)
            raise BadInput(f"arc: representation is {self.representation!r}, expected {known}: correct it")
        if self.interval > self.horizon:
            raise BadInput(f"arc: interval is {self.interval} s, longer than the horizon of {self.horizon} s: make it shorter")
        if self.width >= 2 * self.radius:
            raise BadInput(f"arc: a channel of width {self.width} m closes on its middle: make it less than {2 * self.radius} m")

    @property
    def name(self) -> str:
        """``arc``, or ``arc-primitives``, whose actions are others."""
        return "arc" if self.representation == "subgoals" else "arc-primitives"

    @property
    def action_names(self) -> tuple[str, ...]:
        """Subgoal by subgoal: ``x1, y1, x2, ...``; of primitives ``weight_x1, weight_y1, ...``."""
        kind = "" if self.representation == "subgoals" else "weight_"
        return tuple(f"{kind}{axis}{place}" for place in range(1, COUNT + 1) for axis in ONE_HAND)

    @property
    def action_scale(self) -> tuple[float, ...]:
        """All are in m."""
        return (1.0,) * (2 * COUNT)

    @property
    def hand_origin(self) -> tuple[float, ...]:
        """The middle of what is drawn, so that a hand in the middle of its device is in the middle of the screen."""
        left, bottom, right, top = self.extent()
        return (left + right) / 2, (bottom + top) / 2

    @property
    def wrist(self) -> Wrist:
        """The model's hand."""
        return Wrist(*(getattr(self, name) for name in Wrist._fields))

    @property
    def plan(self) -> Plan:
        """How an action steers it."""
        return Plan(self.representation, COUNT, self.interval)

    @property
    def channel(self) -> Channel:
        """Where the cursor is to stay."""
        return Channel(self.radius, self.width, self.target_radius)

    @property
    def weights(self) -> Weights:
        """Of the four parts of the reward."""
        return Weights(self.channel_cost, self.endpoint_cost, self.stop_cost, self.effort_cost)

    def in_flight(self, trial: Trial) -> bool:
        """Always: a cursor that is steered is corrected."""
        return True

    def observe(self, path: Path, trial: Trial) -> Any:
        """Where the hand was at the subgoals' times after the onset (m); NaN without a movement. What was reached is kept to the end.

        With primitives: the weights of the noiseless path that comes nearest, by least squares over the movement's first 0.78 s.
        """
        onset = movement.onset_time(self._smooth(path), self.onset_speed)
        path = movement.trimmed(path)
        if self.representation == "subgoals":
            return _at(path, onset + self.interval * np.arange(1, COUNT + 1)).ravel()
        made = arc_response.response(self.wrist, self.plan)
        places = _at(path, onset + STEP * np.arange(self.plan.duration + 1)).T - self._unsteered(made, trial)
        return (places @ np.linalg.pinv(made.basis)).T.ravel()

    def score(self, action: Any, trial: Trial, key: Any = None) -> Outcome:
        """What the wrist earns that is steered by an action, with its control noise if there is a ``key``, without it if not."""
        made = arc_response.filtered(self.wrist, self.plan, self.filter_cutoff)
        path = self._steered(made, action, trial)
        if key is not None and self.control_noise > 0:
            shapes = arc_response.noise_modes(self.wrist, self.plan, self.filter_cutoff).shapes
            path = path + self.control_noise * normal(key, (2, len(shapes))) @ shapes
        return self._judge(path, trial)

    def outcome(self, path: Path, trial: Trial) -> Outcome:
        """What a path earned, up to the last moment at which it moved."""
        return self._judge(self._smooth(path).position.T, trial)

    def execute(self, action: Any, trial: Trial) -> Path:
        """The path of the wrist without noise, for 0.78 s, and a hand that then stays where it is."""
        made = arc_response.response(self.wrist, self.plan)
        position = jnp.pad(self._steered(made, action, trial).T, ((0, round(STILL / STEP)), (0, 0)), mode="edge")
        return Path(jnp.arange(len(position)) / movement.RATE, position, jnp.zeros(len(position), int), len(position))

    def timing(self, path: Path, trial: Trial) -> Timing:
        """Onset: the hand first moves faster than ``onset_speed`` (0.05 m/s). End: it comes to rest outside the start.

        For the onset the path is low-passed as ``protocols.movement`` says, at ``filter_cutoff`` (20 Hz). Rest begins ``rest_time``
        (0.1 s) before the moment when the mean velocity over that time is below ``end_speed`` (0.05 m/s).
        """
        onset = movement.onset_time(self._smooth(path), self.onset_speed)
        path = movement.trimmed(path)
        resting = self._resting(path.time, path.position, trial, jnp)
        rest = jnp.where(resting.any(), path.time[jnp.argmax(resting)] - self.rest_time, jnp.nan)
        return Timing(onset, jnp.maximum(rest, onset + STEP))

    def details(self, path: Path, trial: Trial) -> dict[str, Any]:
        """Time and share of the way inside the channel, radial mean and SD, path length, mean speed, and the parts of the reward."""
        return arc_cost.details(self._smooth(path).position.T, jnp.asarray(trial.target), self.channel, self.weights)

    def ready(self, position: np.ndarray, buttons: np.ndarray, trial: Trial) -> np.ndarray:
        """Whether the hand is within the start circle."""
        away = np.asarray(position) - _start(trial, np)
        return np.hypot(away[..., 0], away[..., 1]) <= self.start_radius

    def ended(self, path: Path, trial: Trial) -> int | None:
        """The first sample of rest outside the start.

        Rest needs samples: for a device that is silent while it stands still, hand in its last sample again at the time it is now.
        """
        count = int(path.count)
        if count == 0:
            return None
        over = self._resting(np.asarray(path.time)[:count], np.asarray(path.position)[:count], trial, np)
        return int(np.argmax(over)) if over.any() else None

    def start_posture(self, trial: Trial) -> tuple[tuple[float, ...], int]:
        """The middle of the start circle, no button held."""
        return (-float(trial.target[0]), -float(trial.target[1])), 0

    def outcome_time(self, trial: Trial) -> float:
        """Nothing goes on between the end of a movement and its feedback."""
        return 0.0

    def scene(self, view: View, trial: Trial) -> Scene:
        """Channel, start, target, cursor; in FEEDBACK the way that was gone, and the points."""
        return arc_scene.draw(self, view, trial)

    def extent(self) -> tuple[float, float, float, float]:
        """The upper half plane about the channel, and a margin."""
        out = self.radius + self.width / 2 + self.margin
        return -out, -self.width / 2 - self.margin, out, out

    def _judge(self, position: Any, trial: Trial) -> Outcome:
        """Outcome of a low-passed path (2, sample) at 1 kHz that ends when the hand stops."""
        result = arc_cost.result_of(position, jnp.asarray(trial.target), self.channel)
        graded = -arc_cost.total(result.parts, self.weights)
        reward, points = reward_and_points(result.error, result.hit, trial.reward_rule, self.scoring, graded)
        missing = jnp.full_like(result.error, jnp.nan)
        return Outcome(reward, result.error, result.miss, missing, missing, result.hit, jnp.zeros_like(result.hit), points)

    def _steered(self, made: Response, action: Any, trial: Trial) -> Any:
        """The path (2, sample) that an action makes."""
        goals = jnp.reshape(action, (COUNT, 2)) - made.from_start * _start(trial)
        return self._unsteered(made, trial) + goals.T @ made.basis

    def _unsteered(self, made: Response, trial: Trial) -> Any:
        """The path (2, sample) of no action: from the start, as far as primitives go by themselves."""
        start = _start(trial)
        return start[:, None] + made.pull * (jnp.asarray(trial.target) - start)[:, None]

    def _smooth(self, path: Path) -> movement.Smooth:
        """The low-passed path, up to the last moment at which the hand moved: what it does after that is not the movement."""
        path = movement.trimmed(path)
        moved = (jnp.diff(path.position, axis=0) != 0).any(axis=1)
        last = jnp.where(moved.any(), len(moved) - jnp.argmax(moved[::-1]), 0)
        return movement.smooth(path._replace(count=last + 1), self.filter_cutoff)

    def _resting(self, time: Any, position: Any, trial: Trial, xp: Any) -> Any:
        outside = xp.sqrt(((position - _start(trial, xp)) ** 2).sum(axis=1)) > self.start_radius
        return outside & movement.is_resting(time, position, self.end_speed, self.rest_time, xp)


def _start(trial: Trial, xp: Any = jnp) -> Any:
    """The other end of the semicircle (m)."""
    return -xp.asarray(trial.target)


def _at(path: Path, times: Any) -> Any:
    """Places (time, 2) at times (s); NaN where the time is."""
    places = jnp.stack([jnp.interp(times, path.time, column) for column in jnp.asarray(path.position).T], axis=1)
    return jnp.where(jnp.isnan(times)[:, None], jnp.nan, places)
