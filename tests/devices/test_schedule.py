import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.device import Motion
from devices.schedule import Schedule


def motion(*times: float, value: float = 0.0) -> Motion:
    return Motion(np.array(times), np.full((len(times), 2), value), np.zeros(len(times), np.int64))


def test_a_new_motion_cuts_off_what_is_left_of_the_last_one():
    schedule = Schedule()
    schedule.add(motion(0.0, 1.0, 2.0, 3.0, value=1.0), at=10.0)
    schedule.add(motion(0.0, 0.5, value=2.0), at=12.0)
    parts = schedule.take(100.0)
    assert [list(part.motion.time) for part in parts] == [[10.0, 11.0], [12.0, 12.5]]
    assert [part.motion.position[0, 0] for part in parts] == [1.0, 2.0]
    assert schedule.next_time == np.inf


@given(cuts=st.lists(st.floats(0.0, 12.0), max_size=6).map(sorted))
def test_how_often_it_is_asked_changes_nothing(cuts):
    schedule = Schedule()
    schedule.add(motion(*np.arange(0, 5, 0.25), value=1.0), at=1.0)
    schedule.add(motion(*np.arange(0, 5, 0.25), value=2.0), at=4.1)
    parts = [part for now in [*cuts, 20.0] for part in schedule.take(now)]
    times = np.concatenate([part.motion.time for part in parts])
    np.testing.assert_array_equal(times, [*np.arange(1.0, 4.1, 0.25), *(4.1 + np.arange(0, 5, 0.25))])
    assert sum(part.starts for part in parts) == sum(part.ends for part in parts) == 2


@pytest.mark.parametrize("bad", [motion(), motion(0.0, 0.0), motion(1.0, 0.5), motion(0.0, 1.0)._replace(buttons=np.zeros(1))])
def test_a_motion_that_makes_no_sense_is_refused(bad):
    with pytest.raises(ValueError, match="motion needs"):
        Schedule().add(bad, 0.0)
