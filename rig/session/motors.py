"""Whether a manipulandum can give a protocol's forces: seen before a session begins, not at its first trial."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from protocols.design import ForceField as Asked
from protocols.errors import BadInput, DeviceError
from protocols.force import uses_force
from protocols.schema import Protocol
from rig.session.attachment import NAME, bench_mechanics

if TYPE_CHECKING:
    from devices.force_field import ForceField
    from devices.manipulandum_calibration import Calibration


def check_motors(protocol: Protocol, device: str, simulated: bool) -> None:
    """See that the rig's manipulandum (of a pilot: the bench) can give every block's force.

    Raises:
        BadInput: it can't, such as a lever a curl field; names the block.
    """
    if device == NAME and uses_force(protocol):
        from devices.manipulandum_calibration import bench_calibration, load_calibration

        calibration = bench_calibration(bench_mechanics(protocol.task.kind)) if simulated else load_calibration()
        check_fields(protocol, calibration)


def check_fields(protocol: Protocol, calibration: "Calibration") -> None:
    """The same of a manipulandum with this calibration."""
    from devices.force_field import field_arguments

    for phase in protocol.phases:
        for number, block in enumerate(phase.blocks, 1):
            for field in _fields(block.force):
                try:
                    field_arguments(calibration, field)
                except DeviceError as error:
                    raise BadInput(f"phase {phase.name!r}, block {number}: force: {error}") from error


def _fields(asked: Asked) -> Iterator["ForceField"]:
    """The fields of a block's trials; of its channels the one whose direction makes its factors largest."""
    from devices.force_field import channel, curl, viscous

    if asked.kind != "none":
        yield (curl if asked.kind == "curl" else viscous)(asked.strength, asked.limit)
    if asked.channel_probability > 0:
        yield channel(np.zeros(2), math.pi / 2, asked.channel_stiffness, asked.channel_damping, asked.limit)
