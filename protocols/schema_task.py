"""The `[task]` and `[targets]` tables: what is practised, with its constants. Defaults are the field's (docs/reference/tasks.md)."""

import math
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from protocols.schema_base import Part, given
from protocols.task import ONE_HAND, TWO_HANDS

Point = tuple[float, float]


class TaskPart(Part):
    """What all tasks' tables share."""

    kind: str
    axes: ClassVar[tuple[str, ...]] = ONE_HAND

    @property
    def name(self) -> str:
        """Of the task in the records: its kind, but where one kind has actions of several sorts."""
        return self.kind


class SkittlesTask(TaskPart):
    """Virtual skittles (Müller & Sternad 2004): a ball on a pendulum is thrown by a lever past a centre post at a target."""

    kind: Literal["skittles"] = given(..., "the task")
    mass: float = given(0.1, "mass of the ball", "kg", gt=0)
    stiffness: float = given(1.0, "stiffness of the two springs that stand for the pendulum", "N/m", gt=0)
    damping: float = given(0.01, "damping of the two springs", "N s/m", ge=0)
    lever_length: float = given(0.4, "length of the lever", "m", gt=0)
    pivot: Point = given((0.0, -1.5), "where the lever turns; the post is the origin", "m")
    post_radius: float = given(0.25, "radius of the centre post", "m", gt=0)
    ball_radius: float = given(0.05, "radius of the ball", "m", gt=0)
    target_radius: float = given(0.05, "radius of the target as drawn", "m", gt=0)
    hit_distance: float = given(0.05, "a throw hits when the centres come closer than this", "m", gt=0)
    penalty: float = given(0.60, "error given to a throw that strikes the post before its closest approach", "m", ge=0)
    flight_time: float = given(2.0, "time of flight that is scored", "s", gt=0, le=20)
    shown_time: float = given(1.8, "time of flight that is shown", "s", gt=0, le=20)
    release_window: float = given(0.02, "samples before the release that its angle and speed are regressed on", "s", gt=0, le=0.2)
    start_angle_deg: float = given(-20.0, "lever angle at which a throw begins; 0 points left, 90 at the post, clockwise positive", "deg")
    start_tolerance_deg: float = given(10.0, "how far from it, either side, the lever may be", "deg", gt=0, le=180)
    onset_speed: float = given(0.2, "the movement begins when the filtered speed of the lever's tip passes this", "m/s", gt=0)
    filter_cutoff: float = given(20.0, "low-pass cut-off of the path before its onset is sought", "Hz", gt=0)
    bounds: tuple[float, float, float, float] = given((-1.5, -2.0, 1.5, 1.2), "left, bottom, right, top of what is drawn", "m")


class ReachTask(TaskPart):
    """Centre-out reaching with visuomotor rotation, gain, error clamp, and reward by error or by zone."""

    kind: Literal["reach"] = given(..., "the task")
    start_radius: float = given(0.008, "radius of the start circle, which is the workspace's origin", "m", gt=0)
    cursor_radius: float = given(0.004, "radius of the cursor as drawn", "m", gt=0)
    target_radius: float = given(0.008, "radius of the target; a reach hits when the cursor's centre is within it", "m", gt=0)
    onset_speed: float = given(0.05, "the movement begins when the filtered speed passes this", "m/s", gt=0)
    end_speed: float = given(0.02, "a movement with the cursor seen throughout ends when the mean velocity falls below this", "m/s", gt=0)
    rest_time: float = given(0.05, "that mean velocity is taken over this time", "s", gt=0)
    filter_cutoff: float = given(20.0, "low-pass cut-off of the path before its onset is sought", "Hz", gt=0)
    largest_extent: float = given(0.15, "half the side of the square about the start that is drawn", "m", gt=0)


class BimanualTask(TaskPart):
    """De novo bimanual control (Haith et al. 2022): the left hand's y moves the cursor to the right, the right hand's x moves it up."""

    axes: ClassVar[tuple[str, ...]] = TWO_HANDS
    kind: Literal["bimanual"] = given(..., "the task")
    start_radius: float = given(0.01, "radius of each hand's start", "m", gt=0)
    cursor_radius: float = given(0.004, "radius of the cursor as drawn", "m", gt=0)
    target_radius: float = given(0.01, "radius of the target; a movement hits when the cursor's centre rests within it", "m", gt=0)
    onset_speed: float = given(0.05, "the movement begins when the cursor's filtered speed passes this", "m/s", gt=0)
    end_speed: float = given(0.01, "it ends when the mean velocity of both hands together falls below this", "m/s", gt=0)
    rest_time: float = given(0.15, "that mean velocity is taken over this time", "s", gt=0)
    action_time: float = given(0.4, "where the hands are so long after onset is the action", "s", gt=0, le=5)
    direction_time: float = given(0.1, "the direction is that of the cursor's velocity so long after onset", "s", gt=0, le=1)
    cursor_noise: float = given(
        0.0, "SD of the execution noise that learners have on the cursor, each axis, beside their own; people bring theirs", "m", ge=0
    )
    filter_cutoff: float = given(20.0, "low-pass cut-off of the path before its onset is sought", "Hz", gt=0)
    largest_extent: float = given(0.15, "half the side of the square about the start that is drawn", "m", gt=0)


class ArcTask(TaskPart):
    """Steering a cursor along a semicircular channel (Shmuelof et al. 2012); models steer a wrist under a regulator (Haith 2025)."""

    kind: Literal["arc"] = given(..., "the task")
    representation: Literal["subgoals", "primitives"] = given(
        "subgoals", "what a model's action is: six places that its wrist is steered to in turn, or the weights of six movement primitives"
    )
    radius: float = given(0.25, "radius of the channel's middle, about the workspace's origin", "m", gt=0)
    width: float = given(0.08, "width of the channel", "m", gt=0)
    start_radius: float = given(0.03, "radius of the start, and of the target as drawn", "m", gt=0)
    cursor_radius: float = given(0.008, "radius of the cursor as drawn", "m", gt=0)
    target_radius: float = given(0.04, "a movement that hits ends within this of the target", "m", gt=0)
    interval: float = given(0.13, "from one subgoal to the next; a model's movement lasts six of these", "s", ge=0.01, le=1)
    control_noise: float = given(200.0, "SD of the noise on a model's control in each step of 1 ms; people bring theirs", "m/s^2", ge=0)
    mass: float = given(5.0, "mass of a model's wrist", "kg", gt=0)
    viscosity: float = given(100.0, "viscosity about it", "N s/m", gt=0)
    filter_time: float = given(0.05, "time constant of each of its two muscle filters", "s", ge=0.002)
    horizon: float = given(0.28, "time within which the regulator means to be at a subgoal; at least interval", "s", gt=0, le=2)
    position_weight: float = given(1.0, "of the regulator: of the squared distance from the subgoal", "ratio", gt=0)
    velocity_weight: float = given(0.01, "of the regulator: of the squared velocity there", "s^2", gt=0)
    precision_weight: float = given(1e6, "of the regulator: of both, against effort", "1/s^3", gt=0)
    channel_cost: float = given(500.0, "of the graded reward: weight of the squared distance from the channel's middle", "1/m^3", ge=0)
    endpoint_cost: float = given(100.0, "of the graded reward: weight of the squared distance of the end from the target", "1/m^2", ge=0)
    stop_cost: float = given(0.5, "of the graded reward: weight of the squared speed at the end", "s^2/m^2", ge=0)
    effort_cost: float = given(0.001, "of the graded reward: weight of the squared acceleration", "s^3/m^2", ge=0)
    onset_speed: float = given(0.05, "the movement begins when the filtered speed passes this", "m/s", gt=0)
    end_speed: float = given(0.05, "it ends when the mean velocity falls below this", "m/s", gt=0)
    rest_time: float = given(0.1, "that mean velocity is taken over this time", "s", gt=0)
    filter_cutoff: float = given(20.0, "low-pass cut-off of the path that is scored", "Hz", gt=0, le=200)
    margin: float = given(0.04, "what is drawn about the channel", "m", gt=0)

    @property
    def name(self) -> str:
        """``arc``, or ``arc-primitives``, whose actions are others."""
        return "arc" if self.representation == "subgoals" else "arc-primitives"

    @property
    def drawn(self) -> Point:
        """Width and height of all that may be drawn, m."""
        below = self.width / 2 + self.margin
        return 2 * (self.radius + below), self.radius + 2 * below


AnyTask = Annotated[SkittlesTask | ReachTask | BimanualTask | ArcTask, Field(discriminator="kind")]
KINDS = tuple(get_args(table.model_fields["kind"].annotation)[0] for table in get_args(get_args(AnyTask)[0]))  # the values of `kind`


class Target(Part):
    """One target, either by ``x`` and ``y`` or by ``angle_deg`` and ``distance``."""

    x: float | None = given(None, "position to the right, in the workspace", "m")
    y: float | None = given(None, "position upwards, in the workspace", "m")
    angle_deg: float | None = given(None, "direction from the origin, counter-clockwise from the right", "deg", ge=-360, le=360)
    distance: float | None = given(None, "distance from the origin", "m", gt=0)

    def position(self) -> Point:
        """The target's centre, m, workspace."""
        if self.x is not None and self.y is not None:
            return (self.x, self.y)
        angle, distance = math.radians(self.angle_deg or 0.0), self.distance or 0.0
        return (distance * math.cos(angle), distance * math.sin(angle))
