"""From the `[task]` table to the task itself."""

import math
from typing import Any

from protocols.schema import ArcTask, BimanualTask, Protocol, SkittlesTask
from protocols.task import Task


def make_task(protocol: Protocol) -> Task:
    """The task that a protocol asks for, with its constants and its way from error to points."""
    constants: dict[str, Any] = _si(protocol.task.model_dump(exclude={"kind"}))
    scoring = protocol.points.scoring()
    if isinstance(protocol.task, SkittlesTask):
        from protocols.skittles import Skittles  # compiles nothing, but brings JAX and the scene's shapes

        return Skittles(**constants, scoring=scoring)  # type: ignore[return-value]
    if isinstance(protocol.task, ArcTask):
        from protocols.arc import Arc

        return Arc(**constants, scoring=scoring)  # type: ignore[return-value]
    farthest = max(math.hypot(*target.position()) for target in protocol.targets.values())
    if isinstance(protocol.task, BimanualTask):
        from protocols.bimanual import Bimanual

        return Bimanual(**constants, target_distance=farthest, scoring=scoring)  # type: ignore[return-value]
    from protocols.reach import Reach

    return Reach(**constants, target_distance=farthest, scoring=scoring)  # type: ignore[return-value]


def _si(table: dict[str, Any]) -> dict[str, Any]:
    """Degrees, which only files have, in radians."""
    return {name.removesuffix("_deg"): math.radians(value) if name.endswith("_deg") else value for name, value in table.items()}
