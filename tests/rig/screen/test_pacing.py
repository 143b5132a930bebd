import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.clock import now
from rig.screen.pacing import Pacer, blank_period

CARD = "NVIDIA GeForce RTX 3060"


class Clock:
    """A clock that only waiting moves."""

    def __init__(self):
        self.time = 100.0

    def __call__(self) -> float:
        return self.time

    def wait(self, deadline: float) -> None:
        self.time = max(self.time, deadline)


@pytest.mark.parametrize("rate", [59.94, 60.0, 120.0, 144.0, 240.0])
def test_a_real_screens_period_is_found(rate):
    random = np.random.default_rng(1)
    intervals = 1 / rate + random.normal(0, 0.0002, 30)
    intervals[[3, 20]] += 1 / rate  # two blanks missed while the program loads
    assert blank_period(intervals, CARD, 60.0) == pytest.approx(1 / rate, rel=0.03)


def test_flips_as_fast_as_the_program_are_not_a_screen():
    assert blank_period(np.full(30, 1 / 700), CARD, 60.0) is None


def test_a_fast_screen_is_believed_where_the_settings_state_it():
    assert blank_period(np.full(30, 1 / 360), CARD, 60.0) is None
    assert blank_period(np.full(30, 1 / 360), CARD, 360.0) == pytest.approx(1 / 360)


def test_flips_without_a_steady_period_are_not_a_screen():
    assert blank_period(np.random.default_rng(1).uniform(0.004, 0.03, 30), CARD, 60.0) is None


def test_a_software_renderer_has_no_blank_however_steady_it_looks():
    assert blank_period(np.full(30, 1 / 60), "llvmpipe (LLVM 15.0.6, 256 bits)", 60.0) is None


@given(st.lists(st.floats(0, 0.05), min_size=1, max_size=50))
def test_deadlines_are_absolute_lie_ahead_and_are_never_one_too_far(works):
    clock, period = Clock(), 1 / 60
    pacer = Pacer(period, clock, clock.wait)
    start, before = clock(), clock()
    for work in works:
        clock.time += work
        ready = clock()
        deadline = pacer.wait()
        count = (deadline - start) / period
        assert count == pytest.approx(round(count), abs=1e-6)
        assert ready - 1e-9 <= deadline <= max(ready, before) + period + 1e-9
        assert deadline > before
        before = deadline


@pytest.mark.alone
def test_each_wait_ends_at_its_deadline_and_deadlines_are_whole_periods_apart():
    pacer, passed, deadlines = Pacer(1 / 60), [], []
    for _ in range(180):
        time.sleep(0.003)
        deadlines.append(pacer.wait())
        passed.append(now())
    periods, late = np.diff(deadlines) * 60, np.array(passed) - deadlines
    np.testing.assert_allclose(periods, np.rint(periods), atol=1e-6)
    assert periods.min() > 0.5 and late.min() > -0.0001
    assert np.percentile(late, 10) < 0.003, "some at least are met, however busy the machine"
