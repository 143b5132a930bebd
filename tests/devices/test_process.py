"""What is asked of the scheduler, and that it is given back. Skipped, and said so, where the system grants nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devices.process import frame_by_frame

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="schedulers differ; Linux's is asked here")
POLICY = "import os; print(os.sched_getscheduler(0))"


def told(code: str) -> str:
    """What a program in a session of its own prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, start_new_session=True).stdout.strip()


def test_a_frames_thread_goes_first_and_what_it_starts_does_not():
    before = os.sched_getscheduler(0)
    with frame_by_frame():
        if os.sched_getscheduler(0) == before:
            pytest.skip("real-time scheduling is not granted here")
        assert os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO
        assert told(POLICY) == str(os.SCHED_OTHER)
    assert os.sched_getscheduler(0) == before


def test_a_high_priority_lifts_the_whole_group():
    code = "from devices.process import set_priority; print(set_priority('high')); print(open('/proc/self/autogroup').read())"
    if not Path("/proc/self/autogroup").exists():
        pytest.skip("this kernel has no autogroups")
    words, group = told(code).split("\n", 1)
    if "group" not in words:
        pytest.skip(f"a higher priority for the group is not granted here: {words}")
    assert "nice -10" in words and "nice -10" in group
