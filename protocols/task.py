"""The Task contract, and the values that pass through it: Trial, Path, Outcome, View.

A task is pure: functions of their inputs, that run under ``jax.jit`` and ``jax.vmap`` (all but ``scene``, ``ready`` and ``ended``,
which are NumPy and plain data). Units are SI; angles are radians. One function turns a result into a reward, for a person's movement and
for a learner's action alike.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from protocols.scene import Scene

if TYPE_CHECKING:  # the window opens before JAX, which these names bring, is loaded
    from jaxtyping import Array, Bool, Float, Int

    Numbers = Array | np.ndarray  # arrays of JAX within ``jit``, of NumPy outside it

MISSING = float("nan")
ONE_HAND = ("x", "y")  # axes of a device that follows one hand
TWO_HANDS = ("left_x", "left_y", "right_x", "right_y")  # and of one that follows both
SPAN = 16.0  # s, up to the last sample of a path, that is searched for the movement's onset; a trial's limits must lie within it


class Feedback(IntEnum):
    """When the participant sees the cursor, or the ball's flight (skittles)."""

    NONE = 0
    ENDPOINT = 1
    CONTINUOUS = 2


class RewardRule(IntEnum):
    """What the reward of a trial is made from."""

    GRADED = 0  # minus the error, in m, or what the task grades by
    BINARY = 1  # 1 on a hit, else 0
    POINTS = 2  # the points


class HandMapping(IntEnum):
    """How two hands drive the cursor of the task bimanual; other tasks have one hand, and no other mapping than the first."""

    DE_NOVO = 0  # cursor x is the left hand's y, cursor y the right hand's x
    LEFT = 1  # the left hand alone
    RIGHT = 2  # the right hand alone
    MEAN = 3  # the mean of both hands


class Stage(IntEnum):
    """The stages of one trial, in order."""

    HOME = 0  # the hand seeks the start
    HOLD = 1  # the hand stays there
    FOREPERIOD = 2  # the target is shown, the go cue isn't given
    MOVEMENT = 3  # from the go cue to the end of the movement
    OUTCOME = 4  # feedback delay, or the ball's flight
    FEEDBACK = 5  # the result is shown
    DONE = 6


class Trial(NamedTuple):
    """One trial as it is to be given: all numbers, so that it enters ``jit`` and can be stacked for ``vmap``."""

    number: int  # from 1 within the session, in the order given
    attempt: int  # 1, or more where this slot of the schedule was re-queued
    slot: int  # place in the schedule, from 1
    block: int  # from 1
    phase: int  # index into the protocol's phases, from 0
    target: Float[Numbers, 2] | tuple[float, float]  # m, workspace
    rotation: float = 0.0  # rad, counter-clockwise, of the cursor about the start
    gain: float = 1.0  # cursor extent / hand extent
    clamp: float = MISSING  # rad relative to the target; NaN: no error clamp
    mapping: int = HandMapping.DE_NOVO
    feedback: int = Feedback.CONTINUOUS
    feedback_delay: float = 0.0  # s
    reward_rule: int = RewardRule.GRADED
    reward_shown: bool = True  # False: the outcome is withheld, and no reward delivered
    zone: Float[Numbers, 2] | tuple[float, float] = (MISSING, MISSING)  # rad relative to the target, low and high; NaN: hits are by error
    band: Float[Numbers, 2] | tuple[float, float] = (MISSING, MISSING)  # s, least and greatest movement time; NaN: the protocol's limits
    aim_report: bool = False


#: Fields of a Trial that are whole numbers, and those that are true or false; the others are floats.
WHOLE = frozenset({"number", "attempt", "slot", "block", "phase", "mapping", "feedback", "reward_rule"})
TRUTHS = frozenset({"reward_shown", "aim_report"})


class Path(NamedTuple):
    """A movement, padded at its end to a fixed length so that ``jit`` compiles once.

    Times are seconds from the go cue and strictly increase over the valid samples; padding repeats the last valid sample. ``count`` is the
    number of valid samples.
    """

    time: Float[Numbers, " sample"]  # s
    position: Float[Numbers, "sample axis"]  # m, workspace (the hand or hands, not the cursor), in the order of the task's axes
    buttons: Int[Numbers, " sample"]  # bit mask; bit 0 is the grip or left button
    count: int | Int[Numbers, ""]


class Outcome(NamedTuple):
    """What an action or a path earned. Missing numbers are NaN; hits are 1.0 or 0.0."""

    reward: Float[Numbers, ""] | float  # as the reward rule says, whether delivered or not
    error: Float[Numbers, ""] | float  # m, unsigned, penalty included
    miss_distance: Float[Numbers, ""] | float  # m, the raw closest approach or endpoint distance, without penalty
    hand_error: Float[Numbers, ""] | float  # rad, signed, hand relative to target
    cursor_error: Float[Numbers, ""] | float  # rad, signed, target - cursor as shown; NaN where no cursor was shown
    hit: Float[Numbers, ""] | float
    post_hit: Float[Numbers, ""] | float
    points: Float[Numbers, ""] | float


NO_OUTCOME = Outcome(*(np.float64(MISSING) for _ in Outcome._fields))  # of a trial that had no movement to judge


class Timing(NamedTuple):
    """When the movement began and ended, in s from the go cue; NaN where it did not."""

    onset: Float[Numbers, ""] | float
    end: Float[Numbers, ""] | float


class View(NamedTuple):
    """What the trial engine knows at a frame; all a scene may depend on."""

    stage: Stage
    hand: tuple[float, ...]  # m, workspace, latest sample, in the order of the task's axes
    buttons: int
    stage_time: float  # s since this stage began
    hand_path: np.ndarray  # (sample, axis) since the go cue, m
    action: np.ndarray | None  # SI, once observed
    outcome: Outcome | None
    status: str  # "" until the trial is judged
    score: int  # points so far


class Scoring(NamedTuple):
    """How error becomes points: ``points_hit`` on a hit, else falling linearly from it to 0 at ``points_range``."""

    points_hit: float = 1.0
    points_range: float = 0.0  # m; 0: only hits earn points


class Task(Protocol):
    """What is practised. Implementations are frozen dataclasses of their constants."""

    name: str
    action_names: tuple[str, ...]  # the columns ``action_<name>``
    action_scale: tuple[float, ...]  # SI value * scale = value in the column's unit
    axes: tuple[str, ...]  # what the hand device has to measure, by its own names
    hand_origin: tuple[float, ...]  # m, workspace, one for each axis: where the hand device's own origin lies

    def in_flight(self, trial: Trial) -> bool:
        """Whether the movement is corrected in flight, so that ``score(action) = outcome(execute(action))``."""
        ...

    def observe(self, path: Path, trial: Trial) -> Float[Array, " action"]:
        """The action that was executed, SI; NaN where the path has none."""
        ...

    def score(self, action: Float[Numbers, " action"], trial: Trial, key: Any) -> Outcome:
        """What an action earns. ``key`` serves tasks with noise of their own."""
        ...

    def outcome(self, path: Path, trial: Trial) -> Outcome:
        """What a path earned."""
        ...

    def execute(self, action: Float[Numbers, " action"], trial: Trial) -> Path:
        """A path that performs the action: 1 kHz, time 0 at the start of the movement, from the start posture and back to rest."""
        ...

    def timing(self, path: Path, trial: Trial) -> Timing:
        """Movement onset and end, by speed thresholds on a filtered path; the docstring states filter and thresholds."""
        ...

    def details(self, path: Path, trial: Trial) -> dict[str, Float[Array, ""]]:
        """Further columns by full name and in the column's unit, such as ``action_release_speed_quadratic``."""
        ...

    def ready(self, position: np.ndarray, buttons: np.ndarray, trial: Trial) -> Bool[np.ndarray, " sample"]:
        """For each sample, whether the hand is in the start posture."""
        ...

    def ended(self, path: Path, trial: Trial) -> int | None:
        """Index of the first sample at which the movement is over (released; target distance passed; come to rest), or None.

        NumPy, called once a frame.
        """
        ...

    def start_posture(self, trial: Trial) -> tuple[tuple[float, ...], int]:
        """Where (m, workspace) and with which buttons a simulated participant waits for the go cue."""
        ...

    def outcome_time(self, trial: Trial) -> float:
        """How long what the movement set going lasts (a flight), s. The feedback delay isn't in it: the trial's machine adds that."""
        ...

    def scene(self, view: View, trial: Trial) -> Scene:
        """What is to be seen."""
        ...

    def extent(self) -> tuple[float, float, float, float]:
        """Left, bottom, right, top of all that may be drawn, m, workspace."""
        ...
