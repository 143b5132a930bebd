"""A protocol file as a value. The parts are in schema_task, design and schema_session; all names can be had from here."""

from pydantic import Field

from protocols.design import Block, Choose, Perturbation, Phase, Reward, Zone
from protocols.errors import BadInput
from protocols.schema_base import NAME, given
from protocols.schema_session import (
    Bonus,
    Breaks,
    Calibrated,
    Certificate,
    Condition,
    Counterbalance,
    Exclusion,
    Limits,
    Live,
    Participant,
    Points,
    Question,
    Questions,
    Requeue,
    Session,
    Study,
    Timing,
    Twin,
    Workspace,
)
from protocols.schema_task import AnyTask, ArcTask, BimanualTask, Point, ReachTask, SkittlesTask, Target
from protocols.words import WORDS

__all__ = [
    "ArcTask", "BimanualTask", "Block", "Bonus", "Breaks", "Calibrated", "Certificate", "Choose", "Condition", "Counterbalance",
    "Exclusion", "Limits", "Live", "Participant", "Perturbation", "Phase", "Point", "Points", "Protocol", "Question", "Questions",
    "ReachTask", "Requeue", "Reward", "SkittlesTask", "Study", "Target", "Timing", "Twin", "Workspace", "Zone",
]  # fmt: skip


class Protocol(Session):
    """Everything that one study does, as its file says it."""

    name: str = given(..., "short name, used in file names", pattern=NAME)
    title: str = given(..., "title of the study")
    summary: str = given("", "what it is for, in a sentence or two")
    version: str = given(..., "version of this file; raise it with every change")
    languages: tuple[str, ...] = given(("en",), "languages of the texts; the first is the default", min_length=1)
    task: AnyTask = Field(..., description="what is practised: `kind` and the constants that differ from the defaults")
    targets: dict[str, Target] = given(..., "the targets by name", min_length=1)
    phases: tuple[Phase, ...] = Field(..., description="the phases, in order", min_length=1)
    texts: dict[str, dict[str, str]] = given({}, "for each language the words by key")

    def __hash__(self) -> int:
        """Cheap, so that schedules can be cached; equality still compares everything."""
        return hash((self.name, self.version, len(self.phases)))

    def condition(self, name: str) -> Condition:
        """The condition of that name; ``""`` is the only one of a protocol without counterbalancing.

        Raises:
            BadInput: there is no such condition.
        """
        conditions = self.counterbalance.conditions if self.counterbalance else {"": Condition()}  # type: ignore[call-arg]
        if name not in conditions:
            remedy = (
                f"choose from {', '.join(conditions)}" if self.counterbalance else "it has no counterbalancing: leave the condition out"
            )
            raise BadInput(f"protocol {self.name!r} has no condition {name!r}: {remedy}")
        return conditions[name]

    def for_session(self, session: int) -> "Protocol":
        """This protocol with the phases of the session of that number (from 1); ``Trial.phase`` counts within these.

        Raises:
            BadInput: the study has fewer sessions.
        """
        if session < 1 or session > self.study.sessions:
            raise BadInput(f"session {session} asked for, but protocol {self.name!r} has {self.study.sessions}: raise [study] sessions")
        if not self.study.phases:
            return self
        by_name = {phase.name: phase for phase in self.phases}
        return self.model_copy(update={"phases": tuple(by_name[name] for name in self.study.phases[session - 1])})

    def target_position(self, name: str) -> Point:
        """Centre of the named target, m, workspace."""
        return self.targets[name].position()

    def words(self, key: str, language: str = "") -> str:
        """The text of a key in a language (default: the protocol's first): the file's own, else the words that come with twinrig."""
        language = language or self.languages[0]
        own = self.texts.get(language, {})
        return own[key] if key in own else WORDS.get(language, WORDS["en"])[key]
