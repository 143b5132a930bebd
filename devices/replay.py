"""Plays stored samples again, at the pace at which they came."""

from typing import Self

from devices.device import Clock, DeviceInfo, DeviceStatus, Samples
from devices.health import Health
from devices.sampler import Outlet, Publish
from protocols.errors import DeviceError


class ReplayDevice:
    """A Device that gives stored samples again, their host times shifted so that the first is due on opening.

    Everything else, gaps in the counter included, is as it was stored. Once the record is over it gives no more.
    """

    def __init__(self, samples: Samples, clock: Clock, info: DeviceInfo, publish: Publish | None = None):
        source = f"replay of a {info.kind}: {info.model}"
        self.info = info._replace(kind="replay", model=source, notes=(*info.notes, "replayed, not measured now"))
        self._stored, self._clock, self._publish = samples, clock, publish
        self._health = Health()
        self._outlet: Outlet | None = None
        self._open = False

    def __enter__(self) -> Self:
        self._given = 0
        times = self._stored.host_time
        self._due = times - times[:1] + self._clock()
        self._outlet = self._publish(self.info) if self._publish else None
        self._open = True
        return self

    def __exit__(self, *exc: object) -> None:
        if self._open and self._outlet:
            self._outlet.close()
        self._open = False

    def read(self) -> Samples:
        """The stored samples that fell due since the last call."""
        if not self._open:
            raise DeviceError("replay: expected an open device, but it was closed; open it again to read on")
        upto = int(self._due.searchsorted(self._clock(), side="right"))
        chosen = slice(self._given, upto)
        self._given = upto
        device_time, _, *rest = (field[chosen] for field in self._stored)
        samples = Samples(device_time, self._due[chosen], *rest)
        self._health.add(samples)
        if self._outlet and len(samples):
            self._outlet.push(samples)
        return samples

    def status(self) -> DeviceStatus:
        """Health since opening."""
        return self._health.status(alive=self._open)

    @property
    def finished(self) -> bool:
        """Whether the whole record was given."""
        return self._open and self._given == len(self._due)
