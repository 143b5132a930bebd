"""Keeps a session going when a part of it dies. Nothing that is committed depends on any of them."""

from protocols.errors import DeviceError, RecorderError, StreamError
from rig.clock import now, wait_until
from rig.screen.page_scenes import Page
from rig.session.equipment import Rig
from rig.twin.twin import JournalFollower

REJOINING = 8.0  # s for the recorder to find a stream that was opened anew; LabRecorder takes one to three


def reopen_device(rig: Rig, fault: str) -> None:
    """Say what is wrong with the device, and open it anew when the experimenter says so, until it opens."""
    while fault:
        rig.say(fault)
        rig.event("device_fault", message=fault)
        rig.pages.show(Page("", fault))
        try:
            rig.device.reopen()
            _await_recorder(rig)
            rig.event("device_reopened")
            return
        except DeviceError as error:
            fault = str(error)


def _await_recorder(rig: Rig) -> None:
    """Give the recorder time to find the device's new stream, so that it misses nothing of the next trial."""
    deadline = now() + REJOINING
    while rig.recorder is not None and rig.recorder.alive() and not rig.device.heard() and now() < deadline:
        wait_until(now() + 0.05)


def look_after_twin(rig: Rig) -> None:
    """Hear what the twin and live inference say; start again what has died, unless it has died too often."""
    rig.twin = _look_after(rig, rig.twin)
    rig.inference = _look_after(rig, rig.inference)


def _look_after(rig: Rig, follower: JournalFollower | None) -> JournalFollower | None:
    """The same, or None where it is given up."""
    if follower is None:
        return None
    follower.poll()
    if follower.alive():
        return follower
    name = follower.name
    follower.restart()
    if follower.given_up:
        rig.say(f"THE {name.upper()} IS GONE, and the session goes on without it: {follower.given_up}")
        rig.event(f"{name}_given_up", message=follower.given_up)
        return None
    rig.say(f"the {name} died and is started again; it catches up from the journal, and the session goes on")
    rig.event(f"{name}_restarted")
    return follower


def look_after_recorder(rig: Rig) -> bool:
    """Start the recorder again where it has died; whether that took time. To be called between trials."""
    recorder = rig.recorder
    if recorder is None or recorder.alive():
        return False
    rig.event("recorder_died")
    try:
        file = recorder.restart()
        recorder.confirm(rig.streams)
        rig.say(f"THE RECORDER DIED and was started again, into {file.name}; the journal holds everything")
        rig.event("recorder_restarted", file=file.name)
    except (RecorderError, StreamError) as error:
        rig.recorder = None
        rig.say(f"THE RECORDER DIED and could not be started again: {error}")
        rig.event("recorder_given_up", message=str(error))
    return True
