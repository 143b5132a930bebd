"""The tables about the session: limits, timing, breaks, points, questions, counterbalancing, the twin and the simulated participant."""

from typing import TYPE_CHECKING, Literal

from protocols.schema_base import NAME, Parameters, Part, given, part

if TYPE_CHECKING:
    from protocols.task import Scoring

StatusName = Literal["completed", "too_early", "too_slow", "too_fast", "wrong_start", "aborted", "device_fault"]


class Limits(Part):
    """When a trial is too early, too fast or too slow."""

    min_reaction_time: float = given(0.0, "a movement that begins sooner after the go cue is too early", "s", ge=0)
    max_reaction_time: float = given(10.0, "no movement by then is too slow", "s", gt=0)
    min_movement_time: float = given(0.0, "a shorter movement is too fast", "s", ge=0)
    max_movement_time: float = given(5.0, "a longer movement is too slow", "s", gt=0)
    max_home_time: float = given(60.0, "a trial without the start posture by then ends as wrong_start", "s", gt=0)


class Requeue(Part):
    """Which trials are given again."""

    statuses: tuple[StatusName, ...] = given(("too_early", "wrong_start", "device_fault"), "trials that end so are given again")
    when: Literal["next", "end_of_block"] = given("end_of_block", "at once, or after the block's last trial")
    max_attempts: int = given(3, "how often a trial is given at the most", "attempts", ge=1, le=100)


class Certificate(Part):
    """Limits of the timing certificate. A trial that breaks one is flagged."""

    max_gap: float | None = given(None, "largest time between samples; leave it out for a mouse, which is silent at rest", "s", gt=0)
    max_lost: int | None = given(0, "most samples lost by the device's counter", "samples", ge=0)
    max_late_frames: int | None = given(None, "most late frames", "frames", ge=0)
    repeat: bool = given(False, "whether a flagged trial is given again")


class Calibrated(Part):
    """Which calibrations of the rig a session asks for."""

    required: tuple[Literal["screen", "device", "delay", "grid"], ...] = given(
        ("screen",), "calibrations that must hold for this screen and device; grid: a tablet's or two pointers' mapping"
    )
    max_days: float = given(180.0, "older ones don't count", "days", gt=0)
    otherwise: Literal["warn", "refuse"] = given("warn", "what becomes of a person's session without them; simulated ones are only warned")


class Timing(Part):
    """How long the parts of a trial last."""

    hold: float = given(0.3, "the hand stays in the start posture this long", "s", ge=0, le=30)
    foreperiod: tuple[float, float] = given((0.3, 0.7), "least and greatest wait from target to go cue, drawn uniformly", "s")
    feedback: float = given(0.6, "how long the result is shown", "s", ge=0, le=30)
    inter_trial: float = given(0.3, "pause between trials", "s", ge=0, le=60)


class Workspace(Part):
    """From the device to the workspace, and from the workspace to the screen."""

    hand_scale: float = given(1.0, "metres at the device for one metre of workspace", "m/m", gt=0)
    display_scale: float = given(1.0, "metres on the screen for one metre of workspace", "m/m", gt=0)


class Breaks(Part):
    """Breaks between blocks."""

    seconds: float = given(30.0, "a break lasts at least this long", "s", ge=0, le=3600)
    text: str = given("break", "key of the text shown")


class Bonus(Part):
    """Money for points."""

    currency: str = given(..., "currency, as it is shown", min_length=1)
    per_point: float = given(..., "money for one point", "currency", ge=0)
    maximum: float = given(..., "most that can be earned", "currency", ge=0)


class Points(Part):
    """How a result becomes points."""

    points_hit: float = given(1.0, "points for a hit", "points", ge=0)
    points_range: float = given(0.0, "points fall in a straight line from a hit's to 0 at this error; 0: only hits earn", "m", ge=0)
    shown: bool = given(True, "whether the sum is on the screen")
    bonus: Bonus | None = given(None, "money for points; absent: none")

    def scoring(self) -> "Scoring":
        """As tasks take it."""
        from protocols.task import Scoring  # brings JAX, which takes a second that reading a file needn't

        return Scoring(self.points_hit, self.points_range)

    def money(self, points: float) -> float:
        """The bonus for a sum of points, in the bonus' currency; 0 where there is none."""
        return 0.0 if self.bonus is None else min(points * self.bonus.per_point, self.bonus.maximum)


class Condition(Part):
    """What one counterbalancing condition changes."""

    rotation_sign: Literal[-1, 1] = given(1, "-1 mirrors rotations, clamps and reward zones")
    phase_order: tuple[str, ...] = given((), "names of all phases in this condition's order; absent: the file's")
    targets: dict[str, str] = given({}, "target named in the file = target given instead")
    language: str | None = given(None, "language of the texts; absent: as the session says")


class Counterbalance(Part):
    """How participants are dealt out to conditions."""

    method: Literal["rotate", "latin", "random_blocks"] = given(
        "rotate",
        "rotate: in turn; latin: the rows of a Latin square, one after another; random_blocks: each once, in random order, before a repeat",
    )
    conditions: dict[str, Condition] = given(..., "the conditions by name", min_length=1)


class Question(Part):
    """One question put before or after the session."""

    key: str = given(..., "name of the answer in the data", pattern=NAME)
    text: str = given(..., "key of the text of the question")
    kind: Literal["choice", "number", "text", "yes_no"] = given(..., "what is answered")
    choices: tuple[str, ...] = given((), "choice: keys of the texts to choose from; the key is what is stored")
    low: float | None = given(None, "number: least that is accepted")
    high: float | None = given(None, "number: greatest that is accepted")
    required: bool | str | None = given(None, "the only answer with which the session may begin: true, false, or one of the choices")
    optional: bool = given(False, "whether it may be left unanswered")


class Questions(Part):
    """Questions to the participant."""

    before: tuple[Question, ...] = given((), "before the first trial, such as age, sex, handedness, consent")
    after: tuple[Question, ...] = given((), "after the last trial")


class Exclusion(Part):
    """A rule of exclusion, fixed before the data are seen. Analyses flag; nothing is deleted."""

    name: str = given(..., "name of the rule", pattern=NAME)
    of: Literal["trial", "participant"] = given("trial", "trial: its value; participant: the mean over the participant's trials")
    column: str = given(..., "column of the trials table")
    low: float | None = given(None, "smaller values are excluded; in the column's unit")
    high: float | None = given(None, "greater values are excluded; in the column's unit")
    phases: tuple[str, ...] = given((), "only in these phases; absent: all")


class Study(Part):
    """A study over several sessions."""

    sessions: int = given(1, "number of sessions", "sessions", ge=1, le=365)
    phases: tuple[tuple[str, ...], ...] = given((), "for each session the names of its phases; absent: all phases in each")
    retention: float = given(1.0, "share of the twin's learning that it carries into the next session", "ratio", ge=0, le=1)


class Twin(Part):
    """The learner that runs beside the session; also the defaults of `simulate` and `predict`."""

    learner: str = given("policy-gradient", "name of the learner, as `twinrig learners` lists it")
    options: dict[str, str] = given({}, "the learner's options, such as covariance")
    parameters: Parameters = given({}, "the learner's parameters; a list has one value for each action")
    from_first_trials: int | None = given(None, "initial mean and SD come from this many first trials", "trials", ge=2)
    from_fit: str | None = given(None, "file of an earlier fit (fit.json) that the parameters come from")
    free: int = given(100, "number of free learners of each kind", "learners", ge=0, le=10_000)


class Live(Part):
    """What is inferred about the participant while they practise: the parameters of [twin]'s learner, and how well rivals do."""

    on: bool = given(False, "whether it is done in every session of this protocol; `--infer` asks for it in one")
    rivals: tuple[str, ...] = given(
        ("error-based", "random-walk", "local-level"), "learners whose evidence is told beside that of the twin's; each costs time"
    )
    particles: int = given(1000, "particles for each learner", "particles", ge=100, le=100_000)


class Participant(Part):
    """The simulated participant of `twinrig pilot`."""

    learner: str = given("policy-gradient", "name of the learner that chooses its actions")
    options: dict[str, str] = given({}, "the learner's options")
    parameters: Parameters = given({}, "the learner's parameters; what is missing comes from the twin's, then from the learner's defaults")
    reaction_time: float = given(0.3, "mean reaction time", "s", gt=0)
    reaction_time_sd: float = given(0.04, "standard deviation of the reaction time", "s", ge=0)
    motor_sd: tuple[float, ...] = given((), "motor noise of each action, in the units of the action columns; absent: none")


class Session(Part):
    """Tables that every protocol may leave out."""

    limits: Limits = part(Limits, "when a trial is too early, too fast or too slow")
    requeue: Requeue = part(Requeue, "which trials are given again")
    certificate: Certificate = part(Certificate, "limits of the timing certificate")
    calibration: Calibrated = part(Calibrated, "calibrations of the rig that a session asks for")
    timing: Timing = part(Timing, "how long the parts of a trial last")
    workspace: Workspace = part(Workspace, "scales of hand and screen")
    breaks: Breaks = part(Breaks, "breaks between blocks")
    points: Points = part(Points, "how a result becomes points")
    counterbalance: Counterbalance | None = given(None, "how participants are dealt out to conditions; absent: one condition")
    questions: Questions = part(Questions, "questions to the participant")
    exclusions: tuple[Exclusion, ...] = given((), "rules of exclusion fixed beforehand")
    study: Study = part(Study, "a study over several sessions")
    twin: Twin = part(Twin, "the learner beside the session")
    live: Live = part(Live, "what is inferred about the participant while they practise")
    participant: Participant = part(Participant, "the simulated participant of `twinrig pilot`")
