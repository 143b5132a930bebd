"""The participant's window: draws a Scene, flips, and says when. It knows no task.

PsychoPy is imported on opening, since that takes two seconds.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from protocols.errors import BadInput
from protocols.scene import GREY, Point, Scene, Text
from rig.calibration.kept import latest, screen_name
from rig.clock import now
from rig.screen.frames import FrameLog
from rig.screen.pacing import Pacer, blank_period
from rig.settings import Settings

WINDOWED = (1000, 800)  # px
UNCALIBRATED = 0.25e-3  # m a pixel, of a common desktop screen
FLIPS_MEASURED = 30


class ScreenPlace(NamedTuple):
    """The screen that a pointer is on."""

    metres_per_pixel: float
    screen_size_px: tuple[int, int]
    screen_corner_px: tuple[int, int]  # on a desktop that may have several


class Window:
    """An open window; made by ``open_window``.

    Attributes:
        size_px: width and height.
        screen_size_px, screen_corner_px: of the screen that shows it, on a desktop that may have several.
        metres_per_pixel: of the screen itself, before the display scale.
        calibrated: whether that was measured.
        refresh: Hz; measured, or the rate that flips are paced to.
        paced: True where the screen has no vertical blank: its timing is simulated.
        keys: keyboard and clicks, for pages.
        frames: flip and work times.
        notes: what the experimenter should know.
    """

    def __init__(self, handle: Any, settings: Settings, display_scale: float, centre: Point, clock: Callable[[], float]):
        from rig.screen.keys import Keys
        from rig.screen.shapes import Shapes

        self._handle = handle
        self._clock = clock
        self._centre = centre
        self.size_px: tuple[int, int] = (int(handle.size[0]), int(handle.size[1]))
        shown = handle.winHandle.screen
        self.screen_size_px: tuple[int, int] = (shown.width, shown.height)
        self.screen_corner_px: tuple[int, int] = (shown.x, shown.y)
        pixel = _measured_pixel(settings, self.screen_size_px)
        self.calibrated = pixel is not None
        self.metres_per_pixel = pixel or UNCALIBRATED
        self._px_per_metre = display_scale / self.metres_per_pixel
        self.refresh = settings.refresh
        self.paced = False
        self.frames = FrameLog(1 / settings.refresh)
        self.keys = Keys(handle.winHandle, self._from_corner)
        self.notes: list[str] = []
        self._pacer: Pacer | None = None
        self._flipped = 0.0
        self._shapes = Shapes(handle, self._to_px, self._px_per_metre)

    def look_at(self, centre: Point, display_scale: float) -> None:
        """Show another part of the workspace: ``centre`` (m) in the middle, ``display_scale`` metres on the screen for a metre of it."""
        from rig.screen.shapes import Shapes

        self._centre, self._px_per_metre = centre, display_scale / self.metres_per_pixel
        self._shapes = Shapes(self._handle, self._to_px, self._px_per_metre)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, bottom, right, top of what the window can show, m of the workspace."""
        half = [side / 2 / self._px_per_metre for side in self.size_px]
        x, y = self._centre
        return x - half[0], y - half[1], x + half[0], y + half[1]

    def draw(self, scene: Scene) -> None:
        """Draw a scene into the frame that the next flip shows."""
        self._shapes.draw(scene)

    def flip(self) -> float:
        """Show what was drawn; returns the flip's LSL time, in s.

        Drawing is finished before the wait, so that the work time holds all of it, on a graphics card too.
        """
        _finish_drawing()
        drawn = self._clock()
        if self._pacer:
            self._pacer.wait()
        self._handle.callOnFlip(self._stamp)
        self._handle.flip()
        self.frames.add(drawn, self._flipped, self._clock())
        return self._flipped

    def screenshot(self, path: Path) -> None:
        """Save what was drawn since the last flip as a PNG file. (A virtual screen's front buffer reads as blank.)"""
        image = self._handle.getMovieFrame(buffer="back")
        self._handle.movieFrames.clear()
        image.save(path)

    def show_pointer(self, visible: bool) -> None:
        """Show the mouse pointer (questionnaires) or hide it (trials)."""
        self._handle.mouseVisible = visible

    def measure_refresh(self, rate: float) -> None:
        """Time some flips of a quiet first page; pace them to ``rate`` (Hz) where no vertical blank holds them back."""
        from pyglet.gl import gl_info

        left, bottom, right, top = self.extent
        page = Scene((Text("loading", "...", ((left + right) / 2, (bottom + top) / 2), (top - bottom) / 20, GREY),))
        flips = []
        for _ in range(FLIPS_MEASURED + 1):
            self.draw(page)
            self._handle.flip()
            flips.append(self._clock())
        period = blank_period(np.diff(flips), gl_info.get_renderer(), rate)
        self.paced = period is None
        self.refresh = rate if period is None else 1 / period
        if self.paced:
            self._handle.waitBlanking = False
            self._pacer = Pacer(1 / rate, self._clock)
            self.notes.append(f"no vertical blank on this screen: flips are paced to {rate:g} Hz, and timing is marked as simulated")
        self.frames = FrameLog(1 / self.refresh)

    def _stamp(self) -> None:
        self._flipped = self._clock()

    def _to_px(self, point: Point) -> Point:
        """From m of the workspace to px from the centre, y up."""
        return (float(point[0]) - self._centre[0]) * self._px_per_metre, (float(point[1]) - self._centre[1]) * self._px_per_metre

    def _from_corner(self, x: float, y: float) -> Point:
        """From px from the lower left corner to m of the workspace."""
        left, bottom, _, _ = self.extent
        return left + x / self._px_per_metre, bottom + y / self._px_per_metre


@contextmanager
def open_window(
    settings: Settings,
    windowed: bool = False,
    display_scale: float = 1.0,
    centre: Point = (0.0, 0.0),
    clock: Callable[[], float] = now,
) -> Iterator[Window]:
    """The window on the rig's screen, black, with a quiet first page; closed, and the pointer shown again, whatever happens.

    Args:
        settings: which screen, its width, its stated refresh.
        windowed: a window of 1000 x 800 px rather than the full screen.
        display_scale: metres on the screen for a metre of the workspace.
        centre: m, the place of the workspace that is shown in the middle of the window.
        clock: LSL time.

    Raises:
        BadInput: there is no such screen.
    """
    handle = _open_handle(settings, windowed)
    try:
        window = Window(handle, settings, display_scale, centre, clock)
        window.measure_refresh(settings.refresh)
        yield window
    finally:
        handle.mouseVisible = True
        handle.close()


def _open_handle(settings: Settings, windowed: bool) -> Any:
    """PsychoPy's window, without the options that take time."""
    _check_display()
    os.environ.setdefault("LP_NUM_THREADS", "0")  # software rendering stays in this thread: its helpers are late whenever a core is busy
    from psychopy import logging

    logging.console.setLevel(logging.CRITICAL)  # its warnings are about options that aren't used here
    from psychopy.monitors import Monitor
    from psychopy.visual.window import Window as PsychoPyWindow

    shown = _find_screen(settings)
    monitor = Monitor("twinrig", autoLog=False)
    monitor.setSizePix((shown.width, shown.height))
    monitor.setWidth(100 * (_measured_pixel(settings, (shown.width, shown.height)) or UNCALIBRATED) * shown.width)
    monitor.setDistance(100 * settings.viewing_distance)
    return PsychoPyWindow(
        size=[min(WINDOWED[0], shown.width), min(WINDOWED[1], shown.height)],
        fullscr=not windowed,
        screen=settings.screen,
        monitor=monitor,
        units="pix",
        color=(-1, -1, -1),
        allowGUI=windowed,
        waitBlanking=True,
        checkTiming=False,
        multiSample=False,
        autoLog=False,
    )


def _check_display() -> None:
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        raise BadInput("no display: DISPLAY is not set; start from a graphical session, or under a virtual screen such as Xvfb")


def _find_screen(settings: Settings) -> Any:
    """Pyglet's screen of that number."""
    from pyglet.canvas import get_display

    screens = get_display().get_screens()
    if settings.screen >= len(screens):
        raise BadInput(f"screen {settings.screen} asked for, {len(screens)} found (counted from 0): correct 'screen' in the rig's settings")
    return screens[settings.screen]


def screen_place(settings: Settings) -> ScreenPlace:
    """The rig's screen, without a window on it.

    Raises:
        BadInput: there is no such screen.
    """
    _check_display()
    shown = _find_screen(settings)
    size = (shown.width, shown.height)
    return ScreenPlace(_measured_pixel(settings, size) or UNCALIBRATED, size, (shown.x, shown.y))


def _measured_pixel(settings: Settings, screen_px: tuple[int, int]) -> float | None:
    """Metres a pixel by the ruler's width in the settings, else by the card that was held to this very screen; None: neither."""
    if settings.screen_width is not None:
        return settings.screen_width / screen_px[0]
    card = latest("screen", screen_name(settings.screen, screen_px))
    return card.values["metres_per_pixel"] if card else None


def _finish_drawing() -> None:
    from pyglet.gl import glFinish

    glFinish()
