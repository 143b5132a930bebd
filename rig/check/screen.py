"""The participant's screen: its refresh, its calibration, and whether a protocol fits it."""

import numpy as np

from protocols.scene import GREY, WHITE, Circle, Scene, Text
from protocols.schema import Protocol
from rig.check.findings import Finding
from rig.screen.frames import FrameBatch
from rig.screen.window import Window
from rig.settings import Settings

SECONDS = 2.0  # for which frames are shown
LATE_WARN = 0.005  # share of late frames: more is a warning (99.5 % on time is expected)
LATE_FAIL = 0.05
REFRESH_TOLERANCE = 0.02  # relative, between the refresh stated and measured
CALIBRATE = "run 'twinrig calibrate screen', or measure the picture's width with a ruler and set screen_width (m) in the rig's settings"


def scene(window: Window, words: str, turn: float = 0.0) -> Scene:
    """A line of words over a mark that goes round, so that every frame differs."""
    left, bottom, right, top = window.extent
    height = top - bottom
    middle = ((left + right) / 2, (bottom + top) / 2)
    mark = (middle[0] + 0.1 * height * float(np.cos(turn)), middle[1] - 0.15 * height + 0.1 * height * float(np.sin(turn)))
    return Scene(
        (
            Text("words", words, (middle[0], middle[1] + 0.15 * height), height / 22, WHITE),
            Circle("round", (middle[0], middle[1] - 0.15 * height), 0.1 * height, None, GREY),
            Circle("mark", mark, 0.012 * height, WHITE),
        )
    )


def show(window: Window, seconds: float = SECONDS) -> FrameBatch:
    """Show moving frames for a while; what became of them."""
    warm_up(window, "checking the screen")
    for frame in range(round(seconds * window.refresh)):
        window.draw(scene(window, "checking the screen", frame / 15))
        window.flip()
    return window.frames.take()


def warm_up(window: Window, words: str) -> None:
    """Draw the scene a few times before anything is timed: the first text takes long."""
    for _ in range(10):
        window.draw(scene(window, words))
        window.flip()
    window.frames.take()


def refresh(window: Window, settings: Settings, frames: FrameBatch) -> list[Finding]:
    """Findings on the refresh rate and on late frames."""
    return [_rate(window, settings), _late(window, frames)]


def _rate(window: Window, settings: Settings) -> Finding:
    if window.paced:
        remedy = "show the task on a real screen with vertical synchronisation on; data from here are marked as simulated timing"
        return Finding("refresh", "warn", f"no vertical blank: flips are paced to {window.refresh:g} Hz, timing is simulated", remedy)
    found = f"{window.refresh:.2f} Hz measured, {settings.refresh:g} Hz in the settings"
    if abs(window.refresh - settings.refresh) > REFRESH_TOLERANCE * settings.refresh:
        return Finding("refresh", "warn", found, f"set refresh = {window.refresh:.0f} in the rig's settings, or change the screen's mode")
    return Finding("refresh", "pass", found)


def _late(window: Window, frames: FrameBatch) -> Finding:
    count = len(frames.flip_times)
    share = frames.late / max(count, 1)
    work = 1e3 * float(np.nanquantile(frames.work_times, 0.99))
    found = f"{frames.late} of {count} frames late, work per frame p99 {work:.1f} ms of {1e3 / window.refresh:.1f} ms"
    remedy = "close other programs, update the graphics driver, and switch off desktop effects"
    if share > LATE_FAIL:
        return Finding("frames", "fail", found, remedy)
    return Finding("frames", "warn" if share > LATE_WARN else "pass", found, remedy if share > LATE_WARN else "")


def calibration(window: Window) -> list[Finding]:
    """Whether metres on the screen are true metres."""
    found = f"{1e3 * window.metres_per_pixel:.4f} mm a pixel, {window.size_px[0]} x {window.size_px[1]} px"
    if window.calibrated:
        return [Finding("screen size", "pass", found)]
    return [Finding("screen size", "warn", f"not calibrated, assumed {found}", CALIBRATE)]


def fits(protocol: Protocol, window: Window) -> list[Finding]:
    """Whether all that the task may draw lies within the window, at the protocol's display scale."""
    from protocols.tasks import make_task

    left, bottom, right, top = make_task(protocol).extent()
    need = protocol.workspace.display_scale * np.array([right - left, top - bottom])
    have = window.metres_per_pixel * np.array(window.size_px)
    found = (
        f"{protocol.name} needs {100 * need[0]:.1f} x {100 * need[1]:.1f} cm, the window has {100 * have[0]:.1f} x {100 * have[1]:.1f} cm"
    )
    if (need <= have).all():
        return [Finding("protocol fits", "pass", found)]
    scale = protocol.workspace.display_scale * float((have / need).min())
    return [Finding("protocol fits", "fail", found, f"set display_scale in [workspace] to {scale:.3g} or less, or use a larger screen")]
