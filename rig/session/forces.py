"""The force of a trial on the device's motors: on while the hand waits at the start and moves, off at all other times."""

import numpy as np

from devices.force_field import ForceField, channel, curl, viscous
from protocols.force import Force, Kind
from protocols.task import Stage, Trial
from protocols.workspace import Workspace
from rig.session.input import DeviceSlot

_ON = (Stage.HOLD, Stage.FOREPERIOD, Stage.MOVEMENT)  # from HOLD, so that it has grown to its strength by the go cue


class TrialForce:
    """Follows one trial's stages. With no force it does nothing.

    It doesn't wait for the device: one that won't is a fault, which the next samples bring.

    Raises (in ``follow``):
        DeviceError: the device has failed.
    """

    def __init__(self, force: Force, trial: Trial, workspace: Workspace, device: DeviceSlot) -> None:
        self.force = force
        self._field = None if force.kind == Kind.NONE else _field(force, trial, workspace)
        self._device, self._on = device, False

    def follow(self, stage: Stage) -> None:
        """Turn the motors on or off, where this stage differs in that from the one before."""
        wanted = self._field is not None and stage in _ON
        if wanted != self._on:
            self._on = wanted
            self._device.order("field", self._field) if wanted else self._device.order("relax")


def _field(force: Force, trial: Trial, workspace: Workspace) -> ForceField:
    if force.kind == Kind.VISCOUS:
        return viscous(force.strength, force.limit)
    if force.kind == Kind.CURL:
        return curl(force.strength, force.limit)
    start = workspace.to_device(np.zeros(2))  # of a reach, the workspace's origin
    return channel(start, float(np.arctan2(trial.target[1], trial.target[0])), force.stiffness, force.damping, force.limit)
