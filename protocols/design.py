"""The `[[phases]]` tables: phases, blocks, and what a block does to its trials."""

from typing import Literal

from pydantic import Field

from protocols.schema_base import NAME, Parameters, Part, Series, given, part

FeedbackName = Literal["none", "endpoint", "continuous"]
PhaseKind = Literal["familiarisation", "baseline", "no_feedback", "training", "washout", "retention", "transfer"]


class Perturbation(Part):
    """How the cursor departs from the hand. A single number holds for the whole block; a list is read as ``schedule`` says."""

    rotation_deg: Series = given((0.0,), "rotation of the cursor about the start, counter-clockwise", "deg", min_length=1)
    gain: Series = given((1.0,), "cursor extent over hand extent", "ratio", min_length=1)
    clamp_deg: Series = given((), "error clamp: direction of the cursor relative to the target; absent: no clamp", "deg")
    mapping: Literal["de_novo", "left", "right", "mean"] = given(
        "de_novo",
        "bimanual: what drives the cursor; de_novo = left hand's y and right hand's x; left, right = that hand alone; mean = of both hands",
    )
    schedule: Literal["constant", "gradual", "steps", "list", "random"] = given(
        "constant",
        "how lists are read: gradual = [from, to] in a straight line over all trials of this entry, repeats included; steps = runs of "
        "equal length; list = one value a trial; random = each value once, in random order, before any comes again",
    )


class Zone(Part):
    """Where a reach is rewarded, instead of by its error."""

    kind: Literal["none", "fixed", "following"] = given("none", "none: hits are by error; following: set from the last trials")
    low_deg: float | None = given(None, "fixed: lower edge relative to the target", "deg", ge=-180, le=180)
    high_deg: float | None = given(None, "fixed: upper edge relative to the target", "deg", ge=-180, le=180)
    window: int = given(10, "following: number of last completed trials", "trials", ge=1, le=100)
    statistic: Literal["mean", "median"] = given("mean", "following: centre of those trials' hand errors")
    half_width_deg: float = given(5.0, "following: half the width of the zone", "deg", gt=0, le=180)
    direction: Literal["around", "counterclockwise", "clockwise"] = given(
        "around", "following: the zone lies around the centre, or wholly on one side of it so that it draws the hand that way"
    )
    hit_rate: float | None = given(
        None,
        "following: the zone adapts, so that this share of the last trials' hand errors would have been hits. Around the centre its "
        "width does (half_width_deg is the least), on one side its near edge does; absent: neither",
        "ratio",
        gt=0,
        lt=1,
    )
    limit_deg: float = given(180.0, "following: the centre stays within plus or minus this of the target", "deg", gt=0, le=180)


class Reward(Part):
    """What the participant earns and is told."""

    rule: Literal["graded", "binary", "points"] = given("graded", "graded: minus the error in m; binary: 1 on a hit; points: the points")
    shown: bool = given(True, "whether the outcome is delivered; false: withheld, and no learner gets a reward")
    probability: float = given(1.0, "share of the trials, drawn at random, on which a shown reward is delivered", "ratio", ge=0, le=1)
    zone: Zone = part(Zone, "where a reach is rewarded")


class ForceField(Part):
    """What acts on the hand, on a device with motors. The smallest of this limit, the device's and the firmware's counts."""

    kind: Literal["none", "viscous", "curl"] = given("none", "viscous: against the velocity; curl: across it")
    strength: float = given(0.0, "force over speed; viscous: positive resists; curl: positive pushes to the right", "N s/m", ge=-60, le=60)
    limit: float = given(5.0, "greatest force along an axis", "N", gt=0, le=12)
    channel_probability: float = given(
        0.0, "share of the trials, drawn at random, with a channel to the target in place of the field", "ratio", ge=0, le=1
    )
    channel_stiffness: float = given(1500.0, "of the channel's walls", "N/m", gt=0, le=4000)
    channel_damping: float = given(15.0, "across the channel", "N s/m", ge=0, le=60)


class Choose(Part):
    """What is left open, and chosen while the block runs: the candidate that tells the twin's learner best from a rival."""

    rival: str = given(..., "name of the learner that [twin]'s is to be told apart from")
    options: dict[str, str] = given({}, "the rival's options")
    parameters: Parameters = given({}, "the rival's parameters; those without a default come from [twin]")
    every: int = given(10, "a choice holds for so many trials of the block", "trials", ge=1, le=1000)
    futures: int = given(50, "simulated for each learner and candidate", "simulations", ge=20, le=1000)
    rotation_deg: tuple[float, ...] = given((), "candidates: rotation of the cursor, counter-clockwise", "deg")
    clamp_deg: tuple[float, ...] = given((), "candidates: direction of a clamped cursor relative to the target", "deg")
    half_width_deg: tuple[float, ...] = given((), "candidates: half the width of a following reward zone", "deg")

    def given(self) -> tuple[str, tuple[float, ...]]:
        """What is left open, and its candidates in degrees; of several, the first."""
        lists = (("rotation", self.rotation_deg), ("clamp", self.clamp_deg), ("half_width", self.half_width_deg))
        return next(((what, values) for what, values in lists if values), ("", ()))


class Block(Part):
    """A run of trials under one regime."""

    trials: int = given(..., "number of trials", "trials", ge=1, le=10_000)
    repeat: int = given(1, "how many such blocks follow each other", "blocks", ge=1, le=1000)
    targets: tuple[str, ...] = given((), "names of the targets; absent: all, in the file's order")
    order: Literal["fixed", "random", "shuffled", "blocked"] = given(
        "shuffled",
        "fixed: in turn; random: each drawn alone; shuffled: each once before any comes again; blocked: one after another",
    )
    perturbation: Perturbation = part(Perturbation, "how the cursor departs from the hand")
    force: ForceField = part(ForceField, "what acts on the hand")
    movement_time: tuple[float, float] | None = given(
        None, "band of movement times, [least, greatest], in place of the limits' own: shorter is too fast, longer too slow", "s"
    )
    feedback: FeedbackName = given("continuous", "when the cursor, or the flight (skittles), is seen")
    feedback_delay: float = given(0.0, "time from the end of the movement to its feedback", "s", ge=0, le=30)
    feedback_probability: float = given(1.0, "share of the trials, drawn at random, that show their feedback", "ratio", ge=0, le=1)
    reward: Reward = part(Reward, "what is earned and told")
    choose: Choose | None = given(None, "what is chosen while the block runs, to tell two learners apart; absent: nothing")
    aim_report: bool = given(False, "whether the participant says before each movement where they aim")
    instruction: str | None = given(None, "key of the text shown before the block")
    break_after: bool = given(False, "whether a break follows (each block, where it is repeated)")


class Phase(Part):
    """A part of the session with one purpose."""

    name: str = given(..., "name in the trials table", pattern=NAME)
    kind: PhaseKind = given(..., "purpose of the phase, as analyses see it")
    instruction: str | None = given(None, "key of the text shown before the phase")
    blocks: tuple[Block, ...] = Field(..., description="the blocks, in order", min_length=1)
