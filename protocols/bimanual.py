"""De novo bimanual control: four coordinates of two hands drive a cursor of two (Haith, Yang, Pakpoor & Kita 2022).

``cursor_x`` is the left hand's y, ``cursor_y`` the right hand's x; the left hand's x and the right hand's y move nothing. A trial may have
another mapping, for familiarisation: one hand alone, or the mean of both. Hands are counted from their starts, each from its own.

The action is where both hands are ``action_time`` (0.4 s) after movement onset: (left x, left y, right x, right y). The cursor can be
seen, so a movement may be corrected: it is over when both hands have come to rest and the cursor has left the start, and the outcome is
of the cursor's place there. **Direction** is that of the cursor's velocity ``direction_time`` (0.1 s) after onset, before any
correction. The velocity is a Savitzky-Golay derivative of order 3. The field's window is 7 samples at 130 Hz, 46 ms; here it is the 47
samples at 1 kHz that span the same time, interpolated from those of the device.

**Cursor noise.** The model adds execution noise to the cursor (SD 0.075 m; Haith 2025): it reaches the cursor as shown and the reward, but
isn't part of the action and so isn't credited. It is drawn from the key of ``score``, for learners that act. People bring their own.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from protocols import bimanual_scene, movement
from protocols.circle import direction, wrapped
from protocols.errors import BadInput
from protocols.normal import normal
from protocols.reach import HITS_ONLY
from protocols.reward import reward_and_points
from protocols.scene import Scene
from protocols.task import TWO_HANDS, Feedback, Outcome, Path, Scoring, Timing, Trial, View

#: From hands to cursor (mapping, cursor axis, hand axis), in the order of ``protocols.task.HandMapping``.
MAPPINGS = np.array(
    [
        [[0, 1, 0, 0], [0, 0, 1, 0]],
        [[1, 0, 0, 0], [0, 1, 0, 0]],
        [[0, 0, 1, 0], [0, 0, 0, 1]],
        [[0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5]],
    ]
)
AFTERWARDS = 0.3  # s, of rest in an executed path, beyond the time that rest is judged by
WINDOW = np.arange(-23, 24) / movement.RATE  # s, about the moment at which a velocity is wanted
SLOPE = np.linalg.pinv(np.vander(WINDOW, 4, increasing=True))[1]  # of the cubic that fits best, at its middle (Savitzky & Golay 1964)


@dataclass(frozen=True)
class Bimanual:
    """De novo bimanual control. All fields are SI."""

    target_distance: float = 0.12  # m, of the farthest target
    start_radius: float = 0.01  # m, of each hand's start
    cursor_radius: float = 0.004  # m
    target_radius: float = 0.01  # m
    onset_speed: float = 0.05  # m/s, of the cursor
    end_speed: float = 0.01  # m/s, of both hands together
    rest_time: float = 0.15  # s
    action_time: float = 0.4  # s after onset, at which the hands' places are the action
    direction_time: float = 0.1  # s after onset, at which the cursor's direction is taken
    cursor_noise: float = 0.0  # m, SD on each axis, in ``score`` alone
    filter_cutoff: float = 20.0  # Hz, for the onset
    largest_extent: float = 0.15  # m from the start, of all that is drawn
    scoring: Scoring = HITS_ONLY

    name = "bimanual"
    action_names = TWO_HANDS
    action_scale = (1.0, 1.0, 1.0, 1.0)
    axes = TWO_HANDS
    hand_origin = (0.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse constants that no movement could be made or judged with.

        Raises:
            BadInput: a field is out of bounds, or the target can't be drawn or told from the start.
        """
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if name != "scoring" and not (value > 0 or (name == "cursor_noise" and value == 0)):
                raise BadInput(f"bimanual: {name} is {value}, expected a number above 0: correct it")
        if self.target_distance <= self.start_radius:
            raise BadInput(f"bimanual: the target, {self.target_distance} m away, lies in the start: raise target_distance")
        if self.target_distance + self.target_radius > self.largest_extent:
            raise BadInput(f"bimanual: a target at {self.target_distance} m is not within {self.largest_extent} m: raise largest_extent")

    def in_flight(self, trial: Trial) -> bool:
        """Always: the hands are free to correct until they rest."""
        return True

    def cursor(self, hands: Any, trial: Trial, xp: Any = jnp) -> Any:
        """Where the cursor is (m) for hands at (..., 4); ``xp`` is NumPy or ``jax.numpy``."""
        return xp.asarray(hands) @ xp.asarray(MAPPINGS)[trial.mapping].T

    def observe(self, path: Path, trial: Trial) -> Any:
        """Where both hands are ``action_time`` after onset, or at the path's end where that comes sooner; NaN without an onset."""
        path = movement.trimmed(path)
        return _at(self._onset(path, trial) + self.action_time, path.time, path.position)

    def score(self, action: Any, trial: Trial, key: Any = None) -> Outcome:
        """What a straight movement of both hands earns, with cursor noise where there is any and a key to draw it by."""
        place = self.cursor(action, trial)
        shown = place
        if self.cursor_noise > 0 and key is not None:
            shown = place + self.cursor_noise * normal(key, (2,))
        begun = jnp.hypot(place[0], place[1]) * self._peak_speed() > self.onset_speed
        return self._judge(shown, jnp.where(begun, place, jnp.nan), jnp.where(begun, shown, jnp.nan), trial)

    def outcome(self, path: Path, trial: Trial) -> Outcome:
        """What a path earned: by the cursor's place where the hands came to rest (or where the path ends), corrections included."""
        path = movement.trimmed(path)
        resting = self._resting(path.time, path.position, trial, jnp)
        place = self.cursor(path.position[jnp.where(resting.any(), jnp.argmax(resting), -1)], trial)
        velocity = self._velocity(path, trial)
        return self._judge(place, velocity, velocity, trial)

    def execute(self, action: Any, trial: Trial) -> Path:
        """Both hands go straight to the action's places in ``action_time``, with minimum jerk, and rest there."""
        count = round((self.action_time + self.rest_time + AFTERWARDS) * movement.RATE)
        time = jnp.arange(count) / movement.RATE
        share = movement.minimum_jerk(time / self.action_time)
        return Path(time, share[:, None] * jnp.asarray(action), jnp.zeros(count, int), count)

    def timing(self, path: Path, trial: Trial) -> Timing:
        """Onset: the cursor first moves faster than ``onset_speed`` (0.05 m/s). End: both hands come to rest.

        For the onset the cursor's path is low-passed as ``protocols.movement`` says, at ``filter_cutoff`` (20 Hz). Rest begins
        ``rest_time`` (0.15 s) before the moment when the mean velocity over that time, of all four coordinates together, is below
        ``end_speed`` (0.01 m/s).
        """
        path = movement.trimmed(path)
        resting = self._resting(path.time, path.position, trial, jnp)
        rest = jnp.where(resting.any(), path.time[jnp.argmax(resting)] - self.rest_time, jnp.nan)
        return Timing(self._onset(path, trial), rest)

    def details(self, path: Path, trial: Trial) -> dict[str, Any]:
        """Of the cursor: peak speed (m/s, filtered as for the onset), and the way gone over the distance reached (1 is straight)."""
        smoothed = self._smoothed(movement.trimmed(path), trial)
        way = jnp.linalg.norm(jnp.diff(smoothed.position, axis=0), axis=1).sum()
        farthest = jnp.linalg.norm(smoothed.position - smoothed.position[0], axis=1).max()
        ratio = jnp.where(farthest > self.start_radius, way / jnp.maximum(farthest, 1e-9), jnp.nan)
        return {"peak_speed": smoothed.speed.max(), "path_length_ratio": ratio}

    def ready(self, position: np.ndarray, buttons: np.ndarray, trial: Trial) -> np.ndarray:
        """Whether each hand is within its own start."""
        left, right = np.asarray(position)[..., :2], np.asarray(position)[..., 2:]
        return (np.hypot(left[..., 0], left[..., 1]) <= self.start_radius) & (np.hypot(right[..., 0], right[..., 1]) <= self.start_radius)

    def ended(self, path: Path, trial: Trial) -> int | None:
        """The first sample at which both hands rest and the cursor has left its place at the go cue.

        Rest needs samples: for a device that is silent while it stands still, hand in its last sample again at the time it is now.
        """
        count = int(path.count)
        if count == 0:
            return None
        over = self._resting(np.asarray(path.time)[:count], np.asarray(path.position)[:count], trial, np)
        return int(np.argmax(over)) if over.any() else None

    def start_posture(self, trial: Trial) -> tuple[tuple[float, ...], int]:
        """Each hand in the middle of its start, no button held."""
        return (0.0, 0.0, 0.0, 0.0), 0

    def outcome_time(self, trial: Trial) -> float:
        """Nothing goes on between the end of a movement and its feedback."""
        return 0.0

    def scene(self, view: View, trial: Trial) -> Scene:
        """Both hands on their way to their starts; then start, target, cursor as the trial's feedback allows, and the points."""
        return bimanual_scene.draw(self, view, trial)

    def extent(self) -> tuple[float, float, float, float]:
        """A square of ``largest_extent`` about the start."""
        return -self.largest_extent, -self.largest_extent, self.largest_extent, self.largest_extent

    def _judge(self, place: Any, driven: Any, shown: Any, trial: Trial) -> Outcome:
        """Outcome of a cursor that ends at ``place`` (m); directions are of the vectors as the hands drove it, and as it was shown."""
        target = jnp.asarray(trial.target)
        toward = direction(target[0], target[1])
        error = jnp.sqrt(((place - target) ** 2).sum())
        hit = jnp.where(jnp.isnan(error), jnp.nan, error <= self.target_radius)
        cursor_error = jnp.where(trial.feedback == Feedback.NONE, jnp.nan, wrapped(toward - direction(*shown)))
        reward, points = reward_and_points(error, hit, trial.reward_rule, self.scoring)
        return Outcome(reward, error, error, wrapped(direction(*driven) - toward), cursor_error, hit, jnp.zeros(()), points)

    def _smoothed(self, path: Path, trial: Trial) -> movement.Smooth:
        return movement.smooth(path._replace(position=self.cursor(path.position, trial)), self.filter_cutoff)

    def _onset(self, path: Path, trial: Trial) -> Any:
        return movement.onset_time(self._smoothed(path, trial), self.onset_speed)

    def _velocity(self, path: Path, trial: Trial) -> Any:
        """Of the cursor (m/s) ``direction_time`` after onset; NaN without an onset, or where the path ends before."""
        middle = self._onset(path, trial) + self.direction_time
        around = _at(middle + WINDOW, path.time, self.cursor(path.position, trial))
        return jnp.where(middle <= path.time[-1], jnp.asarray(SLOPE) @ around, jnp.nan)

    def _peak_speed(self) -> float:
        """Greatest filtered speed of an executed movement of 1 m: a minimum-jerk speed under a Gaussian has a closed form at its middle."""
        width = (movement.deviation(self.filter_cutoff) / self.action_time) ** 2
        return 30 / self.action_time * (1 / 16 - width / 2 + 3 * width**2)

    def _resting(self, time: Any, position: Any, trial: Trial, xp: Any) -> Any:
        cursor = self.cursor(position, trial, xp)
        gone = xp.sqrt(((cursor - cursor[0]) ** 2).sum(axis=1)) > self.start_radius
        return gone & movement.is_resting(time, position, self.end_speed, self.rest_time, xp)


def _at(time: Any, times: Any, position: Any) -> Any:
    """Position (..., axis) at a time or times, on straight lines between samples; NaN at a time that is NaN."""
    found = jnp.stack([jnp.interp(time, times, column) for column in position.T], axis=-1)
    return jnp.where(jnp.isnan(jnp.asarray(time))[..., None], jnp.nan, found)
