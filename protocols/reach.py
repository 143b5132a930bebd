"""Centre-out reaching from a start at the origin, with the cursor hidden, shown at the endpoint, or shown throughout.

The action is the hand's direction, relative to the target and counter-clockwise positive, at the moment when the cursor is as far out as
the target: before any correction. The cursor is the hand, turned by the trial's rotation and stretched by its gain; in an error clamp its
direction is fixed and only its distance follows the hand.

* **Hidden or at the endpoint**: the reach is shot through the target's distance. It is over there, and the cursor's place at that moment
  is the endpoint.
* **Throughout**: the movement may be corrected. It is over when the hand has come to rest outside the start: a mean
  velocity over the last ``rest_time`` below ``end_speed``. The outcome is of the cursor's place there. A reach that
  stops a little short of the target's distance has its action at its farthest point.

Hits are by the cursor's place, or, where the trial has a reward zone, by the hand's direction. They are judged
whether or not a cursor is shown.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from protocols import movement, reach_scene
from protocols.circle import wrapped
from protocols.errors import BadInput
from protocols.reward import reward_and_points
from protocols.scene import Scene
from protocols.task import ONE_HAND, Feedback, Outcome, Path, Scoring, Timing, Trial, View

HITS_ONLY = Scoring()
SAMPLES = 1000  # of an executed path, 1 kHz
REACH_TIME = 0.4  # s, of an executed reach
SHOOT_THROUGH = 1.5  # extent of an executed reach that isn't to stop in the target, in target distances


@dataclass(frozen=True)
class Reach:
    """Centre-out reaching. All fields are SI."""

    target_distance: float = 0.10  # m, of the schedule's targets; a trial's own target says how far it is
    cursor_radius: float = 0.004  # m
    target_radius: float = 0.008  # m
    start_radius: float = 0.008  # m
    onset_speed: float = 0.05  # m/s
    end_speed: float = 0.02  # m/s
    rest_time: float = 0.05  # s
    filter_cutoff: float = 20.0  # Hz, for the onset
    largest_extent: float = 0.15  # m from the start, of all that is drawn
    scoring: Scoring = HITS_ONLY

    name = "reach"
    action_names = ("reach_angle_deg",)
    action_scale = (180 / math.pi,)
    axes = ONE_HAND
    hand_origin = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse sizes that no reach could be made with.

        Raises:
            BadInput: a field isn't positive, or the target can't be drawn or told from the start.
        """
        for name in self.__dataclass_fields__:
            if name != "scoring" and not getattr(self, name) > 0:
                raise BadInput(f"reach: {name} is {getattr(self, name)}, expected a number above 0: correct it")
        if self.target_distance <= self.start_radius:
            raise BadInput(f"reach: the target, {self.target_distance} m away, lies in the start zone: raise target_distance")
        if self.target_distance + self.target_radius > self.largest_extent:
            raise BadInput(f"reach: a target at {self.target_distance} m is not within {self.largest_extent} m: raise largest_extent")

    def in_flight(self, trial: Trial) -> bool:
        """Where the cursor is seen throughout, a movement can be corrected."""
        return int(trial.feedback) == Feedback.CONTINUOUS

    def observe(self, path: Path, trial: Trial) -> Any:
        """The hand's direction (rad, relative to the target, in (-pi, pi]) when the cursor is at target distance; NaN where it never is.

        The crossing is found between samples, on the straight line from one to the next.
        """
        hand, _ = self._crossing(movement.trimmed(path), trial)
        return jnp.stack([wrapped(jnp.arctan2(hand[1], hand[0]) - _direction(trial))])

    def score(self, action: Any, trial: Trial, key: Any = None) -> Outcome:
        """What a straight reach in a direction earns.

        An uncorrected reach puts the cursor at target distance, whether it is shot through (the endpoint is there) or
        stops in the target.
        """
        target = jnp.asarray(trial.target)
        hand = jnp.hypot(target[0], target[1]) / trial.gain * _unit(action[0] + _direction(trial))
        return self._judge(action[0], hand, hand, trial)

    def outcome(self, path: Path, trial: Trial) -> Outcome:
        """What a path earned: by the cursor's place at the end of the movement, corrections included where they could be seen."""
        path = movement.trimmed(path)
        crossing, _ = self._crossing(path, trial)
        resting = self._resting(path.time, path.position, jnp)
        rest = path.position[jnp.where(resting.any(), jnp.argmax(resting), -1)]
        end = jnp.where(trial.feedback == Feedback.CONTINUOUS, rest, crossing)
        return self._judge(self.observe(path, trial)[0], end, crossing, trial)

    def cursor(self, hand: Any, trial: Trial, xp: Any = jnp) -> Any:
        """Where the cursor is (m) for a hand at (..., 2); ``xp`` is NumPy or ``jax.numpy``."""
        extent = trial.gain * xp.sqrt((hand**2).sum(-1))
        turned = xp.arctan2(hand[..., 1], hand[..., 0]) + trial.rotation
        angle = xp.where(xp.isnan(xp.asarray(trial.clamp)), turned, _direction(trial, xp) + trial.clamp)
        return extent[..., None] * _unit(angle, xp)

    def execute(self, action: Any, trial: Trial) -> Path:
        """A straight minimum-jerk reach of 0.4 s, then rest.

        It ends at the target's distance where the cursor is seen throughout, else half as far again.
        """
        target = jnp.asarray(trial.target)
        time = jnp.arange(SAMPLES) / movement.RATE
        extent = jnp.hypot(target[0], target[1]) / trial.gain * jnp.where(trial.feedback == Feedback.CONTINUOUS, 1.0, SHOOT_THROUGH)
        gone = extent * movement.minimum_jerk(time / REACH_TIME)
        return Path(time, gone[:, None] * _unit(action[0] + _direction(trial)), jnp.zeros(SAMPLES, int), SAMPLES)

    def timing(self, path: Path, trial: Trial) -> Timing:
        """Onset: the hand first moves faster than ``onset_speed`` (0.05 m/s). End: it passes the target's distance, or comes to rest.

        For the onset the path is low-passed as ``protocols.movement`` says, at ``filter_cutoff`` (20 Hz). Rest, where
        the cursor is seen throughout, begins ``rest_time`` (0.05 s) before the moment when the mean velocity over
        that time is below ``end_speed`` (0.02 m/s).
        """
        onset = movement.onset_time(movement.smooth(path, self.filter_cutoff), self.onset_speed)  # the very call of details: compiled once
        path = movement.trimmed(path)
        _, crossing = self._crossing(path, trial)
        resting = self._resting(path.time, path.position, jnp)
        rest = jnp.where(resting.any(), path.time[jnp.argmax(resting)] - self.rest_time, jnp.nan)
        return Timing(onset, jnp.where(trial.feedback == Feedback.CONTINUOUS, rest, crossing))

    def details(self, path: Path, trial: Trial) -> dict[str, Any]:
        """Peak speed (m/s, filtered as for the onset), and the way gone over the distance reached (1 is straight)."""
        smoothed = movement.smooth(path, self.filter_cutoff)
        x, y = smoothed.position.T  # each on its own, which is twice as fast as norms over pairs
        way = jnp.sqrt(jnp.diff(x) ** 2 + jnp.diff(y) ** 2).sum()
        farthest = jnp.sqrt(((x - x[0]) ** 2 + (y - y[0]) ** 2).max())
        ratio = jnp.where(farthest > self.start_radius, way / jnp.maximum(farthest, 1e-9), jnp.nan)
        return {"peak_speed": smoothed.speed.max(), "path_length_ratio": ratio}

    def ready(self, position: np.ndarray, buttons: np.ndarray, trial: Trial) -> np.ndarray:
        """Whether the hand is within the start circle."""
        position = np.asarray(position)
        return np.hypot(position[..., 0], position[..., 1]) <= self.start_radius

    def ended(self, path: Path, trial: Trial) -> int | None:
        """The first sample at or past the target's distance; or, where the cursor is seen throughout, the first of rest.

        Rest needs samples: for a device that is silent while it stands still, hand in its last sample again at the time it is now.
        """
        count = int(path.count)
        time, position = np.asarray(path.time)[:count], np.asarray(path.position)[:count]
        if count == 0:
            return None
        if self.in_flight(trial):
            over = self._resting(time, position, np)
        else:
            over = np.hypot(position[:, 0], position[:, 1]) * float(trial.gain) >= math.hypot(*trial.target)
        return int(np.argmax(over)) if over.any() else None

    def start_posture(self, trial: Trial) -> tuple[tuple[float, float], int]:
        """The middle of the start circle, no button held."""
        return (0.0, 0.0), 0

    def outcome_time(self, trial: Trial) -> float:
        """Nothing goes on between the end of a reach and its feedback."""
        return 0.0

    def scene(self, view: View, trial: Trial) -> Scene:
        """Start, target, cursor as the trial's feedback allows, and in FEEDBACK the points."""
        return reach_scene.draw(self, view, trial)

    def extent(self) -> tuple[float, float, float, float]:
        """A square of ``largest_extent`` about the start."""
        return -self.largest_extent, -self.largest_extent, self.largest_extent, self.largest_extent

    def _judge(self, hand_error: Any, end: Any, crossing: Any, trial: Trial) -> Outcome:
        """Outcome of a hand at ``end`` (m); the directional errors are those at target distance (``crossing``), before any correction."""
        missing = jnp.full((), jnp.nan)
        error = jnp.sqrt(((self.cursor(end, trial) - jnp.asarray(trial.target)) ** 2).sum())
        error = jnp.where(jnp.isnan(hand_error), missing, error)
        cursor = self.cursor(crossing, trial)
        cursor_error = wrapped(_direction(trial) - jnp.arctan2(cursor[1], cursor[0]))
        cursor_error = jnp.where((trial.feedback == Feedback.NONE) | jnp.isnan(hand_error), missing, cursor_error)
        low, high = jnp.asarray(trial.zone)[0], jnp.asarray(trial.zone)[1]
        in_zone = (hand_error >= low) & (hand_error <= high)
        hit = jnp.where(jnp.isnan(low) | jnp.isnan(high), error <= self.target_radius, in_zone)
        hit = jnp.where(jnp.isnan(hand_error), missing, hit)
        reward, points = reward_and_points(error, hit, trial.reward_rule, self.scoring)
        return Outcome(reward, error, error, wrapped(hand_error), cursor_error, hit, jnp.zeros(()), points)

    def _crossing(self, path: Path, trial: Trial) -> tuple[Any, Any]:
        """Hand (m) and time (s) when the cursor first is at target distance; NaN where it never is.

        With the cursor seen throughout, a reach that left the start but fell short has its farthest point instead (and no time).
        """
        target = jnp.asarray(trial.target)
        distance = jnp.hypot(target[0], target[1]) / trial.gain
        extent = jnp.linalg.norm(path.position, axis=1)
        passed = extent >= distance
        after = jnp.argmax(passed)
        before = jnp.maximum(after - 1, 0)
        share = _share_of_segment(path.position[before], path.position[after], distance)
        hand = path.position[before] + share * (path.position[after] - path.position[before])
        time = path.time[before] + share * (path.time[after] - path.time[before])
        short = (trial.feedback == Feedback.CONTINUOUS) & (extent.max() > self.start_radius)
        otherwise = jnp.where(short, path.position[jnp.argmax(extent)], jnp.nan)
        return jnp.where(passed.any(), hand, otherwise), jnp.where(passed.any(), time, jnp.nan)

    def _resting(self, time: Any, position: Any, xp: Any) -> Any:
        outside = xp.sqrt((position**2).sum(axis=1)) > self.start_radius
        return outside & movement.is_resting(time, position, self.end_speed, self.rest_time, xp)


def _direction(trial: Trial, xp: Any = jnp) -> Any:
    target = xp.asarray(trial.target)
    return xp.arctan2(target[1], target[0])


def _unit(angle: Any, xp: Any = jnp) -> Any:
    return xp.stack([xp.cos(angle), xp.sin(angle)], axis=-1)


def _share_of_segment(inner: Any, outer: Any, distance: Any) -> Any:
    """Share of the way from ``inner`` to ``outer`` at which the distance from the origin is ``distance``."""
    step = outer - inner
    a, b, c = (step**2).sum(), (inner * step).sum(), (inner**2).sum() - distance**2
    root = jnp.sqrt(jnp.maximum(b**2 - a * c, 0.0))
    return jnp.where(a > 0, jnp.clip((root - b) / jnp.where(a > 0, a, 1.0), 0.0, 1.0), 0.0)
