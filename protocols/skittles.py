"""Virtual skittles: a ball on a pendulum is thrown from a lever, round a post, at a target (Müller & Sternad 2004).

Top view; the origin is the centre of the post, where the ball's pendulum rests. The action is the lever's angle at
the release (0 at -x, 90 degrees at the post, clockwise positive) and the signed speed of the lever's tip. The ball
leaves along the tangent of the lever.
"""

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from protocols import movement, skittles_scene
from protocols.errors import BadInput
from protocols.flight import Pendulum, closest_approach, make_pendulum, meets_post, release_state
from protocols.release import GRIP, Release, lever_angle, observe_release
from protocols.reward import reward_and_points
from protocols.scene import Scene
from protocols.task import ONE_HAND, Outcome, Path, Scoring, Timing, Trial, View

HITS_ONLY = Scoring()
LEAST_RADIUS = 0.05  # of the lever's length: nearer the pivot a hand has no direction

SAMPLES = 4000  # of an executed path, 1 kHz
STEADY = 0.025  # s of constant speed before the release: all of the regression's window
FOLLOW = (0.005, 0.3)  # s of constant speed after it, and of slowing down
LEAST_RUN_UP = 1.0  # rad from the farthest swing back to the release


@dataclass(frozen=True)
class Skittles:
    """The throw. All fields are SI; the defaults are the classic constants."""

    mass: float = 0.1  # kg
    stiffness: float = 1.0  # N/m
    damping: float = 0.01  # N s/m
    lever_length: float = 0.4  # m
    pivot: tuple[float, float] = (0.0, -1.5)  # m
    post_radius: float = 0.25  # m
    ball_radius: float = 0.05  # m
    target_radius: float = 0.05  # m
    hit_distance: float = 0.05  # m between the centres, at the closest approach
    penalty: float = 0.6  # m, the error of a throw that meets the post first (Sternad et al. 2011)
    flight_time: float = 2.0  # s that are scored
    shown_time: float = 1.8  # s that are shown
    release_window: float = 0.020  # s before the release that the regression takes
    start_angle: float = math.radians(-20)  # rad
    start_tolerance: float = math.radians(10)  # rad either side
    onset_speed: float = 0.2  # m/s of the lever's tip
    filter_cutoff: float = 20.0  # Hz, for the onset
    bounds: tuple[float, float, float, float] = (-1.5, -2.0, 1.5, 1.2)  # m, left, bottom, right, top of what is drawn
    scoring: Scoring = HITS_ONLY

    name = "skittles"
    action_names = ("release_angle_deg", "release_speed")
    action_scale = (180 / math.pi, 1.0)
    axes = ONE_HAND

    def __post_init__(self) -> None:
        """Refuse constants that no throw could be made with.

        Raises:
            BadInput: a length or time isn't positive, or the ball is overdamped.
        """
        make_pendulum(self.mass, self.stiffness, self.damping)
        positive = ("lever_length", "post_radius", "ball_radius", "target_radius", "hit_distance", "flight_time", "shown_time")
        positive += ("release_window", "start_tolerance", "onset_speed", "filter_cutoff")
        for name in positive:
            if not getattr(self, name) > 0:
                raise BadInput(f"skittles: {name} is {getattr(self, name)}, expected a number above 0: correct it")
        if math.hypot(*self.pivot) <= self.lever_length + self.contact_radius:
            raise BadInput(f"skittles: the lever reaches the post from pivot {self.pivot}: move the pivot away or shorten lever_length")

    @property
    def pendulum(self) -> Pendulum:
        """The ball's decay and angular frequency."""
        return make_pendulum(self.mass, self.stiffness, self.damping)

    @property
    def contact_radius(self) -> float:
        """Distance (m) of ball and post centres at contact."""
        return self.post_radius + self.ball_radius

    @property
    def hand_origin(self) -> tuple[float, ...]:
        """The pivot: a mouse, pen or handle turns about it."""
        return self.pivot

    def in_flight(self, trial: Trial) -> bool:
        """Never: a thrown ball can't be corrected."""
        return False

    def observe_release(self, path: Path) -> Release:
        """The release as measured, before it is made an action."""
        return observe_release(path, self.pivot, self.release_window)

    def observe(self, path: Path, trial: Trial) -> Any:
        """Release angle (rad) and signed tip speed (m/s) by 20 ms regression (see ``protocols.release``); NaN without a release."""
        release = self.observe_release(path)
        return jnp.stack([release.angle, release.angular_speed * self.lever_length])

    def details(self, path: Path, trial: Trial) -> dict[str, Any]:
        """The parabola's estimate of the action, and the time of the release (s from the go cue)."""
        release = self.observe_release(path)
        return {
            "action_release_angle_quadratic_deg": jnp.degrees(release.angle_quadratic),
            "action_release_speed_quadratic": release.angular_speed_quadratic * self.lever_length,
            "release_time": release.time,
        }

    def score(self, action: Any, trial: Trial, key: Any = None) -> Outcome:
        """What a throw earns. The error is the closest approach, or ``penalty`` where the ball meets the post before it.

        A missing action (NaN) has no error, no hit and no reward: all NaN.
        """
        start, velocity = release_state(action[0], action[1], self.lever_length, self.pivot)
        miss, when = closest_approach(start, velocity, jnp.asarray(trial.target), self.pendulum, self.flight_time)
        thrown = jnp.isfinite(action).all()
        post_hit = meets_post(start, velocity, self.contact_radius, self.pendulum, when)
        error = jnp.where(post_hit, self.penalty, miss)
        hit = (miss < self.hit_distance) & ~post_hit
        miss, error, hit, post_hit = (jnp.where(thrown, value, jnp.nan) for value in (miss, error, hit, post_hit))
        reward, points = reward_and_points(error, hit, trial.reward_rule, self.scoring)
        missing = jnp.full_like(error, jnp.nan)
        return Outcome(reward, error, miss, missing, missing, hit, post_hit, points)

    def outcome(self, path: Path, trial: Trial) -> Outcome:
        """What the throw in a path earned."""
        return self.score(self.observe(path, trial), trial)

    def execute(self, action: Any, trial: Trial) -> Path:
        """A swing with the button held, its release half-way between two samples, and a follow-through to rest.

        The hand first swings back as far as a run-up of 1 rad needs (past the release for an anti-clockwise throw),
        then moves with minimum jerk to the release speed, and keeps it for 25 ms before and 5 ms after the release,
        so that regression and truth agree. All 4 s at 1 kHz, padded.
        """
        angle, turn = action[0], action[1] / self.lever_length
        clockwise = turn >= 0
        back = jnp.where(
            clockwise, jnp.minimum(self.start_angle, angle - LEAST_RUN_UP), jnp.maximum(self.start_angle, angle + LEAST_RUN_UP)
        )
        swing_back = 0.35 * jnp.sqrt(jnp.abs(back - self.start_angle))
        steady_from = angle - turn * STEADY
        swing = jnp.clip(1.8 * jnp.abs(steady_from - back) / jnp.maximum(jnp.abs(turn), 1e-3), 0.2, 0.8)
        release = (jnp.ceil((swing_back + swing + STEADY) * movement.RATE) + 0.5) / movement.RATE
        swing = release - swing_back - STEADY
        coast, slow = FOLLOW

        time = jnp.arange(SAMPLES) / movement.RATE
        out = movement.minimum_jerk_between(time, jnp.maximum(swing_back, 1e-3), self.start_angle, back)
        forward = movement.minimum_jerk_between(time - swing_back, swing, back, steady_from, 0.0, turn)
        past = time - release
        last = angle + turn * (coast + slow / 2)
        follow = movement.minimum_jerk_between(past - coast, slow, angle + turn * coast, last, turn, 0.0)
        lever = jnp.select([time < swing_back, past < -STEADY, past < coast], [out, forward, angle + turn * past], follow)
        count = jnp.ceil((release + coast + slow) * movement.RATE).astype(int) + 1
        buttons = jnp.where(past < 0, GRIP, 0)
        return movement.trimmed(Path(time, self._tip(lever), buttons, count))

    def timing(self, path: Path, trial: Trial) -> Timing:
        """Onset: the lever's tip first moves faster than ``onset_speed`` (0.2 m/s). End: the release.

        The tip's path is low-passed as ``protocols.movement`` says, at ``filter_cutoff`` (20 Hz).
        """
        tip = self._tip(jnp.unwrap(lever_angle(movement.trimmed(path).position, self.pivot)))
        smoothed = movement.smooth(path._replace(position=tip), self.filter_cutoff)
        return Timing(movement.onset_time(smoothed, self.onset_speed), self.observe_release(path).time)

    def ready(self, position: np.ndarray, buttons: np.ndarray, trial: Trial) -> np.ndarray:
        """Whether the button is held with the lever within ``start_tolerance`` of its start angle."""
        offset = np.asarray(position) - np.asarray(self.pivot)
        away = lever_angle(np.asarray(position), self.pivot, np) - self.start_angle
        away = np.abs((away + np.pi) % (2 * np.pi) - np.pi)
        far_enough = np.hypot(offset[..., 0], offset[..., 1]) >= LEAST_RADIUS * self.lever_length
        return (away <= self.start_tolerance) & far_enough & ((np.asarray(buttons) & GRIP) > 0)

    def ended(self, path: Path, trial: Trial) -> int | None:
        """The first sample with the button up after one with it down."""
        held = (np.asarray(path.buttons[: int(path.count)]) & GRIP) > 0
        let_go = held[:-1] & ~held[1:]
        return int(np.argmax(let_go)) + 1 if let_go.any() else None

    def start_posture(self, trial: Trial) -> tuple[tuple[float, float], int]:
        """The lever's tip at the start angle, ball in hand."""
        return skittles_scene.tip(self, self.start_angle), GRIP

    def outcome_time(self, trial: Trial) -> float:
        """The flight, whether it is shown or not."""
        return self.shown_time

    def scene(self, view: View, trial: Trial) -> Scene:
        """Post, target, lever, ball, and in FEEDBACK the points."""
        return skittles_scene.draw(self, view, trial)

    def extent(self) -> tuple[float, float, float, float]:
        """``bounds``: a ball beyond them is out of sight."""
        return self.bounds

    def _tip(self, angle: Any) -> Any:
        return jnp.stack([self.pivot[0] - self.lever_length * jnp.cos(angle), self.pivot[1] + self.lever_length * jnp.sin(angle)], axis=-1)
