import numpy as np

from rig.screen.frames import FrameLog


def frames(log: FrameLog, flips: list[float], work: float = 0.002) -> None:
    for flip in flips:
        log.add(drawn=flip - 0.01 + work, flipped=flip, returned=flip + 0.001)


def test_a_frame_longer_than_one_and_a_half_periods_is_late():
    log = FrameLog(period=0.010)
    frames(log, [1.000, 1.010, 1.0249, 1.040, 1.0551])  # intervals 10, 14.9, 15.1, 15.1 ms
    assert log.take().late == 2


def test_work_is_from_the_last_flips_return_to_the_end_of_drawing():
    log = FrameLog(period=0.010)
    log.add(drawn=0.9, flipped=1.0, returned=1.001)
    log.add(drawn=1.004, flipped=1.010, returned=1.011)
    batch = log.take()
    np.testing.assert_allclose(batch.work_times, [np.nan, 0.003])
    np.testing.assert_array_equal(batch.flip_times, [1.0, 1.010])


def test_take_empties_the_log_but_the_interval_across_it_counts():
    log = FrameLog(period=0.010)
    frames(log, [1.00, 1.01])
    assert len(log.take().flip_times) == 2
    frames(log, [1.05])
    batch = log.take()
    assert (len(batch.flip_times), batch.late) == (1, 1)
    assert log.take().late == 0


def test_after_a_restart_the_time_to_the_next_flip_is_no_frame():
    log = FrameLog(period=0.010)
    frames(log, [1.00])
    log.restart()
    frames(log, [5.00, 5.01])
    batch = log.take()
    assert batch.late == 0
    np.testing.assert_array_equal(np.isnan(batch.work_times), [True, True, False])
