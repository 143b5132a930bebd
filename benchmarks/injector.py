"""Makes things go wrong in a running session on the bench, one after the other, each in a trial of its own."""

import os
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from protocols.errors import Aborted
from protocols.task import Stage
from rig.clock import now


class Fault(NamedTuple):
    """Orders to the bench, each with the seconds to wait after it, and what is specified for a session whose motors are on."""

    orders: tuple[tuple[str, float], ...]
    said: tuple[str, ...] = ()  # the session pauses, and its message has one of these words; none: it goes on


FAULTS = {
    "emergency stop": Fault((("emergency 1", 0.8), ("emergency 0", 0.0)), ("emergency stop",)),
    "hung firmware": Fault((("hang", 0.0),), ("watchdog",)),
    "unplugged for long": Fault((("unplug", 3.6), ("plug", 0.0)), ("check the cable",)),
    "unplugged, back under another number": Fault((("unplug elsewhere", 0.4), ("plug", 0.0)), ("heard nothing", "check the cable")),
    "board stopped for long": Fault((("stop", 1.6), ("continue", 0.0)), ("gave no sample", "gave no answer")),
    "board stopped for a moment": Fault((("stop", 0.08), ("continue", 0.0))),
    "host unheard": Fault((("deafen 1", 0.5), ("deafen 0", 0.0)), ("heard nothing", "gave no answer")),
    "host doesn't read": Fault((("stop driver", 0.6), ("continue driver", 0.0)), ("heard nothing",)),
    "host doesn't read for a moment": Fault((("stop driver", 0.08), ("continue driver", 0.0))),
    "garbage": Fault((("garbage 40", 0.0),)),
    "half a packet": Fault((("drop 14", 0.0),)),
    "a truncated frame before a good one": Fault((("drop 5", 0.0),)),
    "a packet dropped": Fault((("drop 28", 0.0),)),
    "flipped bits": Fault((("flip 30", 0.0),)),
}
SIGNALS = {"stop": signal.SIGSTOP, "continue": signal.SIGCONT}
SETTLED = 2  # trials after the last fault, so that the one that it has spoilt is given again


class Injected(NamedTuple):
    """What went wrong, in which trial, and when (s, LSL)."""

    name: str
    trial: int
    time: float


class Injector(threading.Thread):
    """Its ``watch`` has to be called once a frame of a trial; it ends the session when all is done."""

    def __init__(self, session: Any, names: Sequence[str], seed: int) -> None:
        super().__init__(daemon=True)
        self._session, self._names = session, names
        self._random = np.random.default_rng(seed)
        self._trial, self._stage, self._over = 0, Stage.HOME, False
        self._holders: list[int] = []
        self._stopped = 0
        self.injected: list[Injected] = []

    def watch(self, window: Any, machine: Any, time: float) -> None:
        """Note where the session is.

        Raises:
            Aborted: all faults were injected, and what they spoilt was given again.
        """
        self._trial, self._stage = machine.trial.number, machine.stage
        if self._over and self._trial > self.injected[-1].trial + SETTLED:
            raise Aborted("all faults were injected")

    def run(self) -> None:
        """Until all are injected."""
        last = 0
        for name in self._names:
            # The motors are on from before the foreperiod to the end of the reach, and will be for longer than the heartbeat may be missed.
            stage, latest = (Stage.FOREPERIOD, 0.5) if FAULTS[name].said else (Stage.HOME, 1.2)
            while not (self._trial > last and self._stage >= stage):
                time.sleep(0.005)
            time.sleep(self._random.uniform(0.0, latest))
            self.injected.append(Injected(name, self._trial, now()))
            for order, seconds in FAULTS[name].orders:
                self._order(order)
                time.sleep(seconds)
            last = self._trial
        self._over = True

    def _order(self, order: str) -> None:
        device, (word, *whom) = self._session.rig.device, order.split()
        if word == "stop":
            self._stopped = device.device.process_id if whom else device.bench.process_id
        if word in SIGNALS:
            os.kill(self._stopped, SIGNALS[word])
        elif whom == ["elsewhere"]:
            device.bench.order(word)
            time.sleep(0.05)
            self._holders.append(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))  # takes the number that was freed
        else:
            device.bench.order(order)
