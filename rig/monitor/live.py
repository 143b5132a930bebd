"""The hand and the cursor as they are now: what the participant sees, out of the session's streams."""

import json
from typing import Any, NamedTuple

import numpy as np

from protocols.scene import Scene
from protocols.task import MISSING, Stage, Trial, View
from rig.clock import now
from rig.monitor.follow import Follower
from rig.report.learning import final_scene
from rig.streams.info import Origin
from rig.streams.inlets import Inlet, columns

TRAIL = 0.6  # s of the hand's way that is shown
MEMORY = 12.0  # s of samples that are kept: a movement, and the device's rate
RATE_OVER = 2.0  # s that the rate is counted over
TOGETHER = 8  # samples in one packet; a hand at rest is shown as many samples late
STAGES = {stage.name.lower(): stage for stage in Stage}


class Health(NamedTuple):
    """How the device does. What it lost stands in the journal: a page that reads late misses samples that the session has."""

    connected: bool
    rate: float  # Hz over the last seconds
    silent: float  # s since the last sample


class Ended(NamedTuple):
    """A trial that is over."""

    trial: int
    scene: Scene
    path: np.ndarray  # (sample, axis) m of the workspace


class Live:
    """What the streams say now; ``look`` is to be called some ten times a second. Without streams it shows the last trial."""

    def __init__(self, followed: Follower) -> None:
        self._followed = followed
        self._task, self._workspace = followed.record.task, followed.record.workspace
        self._motion: Inlet | None = None
        self._events: Inlet | None = None
        self._start = 0
        self._time = np.empty(0)
        self._hand = np.empty((0, len(self._task.axes)))
        self._buttons = 0
        self._stage, self._began, self._go = Stage.DONE, MISSING, MISSING
        self._last: Ended | None = None

    def close(self) -> None:
        """Let go of the streams; the next look opens them again."""
        for inlet in (self._motion, self._events):
            if inlet is not None:
                inlet.close()
        self._motion = self._events = None
        self._start, self._stage = 0, Stage.DONE
        self._time, self._hand = self._time[:0], self._hand[:0]

    def look(self, running: bool) -> None:
        """Take in what has come; ``running`` says whether the session's program runs."""
        self._follow_start(running)
        if self._motion is None or self._events is None:
            return
        for message, time in zip(*self._events.pull(), strict=True):
            self._hear(json.loads(message[0]), time)
        samples, times = self._motion.pull()
        if samples:
            self._take(columns(samples), np.asarray(times))

    def scene(self, trial: Trial | None) -> Scene | None:
        """What the participant sees in ``trial``, the one that is given now; between trials how the last one ended."""
        if self._stage == Stage.DONE or trial is None or not len(self._hand):
            return self._ended()
        view = View(
            stage=self._stage,
            hand=tuple(map(float, self._hand[-1])),
            buttons=self._buttons,
            stage_time=max(0.0, now() - self._began),
            hand_path=self._hand[self._time >= self._go] if self._stage >= Stage.MOVEMENT else self._hand[:0],
            action=None,
            outcome=None,
            status="",
            score=0,
        )
        return self._task.scene(view, trial)

    def trail(self) -> np.ndarray:
        """(sample, axis) m of the workspace: the hand's way over the last moments; without a stream that of the last movement."""
        if not len(self._time):
            return self._hand if self._last is None else self._last.path
        return self._hand[self._time >= self._time[-1] - TRAIL]

    def health(self) -> Health:
        """How the device does."""
        connected = self._motion is not None and self._motion.found
        if not len(self._time):
            return Health(connected, MISSING, MISSING)
        time = now()
        return Health(connected, float((self._time > time - RATE_OVER).sum()) / RATE_OVER, time - float(self._time[-1]))

    @property
    def stage(self) -> str:
        """Of the trial that runs, or ''."""
        return "" if self._stage == Stage.DONE else self._stage.name.lower()

    def _follow_start(self, running: bool) -> None:
        """Open the streams of the present start once its recorder runs: it has to be the first that is connected."""
        starts = self._followed.record.starts
        start = starts[-1] if running and starts and starts[-1].get("how_ended") is None and starts[-1].get("device") else None
        number = start["start"] if start else 0
        if number == self._start:
            return
        self.close()
        self._start = number
        if start is None:
            return
        record = self._followed.record
        origin = Origin(record.kept["session_id"], number, record.protocol.name, "", bool(record.kept.get("simulated")))
        self._motion = Inlet(origin.source_id(start["device"]["kind"]), TOGETHER)
        self._events = Inlet(origin.source_id("events"))

    def _hear(self, message: dict[str, Any], time: float) -> None:
        stage = STAGES.get(str(message.get("event")))
        if stage is None:
            return
        self._stage, self._began = stage, time
        if stage == Stage.MOVEMENT:
            self._go = time

    def _take(self, samples: np.ndarray, times: np.ndarray) -> None:
        """Channels are device time, axes, buttons, force, counter."""
        self._buttons = int(samples[-1, -3])
        axes = len(self._task.axes)
        hand = self._workspace.from_device(samples[:, 1 : 1 + axes])
        kept = self._time >= times[-1] - MEMORY
        self._time = np.concatenate([self._time[kept], times])
        self._hand = np.concatenate([self._hand[kept], hand])

    def _ended(self) -> Scene | None:
        record = self._followed.record
        if not record.rows:
            return None
        number = record.committed[-1].trial.number
        if self._last is None or self._last.trial != number:
            self._last = Ended(number, final_scene(record, len(record.rows) - 1), record.movement(number)[:, 1:])
        return self._last.scene
