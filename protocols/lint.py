"""What a valid protocol will do, and what in it a colleague would ask about: every trial, how long it takes, warnings."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from protocols.load import Loaded
from protocols.outline import BlockLine, TrialLine, block_line, trial_line, trial_seconds
from protocols.rules import shown_size, used_texts
from protocols.schedule import PlannedBlock, planned_blocks
from protocols.schema import Protocol
from protocols.words import WORDS

USUAL_SCREEN = (0.53, 0.30)  # m, a 24-inch screen
ANSWERING = 10.0  # s for a question
LONGEST_STRETCH = 900.0  # s without a break

Simulate = Callable[[Protocol, str, int], dict[str, Any]]


class Warned(NamedTuple):
    """Something that is allowed and may be meant, but seldom is."""

    place: str  # key path
    found: str
    remedy: str


class Findings(NamedTuple):
    """All that ``twinrig protocol check`` says."""

    name: str
    hash: str
    condition: str
    session: int
    blocks: tuple[BlockLine, ...]
    trials: tuple[TrialLine, ...]
    seconds: float  # expected duration
    shown: tuple[float, float]  # width and height on the screen, m
    warnings: tuple[Warned, ...]
    simulated: dict[str, Any] | None  # what a simulated participant made of it


def check_protocol(
    loaded: Loaded,
    condition: str | None = None,
    session: int = 1,
    seed: int = 1,
    screen: tuple[float, float] = USUAL_SCREEN,
    simulate: Simulate | None = None,
) -> Findings:
    """Lay out one session of a protocol and look it over.

    ``condition`` None takes the first. ``screen`` is width and height in m. ``simulate`` is given the session's protocol, the condition
    and the seed, and says what a simulated participant did with it.

    Raises:
        BadInput: there is no such condition or session.
    """
    protocol = loaded.protocol.for_session(session)
    name = condition if condition is not None else first_condition(protocol)
    blocks = planned_blocks(protocol, name, seed)
    lines = tuple(block_line(protocol, block) for block in blocks)
    return Findings(
        name=protocol.name,
        hash=loaded.hash,
        condition=name,
        session=session,
        blocks=lines,
        trials=tuple(trial_line(protocol, block, trial) for block in blocks for trial in block.trials),
        seconds=sum(line.seconds for line in lines) + ANSWERING * (len(protocol.questions.before) + len(protocol.questions.after)),
        shown=shown_size(protocol),
        warnings=tuple(warnings(protocol, blocks, screen, loaded.protocol)),
        simulated=simulate(protocol, name, seed) if simulate is not None else None,
    )


def first_condition(protocol: Protocol) -> str:
    """Name of the first condition; ``""`` without counterbalancing."""
    return next(iter(protocol.counterbalance.conditions)) if protocol.counterbalance else ""


def warnings(protocol: Protocol, blocks: tuple[PlannedBlock, ...], screen: tuple[float, float], study: Protocol) -> Iterator[Warned]:
    """All that looks unintended in a session's protocol; what need not be in every session is looked for in the whole study."""
    yield from _purpose(study)
    yield from _learning(blocks)
    yield from _people(protocol)
    yield from _balance(protocol)
    yield from _stretches(protocol, blocks)
    yield from _texts(study)
    width, height = shown_size(protocol)
    if width > screen[0] or height > screen[1]:
        scale = protocol.workspace.display_scale * min(screen[0] / width, screen[1] / height)
        found = f"the scene of {width:.3g} x {height:.3g} m doesn't fit a screen of {screen[0]:.3g} x {screen[1]:.3g} m"
        yield Warned("workspace.display_scale", found, f"use {scale:.3g} or less")


def _purpose(protocol: Protocol) -> Iterator[Warned]:
    kinds = {phase.kind for phase in protocol.phases}
    perturbed = any(block.perturbation.model_fields_set - {"mapping"} for phase in protocol.phases for block in phase.blocks)
    if perturbed and "baseline" not in kinds:
        yield Warned("phases", "a perturbation, but no baseline", 'add a phase of kind "baseline" before it')
    if perturbed and "washout" not in kinds:
        yield Warned("phases", "a perturbation, but no washout", 'add a phase of kind "washout" after it')
    if "familiarisation" not in kinds and "baseline" not in kinds:
        yield Warned("phases", "no familiarisation", 'add a short phase of kind "familiarisation"')


def _learning(blocks: tuple[PlannedBlock, ...]) -> Iterator[Warned]:
    trials = [trial for block in blocks for trial in block.trials]
    if not any(trial.feedback for trial in trials):
        yield Warned("phases", "feedback is never shown", 'set feedback = "endpoint" or "continuous" in some block')
    if not any(trial.reward_shown for trial in trials):
        yield Warned("phases", "no reward is ever delivered: learners that live on it learn nothing", "set reward.shown = true")
    if trials and blocks[0].block.reward.zone.kind == "following":
        yield Warned("phases[0].blocks[0].reward.zone", "a following zone without reaches before it starts at the target", "add a baseline")


def _people(protocol: Protocol) -> Iterator[Warned]:
    if not any(question.required is not None for question in protocol.questions.before):
        yield Warned("questions.before", "consent is not asked for", 'add a question of kind "yes_no" with required = true')
    if not protocol.exclusions:
        yield Warned("exclusions", "no exclusions are fixed beforehand", "add [[exclusions]], so that they can't be chosen after the fact")
    if protocol.points.bonus and not protocol.points.points_hit:
        yield Warned("points.points_hit", "a bonus for points, but hits earn none", "set points_hit")
    if protocol.certificate.max_gap is not None:
        found = f"a gap of {protocol.certificate.max_gap} s flags every trial in which a mouse lies still for that long"
        yield Warned("certificate.max_gap", found, "leave it out, unless the device samples all the time")


def _balance(protocol: Protocol) -> Iterator[Warned]:
    for index, phase in enumerate(protocol.phases):
        for number, block in enumerate(phase.blocks):
            used = len(block.targets or protocol.targets)
            if block.trials % used:
                found = f"{block.trials} trials, {used} targets: some targets come more often"
                yield Warned(f"phases[{index}].blocks[{number}].trials", found, f"use a multiple of {used}")
    first = protocol.phases[0].blocks[0]
    if protocol.twin.from_first_trials is not None and protocol.twin.from_first_trials > first.trials * first.repeat:
        found = f"{protocol.twin.from_first_trials} trials reach beyond the first block entry ({first.trials * first.repeat})"
        yield Warned("twin.from_first_trials", found, "take fewer, or the twin's start is a mixture of regimes")


def _stretches(protocol: Protocol, blocks: tuple[PlannedBlock, ...]) -> Iterator[Warned]:
    stretch = 0.0
    for block in blocks:
        stretch += sum(trial_seconds(protocol, trial) for trial in block.trials)
        if stretch > LONGEST_STRETCH:
            found = f"{stretch / 60:.0f} minutes without a break by the end of block {block.number}"
            yield Warned(f"phases[{block.phase}].blocks", found, "set break_after = true, or make the blocks shorter")
            return
        if block.block.break_after:
            stretch = 0.0


def _texts(protocol: Protocol) -> Iterator[Warned]:
    used = {key for _, key in used_texts(protocol)} | set(WORDS["en"])
    for language in protocol.languages:
        for key in sorted(set(protocol.texts.get(language, {})) - used):
            yield Warned(f"texts.{language}.{key}", "is never shown", "remove it, or name it where it belongs")
        if missing := sorted(set(WORDS["en"]) - set(WORDS.get(language, {})) - set(protocol.texts.get(language, {}))):
            yield Warned(f"texts.{language}", f"no words for {', '.join(missing)}: the English ones are shown", "add them")
