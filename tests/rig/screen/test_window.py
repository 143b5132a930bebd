"""A real window on a private virtual screen."""

import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from protocols.errors import BadInput
from protocols.scene import BLACK, BLUE, GREEN, GREY, RED, WHITE, YELLOW, Circle, Line, Scene, Text
from rig.screen.window import open_window
from rig.settings import Settings

pytestmark = [pytest.mark.screen]
SIZE = 1000, 800


@pytest.fixture(scope="module")
def window(screen):
    """Windowed, 1 px = 1 mm of the workspace, whose point (0.1, 0.05) is in the middle."""
    with open_window(Settings(screen_width=1.28), windowed=True, centre=(0.1, 0.05)) as opened:
        yield opened


def picture(window, scene: Scene, tmp_path) -> np.ndarray:
    """What a scene looks like: (row, column, RGB), row 0 at the top."""
    window.draw(scene)
    window.screenshot(tmp_path / "frame.png")
    window.flip()
    return np.asarray(Image.open(tmp_path / "frame.png").convert("RGB"))


def pixel(image: np.ndarray, x: float, y: float) -> tuple[float, ...]:
    """Colour in 0..1 at a place of the workspace, m."""
    return tuple(image[round(SIZE[1] / 2 - (y - 0.05) * 1000), round(SIZE[0] / 2 + (x - 0.1) * 1000)] / 255)


def near(colour):
    return pytest.approx(colour, abs=0.05)


def test_shapes_have_their_colours_at_their_places(window, tmp_path):
    image = picture(
        window,
        Scene(
            (
                Circle("post", (0.1, 0.05), 0.05, GREY),
                Circle("target", (0.38, 0.25), 0.02, YELLOW, RED, 4.0),
                Circle("ring", (-0.2, 0.05), 0.04, None, GREEN, 4.0),
                Line("lever", ((-0.3, -0.2), (0.1, -0.2), (0.1, -0.3)), BLUE, 5.0),
            )
        ),
        tmp_path,
    )
    assert image.shape == (800, 1000, 3)
    assert pixel(image, 0.1, 0.05) == near(GREY)
    assert pixel(image, 0.1, 0.05 + 0.047) == near(GREY)
    assert pixel(image, 0.1, 0.05 + 0.053) == near(BLACK)
    assert pixel(image, 0.38, 0.25) == near(YELLOW)
    assert pixel(image, 0.40, 0.25) == near(RED)
    assert pixel(image, -0.2, 0.05) == near(BLACK)
    assert pixel(image, -0.16, 0.05) == near(GREEN)
    assert pixel(image, 0.0, -0.2) == near(BLUE)
    assert pixel(image, 0.1, -0.25) == near(BLUE)
    assert pixel(image, -0.3, 0.3) == near(BLACK)


def test_a_changed_shape_is_drawn_changed_and_an_absent_one_is_gone(window, tmp_path):
    picture(window, Scene((Circle("ball", (0.0, 0.0), 0.02, RED), Circle("old", (0.3, 0.0), 0.02, RED))), tmp_path)
    image = picture(window, Scene((Circle("ball", (0.2, 0.1), 0.06, GREEN),)), tmp_path)
    assert pixel(image, 0.0, 0.0) == near(BLACK)
    assert pixel(image, 0.3, 0.0) == near(BLACK)
    assert pixel(image, 0.2, 0.1) == near(GREEN)
    assert pixel(image, 0.25, 0.1) == near(GREEN)


def test_a_ring_that_was_a_disc_is_hollow(window, tmp_path):
    picture(window, Scene((Circle("shape", (0.0, 0.0), 0.05, RED),)), tmp_path)
    image = picture(window, Scene((Circle("shape", (0.0, 0.0), 0.05, None, WHITE, 3.0),)), tmp_path)
    assert pixel(image, 0.0, 0.0) == near(BLACK)
    assert pixel(image, 0.05, 0.0) == near(WHITE)


def test_a_growing_trace_is_drawn_whole(window, tmp_path):
    points = [(-0.3 + 0.005 * index, -0.1) for index in range(121)]
    for count in (1, 2, 60, 121):
        image = picture(window, Scene((Line("trace", tuple(points[:count]), WHITE, 3.0),)), tmp_path)
    assert pixel(image, -0.29, -0.1) == near(WHITE)
    assert pixel(image, 0.295, -0.1) == near(WHITE)
    assert pixel(image, 0.31, -0.1) == near(BLACK)


def test_a_shape_listed_later_lies_in_front(window, tmp_path):
    image = picture(window, Scene((Circle("a", (0.0, 0.0), 0.05, RED), Line("b", ((-0.1, 0.0), (0.1, 0.0)), BLUE, 5.0))), tmp_path)
    assert pixel(image, 0.0, 0.0) == near(BLUE)


def test_the_background_holds_from_the_very_first_frame(window, tmp_path):
    assert pixel(picture(window, Scene((), GREY), tmp_path), 0.3, 0.3) == near(GREY)
    assert pixel(picture(window, Scene(()), tmp_path), 0.3, 0.3) == near(BLACK)


def lit(image: np.ndarray) -> tuple[int, int, int]:
    """Lit pixels, and the first and last row that have any."""
    rows = np.flatnonzero((image > 128).any(axis=(1, 2)))
    return int((image > 128).any(axis=2).sum()), int(rows[0]), int(rows[-1])


def test_words_stand_where_they_should_with_their_height_and_change(window, tmp_path):
    def shown(words):
        return picture(window, Scene((Text("words", words, (0.1, 0.05), 0.04),)), tmp_path)

    few, top, bottom = lit(shown("Übung"))
    many, _, _ = lit(shown("Übung macht die Meisterin"))
    assert many > 3 * few
    assert 370 < top < 390 and 400 < bottom < 425
    again, _, _ = lit(shown("Übung"))
    assert again == few
    assert not (shown("") > 128).any()


def test_metres_follow_the_measured_width_and_the_display_scale(screen):
    with open_window(Settings(screen_width=0.64), windowed=True, display_scale=0.25) as opened:
        assert opened.calibrated
        assert opened.metres_per_pixel == pytest.approx(0.0005)
        assert opened.extent == pytest.approx((-1.0, -0.8, 1.0, 0.8))
        assert not any("calibrated" in note for note in opened.notes)


def covered() -> bool:
    """Whether a window lies under the pointer."""
    display = Display()
    try:
        return bool(display.screen().root.query_pointer().child)
    finally:
        display.close()


def test_full_screen_without_a_window_manager_paced_and_uncalibrated(screen):
    with open_window(Settings(refresh=50.0)) as opened:
        assert opened.size_px == (1280, 1024)
        assert (opened.paced, opened.refresh) == (True, 50.0)
        assert not opened.calibrated and opened.metres_per_pixel == 0.25e-3
        assert len(opened.notes) == 1
        assert covered()
    assert not covered()


def test_an_absent_screen_is_named(screen):
    with pytest.raises(BadInput, match="screen 3 asked for, 1 found"), open_window(Settings(screen=3)):
        pass


def test_without_a_display_it_says_what_to_do(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(BadInput, match="Xvfb"), open_window(Settings()):
        pass


def test_an_error_inside_closes_the_window(screen):
    with pytest.raises(ZeroDivisionError), open_window(Settings()):
        _ = 1 / 0
    assert not covered()


def test_keys_and_clicks_reach_the_page(screen):
    with open_window(Settings(screen_width=1.28), centre=(0.1, 0.05)) as opened:
        display = Display()
        for name in ("a", "space", "Return", "Left", "BackSpace", "7", "Escape"):
            code = display.keysym_to_keycode(XK.string_to_keysym(name))
            xtest.fake_input(display, X.KeyPress, code)
            xtest.fake_input(display, X.KeyRelease, code)
        xtest.fake_input(display, X.MotionNotify, x=740, y=412)
        xtest.fake_input(display, X.ButtonPress, 1)
        xtest.fake_input(display, X.ButtonRelease, 1)
        display.sync()
        for _ in range(6):
            opened.draw(Scene(()))
            opened.flip()
        display.close()
        assert opened.keys.poll() == ["a", "space", "return", "left", "backspace", "7", "escape"]
        assert opened.keys.poll() == []
        assert opened.keys.clicks() == [pytest.approx((0.2, 0.15), abs=0.0011)]


def test_nothing_is_printed_and_the_first_frame_is_soon(screen):
    code = (
        "import time; start = time.process_time()\n"
        "from rig.settings import Settings\n"
        "from rig.screen.window import open_window\n"
        "import sys\n"
        "assert 'psychopy' not in sys.modules\n"
        "with open_window(Settings()) as window:\n"
        "    window.flip()\n"
        "    assert time.process_time() - start < 20\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr == ""


@pytest.mark.alone
def test_a_session_like_scene_keeps_the_pace(window):
    window.frames.take()
    for index in range(300):
        angle = 0.05 * index
        hand = (0.1 * np.cos(angle), 0.1 * np.sin(angle))
        trace = tuple((0.002 * step, 0.001 * step) for step in range(index % 120))
        window.draw(
            Scene(
                (
                    Circle("post", (0.0, 0.0), 0.05, GREY),
                    Circle("target", (0.3, 0.2), 0.02, YELLOW),
                    Line("trace", trace, BLUE),
                    Line("lever", ((0.0, 0.0), hand), WHITE, 6.0),
                    Circle("ball", hand, 0.02, RED),
                    Text("score", "12", (0.0, 0.3), 0.03),
                )
            )
        )
        window.flip()
    batch = window.frames.take()
    intervals = np.diff(batch.flip_times)[1:] * 1e3
    assert np.median(intervals) > 16.4, "never faster than the screen, however busy the machine"
    assert np.nanpercentile(batch.work_times, 10) < 0.008
    assert batch.late <= 6 + np.count_nonzero(intervals > 20)


@pytest.mark.alone
def test_a_frame_that_takes_too_long_is_counted(window):
    window.frames.take()
    for index in range(30):
        if index == 10:
            time.sleep(0.05)
        window.draw(Scene(()))
        flipped = window.flip()
    batch = window.frames.take()
    assert batch.late >= 1
    assert batch.flip_times[-1] == flipped
    assert batch.work_times[10] >= 0.05
