"""The manipulandum: a lever or handle with encoders, contact, force sensor and motors, on a serial port.

Its firmware samples every millisecond by its own clock. What it sends is checked (CRC), counted (sequence numbers), put on our
clock and in metres. A port that vanishes is looked for again; whatever makes positions or torques doubtful ends in a fault.
"""

import contextlib
import functools
import time
from typing import Any, Self

import numpy as np

from devices.device import Clock, DeviceInfo, Samples
from devices.device_clock import DeviceClock, increasing
from devices.force_field import ForceField, enable_arguments, field_arguments, torque_arguments
from devices.manipulandum_calibration import Calibration
from devices.manipulandum_codec import SAMPLE, Command, Status, pack_enable
from devices.manipulandum_faults import fault_of
from devices.manipulandum_samples import Moments, Unroller
from devices.manipulandum_talk import Conversation, Refused
from devices.process import Priority
from devices.sampler import Publish, SampledDevice, Sampling
from devices.serial_link import LinkLost, SerialLink
from protocols.errors import DeviceError, DeviceTimeout

BAUD = 500_000
RATE = 1000.0  # Hz, of the firmware
WIRE = 0.0003 + 27 * 10 / BAUD  # s from the moment of a sample to its last bit: 4800 cycles of the firmware, 27 bytes on the line
POLL = 0.001618  # s between two looks at the port: in no simple ratio to 1 ms, so that some packets are caught as soon as they are there
OPENING = 5.0  # s for the board to answer: opening the port restarts many boards, whose boot loader takes 2 s
SYNC = 0.6  # s of samples, from before the first that is handed out, from which the clocks are matched
SILENCE = 1.0  # s without a sample after which the board counts as dead
ABSENCE = 3.0  # s for which a port that has vanished is looked for
LOOK_AGAIN = 0.05  # s between two looks
NOTHING = Samples(np.empty(0), np.empty(0), np.empty((0, 2)), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def open_manipulandum(
    clock: Clock,
    port: str,
    calibration: Calibration,
    publish: Publish | None = None,
    simulated: bool = False,
    priority: Priority = "realtime",
) -> SampledDevice:
    """The manipulandum at a serial port (a path, or a URL as pyserial has them) as a Device, to be opened by ``with``.

    ``simulated`` says that it is the bench. ``clock`` and ``publish`` are called in the device's process, so they must be functions
    that can be pickled by name.

    Raises (on entering):
        DeviceError: the port can't be opened, no answer came, or the emergency stop is pressed; the message says what to do.
    """
    source = functools.partial(Manipulandum, port, calibration, simulated)
    return SampledDevice("manipulandum", axes=2, sampling=Sampling(source, clock, publish, priority))


class Manipulandum:
    """The board as its own process sees it: a Source."""

    period = POLL
    helpers: tuple[int, ...] = ()

    def __init__(self, port: str, calibration: Calibration, simulated: bool, clock: Clock) -> None:
        self._port, self._calibration, self._simulated, self._clock = port, calibration, simulated, clock
        self._device_clock = DeviceClock(WIRE)
        self._unroller = Unroller()
        self._last_host_time = -np.inf
        self._talk: Conversation | None = None
        self._lost = LinkLost(f"port {port} is not open")
        self._errors = self._retries = self._reconnected = 0

    def __enter__(self) -> Self:
        try:
            self._connect()
            self._begin()
        except BaseException:
            self._hang_up()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if self._talk:
            with contextlib.suppress(LinkLost):  # the board turns its motors off by itself
                self._talk.hasten(Command.STOP)
        self._hang_up()

    def describe(self, priority: str) -> DeviceInfo:
        """What is stored about the manipulandum."""
        clock = {"clock_offset": self._device_clock.offset, "clock_drift": self._device_clock.drift}
        where = "simulated bench" if self._simulated else self._port
        return DeviceInfo(
            kind="manipulandum",
            model=f"{self._calibration.mechanics}, firmware {self._version}, {where}",
            axes=("x", "y"),
            nominal_rate=RATE,
            simulated=self._simulated,
            calibration=self._calibration.stored() | clock,
            notes=(f"priority: {priority}", f"calibration: {self._calibration.made or 'not dated'}"),
        )

    def read(self) -> Samples:
        """Samples since the last call.

        Raises:
            DeviceError: the board is gone, silent, was restarted, or its motors were stopped.
        """
        if self._talk is None and not self._come_back():
            return NOTHING
        try:
            records, arrival, moments = self._take_in()
        except LinkLost as lost:
            self._lose(lost)
            return NOTHING
        if fault := fault_of(int(np.bitwise_or.reduce(records["status"]))):
            raise DeviceError(fault)
        self._watch_silence(len(records) > 0)
        return self._make(records, arrival, moments)

    def command(self, name: str, *arguments: Any) -> Any:
        """What it can be told.

        ``field`` ForceField: from now on; ``force`` x, y, limit (N): a constant force; ``relax``: motors off; ``stop``: the same,
        latched as by the emergency button; ``report``: how well it went so far.
        """
        commands = {"field": self._field, "force": self._force, "relax": self._relax, "stop": self._stop, "report": self._report}
        if name not in commands:
            raise DeviceError(f"knows no command {name!r}, only {', '.join(commands)}")
        return commands[name](*arguments)

    def _field(self, field: ForceField) -> None:
        arguments = field_arguments(self._calibration, field)
        self._present.ask(Command.ENABLE, enable_arguments(self._calibration, field.limit))
        self._present.ask(Command.FIELD, arguments)

    def _force(self, x: float, y: float, limit: float) -> None:
        self._present.ask(Command.ENABLE, enable_arguments(self._calibration, limit))
        self._present.ask(Command.TORQUE, torque_arguments(self._calibration, (x, y)))

    def _relax(self) -> None:
        self._present.ask(Command.ENABLE, pack_enable(False, 0))

    def _stop(self) -> None:
        self._present.ask(Command.EMERGENCY)

    def _report(self) -> dict[str, Any]:
        """How well it went: clock map, errors, reconnections."""
        clock = self._device_clock
        errors, retries = (self._talk.errors, self._talk.retries) if self._talk else (0, 0)
        return {
            "clock_offset": clock.offset,
            "clock_drift_ppm": 1e6 * clock.drift,
            "clock_residual_p99": clock.residual(0.99),
            "crc_errors": self._errors + errors,
            "command_retries": self._retries + retries,
            "encoder_errors": self._unroller.encoder_errors,
            "reconnections": self._reconnected,
        }

    @property
    def _present(self) -> Conversation:
        """The conversation; a port that is being looked for has none."""
        if self._talk is None:
            raise self._lost
        return self._talk

    def _connect(self) -> None:
        self._link = SerialLink(self._port, BAUD)
        self._talk = Conversation(self._link, self._clock)
        self._last_heard = self._clock()

    def _begin(self) -> None:
        """From an open port to samples that are in time and place."""
        first = self._present.ask(Command.STOP, patience=OPENING)  # whatever it was told before, its motors are off from here on
        self._version = first.version
        try:
            self._present.ask(Command.CLEAR, patience=OPENING)
        except Refused as refused:
            raise DeviceError("the emergency stop is pressed, or its wire is broken: release it, then try again") from refused
        self._present.ask(Command.START, patience=OPENING)
        if first.status & Status.RESTARTED:  # its counts began with edges of unknown channels; else they are as they were zeroed
            self._present.ask(Command.ZERO, patience=OPENING)
        self._synchronise()

    def _synchronise(self) -> None:
        """Match the clocks by samples that nobody gets."""
        end, count = self._clock() + SYNC, 0
        while self._clock() < end:
            count += len(self._take_in()[0])
            time.sleep(POLL)
        if not count:
            raise DeviceTimeout(f"the board at {self._port} sent no sample for {SYNC} s (expected one every ms); unplug it and try again")

    def _watch_silence(self, heard: bool) -> None:
        now = self._clock()
        if heard:
            self._last_heard = now
        elif now - self._last_heard > SILENCE:
            raise DeviceTimeout(
                f"the board at {self._port} gave no sample for {SILENCE:.1f} s (expected one every {1 / RATE} s): "
                "check its power and cable, put the handle at its home mark, then go on"
            )

    def _lose(self, lost: LinkLost) -> None:
        self._hang_up()
        self._lost, self._lost_at, self._next_look = lost, self._clock(), self._clock() + LOOK_AGAIN

    def _come_back(self) -> bool:
        """Look for the port by its name, behind which there may be another device file by now."""
        now = self._clock()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_AGAIN
        try:
            self._connect()
        except LinkLost as error:
            if now - self._lost_at > ABSENCE:
                raise DeviceError(f"{self._lost}; put the handle at its home mark, then go on") from error
            return False
        self._reconnected += 1
        return True

    def _hang_up(self) -> None:
        if self._talk:
            self._errors += self._talk.errors
            self._retries += self._talk.retries
            self._talk = None
            self._link.close()

    def _take_in(self) -> tuple[np.ndarray, np.ndarray, Moments]:
        """Records that have come, when each of their samples came, and the samples themselves; the clock map has noted them."""
        batches = self._present.take()
        records = np.concatenate([np.empty(0, SAMPLE), *(records for _, records in batches)])
        moments = self._unroller.add(records)
        arrival = np.concatenate([np.empty(0), *(np.full(len(records), arrival) for arrival, records in batches)])[moments.record]
        for time_there, time_here in zip(moments.time.tolist(), arrival.tolist(), strict=True):
            self._device_clock.add(time_there, time_here)
        return records, arrival, moments

    def _make(self, records: np.ndarray, arrival: np.ndarray, moments: Moments) -> Samples:
        if not len(records):
            return NOTHING
        mapped = np.minimum(self._device_clock.to_host(moments.time), arrival)
        host_time = increasing(mapped, self._last_host_time)
        self._last_host_time = float(host_time[-1])
        return Samples(
            device_time=moments.time,
            host_time=host_time,
            position=self._calibration.to_metres(records["counts"][moments.record].astype(float)),
            buttons=moments.grip,
            force=records["force"][moments.record] * self._calibration.newtons_per_force_count,
            counter=moments.number,
        )
