"""Keeps a session going when a part of it dies. Nothing that is committed depends on any of them."""

from protocols.errors import DeviceError, RecorderError, StreamError
from rig.screen.page_scenes import Page
from rig.session.equipment import Rig


def reopen_device(rig: Rig, fault: str) -> None:
    """Say what is wrong with the device, and open it anew when the experimenter says so, until it opens."""
    while fault:
        rig.say(fault)
        rig.event("device_fault", message=fault)
        rig.pages.show(Page("", fault))
        try:
            rig.device.reopen()
            rig.event("device_reopened")
            return
        except DeviceError as error:
            fault = str(error)


def look_after_twin(rig: Rig) -> None:
    """Hear what the twin says; start it again where it has died, unless it has died too often."""
    twin = rig.twin
    if twin is None:
        return
    twin.poll()
    if twin.alive():
        return
    twin.restart()
    if twin.given_up:
        rig.say(f"THE TWIN IS GONE, and the session goes on without it: {twin.given_up}")
        rig.event("twin_given_up", message=twin.given_up)
        rig.twin = None
    else:
        rig.say("the twin died and is started again; it catches up from the journal, and the session goes on")
        rig.event("twin_restarted")


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
