"""What stands before, between and after the trials: questions, instructions, breaks, aim reports, the bonus."""

import math
from collections.abc import Sequence

from protocols.errors import Aborted
from protocols.history import Committed
from protocols.schedule import block_of
from protocols.schema import Question as Asked
from protocols.task import Stage, Trial, View
from rig.screen.page_scenes import Page
from rig.screen.questions import Question
from rig.session.equipment import Rig


def show(rig: Rig, key: str, more: str = "") -> None:
    """A page with the protocol's text of that key, until the participant goes on."""
    rig.pages.show(Page("", rig.words(key) + more))


def before_block(rig: Rig, trial: Trial, history: Sequence[Committed]) -> None:
    """Break, and the instructions of phase and block, where a block begins."""
    plan, protocol = rig.plan, rig.plan.protocol
    last = history[-1].trial if history else None
    if last is not None and last.block == trial.block:
        return
    planned = block_of(protocol, plan.condition, plan.seed, trial)
    if last is not None and block_of(protocol, plan.condition, plan.seed, last).block.break_after:
        rig.event("break")
        rig.journal.flush()  # the experimenter's page shows it while it lasts
        rig.pages.rest(protocol.breaks.seconds, Page("", rig.words(protocol.breaks.text)))
    phase = protocol.phases[trial.phase]
    if phase.instruction and (last is None or last.phase != trial.phase):
        show(rig, phase.instruction)
    if planned.block.instruction and planned.repeat == 0:
        show(rig, planned.block.instruction)
    rig.event("block", block=trial.block, phase=phase.name)


def earned(rig: Rig, score: int) -> str:
    """The sum of points and the bonus for it, as words for the last page."""
    points = rig.plan.protocol.points
    if not points.shown:
        return ""
    sum_of_points = f"\n\n{rig.words('points')}: {score}"
    if points.bonus is None:
        return sum_of_points
    return f"{sum_of_points}\n{rig.words('bonus')}: {points.money(score):.2f} {points.bonus.currency}"


def ask(rig: Rig, questions: Sequence[Asked]) -> None:
    """The protocol's questions; the answers are stored.

    Raises:
        Aborted: an answer without which the session may not begin was not given.
    """
    for question in questions:
        answer = rig.pages.ask([_as_shown(rig, question)])[question.key]
        rig.journal.answer(question.key, answer)
        if question.required is not None and answer != question.required:
            raise Aborted(f"question {question.key!r} was answered {answer!r}, and the session may begin only with {question.required!r}")


def _as_shown(rig: Rig, question: Asked) -> Question:
    return Question(
        question.key,
        rig.words(question.text),
        question.kind,
        tuple(rig.words(choice) for choice in question.choices),
        -math.inf if question.low is None else question.low,
        math.inf if question.high is None else question.high,
        not question.optional,
        question.choices,
    )


def ask_aim(rig: Rig, trial: Trial, view: View) -> float:
    """Where the participant says to aim: rad relative to the target, which is shown."""
    (x, y), _ = rig.task.start_posture(trial)
    target = (float(trial.target[0]), float(trial.target[1]))
    scene = rig.task.scene(view._replace(stage=Stage.FOREPERIOD), trial)
    return rig.pages.aim(Question("aim", rig.words("aim_report"), "aim"), scene, (x, y), target)
