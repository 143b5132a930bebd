"""What a protocol must fulfil beyond the types of its fields. Each rule yields the problems it finds."""

import math
from collections.abc import Callable, Collection, Iterator

from protocols.choosing_rules import choose_problems
from protocols.problem import Problem
from protocols.records import action_columns
from protocols.schema import ArcTask, BimanualTask, Block, Phase, Point, Protocol, SkittlesTask
from protocols.schema_task import AnyTask
from protocols.task import SPAN
from protocols.words import WORDS

MARGIN = 0.1  # s, of the span that is searched for an onset: the filter reaches that far from its ends
LARGEST_SCREEN = 2.0  # m; no scene can be taller, whatever the rig


def problems(protocol: Protocol) -> Iterator[Problem]:
    """All mistakes that the types of the fields can't show."""
    for rule in RULES:
        yield from rule(protocol)


def _task(protocol: Protocol) -> Iterator[Problem]:
    task = protocol.task
    if isinstance(task, ArcTask):
        yield from _arc(task)
    if not isinstance(task, SkittlesTask):
        return
    if task.damping >= (critical := 2 * math.sqrt(task.mass * task.stiffness)):
        yield Problem("task.damping", f"{task.damping} N s/m overdamps the ball", f"use less than {critical:.4g}, 2 sqrt(mass stiffness)")
    if math.hypot(*task.pivot) - task.lever_length <= task.post_radius + task.ball_radius:
        yield Problem("task.pivot", "the lever reaches the post", "move the pivot away, or shorten lever_length")
    if task.shown_time > task.flight_time:
        yield Problem("task.shown_time", f"{task.shown_time} s is longer than flight_time ({task.flight_time} s)", "make it shorter")
    left, bottom, right, top = task.bounds
    if left >= right or bottom >= top:
        yield Problem("task.bounds", f"got {list(task.bounds)}", "give left, bottom, right, top: left below right, bottom below top")


def _arc(task: ArcTask) -> Iterator[Problem]:
    if task.width >= 2 * task.radius:
        yield Problem("task.width", f"{task.width} m closes the channel on its middle", f"use less than {2 * task.radius:g}, twice radius")
    if task.interval > task.horizon:
        yield Problem("task.interval", f"{task.interval} s is longer than horizon ({task.horizon} s)", "make it shorter, or horizon longer")


def _targets(protocol: Protocol) -> Iterator[Problem]:
    for name, target in protocol.targets.items():
        place = f"targets.{name}"
        pairs = [pair for pair in ((target.x, target.y), (target.angle_deg, target.distance)) if pair != (None, None)]
        if len(pairs) != 1 or None in pairs[0]:
            yield Problem(place, "needs either x and y, or angle_deg and distance", "give one pair, whole, and not the other")
        elif found := _misplaced(protocol.task, target.position()):
            yield Problem(place, *found)


def _misplaced(task: AnyTask, position: Point) -> tuple[str, str] | None:
    """What is wrong with a target's place, and the remedy."""
    distance = math.hypot(*position)
    if isinstance(task, SkittlesTask):
        left, bottom, right, top = task.bounds
        if distance < task.post_radius + task.target_radius:
            return "the target lies in the post", "move it farther from (0, 0) than post_radius + target_radius"
        if not (left < position[0] < right and bottom < position[1] < top):
            return "the target lies outside what is drawn", "move it, or widen [task] bounds"
    elif isinstance(task, ArcTask):
        if abs(position[1]) > 1e-9 or abs(abs(position[0]) - task.radius) > 1e-9:
            return "the target is no end of the channel", f"use x = {task.radius:g} or x = {-task.radius:g}, and y = 0"
    elif distance <= task.start_radius + task.target_radius:
        return "the target lies on the start", "move it farther away than start_radius + target_radius"
    elif distance + task.target_radius > task.largest_extent:
        return "the target lies outside what is drawn", "move it, or raise [task] largest_extent"
    return None


def _scene(protocol: Protocol) -> Iterator[Problem]:
    width, height = shown_size(protocol)
    if max(width, height) > LARGEST_SCREEN:
        found = f"the scene would be {width:.3g} x {height:.3g} m on the screen"
        scale = protocol.workspace.display_scale * LARGEST_SCREEN / max(width, height)
        yield Problem("workspace.display_scale", found, f"use {scale:.3g} or less (a screen of {LARGEST_SCREEN} m)")


def shown_size(protocol: Protocol) -> tuple[float, float]:
    """Width and height of all that may be drawn, m on the screen."""
    task, scale = protocol.task, protocol.workspace.display_scale
    if isinstance(task, SkittlesTask):
        left, bottom, right, top = task.bounds
        return (right - left) * scale, (top - bottom) * scale
    if isinstance(task, ArcTask):
        return task.drawn[0] * scale, task.drawn[1] * scale
    return 2 * task.largest_extent * scale, 2 * task.largest_extent * scale


def _phases(protocol: Protocol) -> Iterator[Problem]:
    names = [phase.name for phase in protocol.phases]
    for index, phase in enumerate(protocol.phases):
        if phase.name in names[:index]:
            yield Problem(f"phases[{index}].name", f"the name {phase.name!r} is used twice", "give each phase a name of its own")
        for number, block in enumerate(phase.blocks):
            yield from _block(protocol, phase, block, f"phases[{index}].blocks[{number}]")


def _block(protocol: Protocol, phase: Phase, block: Block, place: str) -> Iterator[Problem]:
    for name in block.targets:
        yield from _known(name, protocol.targets, f"{place}.targets", "target")
    used = len(block.targets or protocol.targets)
    if block.order == "blocked" and block.trials % used:
        yield Problem(f"{place}.trials", f"{block.trials} trials can't be shared out to {used} targets", f"use a multiple of {used}")
    yield from _perturbation(protocol, block, f"{place}.perturbation")
    yield from _zone(protocol, block, f"{place}.reward.zone")
    yield from _movement_time(protocol, block, f"{place}.movement_time")
    yield from choose_problems(protocol, block, f"{place}.choose")
    if block.aim_report and (task := protocol.task.kind) != "reach":
        yield Problem(f"{place}.aim_report", f"{task} has no aim to report", "remove it")
    if block.feedback == "none" and block.feedback_delay > 0:
        yield Problem(f"{place}.feedback_delay", "a delay of feedback that is never given", "remove it, or set feedback")
    if block.feedback == "continuous" and block.feedback_delay > 0 and not isinstance(protocol.task, SkittlesTask):
        yield Problem(f"{place}.feedback_delay", "a cursor shown throughout can't be delayed", 'use feedback = "endpoint"')


_SERIES: dict[str, tuple[Callable[[int, int], bool], str]] = {
    "constant": (lambda count, total: count < 2, "one number"),
    "gradual": (lambda count, total: count < 3, "[from, to]"),
    "steps": (lambda count, total: count <= total, "at most {0} values, one a trial or fewer"),
    "list": (lambda count, total: count in (0, 1, total), "{0} values, one a trial"),
    "random": (lambda count, total: True, "any number of values"),
}


def _perturbation(protocol: Protocol, block: Block, place: str) -> Iterator[Problem]:
    given = block.perturbation
    bimanual = isinstance(protocol.task, BimanualTask)
    if protocol.task.kind != "reach" and given.model_fields_set - {"schedule"} - ({"mapping"} if bimanual else set()):
        yield Problem(place, f"{protocol.task.kind} has no cursor to rotate, scale or clamp", "remove it, or use the task reach")
        return
    if "mapping" in given.model_fields_set and not bimanual:
        yield Problem(f"{place}.mapping", f"{protocol.task.kind} has one hand and one mapping", "remove it, or use the task bimanual")
    total = block.trials * block.repeat
    for name in ("rotation_deg", "gain", "clamp_deg"):
        values = getattr(given, name)
        fits, need = _SERIES[given.schedule]
        if not fits(len(values), total):
            yield Problem(f"{place}.{name}", f"got {len(values)} values", f'schedule "{given.schedule}" needs {need.format(total)}')
    if any(abs(angle) > 180 for angle in (*given.rotation_deg, *given.clamp_deg)):
        yield Problem(f"{place}.rotation_deg", "an angle beyond 180 degrees", "use -180 to 180 (counter-clockwise is positive)")
    if any(gain <= 0 for gain in given.gain):
        yield Problem(f"{place}.gain", "a gain of 0 or less", "use a gain above 0; a mirrored cursor is not available")


def _zone(protocol: Protocol, block: Block, place: str) -> Iterator[Problem]:
    zone = block.reward.zone
    if zone.kind == "none":
        if extra := sorted(zone.model_fields_set - {"kind"}):
            yield Problem(place, f"{', '.join(extra)} given, but no zone", 'add kind = "fixed" or kind = "following"')
        return
    if (task := protocol.task.kind) != "reach":
        distance = "hit_distance" if task == "skittles" else "target_radius"
        yield Problem(place, f"{task} has no reward zone", f"remove it; hits are by {distance}")
    if block.reward.rule == "graded":
        yield Problem(place, "a zone decides hits, but the rule is graded", 'set rule = "binary" or "points"')
    if zone.kind == "following":
        return
    if zone.hit_rate is not None:
        yield Problem(f"{place}.hit_rate", "a fixed zone can't adapt", 'remove it, or set kind = "following"')
    if zone.low_deg is None or zone.high_deg is None:
        yield Problem(place, "a fixed zone needs both edges", "add low_deg and high_deg")
    elif zone.low_deg >= zone.high_deg:
        yield Problem(f"{place}.low_deg", f"{zone.low_deg} is not below high_deg ({zone.high_deg})", "swap them")


def _movement_time(protocol: Protocol, block: Block, place: str) -> Iterator[Problem]:
    if block.movement_time is None:
        return
    least, greatest = block.movement_time
    if not 0 <= least < greatest:
        yield Problem(place, f"got [{least}, {greatest}]", "give [least, greatest] in s, 0 or more, the least first")
    if protocol.limits.max_reaction_time + greatest > SPAN - MARGIN:
        found = f"{greatest} s and max_reaction_time {protocol.limits.max_reaction_time} s are more than onsets are searched for"
        yield Problem(place, found, f"keep the sum of the two to {SPAN - MARGIN:g} s")


def _limits(protocol: Protocol) -> Iterator[Problem]:
    limits, (low, high) = protocol.limits, protocol.timing.foreperiod
    if limits.min_reaction_time >= limits.max_reaction_time:
        yield Problem("limits.min_reaction_time", "is not below max_reaction_time", "make it smaller")
    if limits.min_movement_time >= limits.max_movement_time:
        yield Problem("limits.min_movement_time", "is not below max_movement_time", "make it smaller")
    if limits.max_reaction_time + limits.max_movement_time > SPAN - MARGIN:
        found = f"{limits.max_movement_time} s and max_reaction_time {limits.max_reaction_time} s are more than onsets are searched for"
        yield Problem("limits.max_movement_time", found, f"keep the sum of the two to {SPAN - MARGIN:g} s")
    if low < 0 or low > high:
        yield Problem("timing.foreperiod", f"got [{low}, {high}]", "give [least, greatest] in s, 0 or more, the least first")
    if "completed" in protocol.requeue.statuses:
        yield Problem("requeue.statuses", '"completed" would repeat every trial', "remove it")
    if "aborted" in protocol.requeue.statuses:
        yield Problem("requeue.statuses", '"aborted" trials were ended by the experimenter', "remove it; a key repeats a trial")


def _texts(protocol: Protocol) -> Iterator[Problem]:
    for language in sorted(set(protocol.texts) - set(protocol.languages)):
        yield Problem(f"texts.{language}", "a language that languages doesn't list", f"add {language!r} to languages, or remove the table")
    if len(set(protocol.languages)) < len(protocol.languages):
        yield Problem("languages", "a language is listed twice", "list each once")
    for place, key in used_texts(protocol):
        for language in protocol.languages:
            if key not in protocol.texts.get(language, {}) and key not in WORDS.get(language, {}):
                yield Problem(place, f"no text {key!r} in language {language!r}", f"add {key} to [texts.{language}]")


def used_texts(protocol: Protocol) -> Iterator[tuple[str, str]]:
    """Place and key of every text that the file asks for."""
    yield "breaks.text", protocol.breaks.text
    for index, phase in enumerate(protocol.phases):
        if phase.instruction is not None:
            yield f"phases[{index}].instruction", phase.instruction
        for number, block in enumerate(phase.blocks):
            if block.instruction is not None:
                yield f"phases[{index}].blocks[{number}].instruction", block.instruction
    for where in ("before", "after"):
        for index, question in enumerate(getattr(protocol.questions, where)):
            yield f"questions.{where}[{index}].text", question.text
            yield from ((f"questions.{where}[{index}].choices", choice) for choice in question.choices)


def _questions(protocol: Protocol) -> Iterator[Problem]:
    seen: set[str] = set()
    for where in ("before", "after"):
        for index, question in enumerate(getattr(protocol.questions, where)):
            place = f"questions.{where}[{index}]"
            if question.key in seen:
                yield Problem(f"{place}.key", f"the key {question.key!r} is used twice", "give each question a key of its own")
            seen.add(question.key)
            if (question.kind == "choice") != bool(question.choices):
                yield Problem(f"{place}.choices", f"a question of kind {question.kind!r}", "give choices to a choice, and only there")
            if question.kind != "number" and (question.low, question.high) != (None, None):
                yield Problem(f"{place}.low", f"a question of kind {question.kind!r} has no low or high", 'use kind = "number"')
            if question.low is not None and question.high is not None and question.low > question.high:
                yield Problem(f"{place}.low", f"{question.low} is above high ({question.high})", "swap them")
            if question.required is not None and not _possible(question.required, question.kind, question.choices):
                yield Problem(f"{place}.required", f"{question.required!r} can't be answered", "use true, false or one of the choices")


def _possible(answer: bool | str, kind: str, choices: Collection[str]) -> bool:
    return kind == "yes_no" if isinstance(answer, bool) else kind == "choice" and answer in choices


def _conditions(protocol: Protocol) -> Iterator[Problem]:
    if protocol.counterbalance is None:
        return
    names = [phase.name for phase in protocol.phases]
    for name, condition in protocol.counterbalance.conditions.items():
        place = f"counterbalance.conditions.{name}"
        if condition.phase_order and sorted(condition.phase_order) != sorted(names):
            yield Problem(f"{place}.phase_order", "is not an order of all phases", f"name each of {', '.join(names)} once")
        for old, new in condition.targets.items():
            yield from _known(old, protocol.targets, f"{place}.targets", "target")
            yield from _known(new, protocol.targets, f"{place}.targets.{old}", "target")
        if condition.language is not None:
            yield from _known(condition.language, protocol.languages, f"{place}.language", "language")


def _study(protocol: Protocol) -> Iterator[Problem]:
    study, names = protocol.study, [phase.name for phase in protocol.phases]
    if study.phases and len(study.phases) != study.sessions:
        yield Problem("study.phases", f"lists {len(study.phases)} sessions, not {study.sessions}", "give one list of phases a session")
    for index, phases in enumerate(study.phases):
        if not phases:
            yield Problem(f"study.phases[{index}]", "a session without phases", "name at least one phase")
        for name in phases:
            yield from _known(name, names, f"study.phases[{index}]", "phase")


def _exclusions(protocol: Protocol) -> Iterator[Problem]:
    for index, rule in enumerate(protocol.exclusions):
        place = f"exclusions[{index}]"
        if rule.low is None and rule.high is None:
            yield Problem(place, "excludes nothing", "add low or high")
        if rule.low is not None and rule.high is not None and rule.low >= rule.high:
            yield Problem(f"{place}.low", f"{rule.low} is not below high ({rule.high})", "swap them")
        for name in rule.phases:
            yield from _known(name, [phase.name for phase in protocol.phases], f"{place}.phases", "phase")


def _twin(protocol: Protocol) -> Iterator[Problem]:
    if protocol.twin.from_first_trials is not None and protocol.twin.from_fit is not None:
        yield Problem("twin.from_fit", "parameters from a fit and from the first trials", "keep one of from_fit and from_first_trials")
    sds = protocol.participant.motor_sd
    if len(sds) not in (0, actions := len(action_columns(protocol.task.name))):
        yield Problem("participant.motor_sd", f"got {len(sds)} values", f"give one for each action ({actions})")
    if any(sd < 0 for sd in sds):
        yield Problem("participant.motor_sd", "a negative standard deviation", "use 0 or more")


def _live(protocol: Protocol) -> Iterator[Problem]:
    names = (protocol.twin.learner, *protocol.live.rivals)
    for index, name in enumerate(protocol.live.rivals):
        if name in names[: index + 1]:
            yield Problem(f"live.rivals[{index}]", f"{name!r} is there twice, or is the twin's own learner", "name each rival once")


def _known(name: str, known: Collection[str], place: str, what: str) -> Iterator[Problem]:
    if name not in known:
        yield Problem(place, f"unknown {what} {name!r}", f"use one of {', '.join(known)}")


RULES = (_task, _targets, _scene, _phases, _limits, _texts, _questions, _conditions, _study, _exclusions, _twin, _live)
