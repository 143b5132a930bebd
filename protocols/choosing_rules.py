"""What has to hold of a block's `choose` table."""

from collections.abc import Iterator

from protocols.design import Block
from protocols.problem import Problem
from protocols.schema import Protocol


def choose_problems(protocol: Protocol, block: Block, place: str) -> Iterator[Problem]:
    """What is wrong with it, and the remedy."""
    choose = block.choose
    if choose is None:
        return
    if protocol.task.kind != "reach":
        yield Problem(place, f"{protocol.task.kind} has neither cursor nor zone to choose", "remove it, or use the task reach")
        return
    lists = [name for name in ("rotation_deg", "clamp_deg", "half_width_deg") if getattr(choose, name)]
    if len(lists) != 1:
        found = f"candidates in {', '.join(lists)}" if lists else "no candidates"
        yield Problem(place, found, "give one of rotation_deg, clamp_deg and half_width_deg")
        return
    yield from _candidates(block, choose.given()[1], lists[0], place)
    if block.trials % choose.every:
        found = f"{choose.every} trials don't go into the block's {block.trials}"
        yield Problem(f"{place}.every", found, "use a number that divides the block's trials")
    if protocol.twin.from_first_trials is not None:
        found = "choosing needs the twin's parameters before the first trial"
        yield Problem("twin.from_first_trials", found, "give initial_mean and initial_sd, or from_fit")
    if choose.rival == protocol.twin.learner and choose.options == protocol.twin.options and not choose.parameters:
        yield Problem(f"{place}.rival", "is the twin's own learner, as the twin is", "name another, or give it options or parameters")


def _candidates(block: Block, values: tuple[float, ...], name: str, place: str) -> Iterator[Problem]:
    if len(set(values)) < max(len(values), 2):
        yield Problem(f"{place}.{name}", f"got {list(values)}", "give two or more that differ")
    if any(abs(value) > 180 for value in values):
        yield Problem(f"{place}.{name}", "an angle beyond 180 degrees", "use -180 to 180")
    if name in block.perturbation.model_fields_set:
        yield Problem(f"{place}.{name}", "the block's perturbation sets it, too", "remove one of the two")
    if name != "half_width_deg":
        return
    if any(value <= 0 for value in values):
        yield Problem(f"{place}.{name}", "a width of 0 or less", "use widths above 0")
    if block.reward.zone.kind != "following" or block.reward.zone.hit_rate is not None:
        yield Problem(f"{place}.{name}", "only a following zone without hit_rate has a width to choose", 'set kind = "following"')
